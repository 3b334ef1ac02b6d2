// SPDX-License-Identifier: Apache-2.0
// Goal: a backend gets no more connections than it allows; requests wait for one in order, so many and so long, and are then told
// that it is busy.
import assert from 'node:assert/strict';
import test from 'node:test';
import { answerBytes, startBackend } from './harness/backend.mjs';
import { send } from './harness/client.mjs';
import { startGateway } from './harness/gateway.mjs';
import { figure, untilFigure } from './harness/metrics.mjs';
import { until } from './harness/until.mjs';

async function startLimited(t, more, route = {}, workers = 1) {
  const held = [];
  const backend = await startBackend(t, (request, conn) => void held.push({ request, conn }));
  const gateway = await startGateway(t, {
    workers,
    backends: { main: { servers: [backend.url], ...more } },
    routes: [{ name: 'main', path: '/', backend: 'main', policy: 'none', ...route }],
  });
  const waiting = (count) => untilFigure(gateway, 'jwtgate_backend_pending', { backend: 'main' }, count);
  return { backend, gateway, held, waiting };
}

test('who waits is served in order, over the connections that there are', async (t) => {
  const { backend, gateway, held, waiting } = await startLimited(t, { connections: 2 });
  const asked = [];
  for (let i = 0; i < 2; i++) {
    asked.push(send(gateway.port, { target: `/${i}` }));
    await until('the request', () => held.length === i + 1);
  }
  for (let i = 2; i < 6; i++) {
    asked.push(send(gateway.port, { target: `/${i}` }));
    await waiting(i - 1);
  }
  for (let i = 0; i < 6; i++) {
    await until('its turn', () => held.length > i);
    held[i].conn.write(answerBytes({ body: held[i].request.target }));
  }
  for (let i = 0; i < 6; i++) assert.equal((await asked[i]).text, `/${i}`);
  assert.deepEqual(backend.requests.map(({ target }) => target), ['/0', '/1', '/2', '/3', '/4', '/5']);
  assert.equal(backend.accepted, 2);
});

test('more than may wait: 503 with Retry-After, in the shape of the route, and the log says why', async (t) => {
  const { gateway, held, waiting } = await startLimited(t, { connections: 1, pending: 1 }, { errors: 'odata' });
  const first = send(gateway.port, { target: '/first' });
  await until('the request', () => held.length === 1);
  const second = send(gateway.port, { target: '/second' });
  await waiting(1);
  const third = await send(gateway.port, { target: '/third' });
  assert.equal(third.status, 503);
  assert.match(third.field('retry-after'), /^\d+$/);
  assert.equal(JSON.parse(third.text).error.message, 'The backend is busy.');
  await until('the access line', () => gateway.events('access').length === 1);
  const [line] = gateway.events('access');
  assert.equal(line.reason, 'BackendBusy');
  assert.match(line.error, /as many requests wait as may/);
  assert.equal(await figure(gateway, 'jwtgate_backend_pending_refused_total', { backend: 'main', why: 'full' }), 1);
  held[0].conn.write(answerBytes());
  await until('the second', () => held.length === 2);
  held[1].conn.write(answerBytes());
  assert.equal((await first).status, 200);
  assert.equal((await second).status, 200);
});

test('longer than they may wait: 503, and the one under way is not touched', async (t) => {
  const { gateway, held } = await startLimited(t, { connections: 1, timeouts: { pending: '100ms' } });
  const first = send(gateway.port, { target: '/first' });
  await until('the request', () => held.length === 1);
  assert.equal((await send(gateway.port, { target: '/second' })).status, 503);
  assert.equal(await figure(gateway, 'jwtgate_backend_pending_refused_total', { backend: 'main', why: 'late' }), 1);
  held[0].conn.write(answerBytes());
  assert.equal((await first).status, 200);
  assert.equal(held.length, 1);
});

test('pending: 0: nobody waits', async (t) => {
  const { gateway, held } = await startLimited(t, { connections: 1, pending: 0 });
  const first = send(gateway.port, {});
  await until('the request', () => held.length === 1);
  assert.equal((await send(gateway.port, {})).status, 503);
  held[0].conn.write(answerBytes());
  assert.equal((await first).status, 200);
});

test('all workers together keep to the limit', async (t) => {
  const { backend, gateway, held } = await startLimited(t, { connections: 4 }, {}, 2);
  const asked = Array.from({ length: 40 }, (_, i) => send(gateway.port, { target: `/${i}` }));
  let most = 0;
  for (let answered = 0; answered < 40; answered++) {
    await until('a request', () => held.length > answered);
    most = Math.max(most, backend.open);
    held[answered].conn.write(answerBytes());
  }
  for (const each of asked) assert.equal((await each).status, 200);
  assert.ok(most <= 4, `${most} connections at once`);
  assert.ok(backend.accepted <= 4);
  assert.equal(await figure(gateway, 'jwtgate_backend_limit', { backend: 'main', limit: 'connections' }), 4);
});

test('one server is away, the other at its limit: those who wait are served in their turn', async (t) => {
  const away = await startBackend(t);
  await away.stop();
  const held = [];
  const backend = await startBackend(t, (request, conn) => void held.push({ request, conn }));
  const gateway = await startGateway(t, {
    workers: 1,
    backends: { main: { servers: [backend.url, away.url], connections: 1 } },
    routes: [{ name: 'main', path: '/', backend: 'main', policy: 'none' }],
  });
  const asked = Array.from({ length: 8 }, (_, i) => send(gateway.port, { target: `/${i}` }));
  for (let i = 0; i < 8; i++) {
    await until('a request', () => held.length > i);
    held[i].conn.write(answerBytes());
  }
  for (const each of asked) assert.equal((await each).status, 200);
});

test('who waits under a configuration that was replaced is the last of it', async (t) => {
  const { backend, gateway, held, waiting } = await startLimited(t, { connections: 1 });
  const other = await startBackend(t);
  const first = send(gateway.port, { target: '/first' });
  await until('the request', () => held.length === 1);
  const second = send(gateway.port, { target: '/second' });
  await waiting(1);
  await gateway.reload({
    workers: 1,
    backends: { main: { servers: [other.url] } },
    routes: [{ name: 'main', path: '/', backend: 'main', policy: 'none' }],
  });
  assert.equal((await send(gateway.port, {})).status, 200);
  await backend.stop();
  assert.equal((await first).status, 502);
  assert.equal((await second).status, 502);
  assert.equal((await send(gateway.port, {})).status, 200);
});
