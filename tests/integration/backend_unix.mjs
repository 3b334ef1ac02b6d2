// SPDX-License-Identifier: Apache-2.0
// Goal: a server may be a unix socket; it speaks the same HTTP, is called localhost, and is 502 while nobody listens.
import assert from 'node:assert/strict';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { startBackend } from './harness/backend.mjs';
import { send } from './harness/client.mjs';
import { completed, run, startGateway, tempDir, writeFiles } from './harness/gateway.mjs';

// A unix socket in front of a backend.
async function startSocket(t, file, backend) {
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    const through = net.connect({ port: backend.port, host: '127.0.0.1', allowHalfOpen: true });
    for (const each of [socket, through]) each.on('error', () => {});
    socket.pipe(through).pipe(socket);
    socket.on('close', () => through.destroy());
  });
  await new Promise((resolve) => server.listen(file, resolve));
  t.after(() => new Promise((resolve) => (server.close(resolve), backend.dropAll())));
  return server;
}

const configOf = (file, more = {}) => ({
  workers: 1,
  backends: { main: { servers: [`unix:${file}`], ...more } },
  routes: [{ name: 'main', path: '/', backend: 'main', policy: 'none' }],
});

test('requests go through a unix socket, and its connections are used again', async (t) => {
  const file = path.join(tempDir(t), 'app.sock');
  const backend = await startBackend(t);
  await startSocket(t, file, backend);
  const gateway = await startGateway(t, configOf(file));
  for (let i = 0; i < 3; i++) assert.equal((await send(gateway.port, { method: 'POST', body: `body ${i}` })).status, 200);
  assert.equal(backend.accepted, 1);
  assert.equal(backend.requests[2].body.toString(), 'body 2');
  assert.equal(backend.requests[0].field('host'), 'localhost');
});

test('host_header says otherwise', async (t) => {
  const file = path.join(tempDir(t), 'app.sock');
  const backend = await startBackend(t);
  await startSocket(t, file, backend);
  const gateway = await startGateway(t, configOf(file, { host_header: 'client' }));
  await send(gateway.port, { host: 'api.example.com' });
  assert.equal(backend.requests[0].field('host'), 'api.example.com');
});

test('nobody listens: 502 with the socket in the log; 200 once somebody does', async (t) => {
  const file = path.join(tempDir(t), 'app.sock');
  const gateway = await startGateway(t, configOf(file));
  assert.equal((await send(gateway.port, {})).status, 502);
  const event = await gateway.event('access');
  assert.match(event.error, new RegExp(`connecting to unix:${file}`));
  const backend = await startBackend(t);
  await startSocket(t, file, backend);
  assert.equal((await send(gateway.port, {})).status, 200);
});

test('a path that no socket can have is an error of the configuration', async (t) => {
  const dir = tempDir(t);
  for (const [server, isRight] of [['unix:app.sock', false], ['unix:', false], [`unix:/${'x'.repeat(107)}`, false], [`unix:/${'x'.repeat(106)}`, true]]) {
    const config = { ...configOf('x'), backends: { main: { servers: [server] } } };
    writeFiles(dir, { 'gateway.yaml': completed(config) });
    const result = await run(['check', '-c', path.join(dir, 'gateway.yaml')]);
    assert.equal(result.status, isRight ? 0 : 1, `${server}: ${result.stderr}`);
    if (!isRight) assert.match(result.stderr, /gateway.yaml:\d+:\d+: error: a unix socket is unix: and its absolute path/);
  }
});
