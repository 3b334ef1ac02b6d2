// SPDX-License-Identifier: Apache-2.0
// Goal: out of descriptors the gateway goes on: it tells, pauses, takes no processor time, and serves again when there are some.  At
// the start it says how many connections the limit allows.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { connect, requestBytes } from './harness/client.mjs';
import { figure } from './harness/metrics.mjs';
import { startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

const limitFiles = (pid, count) => execFileSync('prlimit', ['--pid', String(pid), `--nofile=${count}:`]);

// Ticks of processor time used so far.
const ticks = (pid) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ').slice(11, 13).reduce((a, b) => a + Number(b), 0);

test('too many connections for the limit of open files are fewer connections, and a warning', async (t) => {
  const stand = await startStand(t, { around: ['prlimit', '--nofile=256:256', '--'], config: { limits: { connections: 5000 } } });
  const capped = await stand.gateway.event('connections-capped');
  assert.equal(capped.configured, '5000');
  assert.equal(capped.files, '256');
  assert.equal(capped.level, 'warning');
  const most = Number(capped.connections);
  assert.ok(most > 20 && most <= 128, `${most} connections`);
  assert.equal(await figure(stand.gateway, 'jwtgate_limit', { limit: 'connections' }), most);
  const clients = await Promise.all(Array.from({ length: 250 }, () => connect(stand.gateway.port)));
  await until('refusals', async () => (await figure(stand.gateway, 'jwtgate_connections_refused_total')) >= 250 - most - 2);
  assert.ok((await figure(stand.gateway, 'jwtgate_connections')) <= most + 2);
  clients.forEach((client) => client.destroy());
  await until('the end of the connections', async () => (await figure(stand.gateway, 'jwtgate_connections')) === 0);
  assert.equal((await stand.get()).status, 200);
});

test('a default that does not fit is told, but nobody is warned of what he did not ask for', async (t) => {
  const stand = await startStand(t, { around: ['prlimit', '--nofile=256:256', '--'] });
  assert.equal((await stand.gateway.event('connections-capped')).level, 'info');
});

test('a limit that suffices is not spoken of', async (t) => {
  const stand = await startStand(t, { config: { limits: { connections: 100 } } });
  assert.equal(stand.gateway.events('connections-capped').length, 0);
});

test('out of descriptors accepting pauses, is told and counted, and goes on once there are some', async (t) => {
  const stand = await startStand(t, { config: { limits: { connections: 100 } } });
  const warm = await stand.connect();
  const ask = async (client) => {
    await client.write(requestBytes({ token: stand.issuer.token() }));
    return (await client.answer())?.status;
  };
  assert.equal(await ask(warm), 200);
  limitFiles(stand.gateway.pid, 3); /* fewer than are open: not one more */
  const waiting = await Promise.all(Array.from({ length: 20 }, () => connect(stand.gateway.port)));
  const before = ticks(stand.gateway.pid);
  const begin = Date.now();
  assert.equal((await stand.gateway.event('accept-paused')).error, 'Too many open files');
  await until('a second of pauses', () => Date.now() - begin > 1000);
  assert.ok(ticks(stand.gateway.pid) - before < 50, 'it spins');
  assert.equal(await ask(warm), 200, 'a connection that is open is served');
  limitFiles(stand.gateway.pid, 1000);
  const statuses = await Promise.all(waiting.map((client) => ask(client).catch(() => undefined)));
  const served = statuses.filter((status) => status === 200).length;
  assert.ok(served > 0, 'those who waited are served');
  assert.ok(statuses.every((status) => status === 200 || status === undefined));
  assert.equal((await stand.get()).status, 200);
  assert.ok((await figure(stand.gateway, 'jwtgate_accept_pauses_total')) > 0);
  for (const client of [warm, ...waiting]) client.destroy();
});
