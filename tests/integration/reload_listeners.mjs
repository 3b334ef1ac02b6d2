// SPDX-License-Identifier: Apache-2.0
// Goal: SIGHUP adds, changes and removes listeners, and moves the admin listener, without a connection lost on those that stay; what
// cannot be bound refuses the whole reload.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { newAuthority } from './harness/certs.mjs';
import { connect, requestBytes, send } from './harness/client.mjs';
import { tempDir } from './harness/gateway.mjs';
import { startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

const portOf = ({ address }) => Number(/:(\d+)$/.exec(address)[1]);

// A port that was free a moment ago.
async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const isRefused = (port) => new Promise((resolve) => {
  const socket = net.connect(port, '127.0.0.1', () => socket.destroy() && resolve(false));
  socket.on('error', () => resolve(true));
});

// The inodes of the sockets that listen on that port.
function listeningSockets(port) {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return readFileSync('/proc/net/tcp', 'utf8').split('\n').map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[1]?.endsWith(`:${hex}`) && columns[3] === '0A').map((columns) => columns[9]).sort();
}

async function standOn(t, listeners, more = {}) {
  const stand = await startStand(t, { ...more, config: { listeners, ...more.config } });
  const ask = (port = stand.gateway.port) => send(port, { token: stand.issuer.token() });
  const reload = (next, config = {}) => stand.gateway.reload({ ...stand.config, listeners: next, ...config });
  return { ...stand, ask, reload };
}

test('a listener comes, and goes again; the one that stays keeps its very sockets and connections', async (t) => {
  const listeners = [{ bind: `127.0.0.1:${await freePort()}` }];
  const stand = await standOn(t, listeners);
  const kept = await stand.connect();
  const sockets = listeningSockets(stand.gateway.port);
  assert.equal(sockets.length, 2);
  await stand.reload([...listeners, { bind: '127.0.0.1:0' }]);
  const told = (await stand.gateway.events('listening')).at(-1);
  assert.equal(told.listener, '1');
  const added = portOf(told);
  assert.equal((await stand.ask(added)).status, 200);
  const onAdded = await connect(added);
  await stand.reload(listeners);
  const closed = await stand.gateway.event('listener-closed');
  assert.deepEqual([closed.listener, portOf(closed)], ['1', added]);
  await until('the end of listening', () => isRefused(added));
  assert.deepEqual(listeningSockets(stand.gateway.port), sockets);
  for (const client of [kept, onAdded]) {
    await client.write(requestBytes({ token: stand.issuer.token() }));
    assert.equal((await client.answer()).status, 200);
    client.destroy();
  }
});

test('port 0 stays the port that was taken', async (t) => {
  const listeners = [{ bind: '127.0.0.1:0' }, { bind: '127.0.0.1:0' }];
  const stand = await standOn(t, listeners);
  await stand.reload(listeners);
  assert.equal(stand.gateway.events('listening').length, 3); /* two and admin */
  assert.equal(stand.gateway.events('listener-closed').length, 0);
  for (const port of stand.gateway.ports) assert.equal((await stand.ask(port)).status, 200);
  await stand.reload(listeners.slice(1));
  assert.equal((await stand.ask(stand.gateway.ports[0])).status, 200);
  await until('the end of listening', () => isRefused(stand.gateway.ports[1]));
});

test('what cannot be bound refuses the reload: nothing else of it is taken, nothing stays bound', async (t) => {
  const stand = await standOn(t, [{ bind: '127.0.0.1:0' }]);
  const other = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  t.after(() => other.close());
  const free = await freePort();
  const [route] = stand.config.routes;
  await stand.reload([{ bind: '127.0.0.1:0' }, { bind: `127.0.0.1:${free}` }, { bind: `127.0.0.1:${other.address().port}` }],
    { routes: [{ ...route, path: '/new/' }] });
  const failed = await stand.gateway.event('reload-failed');
  assert.match(failed.error, new RegExp(`cannot bind 127\\.0\\.0\\.1:${other.address().port}`));
  assert.equal((await stand.ask()).status, 200);
  assert.ok(await isRefused(free));
  await stand.reload([{ bind: '127.0.0.1:0' }, { bind: `127.0.0.1:${free}` }]);
  assert.equal((await stand.ask(free)).status, 200);
});

