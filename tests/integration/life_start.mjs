// SPDX-License-Identifier: Apache-2.0
// Goal: a start tells where it listens, or why it cannot.
import assert from 'node:assert/strict';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { send } from './harness/client.mjs';
import { startBackend } from './harness/backend.mjs';
import { completed, run, startGateway, tempDir, writeFiles } from './harness/gateway.mjs';

const open = (backend, more = {}) => ({
  backends: { main: { servers: [backend.url] } },
  routes: [{ name: 'main', path: '/', backend: 'main', policy: 'none' }],
  ...more,
});

async function serve(t, config) {
  const dir = tempDir(t);
  writeFiles(dir, { 'gateway.yaml': typeof config === 'string' ? config : completed(config) });
  return run(['serve', '-c', path.join(dir, 'gateway.yaml')]);
}

test('every listener and admin are told, then ready', async (t) => {
  const backend = await startBackend(t);
  const gateway = await startGateway(t, open(backend, { listeners: [{ bind: '127.0.0.1:0' }, { bind: '127.0.0.1:0' }, { bind: '[::1]:0' }] }));
  const events = gateway.lines(/^event=(listening|ready)/).map((line) => /^event=(\S+)/.exec(line)[1]);
  assert.deepEqual(events, ['listening', 'listening', 'listening', 'listening', 'ready']);
  assert.equal(new Set([...gateway.ports, gateway.adminPort]).size, 4);
  for (const port of gateway.ports.slice(0, 2)) assert.equal((await send(port)).status, 200);
});

test('an occupied port is an error, with and without SO_REUSEPORT on the other side', async (t) => {
  const backend = await startBackend(t);
  const other = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  t.after(() => other.close());
  const gateway = await startGateway(t, open(backend));
  for (const port of [other.address().port, gateway.port]) {
    const result = await serve(t, open(backend, { listeners: [{ bind: `127.0.0.1:${port}` }] }));
    assert.equal(result.status, 1);
    assert.ok(result.stderr.includes(String(port)), result.stderr);
    assert.doesNotMatch(result.stderr, /event=ready/);
  }
});

test('a bad configuration ends the start with 1 and every problem', async (t) => {
  const result = await serve(t, 'listeners: []\nroutes: 7\n');
  assert.equal(result.status, 1);
  assert.match(result.stderr, /gateway\.yaml:\d+:\d+: error: /);
  assert.ok(result.stderr.split('\n').filter((line) => / error: /.test(line)).length >= 2, result.stderr);
});

test('a route without a policy never opens', async (t) => {
  const backend = await startBackend(t);
  const config = open(backend);
  delete config.routes[0].policy;
  const result = await serve(t, config);
  assert.equal(result.status, 1);
  assert.match(result.stderr, /policy/);
});
