// SPDX-License-Identifier: Apache-2.0
// Attack: frames that cost the gateway more than the client.  Each flood is ended by GOAWAY with ENHANCE_YOUR_CALM, within bounds of
// work and memory, and counted; the neighbour, as much as an honest client may need, is answered.
import assert from 'node:assert/strict';
import test from 'node:test';
import { send } from './harness/client.mjs';
import {
  CONTINUATION, DATA, END_HEADERS, END_STREAM, H2_LISTENER, HEADERS, PING, PRIORITY, RST_STREAM, WINDOW_UPDATE, block, connectH2,
  frame, indexed, literal, remembered, request, settings, u32,
} from './harness/h2.mjs';
import { startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

const GET = block(request());
const POST = block(request({ ':method': 'POST' }));
const GROWTH_KB = 24 << 10;

// One request and its reset, as fast as they can be written.
const cancelled = (i) => [frame(HEADERS, END_HEADERS | END_STREAM, 2 * i + 1, GET), frame(RST_STREAM, 0, 2 * i + 1, u32(8))];
// A request that the client makes the gateway reset, by a window that overflows (CVE-2025-8671).
const provoked = (i) => [frame(HEADERS, END_HEADERS, 2 * i + 1, POST), frame(WINDOW_UPDATE, 0, 2 * i + 1, u32(0x7fffffff))];
// The same by a body that is longer than it was said to be.
const LYING = block(request({ ':method': 'POST' }, [['content-length', '1']]));
const lying = (i) => [frame(HEADERS, END_HEADERS, 2 * i + 1, LYING), frame(DATA, 0, 2 * i + 1, 'ab')];
// The same by a head that is malformed.
const BAD = block(request({}, [['connection', 'close']]));
const malformed = (i) => [frame(HEADERS, END_HEADERS | END_STREAM, 2 * i + 1, BAD)];

// [what, the i-th part, how many end the connection, how many do not, what comes before]
const FLOODS = [
  ['rapid reset (CVE-2023-44487)', cancelled, 400, 100],
  ['resets provoked by windows (CVE-2025-8671)', provoked, 400, 100],
  ['resets provoked by bodies (CVE-2025-8671)', lying, 400, 100],
  ['malformed heads', malformed, 400, 100],
  ['PING', () => [frame(PING, 0, 0, '12345678')], 3000, 300],
  ['PING with ACK', () => [frame(PING, 1, 0, '12345678')], 3000, 300],
  ['SETTINGS', (i) => [settings([4, 65535 + (i % 2)])], 600, 50],
  ['PRIORITY', (i) => [frame(PRIORITY, 0, 2 * i + 1, u32(0).toString('latin1') + 'a')], 3000, 300],
  ['WINDOW_UPDATE', () => [frame(WINDOW_UPDATE, 0, 0, u32(1))], 3000, 300],
  ['empty DATA', () => [frame(DATA, 0, 1, '')], 3000, 300, [frame(HEADERS, END_HEADERS, 1, POST)]],
  ['DATA of padding only', () => [frame(DATA, 8, 1, '\x02\0\0')], 3000, 300, [frame(HEADERS, END_HEADERS, 1, POST)]],
  ['frames that nobody knows', () => [frame(0x42, 0, 0, 'x')], 3000, 300],
];

const range = (count, part) => Array.from({ length: count }, (_, i) => part(i)).flat();

async function startPublic(t, more = {}) {
  return startStand(t, { route: { policy: 'none' }, config: { listeners: [H2_LISTENER], workers: 1 }, ...more });
}

async function ended(stand, why) {
  const { text } = await send(stand.gateway.adminPort, { target: '/metrics', host: 'localhost' });
  return Number(new RegExp(`^jwtgate_http2_connections_ended_total\\{why="${why}"\\} (\\d+)`, 'm').exec(text)[1]);
}

async function assertEnded(stand, client) {
  assert.equal((await client.goaway()).code, 'ENHANCE_YOUR_CALM', client.told().slice(-500));
  await client.closing();
  await until('the figure', async () => (await ended(stand, 'flood')) > 0);
  client.destroy();
}

async function tryFlood(t, [part, enough, few, before = []]) {
  const stand = await startPublic(t);
  const memory = stand.gateway.memory();

  await t.test('few of them are no flood', async () => {
    const client = await connectH2(stand.gateway.port);
    client.send(...before, ...range(few, part));
    await client.read();
    client.ask(request(), { id: 10001 });
    assert.equal((await client.answer(10001)).status, 200, client.told().slice(-500));
    client.destroy();
  });

  await t.test('many end the connection', async () => {
    const client = await connectH2(stand.gateway.port);
    client.send(...before, ...range(enough, part));
    await assertEnded(stand, client);
  });

  assert.ok(stand.backend.requests.length <= 650, `${stand.backend.requests.length} requests reached the backend`);
  if (!(process.env.JWTGATE_SLOWNESS > 1)) assert.ok(stand.gateway.memory().most - memory.now < GROWTH_KB);
  const client = await connectH2(stand.gateway.port);
  assert.equal((await client.answer(client.ask())).status, 200, 'others are served');
  client.destroy();
}

test('floods of frames and resets', async (t) => {
  for (const [what, ...flood] of FLOODS) await t.test(what, (one) => tryFlood(one, flood));
});

const BLOCKS = [
  ['a block without end, in empty frames (VU#421644)', [frame(HEADERS, 0, 1, GET), ...range(20, () => [frame(CONTINUATION, 0, 1, '')])]],
  ['a block without end, in full frames', [frame(HEADERS, 0, 1, GET), ...range(20, () => [frame(CONTINUATION, 0, 1, literal(['x-a', 'a'.repeat(16000)]))])]],
  ['a block of many small frames', [frame(HEADERS, 0, 1, GET), ...range(20, () => [frame(CONTINUATION, 0, 1, literal(['x-a', 'a']))]), frame(CONTINUATION, END_HEADERS, 1, '')]],
  ['a small block that unfolds to megabytes (HPACK bomb)', [
    frame(HEADERS, END_HEADERS | END_STREAM, 1, Buffer.concat([GET, remembered(['x-a', 'a'.repeat(3900)])])),
    frame(HEADERS, END_HEADERS | END_STREAM, 3, Buffer.concat([GET, ...range(15000, () => [indexed(62)])])),
  ]],
];
test('header blocks without end', async (t) => {
  for (const [what, frames] of BLOCKS)
    await t.test(what, async (one) => {
      const stand = await startPublic(one);
      const memory = stand.gateway.memory();
      const client = await connectH2(stand.gateway.port);
      client.send(...frames);
      await assertEnded(stand, client);
      if (!(process.env.JWTGATE_SLOWNESS > 1)) assert.ok(stand.gateway.memory().most - memory.now < GROWTH_KB);
    });
});

test('a head in a few frames, and one that unfolds a little too far, are answered', async (t) => {
  const stand = await startPublic(t);
  const client = await connectH2(stand.gateway.port);
  client.send(frame(HEADERS, END_STREAM, 1, GET), ...range(6, (i) => [frame(CONTINUATION, i === 5 ? END_HEADERS : 0, 1, literal([`x-${i}`, 'a']))]));
  assert.equal((await client.answer(1)).status, 200);
  client.send(
    frame(HEADERS, END_HEADERS | END_STREAM, 3, Buffer.concat([GET, remembered(['x-a', 'a'.repeat(3900)])])),
    frame(HEADERS, END_HEADERS | END_STREAM, 5, Buffer.concat([GET, ...range(40, () => [indexed(62)])])),
  );
  assert.equal((await client.answer(3)).status, 200);
  assert.equal((await client.answer(5)).status, 431);
  client.destroy();
});

test('a client that reads nothing of what it asks for fills no memory', async (t) => {
  const body = 'x'.repeat(1 << 20);
  const stand = await startPublic(t);
  stand.backend.answer({ body });
  const memory = stand.gateway.memory();
  const client = await connectH2(stand.gateway.port);
  client.socket.pause();
  client.send(settings([4, 0x7fffffff]), frame(WINDOW_UPDATE, 0, 0, u32(0x7fff0000 - 65535)));
  for (let i = 0; i < 100; i++) client.ask();
  await stand.backend.request(90);
  const held = stand.gateway.memory().most - memory.now;
  if (!(process.env.JWTGATE_SLOWNESS > 1)) assert.ok(held < 32 << 10, `memory grew by ${held} kB`);
  client.socket.resume();
  for (let id = 1; id < 201; id += 2) assert.equal((await client.answer(id, 30000)).body.length, body.length);
  client.destroy();
});

test('useful work earns what it costs: thousands of requests, each with a PING and window updates', async (t) => {
  const stand = await startPublic(t);
  const client = await connectH2(stand.gateway.port);
  for (let round = 0; round < 40; round++) {
    const ids = range(50, () => [client.ask()]);
    client.send(...range(50, () => [frame(PING, 0, 0, '12345678'), frame(WINDOW_UPDATE, 0, 0, u32(10))]));
    for (const id of ids) assert.equal((await client.answer(id)).status, 200);
  }
  client.destroy();
});
