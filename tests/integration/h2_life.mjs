// SPDX-License-Identifier: Apache-2.0
// Goal: a connection of HTTP/2 begins only where the listener takes it, and ends in order: streams under way finish, requests on the way
// are served or known not to be, idle connections end at once.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import test from 'node:test';
import { connect as connectTls } from 'node:tls';
import { answerBytes } from './harness/backend.mjs';
import { connect, send } from './harness/client.mjs';
import { ACK, DATA, END_STREAM, GOAWAY, H2_LISTENER, HEADERS, PING, PREFACE, connectH2, frame, helloH2, request, settings, u32 } from './harness/h2.mjs';
import { newAuthority } from './harness/certs.mjs';
import { figure } from './harness/metrics.mjs';
import { startStand } from './harness/stand.mjs';
import { pairOf } from './harness/tls.mjs';
import { until } from './harness/until.mjs';

const startPublic = (t, more = {}) =>
  startStand(t, { route: { policy: 'none' }, ...more, config: { listeners: [H2_LISTENER], workers: 1, timeouts: { drain: '10s' }, ...more.config } });

for (const http2 of ['off', 'alpn'])
  test(`http2: ${http2} on a plain listener refuses the preface as before`, async (t) => {
    const stand = await startPublic(t, { config: { listeners: [{ bind: '127.0.0.1:0', http2 }] } });
    const client = await stand.connect();
    client.write(PREFACE);
    assert.ok([400, 505].includes((await client.answer()).status));
    client.destroy();
    assert.equal((await stand.get()).status, 200);
  });

test('the upgrade from HTTP/1 is never made', async (t) => {
  const stand = await startPublic(t);
  const client = await stand.connect();
  client.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n');
  assert.equal((await client.answer()).status, 200);
  const [got] = stand.backend.requests;
  assert.ok(!got.has('upgrade') && !got.has('http2-settings'));
  client.destroy();
});

test('begins of requests that look like the preface are HTTP/1', async (t) => {
  const stand = await startPublic(t);
  for (const method of ['POST', 'PUT', 'PATCH']) {
    const client = await connect(stand.gateway.port);
    client.write('P');
    await new Promise((resolve) => setTimeout(resolve, 20));
    client.write(`${method.slice(1)} / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`);
    assert.equal((await client.answer()).status, 200, method);
    client.destroy();
  }
});

test('drain, RFC 9113 6.8: streams under way finish, and those that were on the way', async (t) => {
  const held = [];
  const stand = await startPublic(t, {
    handler: async (req, conn) => {
      await req.whole;
      if (req.target === '/slow') held.push(conn);
      else conn.write(answerBytes({ body: 'ok' }));
    },
  });
  const client = await connectH2(stand.gateway.port);
  // PING is answered by hand: the gateway learns only from that that its first GOAWAY was read.
  const slow = client.ask(request({ ':path': '/slow' }));
  await until('the request at the backend', () => held.length === 1);
  stand.gateway.signal('SIGTERM');
  const first = await client.goaway();
  assert.deepEqual([first.code, first.last], ['NO_ERROR', 0x7fffffff]);

  const crossed = client.ask();
  assert.equal((await client.answer(crossed)).status, 200);
  const ping = await client.frame('PING', (one) => one.type === PING && !(one.flags & ACK));
  client.send(frame(PING, ACK, 0, ping.payload));
  const second = await client.frame('the second GOAWAY', (one) => one.type === GOAWAY && one !== first);
  assert.deepEqual([second.code, second.last], ['NO_ERROR', crossed]);

  const late = client.ask();
  held[0].write(answerBytes({ body: 'slow' }));
  assert.equal((await client.answer(slow)).body.toString(), 'slow');
  await client.closing();
  assert.deepEqual(client.of(late), [], 'a stream behind the last one was touched');
  client.destroy();
  await until('the end', () => stand.gateway.end);
});

test('drain: an idle connection ends at once, and is told what was served', async (t) => {
  const stand = await startPublic(t);
  const client = await connectH2(stand.gateway.port);
  const id = client.ask();
  assert.equal((await client.answer(id)).status, 200);
  stand.gateway.signal('SIGTERM');
  const { code, last } = await client.goaway();
  assert.deepEqual([code, last], ['NO_ERROR', id]);
  await client.closing();
  client.destroy();
  await until('the end', () => stand.gateway.end, 3000);
});

