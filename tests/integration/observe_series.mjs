// SPDX-License-Identifier: Apache-2.0
// Goal: metrics tell of what is there: a reload takes the gauges of what it removed with it, and says whether it was taken up; limits and
// times stand as configured beside what is used of them.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { newAuthority } from './harness/certs.mjs';
import { send } from './harness/client.mjs';
import { startIssuer } from './harness/issuer.mjs';
import { policyOf, startStand } from './harness/stand.mjs';
import { pairOf } from './harness/tls.mjs';
import { until } from './harness/until.mjs';

const scrape = async ({ adminPort }) => (await send(adminPort, { target: '/metrics', host: 'localhost' })).text;

// The value of the series of that name whose labels hold the words; undefined: there is none.
function valueOf(text, name, ...words) {
  const line = text.split('\n').find((each) => /^\w+/.exec(each)?.[0] === name && words.every((word) => each.includes(word)));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1));
}

const untilShown = (gateway, name, words, value) => until(`${name} = ${value}`, async () => valueOf(await scrape(gateway), name, ...words) === value);

test('gauges of what a reload took away are left out, those of what stayed are not', async (t) => {
  const [one, other] = [newAuthority(t).issue('gateway.test'), newAuthority(t).issue('gateway.test')];
  const second = await startIssuer(t);
  const servers = ['http://127.0.0.1:1', 'http://127.0.0.1:2'];
  const config = (leaf, more) => ({ listeners: [{ bind: '127.0.0.1:0' }, { bind: '127.0.0.1:0', tls: pairOf(leaf) }], ...more });
  const stand = await startStand(t, { config: config(one) });
  const whole = config(one, {
    backends: { ...stand.config.backends, away: { servers } },
    routes: [...stand.config.routes, { name: 'away', path: '/away', backend: 'away', validate_jwt: policyOf(second) }],
  });
  await stand.gateway.reload(whole);
  const going = [['jwtgate_backend_server_healthy', 'backend="away"', ':2"'], ['jwtgate_backend_limit', 'backend="away"'],
    ['jwtgate_keys_age_seconds', second.configUrl], ['jwtgate_keys_failing', second.configUrl],
    ['jwtgate_listener_certificate_end_seconds', one.certFile]];
  const staying = [['jwtgate_backend_server_healthy', 'backend="main"'], ['jwtgate_keys_age_seconds', stand.issuer.configUrl],
    ['jwtgate_backend_limit', 'backend="main"']];
  for (const [name, ...words] of [...going, ...staying])
    await until(`${name} ${words}`, async () => valueOf(await scrape(stand.gateway), name, ...words) !== undefined);
  await stand.gateway.reload({ ...stand.config, ...config(other) });
  for (const [name, ...words] of going)
    await until(`the end of ${name} ${words}`, async () => valueOf(await scrape(stand.gateway), name, ...words) === undefined);
  const text = await scrape(stand.gateway);
  for (const [name, ...words] of [...staying, ['jwtgate_listener_certificate_end_seconds', other.certFile]])
    assert.notEqual(valueOf(text, name, ...words), undefined, `${name} ${words}`);
  await stand.gateway.reload(whole);
  for (const [name, ...words] of going)
    await until(`${name} ${words} again`, async () => valueOf(await scrape(stand.gateway), name, ...words) !== undefined);
});

test('a reload that is refused shows until one is taken up', async (t) => {
  const stand = await startStand(t);
  const before = await scrape(stand.gateway);
  assert.equal(valueOf(before, 'jwtgate_reload_ok'), 1);
  assert.equal(valueOf(before, 'jwtgate_reloads_total', 'failed'), 0);
  await stand.gateway.reload('listeners: 5\n');
  await untilShown(stand.gateway, 'jwtgate_reload_ok', [], 0);
  assert.equal(valueOf(await scrape(stand.gateway), 'jwtgate_reloads_total', 'failed'), 1);
  await stand.gateway.reload(stand.config);
  await untilShown(stand.gateway, 'jwtgate_reload_ok', [], 1);
});

test('limits and times are shown as configured, and the process as the system has it', async (t) => {
  const config = { limits: { json_depth: 7 }, keys: { refresh: '90m', wait: '1500ms' }, timeouts: { drain: '2s', head: '3s' } };
  const stand = await startStand(t, { config });
  const text = await scrape(stand.gateway);
  assert.equal(valueOf(text, 'jwtgate_limit', 'json_depth'), 7);
  assert.equal(valueOf(text, 'jwtgate_timeout_seconds', '"keys_refresh"'), 5400);
  assert.equal(valueOf(text, 'jwtgate_timeout_seconds', '"keys_wait"'), 1.5);
  assert.equal(valueOf(text, 'jwtgate_timeout_seconds', '"head"'), 3);
  assert.equal(valueOf(text, 'jwtgate_ready'), 1);
  assert.equal(valueOf(text, 'jwtgate_build_info', 'version="'), 1);
  assert.ok(valueOf(text, 'process_cpu_seconds_total') > 0);
  assert.ok(valueOf(text, 'process_open_fds') > 5 && valueOf(text, 'process_open_fds') < valueOf(text, 'process_max_fds'));
  assert.ok(valueOf(text, 'process_resident_memory_bytes') > 1e6);
  const booted = Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'))[1]);
  const started = valueOf(text, 'process_start_time_seconds');
  assert.ok(started > booted && started < Date.now() / 1000 + 5, `${started}`);
  assert.ok(valueOf(text, 'jwtgate_admin_connections') >= 1);
});

test('limits that workers share are shown as those of all together, as /status tells them', async (t) => {
  const stand = await startStand(t, { config: { workers: 2, keys: { parked: 1 } } });
  const text = await scrape(stand.gateway);
  const { limits } = JSON.parse((await send(stand.gateway.adminPort, { target: '/status', host: 'localhost' })).text);
  for (const { name, limit } of limits) assert.equal(valueOf(text, 'jwtgate_limit', `"${name}"`), limit, name);
  assert.equal(valueOf(text, 'jwtgate_limit', '"parked"'), 2, 'one for each worker at least');
  assert.equal(limits.filter(({ name }) => name.startsWith('token_cache_')).length, 2);
  await stand.gateway.reload({ ...stand.config, keys: { parked: 0 } });
  await untilShown(stand.gateway, 'jwtgate_limit', ['"parked"'], 0);
});

test('a gateway without keys is not ready, and its provider fails', async (t) => {
  const issuer = await startIssuer(t);
  issuer.goDown();
  const stand = await startStand(t, { issuer, config: { keys: { wait: '200ms' } } });
  await untilShown(stand.gateway, 'jwtgate_keys_failing', [issuer.configUrl], 1);
  assert.equal(valueOf(await scrape(stand.gateway), 'jwtgate_ready'), 0);
  assert.equal(valueOf(await scrape(stand.gateway), 'jwtgate_keys_age_seconds', issuer.configUrl), -1);
});

test('a backend that is too slow is counted by what it was too slow to do', async (t) => {
  const stand = await startStand(t, { handler: () => {}, backendMore: { timeouts: { response: '100ms' } } });
  assert.equal((await stand.get()).status, 504);
  await untilShown(stand.gateway, 'jwtgate_backend_timeouts_total', ['"main"', '"response"'], 1);
  assert.equal(valueOf(await scrape(stand.gateway), 'jwtgate_backend_timeouts_total', '"main"', '"connect"'), 0);
});
