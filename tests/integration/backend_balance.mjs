// SPDX-License-Identifier: Apache-2.0
// Goal: requests go to a backend's servers by their weights, exactly over a cycle, or to the one that has least to do.
import assert from 'node:assert/strict';
import test from 'node:test';
import { answerBytes, startBackend } from './harness/backend.mjs';
import { startGateway } from './harness/gateway.mjs';
import { send } from './harness/client.mjs';
import { until } from './harness/until.mjs';

async function startServers(t, count, handler) {
  return Promise.all(Array.from({ length: count }, () => startBackend(t, handler)));
}

function startFor(t, servers, more = {}) {
  return startGateway(t, {
    workers: 1,
    backends: { main: { servers, ...more } },
    routes: [{ name: 'main', path: '/', backend: 'main', policy: 'none' }],
  });
}

const counts = (backends) => backends.map(({ requests }) => requests.length);

test('each cycle of the weights gives every server its share', async (t) => {
  const backends = await startServers(t, 3);
  const weights = [5, 1, 2];
  const gateway = await startFor(t, backends.map(({ url }, i) => ({ url, weight: weights[i] })));
  for (let cycle = 1; cycle <= 3; cycle++) {
    for (let i = 0; i < 8; i++) assert.equal((await send(gateway.port, {})).status, 200);
    assert.deepEqual(counts(backends), weights.map((weight) => weight * cycle));
  }
});

test('servers without a weight take turns', async (t) => {
  const backends = await startServers(t, 2);
  const gateway = await startFor(t, backends.map(({ url }) => url));
  for (let i = 0; i < 6; i++) await send(gateway.port, {});
  assert.deepEqual(counts(backends), [3, 3]);
});

test('the access line names the server that was asked', async (t) => {
  const backends = await startServers(t, 2);
  const gateway = await startFor(t, backends.map(({ url }) => url));
  for (let i = 0; i < 2; i++) await send(gateway.port, {});
  await until('the lines', () => gateway.events('access').length === 2);
  assert.deepEqual(gateway.events('access').map(({ server }) => server).sort(), backends.map(({ url }) => url).sort());
});

test('least-connections: a server that holds requests gets no more of them while others are free', async (t) => {
  const held = [];
  const [slow, quick] = [
    await startBackend(t, (request, conn) => void held.push(conn)),
    await startBackend(t),
  ];
  const gateway = await startFor(t, [slow.url, quick.url], { balance: 'least-connections' });
  const waiting = send(gateway.port, { target: '/held' });
  await until('the held request', () => held.length === 1);
  for (let i = 0; i < 5; i++) assert.equal((await send(gateway.port, { target: `/${i}` })).status, 200);
  assert.deepEqual(counts([slow, quick]), [1, 5]);
  held[0].write(answerBytes());
  assert.equal((await waiting).status, 200);
});

test('least-connections: weight counts', async (t) => {
  const held = [];
  const hold = (request, conn) => void held.push(conn);
  const backends = await startServers(t, 2, hold);
  const gateway = await startFor(t, backends.map(({ url }, i) => ({ url, weight: i ? 1 : 3 })), { balance: 'least-connections' });
  const waiting = [];
  for (let i = 0; i < 8; i++) {
    waiting.push(send(gateway.port, { target: `/${i}` }));
    await until('the held request', () => held.length === i + 1);
  }
  assert.deepEqual(counts(backends), [6, 2]);
  for (const conn of held) conn.write(answerBytes());
  for (const each of waiting) assert.equal((await each).status, 200);
});
