// SPDX-License-Identifier: Apache-2.0
// Goal: servers that come, go, break off and fall silent, under clients that come and go, with few connections and reloads in
// between: no POST is seen twice, no idempotent request more often than it may be, answers belong to their requests.
import assert from 'node:assert/strict';
import test from 'node:test';
import { answerBytes, startBackend } from './harness/backend.mjs';
import { connect, requestBytes } from './harness/client.mjs';
import { Dice } from './harness/dice.mjs';
import { startGateway } from './harness/gateway.mjs';
import { figure } from './harness/metrics.mjs';
import { scaled, until } from './harness/until.mjs';

const CLIENTS = 24;
const SENDS_MAX = 4; // the first, a dead pooled connection, and two retries

test('chaos', async (t) => {
  const dice = new Dice(20261122);
  const moody = async (request, conn) => {
    const mood = dice.roll(20);
    if (mood === 0) return conn.destroy();
    if (!(await request.whole)) return undefined;
    if (mood === 1) return conn.end();
    if (mood === 2) return conn.end('HTTP/1.1 200 OK\r\nContent-Le');
    if (mood === 3) return undefined; // silence: 504
    return conn.write(answerBytes({ body: request.target, fields: mood === 4 ? { Connection: 'close' } : {} }));
  };
  const backends = await Promise.all(Array.from({ length: 3 }, () => startBackend(t, moody)));
  const config = {
    backends: {
      main: {
        servers: backends.map(({ url }, i) => ({ url, weight: i + 1 })),
        balance: 'least-connections',
        connections: 4,
        pending: 16,
        retries: 2,
        ejection: { failures: 3, for: '100ms' },
        health: { path: '/healthz', interval: '100ms', timeout: '100ms' },
        timeouts: { response: '200ms', pending: '500ms' },
      },
    },
    routes: [{ name: 'main', path: '/', backend: 'main', policy: 'none' }],
  };
  const gateway = await startGateway(t, config);
  const deadline = Date.now() + 4000;
  const most = scaled(1500);
  let next = 0;
  const statuses = new Map();

  async function live() {
    while (Date.now() < deadline && next < most) {
      const client = await connect(gateway.port);
      for (let i = dice.roll(6); i >= 0; i--) {
        const target = `/${next++}`;
        const isPost = dice.roll(2) === 0;
        client.write(requestBytes({ target, method: isPost ? 'POST' : 'GET', body: isPost ? target : undefined }));
        if (dice.roll(12) === 0) break; // gone without an answer
        const answer = await client.answer().catch(() => undefined);
        if (!answer) break;
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        if (answer.status === 200 && answer.isWhole) assert.equal(answer.text, target);
      }
      client.destroy();
    }
  }

  async function disturb() {
    while (Date.now() < deadline && next < most) {
      const backend = backends[dice.roll(3)];
      await backend.stop();
      await new Promise((resolve) => setTimeout(resolve, 30));
      await backend.listen(backend.port);
      if (dice.roll(4) === 0) await gateway.reload({ ...config, limits: { fields: 100 + dice.roll(20) } });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  await Promise.all([disturb(), ...Array.from({ length: CLIENTS }, live)]);
  const seen = new Map();
  for (const { requests } of backends)
    for (const { method, target } of requests)
      if (target !== '/healthz') seen.set(`${method} ${target}`, (seen.get(`${method} ${target}`) ?? 0) + 1);
  for (const [request, times] of seen)
    assert.ok(times <= (request.startsWith('POST') ? 1 : SENDS_MAX), `${request} was seen ${times} times`);
  assert.ok(statuses.get(200) > 0);
  for (const status of statuses.keys()) assert.ok([200, 502, 503, 504].includes(status), `${status}`);
  await until('an empty queue', async () => (await figure(gateway, 'jwtgate_backend_pending', { backend: 'main' })) === 0);
  await until('idle connections only', async () => (await figure(gateway, 'jwtgate_backend_connections_busy', { backend: 'main' })) === 0);
});
