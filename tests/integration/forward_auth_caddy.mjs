// SPDX-License-Identifier: Apache-2.0
// Goal: Caddy keeps the requests and asks the gateway by its forward_auth, as docs/forward-auth.md says.  Skipped where there is no
// Caddy: nothing else here needs it, so scripts/setup does not install it.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { startBackend } from './harness/backend.mjs';
import { send } from './harness/client.mjs';
import { tempDir } from './harness/gateway.mjs';
import { blockOf } from './harness/pages.mjs';
import { dpopFields, newHolder } from './harness/proofs.mjs';
import { startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

const PROGRAM = process.env.CADDY_BIN ?? 'caddy';
const options = { skip: spawnSync(PROGRAM, ['version']).error ? 'no Caddy here' : false };

const config = ({ port, gateway, app }) => `{
  admin off
  auto_https off
}
${blockOf('forward-auth.md', 'Caddy', {
    'example.com': `http://127.0.0.1:${port}`, '127.0.0.1:8080': `127.0.0.1:${gateway}`, 'auth/orders': 'auth/main', '127.0.0.1:9001': app.replace('http://', ''),
  })}`;

async function freePort() {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const accepts = (port) => new Promise((resolve) => {
  const socket = net.connect(port, '127.0.0.1', () => socket.destroy() && resolve(true));
  socket.on('error', () => resolve(false));
});

async function startCaddy(t, places) {
  const dir = tempDir(t);
  const port = await freePort();
  writeFileSync(path.join(dir, 'Caddyfile'), config({ port, ...places }));
  const args = ['--pdeathsig', 'KILL', '--', PROGRAM, 'run', '--config', path.join(dir, 'Caddyfile')];
  const child = spawn('setpriv', args, { cwd: dir, env: { ...process.env, HOME: dir, XDG_DATA_HOME: dir, XDG_CONFIG_HOME: dir }, stdio: 'ignore' });
  const ended = new Promise((resolve) => child.on('close', resolve));
  t.after(() => child.kill('SIGTERM') && ended);
  await until('Caddy', () => accepts(port));
  return port;
}

async function start(t) {
  const stand = await startStand(t, { route: { path: '/unused', forward_auth: true, claims_to_headers: { 'X-User': 'upn' } }, config: { trusted_proxies: ['127.0.0.1'] } });
  const app = await startBackend(t);
  const port = await startCaddy(t, { gateway: stand.gateway.port, app: app.url });
  const ask = (request = {}) => send(port, { target: '/orders?x=1', host: `127.0.0.1:${port}`, token: stand.issuer.token({ upn: 'ann' }), ...request });
  return { ...stand, app, port, ask };
}

test('a token that passes reaches the application, with the claim and not what the client says of it', options, async (t) => {
  const stand = await start(t);
  assert.equal((await stand.ask({ fields: { 'X-User': 'evil' } })).status, 200);
  assert.deepEqual(stand.app.requests.at(-1).all('x-user'), ['ann']);
  assert.equal((await stand.ask({ token: stand.issuer.token(), fields: { 'X-User': 'evil' } })).status, 200);
  // Caddy 2.6 writes the name of its placeholder where the answer has no such field.
  assert.ok(stand.app.requests.at(-1).all('x-user').every((value) => value === '{http.reverse_proxy.header.X-User}'));
  assert.equal((await stand.ask({ method: 'POST', body: 'x'.repeat(300000) })).status, 200);
  assert.equal(stand.app.requests.at(-1).bytes, 300000);
});

test('the refusal is the gateway\'s, whole', options, async (t) => {
  const stand = await start(t);
  const answer = await stand.ask({ token: undefined, fields: { 'X-Forwarded-Uri': '/healthz', 'X-Forwarded-Method': 'OPTIONS' } });
  assert.equal(answer.status, 401);
  assert.match(answer.field('www-authenticate'), /^Bearer realm="main"/);
  assert.equal(JSON.parse(answer.text).statusCode, 401);
  assert.equal(stand.app.requests.length, 0);
});

test('a proof is for the request that Caddy has', options, async (t) => {
  const stand = await start(t);
  const holder = await newHolder();
  const token = stand.issuer.token({ cnf: holder.cnf, upn: 'ann' });
  const show = async (method, path_, more = {}) => stand.ask({ token: undefined, method: 'PUT', body: 'x', fields: { ...dpopFields(token, await holder.proof({ token, url: `http://127.0.0.1:${stand.port}${path_}`, method })), ...more } });
  assert.equal((await show('PUT', '/orders')).status, 200);
  assert.equal((await show('GET', '/orders')).status, 401);
  assert.equal((await show('PUT', '/other', { 'X-Forwarded-Uri': '/other' })).status, 401);
});
