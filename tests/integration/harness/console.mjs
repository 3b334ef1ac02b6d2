// SPDX-License-Identifier: Apache-2.0
// What the token console's page says to the admin listener, by HTTP.
import assert from 'node:assert/strict';
import { send } from './client.mjs';

// A POST of JSON (an object, or the bytes of the body) as the page sends it: { status, json, answer }.
export async function post(gateway, target, body, { fields = {}, ...more } = {}) {
  const host = `127.0.0.1:${gateway.adminPort}`;
  const answer = await send(gateway.adminPort, {
    method: 'POST',
    target,
    host,
    fields: { 'Content-Type': 'application/json', Origin: `http://${host}`, ...fields },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...more,
  });
  return told(answer);
}

// A GET.
export async function look(gateway, target, more = {}) {
  return told(await send(gateway.adminPort, { target, host: `127.0.0.1:${gateway.adminPort}`, ...more }));
}

function told(answer) {
  const isJson = /^application\/json\b/.test(answer.field('content-type') ?? '');
  return { status: answer.status, json: isJson && answer.text ? JSON.parse(answer.text) : undefined, text: answer.text, answer };
}

// A refusal with that status whose text says `pattern`.
export function assertRefused({ status, json, text }, wanted, pattern) {
  assert.equal(status, wanted, text);
  assert.deepEqual(Object.keys(json ?? {}), ['error'], text);
  assert.match(json.error, pattern);
}

// The page that GET /callback answers: { status, ticket, message }.
export async function comeBack(gateway, address, cookie) {
  const url = new URL(address);
  const { status, text, answer } = await look(gateway, url.pathname + url.search, { fields: cookie ? { Cookie: cookie } : {} });
  assert.match(answer.field('content-type') ?? '', /^text\/html/, text);
  const [, ticket, message] = /data-ticket="([^"]*)">([^<]*)</.exec(text) ?? [];
  return { status, ticket, message, text, answer };
}

// Begins a login: { location, cookie } as the page and the browser get them.
export async function beginLogin(gateway, wish = {}, more = {}) {
  const { status, json, text, answer } = await post(gateway, '/login', wish, more);
  assert.equal(status, 200, text);
  const line = answer.field('set-cookie');
  return { location: new URL(json.location), cookie: line.split(';')[0], line };
}
