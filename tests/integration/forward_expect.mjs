// SPDX-License-Identifier: Apache-2.0
// Goal: `Expect: 100-continue` asks whether a body is welcome, and the token is judged before anybody says yes
// (RFC 9110 10.1.1).
import assert from 'node:assert/strict';
import test from 'node:test';
import { startStand } from './harness/stand.mjs';

const head = (token, expect = '100-continue') => `POST /upload HTTP/1.1\r\nHost: x\r\n${token ? `Authorization: Bearer ${token}\r\n` : ''}`
  + `Expect: ${expect}\r\nContent-Length: 5\r\n\r\n`;

test('a good token is told to go on, then the body passes', async (t) => {
  const stand = await startStand(t);
  const client = await stand.connect();
  client.write(head(stand.issuer.token()));
  const interim = await client.head();
  assert.equal(interim.status, 100);
  client.write('hello');
  const answer = await client.answer();
  assert.equal(answer.status, 200);
  assert.equal(stand.backend.requests[0].body.toString(), 'hello');
  client.destroy();
});

test('no token: the final answer at once, no 100, and the body is not waited for', async (t) => {
  const stand = await startStand(t);
  const client = await stand.connect();
  client.write(head());
  const answer = await client.answer();
  assert.equal(answer.status, 401);
  assert.deepEqual(answer.interims, []);
  await client.closing();
  assert.equal(stand.backend.requests.length, 0);
  client.destroy();
});

test('a client that does not wait is served all the same', async (t) => {
  const stand = await startStand(t);
  const client = await stand.connect();
  client.write(`${head(stand.issuer.token())}hello`);
  assert.equal((await client.answer()).status, 200);
  assert.equal(stand.backend.requests[0].body.toString(), 'hello');
  client.destroy();
});

test('another expectation is 417', async (t) => {
  const stand = await startStand(t);
  const client = await stand.connect();
  client.write(head(stand.issuer.token(), 'the unexpected'));
  assert.equal((await client.answer()).status, 417);
  assert.equal(stand.backend.requests.length, 0);
  client.destroy();
});
