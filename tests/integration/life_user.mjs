// SPDX-License-Identifier: Apache-2.0
// Goal: started as root with `user`, the gateway opens its sockets and then is that user for good: in what it holds and what it may.
// Only root can become somebody else, so most of this is skipped for others.
import assert from 'node:assert/strict';
import { chmodSync, chownSync, readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { newAuthority } from './harness/certs.mjs';
import { completed, run, tempDir, writeFiles } from './harness/gateway.mjs';
import { startBackend } from './harness/backend.mjs';
import { startStand } from './harness/stand.mjs';
import { send } from './harness/client.mjs';
import { until } from './harness/until.mjs';

const isRoot = process.getuid() === 0;
const passwd = readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => line.split(':'));
const group = readFileSync('/etc/group', 'utf8').split('\n').map((line) => line.split(':'));
const nobody = passwd.find(([name]) => name === 'nobody');
const [, , uid, gid] = nobody.map(Number);
const otherGroup = group.find(([name]) => ['daemon', 'bin'].includes(name));
const asRoot = { skip: isRoot ? false : 'only root can become another user' };
const asOther = { skip: isRoot ? 'this is root' : false };

const statusOf = (pid) => {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Object.fromEntries(text.split('\n').map((line) => line.split(':\t')).map(([key, value]) => [key, value?.trim()]));
};

// The gateway's folder is root's; whom it becomes has to read it at a reload.
async function standAs(t, user, config = {}) {
  const stand = await startStand(t, { config: { user, ...config } });
  chmodSync(stand.gateway.dir, 0o755);
  return stand;
}

test('all of root is gone, in every thread, and no way leads back', asRoot, async (t) => {
  const stand = await standAs(t, 'nobody');
  const changed = await stand.gateway.event('user-changed');
  assert.deepEqual([changed.user, changed.uid], ['nobody', String(uid)]);
  const threads = readdirSync(`/proc/${stand.gateway.pid}/task`);
  assert.ok(threads.length >= 3);
  for (const thread of threads) {
    const status = statusOf(`${stand.gateway.pid}/task/${thread}`);
    assert.deepEqual(status.Uid.split('\t').map(Number), [uid, uid, uid, uid]);
    assert.deepEqual(status.Gid.split('\t').map(Number), [gid, gid, gid, gid]);
    assert.ok(!status.Groups.split(' ').includes('0'), `groups ${status.Groups}`);
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb']) assert.match(status[set], /^0+$/, set);
    assert.equal(status.NoNewPrivs, '1');
  }
  assert.equal(stand.gateway.events('running-as-root').length, 0);
  assert.equal((await stand.get()).status, 200);
});

test('a group may be named beside the user', { skip: asRoot.skip || (otherGroup ? false : 'no such group') }, async (t) => {
  const stand = await standAs(t, `nobody:${otherGroup[0]}`);
  const status = statusOf(stand.gateway.pid);
  assert.deepEqual(status.Gid.split('\t').map(Number), Array(4).fill(Number(otherGroup[2])));
  assert.equal((await stand.get()).status, 200);
});

test('a privileged port bound at the start is served, a new one at a reload is refused and says why', asRoot, async (t) => {
  const stand = await standAs(t, 'nobody', { listeners: [{ bind: '127.0.0.1:0' }] });
  const first = Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
  if (first <= 1) return t.skip('every port may be bound here');
  await stand.gateway.reload({ ...stand.config, listeners: [{ bind: '127.0.0.1:0' }, { bind: '127.0.0.1:1' }] });
  const failed = await stand.gateway.event('reload-failed');
  assert.match(failed.error, /cannot bind 127\.0\.0\.1:1: Permission denied: user \d+ needs CAP_NET_BIND_SERVICE/);
  await stand.gateway.reload({ ...stand.config, listeners: [{ bind: '127.0.0.1:0' }] });
  assert.equal((await stand.get()).status, 200);
});

test('keys that the user could not read are told before the first reload fails over them', asRoot, async (t) => {
  const leaf = newAuthority(t).issue('gateway.test');
  const dir = tempDir(t);
  const check = async (mode) => {
    chmodSync(leaf.keyFile, mode);
    writeFiles(dir, {
      'gateway.yaml': {
        user: 'nobody',
        listeners: [{ bind: '127.0.0.1:0', tls: { certificate: leaf.certFile, key: leaf.keyFile } }],
        backends: { none: { servers: ['http://127.0.0.1:9'] } },
        routes: [{ name: 'open', path: '/', backend: 'none', policy: 'none' }],
      },
    });
    const { status, stderr } = await run(['check', '-c', path.join(dir, 'gateway.yaml')]);
    assert.equal(status, 0, stderr);
    return stderr.split('\n').filter((line) => line.includes('cannot read'));
  };
  chmodSync(leaf.certFile, 0o644);
  const told = await check(0o600);
  assert.equal(told.length, 1, told.join('\n'));
  assert.match(told[0], /: warning: user "nobody" cannot read ".*": a reload will fail; /);
  chownSync(leaf.keyFile, 0, gid);
  assert.deepEqual(await check(0o640), []);
});

