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
  return { status: answer.status, json: isJson ? JSON.parse(answer.text) : undefined, text: answer.text, answer };
}

// A refusal with that status whose text says `pattern`.
export function assertRefused({ status, json, text }, wanted, pattern) {
  assert.equal(status, wanted, text);
  assert.deepEqual(Object.keys(json ?? {}), ['error'], text);
  assert.match(json.error, pattern);
}
