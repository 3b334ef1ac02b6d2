// SPDX-License-Identifier: Apache-2.0
// Goal: WebSocket connections of real clients to real servers pass in both directions, however large or slow; who ends them, and
// when, and what of them is counted.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import test from 'node:test';
import { newAuthority } from './harness/certs.mjs';
import { figure } from './harness/metrics.mjs';
import { startStand } from './harness/stand.mjs';
import { openWebSocket, refusedWebSocket, startWebSockets } from './harness/websocket.mjs';
import { until, within } from './harness/until.mjs';

const websocketStand = async (t, { route = { websocket: true }, ...rest } = {}, server = {}) => {
  const backend = await startWebSockets(t, server);
  const stand = await startStand(t, { backend, route, ...rest });
  return Object.assign(stand, { server: backend });
};

const accessOf = async (stand, n = 0) => {
  await until('the access line', () => stand.gateway.events('access').filter(({ status }) => status === '101')[n]);
  return stand.gateway.events('access').filter(({ status }) => status === '101')[n];
};

test('text and binary messages pass both ways, and the close with its code', async (t) => {
  const stand = await websocketStand(t);
  const client = await openWebSocket(t, stand, { target: '/chat?room=1' });
  client.send('hello');
  client.send(Buffer.from([0, 1, 255]));
  assert.equal(await client.message(0), 'hello');
  assert.deepEqual(await client.message(1), Buffer.from([0, 1, 255]));
  assert.equal(stand.server.requests[0].url, '/chat?room=1');
  client.close(4001, 'done');
  assert.deepEqual(await client.closed(), { code: 4001, reason: 'done' });
});

test('what the server sends right behind its 101 is not lost, nor what the client sends at once', async (t) => {
  const stand = await websocketStand(t, {}, { serve: (socket) => {
    socket.send('first');
    socket.on('message', (data) => socket.send(data));
  } });
  const client = await openWebSocket(t, stand);
  client.send('second');
  assert.deepEqual([await client.message(0), await client.message(1)].map(String), ['first', 'second']);
});

test('the protocol that both agree on is told', async (t) => {
  const stand = await websocketStand(t, {}, { options: { handleProtocols: (offered) => [...offered][1] } });
  const client = await openWebSocket(t, stand, { protocols: ['one', 'two'] });
  assert.equal(client.protocol, 'two');
});

test('large messages pass unchanged in both directions at once, compressed or not', async (t) => {
  for (const perMessageDeflate of [false, true]) {
    const stand = await websocketStand(t, {}, { options: { perMessageDeflate, maxPayload: 32 << 20 } });
    const client = await openWebSocket(t, stand, { perMessageDeflate, maxPayload: 32 << 20 });
    const pieces = [8 << 20, 1, 0, 125, 126, 65535, 65536, 4 << 20].map((size) => randomBytes(size));
    for (const piece of pieces) client.send(piece);
    for (const [i, piece] of pieces.entries()) assert.ok(piece.equals(await client.message(i)), `message ${i}`);
    client.close();
    await client.closed();
  }
});

test('a side that does not read holds the other back; memory stays small, and nothing is lost', async (t) => {
  let server;
  const stand = await websocketStand(t, {}, { serve: (socket) => (server = socket), options: { perMessageDeflate: false } });
  const client = await openWebSocket(t, stand, { perMessageDeflate: false });
  await until('the server', () => server);
  const piece = randomBytes(1 << 20);
  const sent = createHash('sha256');
  for (let i = 0; i < 48; i++) sent.update(piece);
  for (const [from, to] of [[server, client], [client, server]]) {
    const got = createHash('sha256');
    let bytes = 0;
    to.on('message', (data) => {
      bytes += data.length;
      got.update(data);
    });
    const before = stand.gateway.memory();
    to.pause();
    for (let i = 0; i < 48; i++) from.send(piece);
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.ok(from.bufferedAmount > 16 << 20, 'the sender was not held back');
    to.resume();
    await until('all of it', () => bytes === 48 << 20, 30000);
    assert.equal(got.digest('hex'), sent.copy().digest('hex'));
    const after = stand.gateway.memory();
    if (!(process.env.JWTGATE_SLOWNESS > 1)) assert.ok(after.most - before.now < 24 << 10, `memory grew by ${after.most - before.now} kB`);
    to.removeAllListeners('message');
  }
});

