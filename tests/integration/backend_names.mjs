// SPDX-License-Identifier: Apache-2.0
// Goal: names of servers are looked up again: a name that is new or has moved is followed without a reload, one that is gone for a
// while keeps its last addresses, and a dead address beside a living one costs nothing.
//
// The gateway runs in a mount namespace of its own, where /etc/hosts is a file of the test.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import dgram from 'node:dgram';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { answerBytes, startBackend } from './harness/backend.mjs';
import { send } from './harness/client.mjs';
import { startGateway, tempDir } from './harness/gateway.mjs';
import { figure, untilFigure } from './harness/metrics.mjs';
import { until } from './harness/until.mjs';

const NAME = 'app.jwtgate.test';
const UNSHARE = process.getuid() === 0 ? ['unshare', '-m'] : ['unshare', '-r', '-m'];
const MOUNT = 'mount --bind "$0" /etc/hosts && exec "$@"';
const MOUNT_RESOLVER = 'mount --bind "$0" /etc/resolv.conf && exec "$@"';

const canMount = (t) => {
  const file = path.join(tempDir(t), 'hosts');
  writeFileSync(file, '');
  return spawnSync(UNSHARE[0], [...UNSHARE.slice(1), 'sh', '-c', MOUNT, file, 'true']).status === 0;
};

// A backend on an address of its own, on the port of another.
async function startOn(t, address, port, name) {
  const backend = await startBackend(t);
  await backend.stop();
  await new Promise((resolve, reject) => {
    backend.server.once('error', reject);
    backend.server.listen(port, address, resolve);
  });
  backend.port = backend.server.address().port;
  backend.handler = async (request, conn) => {
    if (await request.whole) conn.write(answerBytes({ body: name }));
  };
  return backend;
}

async function startNamed(t, port, hosts, more = {}) {
  const file = path.join(tempDir(t), 'hosts');
  const set = (...addresses) => writeFileSync(file, addresses.map((address) => `${address} ${NAME}\n`).join(''));
  set(...hosts);
  const gateway = await startGateway(t, {
    workers: 1,
    backends: { main: { servers: [`http://${NAME}:${port}`], resolve: '100ms', timeouts: { connect: '5s' }, ...more } },
    routes: [{ name: 'main', path: '/', backend: 'main', policy: 'none' }],
  }, { around: [...UNSHARE, 'sh', '-c', MOUNT, file] });
  return { gateway, set };
}

test('names are followed', async (t) => {
  if (!canMount(t)) return t.skip('no mount namespace may be made here');

  await t.test('a name that moves takes its requests along', async (t) => {
    const one = await startOn(t, '127.0.0.1', 0, 'one');
    const two = await startOn(t, '127.0.0.2', one.port, 'two');
    const { gateway, set } = await startNamed(t, one.port, ['127.0.0.1']);
    assert.equal((await send(gateway.port, {})).text, 'one');
    set('127.0.0.2');
    await until('the change', () => gateway.events('backend-resolved').some(({ addresses }) => addresses === `127.0.0.2:${one.port}`));
    assert.equal((await send(gateway.port, {})).text, 'two');
    assert.equal((await send(gateway.port, {})).text, 'two');
    assert.equal(two.accepted, 1);
    await until('the end of the old connection', () => one.open === 0);
  });

  await t.test('a name that is not there at the start comes later', async (t) => {
    const one = await startOn(t, '127.0.0.1', 0, 'one');
    const { gateway, set } = await startNamed(t, one.port, []);
    assert.equal((await send(gateway.port, {})).status, 502);
    const event = await gateway.event('backend-unresolved');
    assert.equal(event.host, NAME);
    assert.equal(await figure(gateway, 'jwtgate_backend_unresolved', { name: `${NAME}:${one.port}` }), 1);
    set('127.0.0.1');
    await untilFigure(gateway, 'jwtgate_backend_unresolved', { name: `${NAME}:${one.port}` }, 0);
    assert.equal((await send(gateway.port, {})).text, 'one');
  });

  await t.test('a name that is gone keeps its last addresses', async (t) => {
    const one = await startOn(t, '127.0.0.1', 0, 'one');
    const { gateway, set } = await startNamed(t, one.port, ['127.0.0.1']);
    assert.equal((await send(gateway.port, {})).text, 'one');
    set();
    await untilFigure(gateway, 'jwtgate_backend_unresolved', { name: `${NAME}:${one.port}` }, 1);
    one.dropAll();
    assert.equal((await send(gateway.port, {})).text, 'one');
    assert.equal(await figure(gateway, 'jwtgate_backend_addresses', { name: `${NAME}:${one.port}` }), 1);
  });

  await t.test('several addresses share the connections, a dead family beside them costs nothing', async (t) => {
    const one = await startOn(t, '127.0.0.1', 0, 'one');
    const two = await startOn(t, '127.0.0.2', one.port, 'two');
    for (const each of [one, two]) {
      const name = each === one ? 'one' : 'two';
      each.handler = async (request, conn) => {
        if (await request.whole) conn.write(answerBytes({ body: name, fields: { Connection: 'close' } }));
        conn.end();
      };
    }
    const { gateway } = await startNamed(t, one.port, ['::1', '127.0.0.1', '127.0.0.2']);
    const names = [];
    for (let i = 0; i < 8; i++) names.push((await send(gateway.port, {})).text);
    assert.deepEqual([...new Set(names)].sort(), ['one', 'two']);
  });
});

// A name server that takes questions and never answers, where that port may be had.
async function startSilence(t) {
  const socket = dgram.createSocket('udp4');
  t.after(() => socket.close());
  let asked = 0;
  socket.on('message', () => asked++);
  const isBound = await new Promise((resolve) => {
    socket.once('error', () => resolve(false));
    socket.bind(53, '127.0.0.153', () => resolve(true));
  });
  return isBound && (() => asked);
}

test('a name server that says nothing holds up neither start, nor other backends, nor the end', async (t) => {
  const asked = await startSilence(t);
  if (!canMount(t) || !asked) return t.skip('no mount namespace may be made here, or no port 53 had');
  const file = path.join(tempDir(t), 'resolv.conf');
  writeFileSync(file, 'nameserver 127.0.0.153\noptions timeout:30 attempts:3\n');
  const one = await startOn(t, '127.0.0.1', 0, 'one');
  const gateway = await startGateway(t, {
    workers: 1,
    backends: { dead: { servers: [`http://${NAME}:1`] }, main: { servers: [one.url] } },
    routes: [
      { name: 'dead', path: '/dead', backend: 'dead', policy: 'none' },
      { name: 'main', path: '/', backend: 'main', policy: 'none' },
    ],
  }, { around: [...UNSHARE, 'sh', '-c', MOUNT_RESOLVER, file] });
  assert.equal((await send(gateway.port, {})).text, 'one');
  assert.equal((await send(gateway.port, { target: '/dead' })).status, 502);
  if (asked() === 0) return t.skip('names are not asked of the name server here');
  assert.equal((await gateway.event('backend-unresolved')).error, 'no answer yet');
  const before = Date.now();
  gateway.signal('SIGTERM');
  await until('the end', () => gateway.end);
  assert.ok(Date.now() - before < 5000);
  return undefined;
});
