// SPDX-License-Identifier: Apache-2.0
// Goal: a listener on a unix socket serves as one on a port does; its file has the mode that was asked for, a dead one is replaced,
// a live one is not, and it goes with the gateway.  A client there has no address, and is never taken for somebody who has.
import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { send } from './harness/client.mjs';
import { completed, run, tempDir, writeFiles } from './harness/gateway.mjs';
import { documentOf, validate } from './harness/policies.mjs';
import { startIssuer } from './harness/issuer.mjs';
import { startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

async function unixStand(t, listener = {}, more = {}) {
  const file = path.join(tempDir(t), 'http.sock');
  const { config = {}, ...rest } = more;
  const stand = await startStand(t, { ...rest, config: { listeners: [{ bind: `unix:${file}`, ...listener }], ...config } });
  return { ...stand, file, ask: (request = {}) => send(file, { token: stand.issuer.token(), ...request }) };
}

test('requests are judged and forwarded; the backend is told that the client is unknown', async (t) => {
  const stand = await unixStand(t);
  assert.equal((await stand.gateway.event('listening')).address, `unix:${stand.file}`);
  assert.equal((await stand.ask()).status, 200);
  assert.equal((await stand.ask({ token: undefined })).status, 401);
  const [request] = stand.backend.requests;
  assert.match(request.field('forwarded'), /^for=unknown;proto=http;/);
  assert.equal(request.field('x-forwarded-for'), undefined);
  const access = await stand.gateway.event('access');
  assert.equal(access.client, '-');
});

test('what a trusted peer on a unix socket tells of its client goes on, with the hop that nobody can name', async (t) => {
  const stand = await unixStand(t, {}, { config: { trusted_proxies: ['unix:'] } });
  assert.equal((await stand.ask({ fields: { 'X-Forwarded-For': '203.0.113.7' } })).status, 200);
  assert.equal(stand.backend.requests[0].field('x-forwarded-for'), '203.0.113.7, unknown');
  assert.equal((await stand.gateway.event('access')).client, '203.0.113.7');
});

test('many connections are shared by the workers', async (t) => {
  const stand = await unixStand(t);
  const statuses = await Promise.all(Array.from({ length: 64 }, () => stand.ask().then(({ status }) => status)));
  assert.deepEqual([...new Set(statuses)], [200]);
});

test('ip-filter has no range for a client without an address: allow and forbid refuse, a policy without one passes', async (t) => {
  const issuer = await startIssuer(t, 'RS256');
  const filters = { allow: '<address>127.0.0.1</address>', forbid: '<address>192.0.2.1</address>' };
  for (const [action, address] of Object.entries(filters)) {
    const inbound = `${validate(issuer)}<ip-filter action="${action}">${address}</ip-filter>`;
    const stand = await unixStand(t, {}, {
      issuer,
      route: { policy: 'p.xml' },
      files: { 'p.xml': documentOf({ inbound }) },
      config: {},
    });
    assert.equal((await stand.ask()).status, 403, action);
    assert.equal(stand.backend.requests.length, 0);
  }
  const open = await unixStand(t, {}, { issuer, route: { policy: 'p.xml' }, files: { 'p.xml': documentOf({ inbound: validate(issuer) }) } });
  assert.equal((await open.ask()).status, 200);
});

test('the mode of the file is 0660 unless another is asked for', async (t) => {
  const usual = await unixStand(t);
  assert.equal(statSync(usual.file).mode & 0o777, 0o660);
  const wide = await unixStand(t, { mode: '0666' });
  assert.equal(statSync(wide.file).mode & 0o777, 0o666);
  await wide.gateway.reload({ ...wide.config, listeners: [{ bind: `unix:${wide.file}`, mode: '0600' }] });
  await until('the new mode', () => (statSync(wide.file).mode & 0o777) === 0o600);
  assert.equal((await wide.ask()).status, 200);
});

test('the file goes with the gateway', async (t) => {
  const stand = await unixStand(t);
  assert.ok(existsSync(stand.file));
  stand.gateway.signal('SIGTERM');
  await stand.gateway.ended;
  assert.equal(existsSync(stand.file), false);
});

test('the file of a process that was killed is replaced, that of a living one is not', async (t) => {
  const stand = await unixStand(t);
  const serve = async () => {
    const dir = tempDir(t);
    writeFiles(dir, { 'gateway.yaml': completed(stand.config) });
    return run(['serve', '-c', path.join(dir, 'gateway.yaml')]);
  };
  const refused = await serve();
  assert.equal(refused.status, 1);
  assert.ok(refused.stderr.includes(stand.file), refused.stderr);
  assert.equal((await stand.ask()).status, 200);
  stand.gateway.mayEndWith = { status: null, signal: 'SIGKILL' };
  stand.gateway.signal('SIGKILL');
  await stand.gateway.ended;
  assert.ok(existsSync(stand.file));
  const next = await startStand(t, { issuer: stand.issuer, config: { listeners: [{ bind: `unix:${stand.file}` }] } });
  assert.equal((await send(stand.file, { token: next.issuer.token() })).status, 200);
});

test('a file that is no socket stays, and is an error', async (t) => {
  const dir = tempDir(t);
  const file = path.join(dir, 'precious');
  const backends = { main: { servers: ['http://127.0.0.1:1'] } };
  const routes = [{ name: 'main', path: '/', backend: 'main', policy: 'none' }];
  writeFiles(dir, { precious: 'x', 'gateway.yaml': completed({ listeners: [{ bind: `unix:${file}` }], backends, routes }) });
  const result = await run(['serve', '-c', path.join(dir, 'gateway.yaml')]);
  assert.equal(result.status, 1);
  assert.match(result.stderr, /cannot bind unix:\S+: a file stands there/);
  assert.equal(statSync(file).size, 1);
});

test('a drain answers what waits on a unix socket', async (t) => {
  const stand = await unixStand(t);
  const sockets = Array.from({ length: 20 }, () => net.connect({ path: stand.file }));
  let answers = 0;
  for (const socket of sockets) {
    socket.on('error', () => {}).on('data', (bytes) => (answers += bytes.includes('200 OK') ? 1 : 0));
    socket.write(`GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${stand.issuer.token()}\r\n\r\n`);
  }
  await until('the connections', () => sockets.every((socket) => !socket.connecting));
  stand.gateway.signal('SIGTERM');
  await stand.gateway.ended;
  await until('the answers', () => answers === sockets.length);
  sockets.forEach((socket) => socket.destroy());
});
