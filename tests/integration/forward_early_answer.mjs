// SPDX-License-Identifier: Apache-2.0
// Goal: an answer that comes while the body is still on its way reaches the client at once, and no later request is taken
// for the rest of that body.
import assert from 'node:assert/strict';
import test from 'node:test';
import { answerBytes } from './harness/backend.mjs';
import { startStand } from './harness/stand.mjs';

const upload = (token) => `POST /upload HTTP/1.1\r\nHost: x\r\n${token ? `Authorization: Bearer ${token}\r\n` : ''}Content-Length: 1000000\r\n\r\n`;

test('the backend answers before the body has arrived', async (t) => {
  const stand = await startStand(t, {
    handler: (_, conn) => conn.write(answerBytes({ status: 413, phrase: 'Content Too Large', body: 'too large' })),
  });
  const client = await stand.connect();
  client.write(upload(stand.issuer.token()));
  client.write('x'.repeat(1000));
  const answer = await client.answer();
  assert.equal(answer.status, 413);
  assert.equal(answer.text, 'too large');
  client.destroy();
});

test('the backend answers and closes before the body has arrived', async (t) => {
  const stand = await startStand(t, {
    handler: (_, conn) => conn.end(answerBytes({ status: 403, phrase: 'Forbidden', fields: { Connection: 'close' }, body: 'no' })),
  });
  const client = await stand.connect();
  client.write(upload(stand.issuer.token()));
  client.write('x'.repeat(100000));
  const answer = await client.answer();
  assert.equal(answer.status, 403);
  assert.equal(answer.text, 'no');
  client.destroy();
});

test('a refusal does not wait for the body, and what follows is not read as a request', async (t) => {
  const stand = await startStand(t);
  const client = await stand.connect();
  const smuggled = `GET /smuggled HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${stand.issuer.token()}\r\n\r\n`;
  client.write(upload());
  client.write(smuggled.repeat(20));
  assert.equal((await client.answer()).status, 401);
  client.end();
  assert.equal(await client.answer(), undefined);
  assert.equal(stand.backend.requests.length, 0);
  client.destroy();
});

test('the answer to a refused upload survives the close, though nobody read the upload', async (t) => {
  const stand = await startStand(t);
  const client = await stand.connect();
  client.write(upload());
  client.socket.write(Buffer.alloc(900000, 'x'));
  const answer = await client.answer();
  assert.equal(answer?.status, 401);
  assert.equal(answer.isWhole, true);
  client.destroy();
});

test('a body larger than limits.body is 413, one at the limit passes', async (t) => {
  const stand = await startStand(t, { config: { limits: { body: '1KiB' } } });
  assert.equal((await stand.get('/', { method: 'POST', body: 'x'.repeat(1024) })).status, 200);
  assert.equal((await stand.get('/', { method: 'POST', body: 'x'.repeat(1025) })).status, 413);
  assert.equal(stand.backend.requests.length, 1);
  const client = await stand.connect();
  client.write(`POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${stand.issuer.token()}\r\nTransfer-Encoding: chunked\r\n\r\n`);
  client.write(`401\r\n${'x'.repeat(1025)}\r\n0\r\n\r\n`);
  assert.equal((await client.answer()).status, 413);
  assert.deepEqual(stand.backend.requests.filter(({ isWhole }) => isWhole).length, 1);
  client.destroy();
});