test('a listener becomes one of TLS, its socket the same', async (t) => {
  const leaf = newAuthority(t).issue('127.0.0.1');
  const listeners = [{ bind: `127.0.0.1:${await freePort()}` }];
  const stand = await standOn(t, listeners);
  const sockets = listeningSockets(stand.gateway.port);
  await stand.reload([{ ...listeners[0], tls: { certificate: leaf.certFile, key: leaf.keyFile } }]);
  const overTls = () => send(stand.gateway.port, { token: stand.issuer.token(), tls: { ca: leaf.cert, rejectUnauthorized: false } });
  await until('TLS', () => overTls().then(({ status }) => status === 200, () => false));
  assert.deepEqual(listeningSockets(stand.gateway.port), sockets);
  await stand.reload(listeners);
  await until('plain HTTP', () => stand.ask().then((answer) => answer?.status === 200));
});

test('a unix listener comes, and its file goes with it', async (t) => {
  const file = path.join(tempDir(t), 's');
  const listeners = [{ bind: '127.0.0.1:0' }];
  const stand = await standOn(t, listeners);
  await stand.reload([...listeners, { bind: `unix:${file}` }]);
  assert.equal((await stand.ask(file)).status, 200);
  await stand.reload(listeners);
  assert.equal(existsSync(file), false);
  assert.equal((await stand.ask()).status, 200);
});

test('the admin listener moves, goes and comes', async (t) => {
  const stand = await standOn(t, [{ bind: '127.0.0.1:0' }]);
  const before = stand.gateway.adminPort;
  const next = await freePort();
  const live = async (port) => (await send(port, { target: '/livez', host: 'localhost' })).status;
  await stand.reload([{ bind: '127.0.0.1:0' }], { admin: { bind: `127.0.0.1:${next}` } });
  assert.equal(await live(next), 200);
  assert.ok(await isRefused(before));
  await stand.reload([{ bind: '127.0.0.1:0' }], { admin: 'off' });
  assert.ok(await isRefused(next));
  await stand.reload([{ bind: '127.0.0.1:0' }], { admin: { bind: `127.0.0.1:${next}` } });
  assert.equal(await live(next), 200);
});

test('connections waiting in the queue of a listener that goes are answered', async (t) => {
  const listeners = [{ bind: `127.0.0.1:${await freePort()}` }, { bind: `127.0.0.1:${await freePort()}` }];
  const stand = await standOn(t, listeners);
  const going = stand.gateway.ports[1];
  let isOver = false;
  const statuses = [];
  const runs = Array.from({ length: 8 }, async () => {
    while (!isOver) {
      const client = await connect(going).catch(() => undefined); /* refused: it is gone */
      if (!client) return;
      await client.write(requestBytes({ token: stand.issuer.token() }));
      statuses.push((await client.answer())?.status);
      client.destroy();
    }
  });
  await until('load', () => statuses.length > 50);
  await stand.reload(listeners.slice(0, 1));
  await until('the end of listening', () => isRefused(going));
  isOver = true;
  await Promise.all(runs);
  assert.deepEqual([...new Set(statuses)], [200]);
});

test('workers change only at a restart, which is told', async (t) => {
  const stand = await standOn(t, [{ bind: '127.0.0.1:0' }]);
  await stand.reload([{ bind: '127.0.0.1:0' }], { workers: 3 });
  assert.equal((await stand.gateway.event('reload-partial')).key, 'workers');
  assert.equal((await stand.ask()).status, 200);
});
