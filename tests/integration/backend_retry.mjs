// SPDX-License-Identifier: Apache-2.0
// Goal: a request is sent to another server only where that is safe: it was never seen, or it is idempotent, all there, and not
// a byte of an answer came (RFC 9110 9.2.2).  What changes something reaches a server exactly once.
import assert from 'node:assert/strict';
import test from 'node:test';
import { answerBytes, startBackend } from './harness/backend.mjs';
import { connect, send } from './harness/client.mjs';
import { startGateway } from './harness/gateway.mjs';
import { figure } from './harness/metrics.mjs';
import { until } from './harness/until.mjs';

// Ends each connection once a request is whole, having sent `bytes`.
const ender = (bytes = '') => async (request, conn) => {
  await request.whole;
  conn.end(bytes);
};

async function startTwo(t, first, more = {}) {
  const bad = await startBackend(t, first);
  const good = await startBackend(t);
  const gateway = await startGateway(t, {
    workers: 1,
    backends: { main: { servers: [bad.url, good.url], ejection: { failures: 'none' }, ...more } },
    routes: [{ name: 'main', path: '/', backend: 'main', policy: 'none' }],
  });
  return { bad, good, gateway };
}

for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS', 'HEAD']) {
  test(`${method}: sent to the other server when the first breaks off unanswered`, async (t) => {
    const { bad, good, gateway } = await startTwo(t, ender());
    const body = method === 'PUT' ? 'new' : undefined;
    assert.equal((await send(gateway.port, { method, body })).status, 200);
    assert.deepEqual([bad.requests.length, good.requests.length], [1, 1]);
    if (body) assert.equal(good.requests[0].body.toString(), body);
    assert.equal(good.requests[0].field('host'), `127.0.0.1:${good.port}`);
    await until('the access line', () => gateway.events('access').length === 1);
    assert.equal(gateway.events('access')[0].retries, '1');
    assert.equal(await figure(gateway, 'jwtgate_backend_retries_total', { backend: 'main' }), 1);
  });
}

for (const method of ['POST', 'PATCH']) {
  test(`${method}: seen by one server, exactly once`, async (t) => {
    const { bad, good, gateway } = await startTwo(t, ender());
    const answer = await send(gateway.port, { method, body: 'pay' });
    assert.equal(answer.status, 502);
    assert.deepEqual([bad.requests.length, good.requests.length], [1, 0]);
  });

  test(`${method}: sent to the other server when nothing listens at the first`, async (t) => {
    const { bad, good, gateway } = await startTwo(t);
    await bad.stop();
    for (let i = 0; i < 4; i++) assert.equal((await send(gateway.port, { method, body: 'pay' })).status, 200);
    assert.equal(good.requests.length, 4);
  });
}

test('one byte of an answer is an answer', async (t) => {
  const { bad, good, gateway } = await startTwo(t, ender('H'));
  assert.equal((await send(gateway.port, {})).status, 502);
  assert.deepEqual([bad.requests.length, good.requests.length], [1, 0]);
});

test('no answer in time is no reason to ask another: 504', async (t) => {
  const { bad, good, gateway } = await startTwo(t, () => {}, { timeouts: { response: '200ms' } });
  assert.equal((await send(gateway.port, {})).status, 504);
  assert.deepEqual([bad.requests.length, good.requests.length], [1, 0]);
});

test('retries bounds how many others are asked', async (t) => {
  for (const retries of [0, 1, 2]) {
    const backends = await Promise.all(Array.from({ length: 4 }, () => startBackend(t, ender())));
    const gateway = await startGateway(t, {
      workers: 1,
      backends: { main: { servers: backends.map(({ url }) => url), ejection: { failures: 'none' }, retries } },
      routes: [{ name: 'main', path: '/', backend: 'main', policy: 'none' }],
    });
    assert.equal((await send(gateway.port, {})).status, 502);
    assert.equal(backends.reduce((sum, { requests }) => sum + requests.length, 0), retries + 1);
  }
});

test('a body that is still coming was not kept: no other server is asked', async (t) => {
  const { bad, good, gateway } = await startTwo(t, (request, conn) => void conn.destroy());
  const client = await connect(gateway.port);
  client.write('PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf');
  assert.equal((await client.answer()).status, 502);
  assert.equal(bad.requests.length, 1);
  assert.equal(good.requests.length, 0);
  client.destroy();
});

test('a chunked body that was all there goes to the other server whole', async (t) => {
  const { good, gateway } = await startTwo(t, ender());
  const client = await connect(gateway.port);
  client.write('PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n');
  assert.equal((await client.answer()).status, 200);
  assert.equal(good.requests[0].body.toString(), 'abcdef');
  client.destroy();
});

test('a pooled connection that died is tried again at its own server, the rest as before', async (t) => {
  const seen = new Map();
  const mortal = async (request, conn) => {
    const nth = (seen.get(conn) ?? 0) + 1;
    seen.set(conn, nth);
    await request.whole;
    if (nth > 1) return conn.destroy();
    return conn.write(answerBytes());
  };
  const { bad, good, gateway } = await startTwo(t, mortal);
  for (let i = 0; i < 4; i++) assert.equal((await send(gateway.port, {})).status, 200);
  assert.equal(bad.requests.length, 3);
  assert.equal(good.requests.length, 2);
});
