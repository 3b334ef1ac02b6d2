// SPDX-License-Identifier: Apache-2.0
// Goal: somebody signs in from the console at a real provider, by authorization code with PKCE, and the tokens reach the console and
// nobody else.
import assert from 'node:assert/strict';
import test from 'node:test';
import { assertRefused, beginLogin, comeBack, post } from './harness/console.mjs';
import { failed } from './harness/explaining.mjs';
import { awaitKeys, startGateway } from './harness/gateway.mjs';
import { Browser, signIn } from './harness/login.mjs';
import { loginClient, providerKeys, startProvider } from './harness/provider.mjs';
import { secret } from './harness/secrets.mjs';

const SECRET = 'a secret: of +the% console';

// Gateway and provider, the console registered there as `client` says.
async function start(t, { client = { secret: SECRET }, console: more = {} } = {}) {
  const keys = providerKeys();
  const provider = await startProvider(t, keys);
  const guard = (audience) => ({ openid_config: [{ url: provider.configUrl }], audiences: [audience] });
  const gateway = await startGateway(t, {
    backends: { main: { servers: ['http://127.0.0.1:1'] } },
    admin: { bind: '127.0.0.1:0', console: { client_id: 'console', ...(client.secret && { client_secret: client.secret }), ...more } },
    routes: [
      { name: 'calc', path: '/calc', backend: 'main', validate_jwt: guard('api://calc') },
      { name: 'other', path: '/other', backend: 'main', validate_jwt: guard('api://other') },
    ],
  });
  await awaitKeys(gateway);
  const redirect_uri = `http://127.0.0.1:${gateway.adminPort}/callback`;
  provider.clients.push(loginClient({ id: 'console', redirect_uri, ...client }));
  provider.use(keys);
  return { gateway, provider, redirect_uri };
}

// The tokens of a login from its beginning to its end.
async function login({ gateway, redirect_uri }, wish = { route: 'calc' }, user = 'alice') {
  const { location, cookie, line } = await beginLogin(gateway, wish);
  const back = await signIn(new Browser(), location, user, redirect_uri);
  const page = await comeBack(gateway, back, cookie);
  assert.equal(page.status, 200, page.text);
  const { status, json, text } = await post(gateway, '/console/ticket', { ticket: page.ticket });
  assert.equal(status, 200, text);
  for (const name of ['access_token', 'id_token']) secret(json[name]);
  return { ...json, page, back, cookie, location, line };
}

test('sign in, take the tokens, see which routes they pass', async (t) => {
  const stand = await start(t, { console: { scopes: ['openid', 'Calculator.Read'], parameters: { resource: 'urn:calc:RS256', login_hint: 'a&b=c' } } });
  const { gateway, provider } = stand;
  const got = await login(stand);
  const asked = got.location.searchParams;
  assert.equal(got.location.origin, provider.origin);
  assert.deepEqual([asked.get('response_type'), asked.get('client_id'), asked.get('scope'), asked.get('code_challenge_method'), asked.get('login_hint')],
    ['code', 'console', 'openid Calculator.Read', 'S256', 'a&b=c']);
  for (const name of ['state', 'nonce', 'code_challenge']) assert.match(asked.get(name), /^[\w-]{43}$/);
  assert.match(got.line, /^jwtgate_login=[\w-]{43}; Path=\/callback; Max-Age=600; HttpOnly; SameSite=Lax$/);
  assert.deepEqual(Object.keys(got).slice(0, 5), ['access_token', 'id_token', 'scope', 'expires_in', 'notes']);
  assert.deepEqual(got.notes, []);
  assert.equal(got.expires_in, 600);
  const { access_token: token } = got;
  assert.equal((await post(gateway, '/explain', { route: 'calc', token })).json.verdict, 'pass');
  const other = (await post(gateway, '/explain', { route: 'other', token })).json;
  assert.deepEqual([other.verdict, failed(other)], ['refuse', ['audience']]);
  const [event] = gateway.events('console-login');
  assert.equal(event.issuer, provider.url);
  assert.match(event.sub_hash, /^[\w-]{12}$/);
  assert.ok(!gateway.output.includes('alice'));
});

