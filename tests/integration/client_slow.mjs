// SPDX-License-Identifier: Apache-2.0
// Attack: clients that take their time. A head has to be there within timeouts.head, however it drips; idle connections
// end; and none of it holds up others.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startStand } from './harness/stand.mjs';

const config = { timeouts: { head: '400ms', idle: '400ms', drain: '2s' } };

test('half a head: 408 and the end', async (t) => {
  const stand = await startStand(t, { config });
  const client = await stand.connect();
  client.write('GET / HTTP/1.1\r\nHost: x\r\n');
  const answer = await client.answer();
  assert.equal(answer.status, 408);
  await client.closing();
  client.destroy();
});

test('a head that drips is late all the same', async (t) => {
  const stand = await startStand(t, { config });
  const client = await stand.connect();
  client.write('GET / HTTP/1.1\r\nHost: x\r\nX: ');
  const drip = setInterval(() => client.socket.writable && client.write('a'), 20);
  try {
    assert.equal((await client.answer({ limit_ms: 3000 }))?.status, 408);
    await client.closing();
  } finally {
    clearInterval(drip);
    client.destroy();
  }
});

test('a connection without a request ends without an answer', async (t) => {
  const stand = await startStand(t, { config });
  const client = await stand.connect();
  assert.equal(await client.answer(), undefined);
  client.destroy();
});

test('a kept connection ends when it is idle', async (t) => {
  const stand = await startStand(t, { config });
  const client = await stand.connect();
  client.write(`GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${stand.issuer.token()}\r\n\r\n`);
  assert.equal((await client.answer()).status, 200);
  assert.equal(await client.answer(), undefined);
  client.destroy();
});

test('a head in single bytes is served when it is in time', async (t) => {
  const stand = await startStand(t);
  const client = await stand.connect();
  for (const byte of `POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${stand.issuer.token()}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`) {
    await client.write(byte);
  }
  assert.equal((await client.answer()).status, 200);
  assert.equal(stand.backend.requests[0].body.toString(), 'hello');
  client.destroy();
});

test('a client that closes its side after the request gets its answer', async (t) => {
  const stand = await startStand(t);
  const client = await stand.connect();
  client.write(`GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${stand.issuer.token()}\r\n\r\n`);
  client.end();
  const answer = await client.answer();
  assert.equal(answer.status, 200);
  assert.equal(answer.isWhole, true);
  client.destroy();
});

test('many slow clients hold up nobody', async (t) => {
  const stand = await startStand(t, { config: { workers: 1 } });
  const slow = await Promise.all(Array.from({ length: 50 }, () => stand.connect()));
  slow.forEach((client) => client.write('GET / HTTP/1.1\r\nHost: '));
  for (let i = 0; i < 5; i++) assert.equal((await stand.get(`/${i}`)).status, 200);
  slow.forEach((client) => client.destroy());
});
