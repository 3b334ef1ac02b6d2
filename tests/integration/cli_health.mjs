// SPDX-License-Identifier: Apache-2.0
// Goal: `jwtgate health` is a probe by itself: it ends with 0 when the gateway that a configuration speaks of answers, else with 1.
// Method: gateways on free ports, asked by a second configuration that names these.
import assert from 'node:assert/strict';
import http from 'node:http';
import path from 'node:path';
import test from 'node:test';
import { run, startGateway, tempDir, writeFiles } from './harness/gateway.mjs';

const open = { backends: { none: { servers: ['http://127.0.0.1:9'] } }, routes: [{ name: 'open', path: '/', backend: 'none', policy: 'none' }] };

// `jwtgate health -c` with a configuration that has `admin`.
function ask(t, admin, ...more) {
  const dir = tempDir(t);
  writeFiles(dir, { 'gateway.yaml': { listeners: [{ bind: '127.0.0.1:0' }], admin, ...open } });
  return run(['health', '-c', path.join(dir, 'gateway.yaml'), ...more]);
}

const told = ({ status, stderr }) => `${status} ${stderr.trim()}`;

// A port where nobody listens: it was taken, and given back.
async function deadPort() {
  const server = http.createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('a gateway that answers is healthy, one that is not there is not', async (t) => {
  const gateway = await startGateway(t, open);
  const good = await ask(t, { bind: `127.0.0.1:${gateway.adminPort}` });
  assert.deepEqual(good, { status: 0, signal: null, stdout: '', stderr: '' });
  assert.match(told(await ask(t, { bind: `127.0.0.1:${await deadPort()}` })), /^1 jwtgate health: no connection: /);
});

test('a file that a reload refused is no ill health: only the address is read', async (t) => {
  const gateway = await startGateway(t, open);
  const dir = tempDir(t);
  const config = (routes) => ({ admin: { bind: `127.0.0.1:${gateway.adminPort}` }, routes });
  writeFiles(dir, { 'wrong.yaml': config([{ name: 1, nonsense: true }]), 'broken.yaml': 'admin: {', 'twice.yaml': 'admin: { bind: nowhere }\n' });
  assert.equal((await run(['health', '-c', path.join(dir, 'wrong.yaml')])).status, 0);
  for (const name of ['broken.yaml', 'twice.yaml', 'missing.yaml']) assert.equal((await run(['health', '-c', path.join(dir, name)])).status, 1, name);
});

test('--url needs no configuration; without a path it is that of the probe', async (t) => {
  const gateway = await startGateway(t, open);
  const at = `127.0.0.1:${gateway.adminPort}`;
  for (const url of [`http://${at}`, `http://${at}/livez`, `http://${at}/readyz`, `http://localhost:${gateway.adminPort}/livez`])
    assert.equal((await run(['health', '--url', url])).status, 0, url);
  assert.match(told(await run(['health', '--url', `http://${at}/nothing`])), /^1 jwtgate health: 404 /);
  assert.match(told(await run(['health', '--url', `https://${at}`])), /^1 .*only http/);
  assert.match(told(await run(['health', '--url', at])), /^1 /);
  assert.equal((await run(['health', '--url', `http://${at}`, '-c', 'gateway.yaml'])).status, 2);
});

test('--ready tells what is not ready, and that a gateway which drains lives still', async (t) => {
  const gateway = await startGateway(t, { ...open, timeouts: { drain: '2s', drain_delay: '1m' } });
  const url = `http://127.0.0.1:${gateway.adminPort}`;
  assert.equal((await run(['health', '--ready', '--url', url])).status, 0);
  gateway.signal('SIGTERM');
  await gateway.event('drain-delayed');
  assert.match(told(await run(['health', '--ready', '--url', url])), /^1 jwtgate health: 503 .* \{"ready":false,"draining":true,"issuers":\[\]\}$/);
  assert.equal((await run(['health', '--url', url])).status, 0);
  gateway.mayEndWith = { status: null, signal: 'SIGTERM' };
});

test('admin.health is asked where it is there, on loopback when it binds every address', async (t) => {
  const gateway = await startGateway(t, { ...open, admin: { bind: '127.0.0.1:0', health: { bind: '0.0.0.0:0' } } });
  const [, port] = /:(\d+)$/.exec(gateway.events('listening').find(({ listener }) => listener === 'health').address);
  const dead = `127.0.0.1:${await deadPort()}`;
  assert.equal((await ask(t, { bind: dead, health: { bind: `0.0.0.0:${port}` } })).status, 0);
  assert.equal((await ask(t, { bind: dead, health: { bind: `0.0.0.0:${port}` } }, '--ready')).status, 0);
  assert.equal((await ask(t, { bind: `127.0.0.1:${gateway.adminPort}`, health: { bind: dead } })).status, 1);
});

test('an admin listener that wants a token gets that of the configuration', async (t) => {
  const token = 'correct-horse-battery-staple-0123456789';
  const gateway = await startGateway(t, { ...open, admin: { bind: '127.0.0.1:0', token } });
  assert.equal((await ask(t, { bind: `127.0.0.1:${gateway.adminPort}`, token })).status, 0);
});

test('unix sockets are asked too', async (t) => {
  const bind = `unix:${path.join(tempDir(t), 'admin.sock')}`;
  await startGateway(t, { ...open, admin: { bind } });
  assert.equal((await ask(t, { bind })).status, 0);
  assert.equal((await ask(t, { bind }, '--ready')).status, 0);
});

test('where nobody can be asked, it says so', async (t) => {
  assert.match(told(await ask(t, 'off')), /^1 .*admin is off/);
  assert.match(told(await ask(t, { bind: '127.0.0.1:0' })), /^1 .*port 0/);
});

test('what is no gateway is not healthy', async (t) => {
  const answers = { '/livez': 500, '/moved': 301 };
  const server = http.createServer((request, response) => response.writeHead(answers[request.url] ?? 200).end('a\n\u001b"å"'));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const url = `http://127.0.0.1:${server.address().port}`;
  assert.match(told(await run(['health', '--url', url])), /^1 jwtgate health: 500 Internal Server Error .*a\\x0a\\x1b"\\xc3\\xa5"/);
  assert.equal((await run(['health', '--url', `${url}/moved`])).status, 1);
  assert.equal((await run(['health', '--url', `${url}/other`])).status, 0);
});