test('the page has no code and no token, and nobody keeps or frames it', async (t) => {
  const stand = await start(t);
  const got = await login(stand);
  const { answer, text } = got.page;
  assert.equal(answer.field('cache-control'), 'no-store');
  assert.equal(answer.field('referrer-policy'), 'no-referrer');
  assert.match(answer.field('content-security-policy'), /default-src 'none'; script-src 'self';.*frame-ancestors 'none'/);
  assert.match(answer.field('set-cookie'), /^jwtgate_login=; Path=\/callback; Max-Age=0/);
  for (const name of ['content-security-policy', 'x-content-type-options', 'cache-control']) assert.equal(answer.all(name).length, 1, name);
  for (const hidden of [got.access_token, got.id_token, new URL(got.back).searchParams.get('code')]) assert.ok(!text.includes(hidden));
  assert.ok(!/<script(?! type="module" src="\/console\/callback\.js"><)/.test(text));
});

test('a ticket is good once', async (t) => {
  const stand = await start(t);
  const got = await login(stand);
  assertRefused(await post(stand.gateway, '/console/ticket', { ticket: got.page.ticket }), 400, /ticket is not known/);
  assertRefused(await post(stand.gateway, '/console/ticket', { ticket: '' }), 400, /ticket is not known/);
  assertRefused(await post(stand.gateway, '/console/ticket', {}), 400, /"ticket" is missing/);
});

test('a state is good once, also where it comes from another browser', async (t) => {
  const stand = await start(t);
  const got = await login(stand);
  const again = await comeBack(stand.gateway, got.back, got.cookie);
  assert.deepEqual([again.status, again.ticket], [400, '']);
  assert.match(again.message, /not known here: it was used before/);
  const { location, cookie } = await beginLogin(stand.gateway);
  const back = await signIn(new Browser(), location, 'alice', stand.redirect_uri);
  const foreign = await beginLogin(stand.gateway);
  const stolen = await comeBack(stand.gateway, back, foreign.cookie);
  assert.deepEqual([stolen.status, stolen.ticket], [400, '']);
  assert.match(stolen.message, /in another browser/);
  assert.match((await comeBack(stand.gateway, back, cookie)).message, /not known here/);
});

test('an answer of another issuer, or of nobody, is not taken where the provider promises its name', async (t) => {
  const stand = await start(t);
  for (const [change, message] of [
    [(query) => query.set('iss', 'https://evil.example'), /of another provider, &#34;|of another provider/],
    [(query) => query.delete('iss'), /does not say which provider/],
    [(query) => query.append('iss', 'https://evil.example'), /iss is there twice/],
  ]) {
    const { location, cookie } = await beginLogin(stand.gateway);
    const back = new URL(await signIn(new Browser(), location, 'alice', stand.redirect_uri));
    assert.equal(back.searchParams.get('iss'), stand.provider.url);
    change(back.searchParams);
    const page = await comeBack(stand.gateway, back, cookie);
    assert.deepEqual([page.status, page.ticket], [400, '']);
    assert.match(page.message, message);
  }
  await login(stand);
});

test('the provider refuses the code: its words, and no ticket', async (t) => {
  const stand = await start(t);
  const { location, cookie } = await beginLogin(stand.gateway);
  const back = new URL(await signIn(new Browser(), location, 'alice', stand.redirect_uri));
  back.searchParams.set('code', 'another');
  const page = await comeBack(stand.gateway, back, cookie);
  assert.deepEqual([page.status, page.ticket], [502, '']);
  assert.match(page.message, /answered 400: invalid_grant/);
});

test('a public client shows no secret; a confidential one by Basic, or in the form where the provider takes that alone', async (t) => {
  const shown = async (stand) => {
    const seen = [];
    stand.provider.server.on('request', ({ url, headers }) => url === '/token' && seen.push(headers.authorization?.split(' ')[0]));
    assert.ok((await login(stand)).access_token);
    return seen;
  };
  assert.deepEqual(await shown(await start(t, { client: { secret: undefined } })), [undefined]);
  assert.deepEqual(await shown(await start(t)), ['Basic']);
  const posting = await start(t, { client: { secret: SECRET, token_endpoint_auth_method: 'client_secret_post' } });
  const document = await (await fetch(posting.provider.configUrl)).json();
  posting.provider.answers = ({ pathname }) => (pathname.endsWith('openid-configuration')
    ? { ...document, token_endpoint_auth_methods_supported: ['client_secret_post'] } : undefined);
  assert.deepEqual(await shown(posting), [undefined]);
});