test('the access line comes at the end, with the bytes of both directions and no word of its reason', async (t) => {
  const stand = await websocketStand(t);
  const client = await openWebSocket(t, stand, { target: '/x?token=secret', perMessageDeflate: false });
  client.send('12345');
  await client.message(0);
  assert.deepEqual(stand.gateway.events('access').filter(({ status }) => status === '101'), []);
  client.close();
  await client.closed();
  const line = await accessOf(stand);
  assert.equal(line.path, '/x');
  assert.equal(line.method, 'GET');
  assert.equal(line.bytes, String(2 + 5 + 4 - 2)); // both frames of the server: "12345", and a close without status
  assert.equal(line.received, String(6 + 5 + 6));
  assert.equal(line.reason, undefined);
});

test('metrics show open connections, bytes and how they ended', async (t) => {
  const stand = await websocketStand(t);
  const client = await openWebSocket(t, stand, { perMessageDeflate: false });
  client.send('12345');
  await client.message(0);
  assert.equal(await figure(stand.gateway, 'jwtgate_tunnels', { route: 'main' }), 1);
  assert.equal(await figure(stand.gateway, 'jwtgate_tunnel_bytes_total', { route: 'main', from: 'client' }), 11);
  assert.equal(await figure(stand.gateway, 'jwtgate_tunnel_bytes_total', { route: 'main', from: 'backend' }), 7);
  client.terminate();
  await accessOf(stand);
  assert.equal(await figure(stand.gateway, 'jwtgate_tunnels', { route: 'main' }), 0);
  assert.equal(await figure(stand.gateway, 'jwtgate_requests_total', { route: 'main', code: '101' }), 1);
  assert.equal(await figure(stand.gateway, 'jwtgate_tunnel_ends_total', { route: 'main', why: 'ClientGone' })
    + await figure(stand.gateway, 'jwtgate_tunnel_ends_total', { route: 'main', why: 'None' }), 1);
});

test('a client that breaks off ends the server\'s connection, and the other way round', async (t) => {
  let server;
  const stand = await websocketStand(t, {}, { serve: (socket) => (server = socket) });
  const first = await openWebSocket(t, stand);
  await until('the server', () => server);
  const gone = once(server, 'close');
  first.terminate();
  await gone;
  server = undefined;
  const second = await openWebSocket(t, stand);
  await until('the server', () => server);
  server.terminate();
  assert.equal((await second.closed()).code, 1006);
});

test('silence in both directions ends it; a byte in either one does not', async (t) => {
  let server;
  const stand = await websocketStand(t, { route: { websocket: { idle: '600ms' } } }, { serve: (socket) => (server = socket) });
  const client = await openWebSocket(t, stand);
  const begun = Date.now();
  await until('the server', () => server);
  for (let i = 0; i < 4; i++) {
    (i % 2 ? server : client).send('x');
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(client.readyState, 1);
  }
  assert.equal((await client.closed()).code, 1001);
  assert.ok(Date.now() - begun >= 1400);
  assert.equal((await accessOf(stand)).end, 'Idle');
});

test('with ends_with_token it is closed when the token expires, else it outlives it', async (t) => {
  const route = { websocket: { ends_with_token: true } };
  const guarded = await websocketStand(t, { route });
  const token = guarded.issuer.token({ exp: Math.floor(Date.now() / 1000) + 2 });
  const client = await openWebSocket(t, guarded, { token });
  const closed = await client.closed();
  assert.equal(closed.code, 1008);
  assert.equal((await accessOf(guarded)).end, 'TokenExpired');
  const skewed = await websocketStand(t, { route, policy: { clock_skew: 60 } });
  const other = await openWebSocket(t, skewed, { token: skewed.issuer.token({ exp: Math.floor(Date.now() / 1000) - 20 }) });
  const free = await websocketStand(t);
  const third = await openWebSocket(t, free, { token: free.issuer.token({ exp: Math.floor(Date.now() / 1000) + 1 }) });
  await new Promise((resolve) => setTimeout(resolve, 2500));
  assert.deepEqual([other.readyState, third.readyState], [1, 1]);
});

test('a frame that is under way is never torn by a close of ours', async (t) => {
  let server;
  const route = { websocket: { ends_with_token: true } };
  const stand = await websocketStand(t, { route }, { serve: (socket) => (server = socket), options: { perMessageDeflate: false } });
  const client = await openWebSocket(t, stand, { token: stand.issuer.token({ exp: Math.floor(Date.now() / 1000) + 2 }) });
  await until('the server', () => server);
  server._socket.write(Buffer.from([0x82, 0x7e, 0x01, 0x00, 1, 2, 3])); // 256 bytes are announced
  assert.equal((await client.closed()).code, 1006);
  assert.deepEqual(client.messages, []);
});

