// SPDX-License-Identifier: Apache-2.0
// A login as a browser makes it: pages are opened, forms filled in, redirects followed, cookies kept; RFC 7636 with S256.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { secret } from './secrets.mjs';

export class Browser {
  #cookies = new Map(); // by name and path: two may have one name

  #cookiesFor(url) {
    return [...this.#cookies.values()].filter(({ path }) => url.pathname.startsWith(path)).map(({ pair }) => pair).join('; ');
  }

  #keep(response) {
    for (const line of response.headers.getSetCookie()) {
      const [pair] = line.split(';');
      const path = /;\s*path=([^;]+)/i.exec(line)?.[1] ?? '/';
      this.#cookies.set(`${pair.split('=')[0]} ${path}`, { pair, path });
    }
  }

  // { location } of a redirect, { page } of anything else.
  async open(address, form) {
    const url = new URL(address);
    const response = await fetch(url, {
      method: form ? 'POST' : 'GET',
      body: form && new URLSearchParams(form),
      headers: { cookie: this.#cookiesFor(url) },
      redirect: 'manual',
    });
    this.#keep(response);
    const location = response.headers.get('location');
    return location ? { location: new URL(location, url).href } : { page: await response.text() };
  }
}

// The form of a page, filled in.
function filledIn(page, user) {
  const action = /<form[^>]*\baction="([^"]+)"/.exec(page)?.[1];
  const prompt = /<input[^>]*\bname="prompt"[^>]*\bvalue="([a-z]+)"/.exec(page)?.[1];
  assert.ok(action && prompt, `a page without the expected form:\n${page}`);
  return { action, form: prompt === 'login' ? { prompt, login: user, password: 'any' } : { prompt } };
}

// Opens an authorization URL, logs in as `user`, consents; the address at `redirect_uri` that the provider sends the browser to.
export async function signIn(browser, address, user, redirect_uri) {
  let { location, page } = await browser.open(address);
  for (let steps = 0; !location?.startsWith(`${redirect_uri}?`); steps++) {
    assert.ok(steps < 10, `the login goes round and round: ${location}`);
    const { action, form } = location ? { action: location } : filledIn(page, user);
    ({ location, page } = await browser.open(action, form));
  }
  return location;
}

// Asks the authorization endpoint with `parameters`.  { code, verifier } for the token endpoint.
export async function authorize(endpoint, user, parameters) {
  const verifier = secret(crypto.randomBytes(32).toString('base64url'));
  const state = crypto.randomUUID();
  const query = new URLSearchParams({
    response_type: 'code',
    state,
    code_challenge: crypto.createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...parameters,
  });
  const location = await signIn(new Browser(), `${endpoint}?${query}`, user, parameters.redirect_uri);
  const back = new URL(location).searchParams;
  assert.equal(back.get('state'), state, location);
  assert.ok(back.get('code'), location);
  return { code: secret(back.get('code')), verifier };
}
