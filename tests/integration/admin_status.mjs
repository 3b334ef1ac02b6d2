// SPDX-License-Identifier: Apache-2.0
// Goal: /status tells what the gateway is made of and how each part fares, and never a secret; /log changes what is written.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { send } from './harness/client.mjs';
import { post } from './harness/console.mjs';
import { run } from './harness/gateway.mjs';
import { startIssuer } from './harness/issuer.mjs';
import { startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const ask = (stand, target, more) => send(stand.gateway.adminPort, { target, host: 'localhost', ...more });
const status = async (stand) => JSON.parse((await ask(stand, '/status')).text);
const setLevel = (stand, body) => ask(stand, '/log', { method: 'POST', body, fields: [['Content-Type', 'application/json']] });

// RFC 7638 3.1
const thumbprint = ({ e, kty, n }) => createHash('sha256').update(JSON.stringify({ e, kty, n })).digest('base64url');

test('everything is told, and where it came from', async (t) => {
  const stand = await startStand(t, {
    route: { host: ['api.example', '*.example.org'], methods: ['GET', 'POST'], errors: 'odata', mode: 'report-only' },
    config: { named_values: { hidden: 'a-named-value-nobody-sees' } },
  });
  await stand.get('/', { host: 'api.example' });
  const found = await status(stand);
  assert.equal(found.workers, 2);
  assert.match(found.version, /^\d+\.\d+\.\d+/);
  assert.match(found.started_at, MOMENT);
  assert.ok(found.uptime_s >= 0 && found.uptime_s < 600);
  assert.equal(found.draining, false);
  assert.deepEqual(found.routes, [{
    name: 'main', hosts: ['api.example', '*.example.org'], path: '/', methods: ['GET', 'POST'], backend: 'main', mode: 'report-only',
    is_public: false, errors: 'odata', providers: [stand.issuer.configUrl],
  }]);
  const [issuer] = found.issuers;
  assert.equal(issuer.url, stand.issuer.configUrl);
  for (const moment of [issuer.fetched_at, issuer.next_refresh]) assert.match(moment, MOMENT);
  assert.deepEqual([issuer.failing, issuer.last_error, issuer.clock_difference_s], [false, null, 0]);
  const jwks = await (await fetch(`${stand.issuer.url}/jwks`)).json();
  const jwk = jwks.keys[0];
  assert.equal(issuer.keys.length, jwks.keys.length);
  const [key] = issuer.keys;
  assert.deepEqual([key.kid, key.kty, key.use, key.thumbprint], [jwk.kid, 'RSA', 'sig', thumbprint(jwk)]);
  assert.ok(key.algs.includes('RS256'));
  const [backend] = found.backends;
  assert.deepEqual([backend.name, backend.servers], ['main', [{ url: stand.backend.url, weight: 1, healthy: true, ejected: false }]]);
  assert.deepEqual(Object.keys(backend.connections), ['idle', 'busy']);
  const listeners = found.listeners.map(({ name, address, tls }) => [name, address, tls]);
  assert.deepEqual(listeners, [['clients', `127.0.0.1:${stand.gateway.port}`, false], ['admin', `127.0.0.1:${stand.gateway.adminPort}`, false]]);
  assert.ok(found.limits.every(({ name, limit, used }) => name && limit >= 0 && used >= 0));
  assert.ok(found.limits.some(({ name, limit }) => name === 'connections' && limit > 0));
  assert.deepEqual(found.reloads, { ok: 0, failed: 0, last_at: null, last_result: null });
  assert.ok(!(await ask(stand, '/status')).text.includes('nobody-sees'));
});

test('an issuer that fails says why, and a public route has none', async (t) => {
  const issuer = await startIssuer(t);
  issuer.goDown();
  const stand = await startStand(t, { issuer });
  const found = await until('the error', async () => {
    const [at] = (await status(stand)).issuers;
    return at.last_error && at;
  });
  assert.deepEqual([found.failing, found.keys, found.fetched_at, found.clock_difference_s], [true, [], null, null]);
  const open = await startStand(t, { config: { routes: [{ name: 'open', path: '/', backend: 'main', policy: 'none' }] }, hasKeys: false });
  const told = await status(open);
  assert.deepEqual([told.issuers, told.routes[0].is_public, told.routes[0].providers], [[], true, []]);
});

test('a provider has one URL, however policies spell it', async (t) => {
  const issuer = await startIssuer(t);
  const guard = (url) => ({ validate_jwt: { openid_config: [url], audiences: ['api'] } });
  const both = `<policies><inbound>${[issuer.url, issuer.configUrl].map((url) => `<validate-jwt header-name="Authorization">
    <openid-config url="${url}"/></validate-jwt>`).join('')}</inbound></policies>`;
  const stand = await startStand(t, {
    issuer,
    files: { 'both.xml': both },
    config: {
      admin: { bind: '127.0.0.1:0', console: { client_id: 'console', provider: `${issuer.url}/` } },
      routes: [
        { name: 'authority', path: '/a', backend: 'main', ...guard(issuer.url) },
        { name: 'document', path: '/d', backend: 'main', ...guard(issuer.configUrl) },
        { name: 'both', path: '/b', backend: 'main', policy: 'both.xml' },
      ],
    },
  });
  const found = await status(stand);
  assert.deepEqual(found.issuers.map(({ url }) => url), [issuer.configUrl]);
  for (const { name, providers } of found.routes) assert.deepEqual(providers, [issuer.configUrl], name);
  assert.deepEqual(JSON.parse((await ask(stand, '/console/settings')).text).providers, [issuer.configUrl]);
  const token = issuer.token();
  for (const route of ['authority', 'document']) {
    const told = (await post(stand.gateway, '/explain', { route, token })).json;
    const command = await run(['explain', '--json', '-c', `${stand.gateway.dir}/gateway.yaml`, '--route', route], { input: token });
    assert.deepEqual([told.key.provider, JSON.parse(command.stdout).key.provider], [issuer.configUrl, issuer.configUrl], route);
  }
});

test('reloads are counted, whoever asked for them', async (t) => {
  const stand = await startStand(t, { hasKeys: false });
  await stand.gateway.reload(stand.config);
  const good = (await status(stand)).reloads;
  assert.deepEqual([good.ok, good.failed, good.last_result], [1, 0, 'ok']);
  assert.match(good.last_at, MOMENT);
  await stand.gateway.reload('routes: 5\n');
  const bad = (await status(stand)).reloads;
  assert.deepEqual([bad.ok, bad.failed, bad.last_result], [1, 1, 'failed']);
});

test('requests to the admin listener are in no figure of proxied ones', async (t) => {
  const stand = await startStand(t, { hasKeys: false });
  for (let i = 0; i < 3; i++) await status(stand);
  const { text } = await ask(stand, '/metrics');
  assert.doesNotMatch(text, /^jwtgate_requests_total\{[^}]*\} [1-9]/m);
  assert.match(text, /^jwtgate_connections_accepted_total 0$/m);
});

test('the level of the log changes until the next reload', async (t) => {
  const stand = await startStand(t);
  const level = async () => JSON.parse((await ask(stand, '/log')).text).level;
  assert.equal(await level(), 'info');
  const answer = await setLevel(stand, '{"level":"error"}');
  assert.deepEqual([answer.status, JSON.parse(answer.text)], [200, { level: 'error' }]);
  const told = await stand.gateway.event('log-level');
  assert.deepEqual([told.now, told.before, told.by], ['error', 'info', 'admin']);
  const before = stand.gateway.events('request').length;
  await stand.get();
  assert.equal(await level(), 'error');
  for (const body of ['{"level":"loud"}', '{"level":5}', '{}', '{"level":"info","more":1}', 'info', ''])
    assert.equal((await setLevel(stand, body)).status, 400, body);
  assert.equal(await level(), 'error');
  await stand.gateway.reload(stand.config);
  assert.equal(await level(), 'info');
  assert.equal(stand.gateway.events('request').length, before);
});