test('a drain lets it go on, until timeouts.drain', async (t) => {
  const stand = await websocketStand(t, { config: { timeouts: { drain: '1s' } } });
  const client = await openWebSocket(t, stand);
  stand.gateway.signal('SIGTERM');
  await stand.gateway.event('draining');
  client.send('still there');
  assert.equal(await client.message(0), 'still there');
  assert.equal((await client.closed()).code, 1006);
  assert.equal((await accessOf(stand)).end, 'Drain');
  await within('the end', stand.gateway.ended);
});

test('a drain is over as soon as the last one has ended', async (t) => {
  const stand = await websocketStand(t, { config: { timeouts: { drain: '60s' } } });
  const client = await openWebSocket(t, stand);
  stand.gateway.signal('SIGTERM');
  await stand.gateway.event('draining');
  client.close();
  await client.closed();
  await within('the end', stand.gateway.ended);
});

test('a reload leaves it open, also one that takes the route away', async (t) => {
  const stand = await websocketStand(t);
  const client = await openWebSocket(t, stand);
  await stand.gateway.reload({ ...stand.config, routes: [{ name: 'other', path: '/other', backend: 'main', policy: 'none' }] });
  client.send('still there');
  assert.equal(await client.message(0), 'still there');
  assert.equal(await refusedWebSocket(stand, {}), 404);
});

test('to a server behind TLS', async (t) => {
  const authority = newAuthority(t);
  const stand = await websocketStand(t, { backendMore: { tls: { ca: authority.caFile } } },
    { leaf: authority.issue('127.0.0.1'), options: { maxPayload: 32 << 20, perMessageDeflate: false } });
  const client = await openWebSocket(t, stand, { maxPayload: 32 << 20, perMessageDeflate: false });
  const pieces = [1, 16384, 16385, 100000, 8 << 20].map((size) => randomBytes(size));
  for (const piece of pieces) client.send(piece);
  for (const [i, piece] of pieces.entries()) assert.ok(piece.equals(await client.message(i)), `message ${i}`);
  client.close(1000);
  assert.equal((await client.closed()).code, 1000);
});

// One side writes with TLS records that are larger than what is read at once: bytes wait inside of the library, where no event tells
// of them, while the tunnel is held back.
test('with TLS on both sides, under pressure', async (t) => {
  let server;
  const authority = newAuthority(t);
  const leaf = authority.issue('127.0.0.1');
  const listeners = [{ bind: '127.0.0.1:0', tls: { certificate: leaf.certFile, key: leaf.keyFile } }];
  const options = { maxPayload: 64 << 20, perMessageDeflate: false };
  const stand = await websocketStand(t, { config: { listeners, limits: { body_buffer: '16KiB' } }, backendMore: { tls: { ca: authority.caFile } } },
    { leaf, serve: (socket) => (server = socket), options });
  const client = await openWebSocket(t, stand, { scheme: 'wss', ca: authority.ca, ...options });
  await until('the server', () => server);
  for (const [from, to] of [[server, client], [client, server]]) {
    const pieces = [16384, 1, 16385, 3 << 20, 70000, 5 << 20, 2].map((size) => randomBytes(size));
    const got = [];
    to.on('message', (data) => got.push(data));
    to.pause();
    for (const piece of pieces) from.send(piece);
    await new Promise((resolve) => setTimeout(resolve, 100));
    to.resume();
    for (const [i, piece] of pieces.entries()) assert.ok(piece.equals(await until(`message ${i}`, () => got[i])), `message ${i}`);
    to.removeAllListeners('message');
  }
  client.close(4002);
  assert.equal((await client.closed()).code, 4002);
  const line = await accessOf(stand);
  assert.deepEqual([line.end, line.reason], [undefined, undefined]);
});

test('many at once, and each ends by itself', async (t) => {
  const stand = await websocketStand(t);
  const clients = await Promise.all(Array.from({ length: 100 }, () => openWebSocket(t, stand)));
  clients.forEach((client, i) => client.send(`n${i}`));
  for (const [i, client] of clients.entries()) assert.equal(await client.message(0), `n${i}`);
  assert.equal(await figure(stand.gateway, 'jwtgate_tunnels', { route: 'main' }), 100);
  clients.forEach((client) => client.close());
  await Promise.all(clients.map((client) => client.closed()));
  await until('no open one', async () => await figure(stand.gateway, 'jwtgate_tunnels', { route: 'main' }) === 0);
});