for (const how of ['TLS', 'a PROXY header'])
  test(`drain: a connection that was opening by ${how} is told of it, and then ended`, async (t) => {
    const tls = how === 'TLS' ? pairOf(newAuthority(t).issue('gateway.test')) : undefined;
    const listener = tls ? { bind: '127.0.0.1:0', tls } : { ...H2_LISTENER, proxy_protocol: true };
    const stand = await startPublic(t, { config: { listeners: [listener] } });
    const plain = net.connect({ port: stand.gateway.port, host: '127.0.0.1', noDelay: true });
    await once(plain, 'connect');
    await until('the connection', async () => (await figure(stand.gateway, 'jwtgate_connections')) === 1);
    stand.gateway.signal('SIGTERM');
    await stand.gateway.event('draining');
    if (!tls) plain.write('PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n');
    const socket = tls ? connectTls({ socket: plain, ALPNProtocols: ['h2'], rejectUnauthorized: false }) : plain;
    if (tls) await once(socket, 'secureConnect');
    const client = helloH2(socket);
    const { code, last } = await client.goaway(3000);
    assert.deepEqual([code, last], ['NO_ERROR', 0x7fffffff]);
    await client.closing(5000);
    client.destroy();
    await until('the end', () => stand.gateway.end, 3000);
  });

test('a client that says GOAWAY still gets its answers', async (t) => {
  const stand = await startPublic(t, {
    handler: async (req, conn) => {
      await req.whole;
      setTimeout(() => conn.write(answerBytes({ body: 'late' })), 50);
    },
  });
  const client = await connectH2(stand.gateway.port);
  const id = client.ask();
  client.send(frame(GOAWAY, 0, 0, u32(0, 0)));
  assert.equal((await client.answer(id)).body.toString(), 'late');
  await client.closing();
  client.destroy();
});

test('a client that is gone ends its requests at the backend', async (t) => {
  const stand = await startPublic(t, { handler: () => {} });
  const client = await connectH2(stand.gateway.port);
  for (let i = 0; i < 5; i++) client.ask();
  await stand.backend.request(4);
  client.destroy();
  await until('the end at the backend', () => stand.backend.open === 0);
});

test('figures and lines of the log', async (t) => {
  const stand = await startPublic(t, { handler: () => {} });
  const metrics = async () => (await send(stand.gateway.adminPort, { target: '/metrics', host: 'localhost' })).text;
  const client = await connectH2(stand.gateway.port);
  client.ask();
  client.ask();
  await stand.backend.request(1);
  const text = await metrics();
  assert.match(text, /^jwtgate_http2_connections 1$/m);
  assert.match(text, /^jwtgate_http2_streams 2$/m);
  client.send(frame(DATA, 0, 0, 'x'));
  assert.equal((await client.goaway()).code, 'PROTOCOL_ERROR');
  const refused = await stand.gateway.event('http2-refused');
  assert.equal(refused.code, 'PROTOCOL_ERROR');
  await until('the figures', async () => /^jwtgate_http2_streams 0$/m.test(await metrics()));
  assert.match(await metrics(), /^jwtgate_http2_connections 0$/m);
  assert.match(await metrics(), /^jwtgate_http2_connections_ended_total\{why="protocol"\} 1$/m);
  client.destroy();
});

test('a reload changes limits of new connections, and none under way', async (t) => {
  const stand = await startPublic(t);
  const before = await connectH2(stand.gateway.port);
  await before.read();
  await stand.gateway.reload({ ...stand.config, limits: { streams: 7 } });
  assert.equal((await before.answer(before.ask())).status, 200);
  await until('the new limit', async () => {
    const after = await connectH2(stand.gateway.port);
    await after.read();
    after.destroy();
    return after.frames[0].payload.readUInt32BE(2) === 7;
  });
  before.destroy();
});

test('other kinds of peers', async (t) => {
  const stand = await startPublic(t);
  await t.test('SETTINGS that change while streams are open', async () => {
    const client = await connectH2(stand.gateway.port);
    client.send(settings([4, 100], [5, 1 << 20], [3, 0]));
    assert.equal((await client.answer(client.ask())).status, 200);
    client.destroy();
  });
  await t.test('a client that sends all at once', async () => {
    const client = await connectH2(stand.gateway.port, { hello: '' });
    const one = await connectH2(stand.gateway.port);
    const asked = one.ask();
    assert.equal((await one.answer(asked)).status, 200);
    client.send(PREFACE, settings());
    const id = client.ask(request({ ':method': 'POST' }), { end: false });
    client.send(frame(DATA, END_STREAM, id, 'abc'));
    assert.equal((await client.answer(id)).status, 200);
    assert.equal(client.of(id, HEADERS).length, 1);
    client.destroy();
    one.destroy();
  });
});
