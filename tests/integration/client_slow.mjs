// SPDX-License-Identifier: Apache-2.0
// Attack: clients that take their time. A head has to be there within timeouts.head, however it drips; a body and an answer have a
// time that grows only with what of them moved; idle connections end; and none of it holds up others.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';
import { figure } from './harness/metrics.mjs';

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

// From here on: a body, or an answer, may take as long as timeouts.body, and a second more for each limits.body_rate of it.
const paced = { timeouts: { idle: '60s', body: '500ms', drain: '2s' }, limits: { body_rate: '1000B' } };
const post = (stand, more) => `POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${stand.issuer.token()}\r\n${more}\r\n\r\n`;

// Writes `bytes` each `every_ms` until stopped.
function drip(client, every_ms, bytes) {
  const timer = setInterval(() => client.socket.writable && client.write(bytes), every_ms);
  return () => clearInterval(timer);
}

for (const [name, framing, bytes] of [['of known length', 'Content-Length: 1000000', 'a'], ['chunked', 'Transfer-Encoding: chunked', '1\r\na\r\n'],
  ['in chunks that hold less than they cost', 'Transfer-Encoding: chunked', `1;${'x'.repeat(900)}\r\na\r\n`]]) {
  test(`a body that drips, ${name}: 408 and the end, and nothing whole at the backend`, async (t) => {
    const stand = await startStand(t, { config: paced });
    const client = await stand.connect();
    const begun = Date.now();
    client.write(post(stand, framing));
    const stop = drip(client, 20, bytes);
    try {
      assert.equal((await client.answer({ limit_ms: 4000 }))?.status, 408);
      assert.ok(Date.now() - begun >= 450);
      await client.closing();
    } finally {
      stop();
      client.destroy();
    }
    await until('the close at the backend', () => stand.backend.open === 0);
    assert.ok(!stand.backend.requests.some(({ isWhole }) => isWhole));
    const line = await stand.gateway.event('access');
    assert.deepEqual([line.status, line.reason], ['408', 'RequestTimeout']);
    assert.match(line.error, /^\d+ bytes of the body in \d+ ms/);
    assert.equal(await figure(stand.gateway, 'jwtgate_clients_late_total', { what: 'body' }), 1);
  });
}

test('a body that is slow but at its rate arrives, however long it takes', async (t) => {
  const stand = await startStand(t, { config: paced });
  const client = await stand.connect();
  client.write(post(stand, 'Content-Length: 20000'));
  const stop = drip(client, 100, 'a'.repeat(1000)); // ten times the rate: two seconds, four times timeouts.body
  assert.equal((await client.answer()).status, 200);
  stop();
  assert.equal(stand.backend.requests[0].bytes, 20000);
  client.destroy();
});

test('with body_rate: none only silence counts', async (t) => {
  const config = { timeouts: { idle: '700ms', body: '100ms', drain: '2s' }, limits: { body_rate: 'none' } };
  const stand = await startStand(t, { config });
  const client = await stand.connect();
  client.write(post(stand, 'Content-Length: 10'));
  const stop = drip(client, 100, 'a');
  assert.equal((await client.answer()).status, 200);
  stop();
  client.write(post(stand, 'Content-Length: 10'));
  assert.equal((await client.answer()).status, 408);
  client.destroy();
});

test('time in which the backend does not take the body is not the client\'s', async (t) => {
  let resolve;
  const promise = new Promise((done) => (resolve = done));
  const stand = await startStand(t, { config: { ...paced, limits: { ...paced.limits, body_buffer: '16KiB' } }, handler: async (request, conn) => {
    conn.pause();
    await promise;
    conn.resume();
    if (await request.whole) conn.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  } });
  const client = await stand.connect();
  const bytes = 24 << 20; // more than the buffers of the system hold
  client.write(post(stand, `Content-Length: ${bytes}`));
  const written = client.write(Buffer.alloc(bytes));
  await new Promise((done) => setTimeout(done, 1500));
  resolve();
  await written;
  assert.equal((await client.answer()).status, 200);
  client.destroy();
});

test('a client that takes its answer too slowly is cut, and the backend freed', async (t) => {
  const limits = { body_rate: '1MiB', body_buffer: '64KiB' };
  const stand = await startStand(t, { config: { ...paced, limits }, handler: async (request, conn) => {
    const piece = Buffer.alloc(1 << 20);
    conn.write(`HTTP/1.1 200 OK\r\nContent-Length: ${256 << 20}\r\n\r\n`);
    for (let i = 0; i < 256 && !conn.destroyed; i++) if (!conn.write(piece)) await new Promise((go) => conn.once('drain', go).once('close', go));
  } });
  const client = await stand.connect();
  client.socket.pause();
  client.write(`GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${stand.issuer.token()}\r\n\r\n`);
  const line = await stand.gateway.event('access');
  assert.equal(line.end, 'ClientTimeout');
  await until('the close at the backend', () => stand.backend.open === 0);
  assert.equal(await figure(stand.gateway, 'jwtgate_clients_late_total', { what: 'answer' }), 1);
  client.destroy();
});

test('a pipelined head that drips behind a good request is late as well', async (t) => {
  const stand = await startStand(t, { config });
  const client = await stand.connect();
  client.write(`GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${stand.issuer.token()}\r\n\r\nGET /second HTTP/1.1\r\nX: `);
  const stop = drip(client, 20, 'a');
  try {
    assert.equal((await client.answer()).status, 200);
    assert.equal((await client.answer({ limit_ms: 3000 }))?.status, 408);
    await client.closing();
  } finally {
    stop();
    client.destroy();
  }
  assert.equal(stand.backend.requests.length, 1);
  assert.equal(await figure(stand.gateway, 'jwtgate_clients_late_total', { what: 'head' }), 1);
});