test('a unix socket belongs to the user', asRoot, async (t) => {
  const dir = tempDir(t);
  chmodSync(dir, 0o755);
  const file = path.join(dir, 's');
  const stand = await standAs(t, 'nobody', { listeners: [{ bind: `unix:${file}` }] });
  const seen = statSync(file);
  assert.deepEqual([seen.uid, seen.gid, seen.mode & 0o777], [uid, gid, 0o660]);
  assert.equal((await send(file, { token: stand.issuer.token() })).status, 200);
});

test('a file that the user cannot read refuses the reload, and all goes on', asRoot, async (t) => {
  const stand = await standAs(t, 'nobody');
  chmodSync(stand.gateway.dir, 0o700);
  stand.gateway.signal('SIGHUP');
  await stand.gateway.event('reload-failed');
  assert.equal((await stand.get()).status, 200);
  chmodSync(stand.gateway.dir, 0o755);
  stand.gateway.signal('SIGHUP');
  await stand.gateway.event('reloaded');
});

test('a user changes only at a restart, which is told', asRoot, async (t) => {
  const stand = await standAs(t, 'nobody');
  const config = { ...stand.config };
  delete config.user;
  await stand.gateway.reload(config);
  assert.equal((await stand.gateway.event('reload-partial')).key, 'user');
});

test('root without a user is warned of', asRoot, async (t) => {
  const stand = await startStand(t);
  assert.equal((await stand.gateway.event('running-as-root')).level, 'warning');
  assert.equal(statusOf(stand.gateway.pid).NoNewPrivs, '1');
});

test('keys.store is read and written as the user', asRoot, async (t) => {
  const store = tempDir(t);
  chownSync(store, uid, gid);
  const stand = await standAs(t, 'nobody', { keys: { store, allow_http: true } });
  // A file has another name while it is written.
  const stored = () => readdirSync(store).filter((name) => name.endsWith('.json'));
  await until('the stored keys', () => stored().length === 1);
  assert.equal(statSync(path.join(store, stored()[0])).uid, uid);
  assert.equal(stand.gateway.events('store-failed', 'store-ignored').length, 0);
  stand.gateway.signal('SIGTERM');
  await stand.gateway.ended;
  const next = await startStand(t, { issuer: stand.issuer, config: { user: 'nobody', keys: { store, allow_http: true } } });
  await next.gateway.event('keys-restored');
  assert.equal(next.gateway.events('store-ignored').length, 0);
});

const isPlain = Number(process.env.JWTGATE_SLOWNESS ?? 1) === 1; // leak checks of sanitizers look into their own process

test('nobody looks into the memory: the process belongs to root in /proc, whoever runs it', { skip: isPlain ? false : 'an instrumented build' }, async (t) => {
  const stand = isRoot ? await standAs(t, 'nobody') : await startStand(t);
  assert.equal(statSync(`/proc/${stand.gateway.pid}/environ`).uid, 0);
  assert.notEqual(Number(statusOf(stand.gateway.pid).Uid.split('\t')[0]), 0);
});

// Runs `serve` as whoever this is, or as nobody where it is root.
async function serveAsOther(t, config) {
  const dir = tempDir(t);
  const backend = await startBackend(t);
  const backends = { main: { servers: [backend.url] } };
  const routes = [{ name: 'main', path: '/', backend: 'main', policy: 'none' }];
  writeFiles(dir, { 'gateway.yaml': completed({ backends, routes, ...config }) });
  return run(['serve', '-c', path.join(dir, 'gateway.yaml')]);
}

test('who is not root cannot become another', asOther, async (t) => {
  const result = await serveAsOther(t, { user: uid === process.getuid() ? 'daemon' : 'nobody' });
  assert.equal(result.status, 1);
  assert.match(result.stderr, /only root can become somebody else/);
});

test('who is not root and is that user already, stays', asOther, async (t) => {
  const own = passwd.find((row) => Number(row[2]) === process.getuid());
  if (!own) return t.skip('this user has no name');
  const stand = await startStand(t, { config: { user: own[0] } });
  assert.equal((await stand.get()).status, 200);
});

test('a user that does not exist is an error with its place', async (t) => {
  const result = await serveAsOther(t, { user: 'nobody-of-this-name' });
  assert.equal(result.status, 1);
  assert.match(result.stderr, /gateway\.yaml:\d+:\d+: error: there is no user "nobody-of-this-name"/);
});
