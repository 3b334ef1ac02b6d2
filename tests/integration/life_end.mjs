// SPDX-License-Identifier: Apache-2.0
// Goal: SIGTERM lets what is under way finish and exits 0; a second one ends at once by that signal.
import assert from 'node:assert/strict';
import net from 'node:net';
import test from 'node:test';
import { answerBytes } from './harness/backend.mjs';
import { connect, send } from './harness/client.mjs';
import { startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

// A stand whose backend answers when the test says so.
async function heldStand(t, config = {}) {
  const held = [];
  const stand = await startStand(t, {
    config,
    handler: async (request, conn) => {
      await request.whole;
      held.push(conn);
    },
  });
  return { ...stand, held, release: () => held.splice(0).forEach((conn) => conn.write(answerBytes({ body: 'late' }))) };
}

const request = (stand) => `GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${stand.issuer.token()}\r\n\r\n`;

const isRefused = (port) => new Promise((resolve) => {
  const socket = net.connect(port, '127.0.0.1', () => socket.destroy() && resolve(false));
  socket.on('error', () => resolve(true));
});

for (const signal of ['SIGTERM', 'SIGINT']) {
  test(`${signal}: a request under way is answered, idle connections end, exit 0`, async (t) => {
    const stand = await heldStand(t, { timeouts: { drain: '20s' } });
    const idle = await stand.connect();
    const busy = await stand.connect();
    busy.write(request(stand));
    await until('the request', () => stand.held.length === 1);
    stand.gateway.signal(signal);
    await idle.closing();
    await until('the end of listening', () => isRefused(stand.gateway.port));
    assert.equal(stand.gateway.end, undefined, 'it ended before its request');
    const ready = await send(stand.gateway.adminPort, { target: '/readyz', host: 'localhost' });
    assert.equal(ready.status, 503);
    stand.release();
    const answer = await busy.answer();
    assert.equal(answer.text, 'late');
    assert.match(answer.field('connection') ?? '', /close/i);
    busy.destroy();
    assert.deepEqual(await stand.gateway.ended, { status: 0, signal: null });
  });
}

test('a request that never ends is cut when the drain time is over; exit 0', async (t) => {
  const stand = await heldStand(t, { timeouts: { drain: '300ms' } });
  const busy = await stand.connect();
  busy.write(request(stand));
  await until('the request', () => stand.held.length === 1);
  stand.gateway.signal('SIGTERM');
  assert.deepEqual(await stand.gateway.ended, { status: 0, signal: null });
  busy.destroy();
});

test('a second signal ends at once, by that signal', async (t) => {
  const stand = await heldStand(t, { timeouts: { drain: '60s' } });
  stand.gateway.mayEndWith = { status: null, signal: 'SIGTERM' };
  const busy = await stand.connect();
  busy.write(request(stand));
  await until('the request', () => stand.held.length === 1);
  stand.gateway.signal('SIGTERM');
  await until('the drain', () => isRefused(stand.gateway.port));
  stand.gateway.signal('SIGTERM');
  assert.deepEqual(await stand.gateway.ended, { status: null, signal: 'SIGTERM' });
  busy.destroy();
});

test('a head that arrives during the drain on a kept connection loses nothing', async (t) => {
  const stand = await heldStand(t, { timeouts: { drain: '20s' } });
  const client = await connect(stand.gateway.port);
  client.write(request(stand));
  await until('the request', () => stand.held.length === 1);
  client.write(request(stand));
  stand.gateway.signal('SIGTERM');
  stand.backend.answer({ body: 'second' });
  stand.release();
  assert.equal((await client.answer()).text, 'late');
  // The second was not begun: it is either served or the connection ends without a byte of it having gone on.
  const second = await client.answer();
  assert.equal(stand.backend.requests.length, second ? 2 : 1);
  client.destroy();
  assert.deepEqual(await stand.gateway.ended, { status: 0, signal: null });
});

test('drain_delay: readiness fails at once, connections are taken so long, then the drain', async (t) => {
  const stand = await heldStand(t, { timeouts: { drain: '20s', drain_delay: '1500ms' } });
  const ready = async () => (await send(stand.gateway.adminPort, { target: '/readyz', host: 'localhost' })).status;
  assert.equal(await ready(), 200);
  const kept = await stand.connect();
  stand.gateway.signal('SIGTERM');
  const delayed = await stand.gateway.event('drain-delayed');
  assert.equal(delayed.ms, '1500');
  assert.equal(await ready(), 503);
  const late = await stand.connect();
  late.write(request(stand));
  await until('the request', () => stand.held.length === 1);
  assert.equal(stand.gateway.events('draining').length, 0);
  stand.release();
  assert.equal((await late.answer()).status, 200);
  kept.write(request(stand));
  await stand.gateway.event('draining');
  await until('the end of listening', () => isRefused(stand.gateway.port));
  stand.release();
  assert.equal((await kept.answer()).status, 200);
  await stand.gateway.ended;
});

test('a second signal within drain_delay ends at once, by that signal', async (t) => {
  const stand = await heldStand(t, { timeouts: { drain: '20s', drain_delay: '1h' } });
  stand.gateway.signal('SIGTERM');
  await stand.gateway.event('drain-delayed');
  stand.gateway.mayEndWith = { status: null, signal: 'SIGTERM' };
  stand.gateway.signal('SIGTERM');
  await stand.gateway.ended;
});
