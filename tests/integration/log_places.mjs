// SPDX-License-Identifier: Apache-2.0
// Goal: lines go where the configuration says, and a place that takes none costs the lines and nothing else.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { startBackend } from './harness/backend.mjs';
import { eventOf, run, tempDir, writeFiles } from './harness/gateway.mjs';
import { figure } from './harness/metrics.mjs';
import { startStand } from './harness/stand.mjs';
import { startSyslog } from './harness/syslog.mjs';
import { until } from './harness/until.mjs';

// Events of a file by name; a line that grows yet does not count.
function eventsIn(file, name) {
  let text = '';
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').slice(0, -1).map(eventOf).filter(({ event }) => event === name);
}

const untilEvents = (file, name, count) => until(`${count} of ${name} in ${path.basename(file)}`, () => {
  const found = eventsIn(file, name);
  return found.length >= count && found;
});

test('a path is seen from the configuration, and each stream may have its own', async (t) => {
  const log = { to: './gateway.log', access_to: './access.log', audit_to: './audit.log', audit: 'on' };
  const stand = await startStand(t, { config: { log } });
  const file = (name) => path.join(stand.gateway.dir, name);
  await stand.get('/passed');
  await stand.send({ target: '/refused' });
  await untilEvents(file('access.log'), 'access', 2);
  const [refused] = await untilEvents(file('audit.log'), 'refused', 1);
  assert.equal(refused.path, '/refused');
  const [ready] = await untilEvents(file('gateway.log'), 'ready', 1);
  assert.equal(ready.workers, '2');
  for (const [name, other] of [['gateway.log', 'access'], ['gateway.log', 'refused'], ['access.log', 'refused'], ['access.log', 'ready'], ['audit.log', 'access']])
    assert.deepEqual(eventsIn(file(name), other), [], name);
  assert.equal(statSync(file('gateway.log')).mode & 0o027, 0);
  // Who starts a gateway waits for these on standard error.
  assert.equal(stand.gateway.events('ready').length, 1);
  await stand.gateway.signal('SIGUSR1');
  await untilEvents(file('gateway.log'), 'log-reopened', 1);
  assert.deepEqual(stand.gateway.events('log-reopened', 'access', 'refused'), []);
});

test('a reload takes up another place, or changes nothing', async (t) => {
  const dir = tempDir(t);
  const [one, two] = ['one.log', 'two.log'].map((name) => path.join(dir, name));
  const stand = await startStand(t, { config: { log: { to: one } } });
  await stand.get('/first');
  await untilEvents(one, 'access', 1);
  const reload = (log) => {
    writeFiles(stand.gateway.dir, { 'gateway.yaml': { listeners: [{ bind: '127.0.0.1:0' }], admin: { bind: '127.0.0.1:0' }, workers: 2, ...stand.config, log } });
    stand.gateway.signal('SIGHUP');
  };
  reload({ to: two });
  await untilEvents(two, 'reloaded', 1);
  assert.deepEqual(eventsIn(one, 'reloaded').map(({ log }) => log), [two], 'who reads the old place learns of the new one');
  await stand.get('/second');
  await untilEvents(two, 'access', 1);
  assert.equal(eventsIn(one, 'access').length, 1);
  mkdirSync(path.join(dir, 'three.log'));
  reload({ to: path.join(dir, 'three.log') });
  await untilEvents(two, 'reload-failed', 1);
  await stand.get('/third');
  assert.equal((await untilEvents(two, 'access', 2)).at(-1).path, '/third');
  assert.equal(eventsIn(two, 'reloaded').length, 1, 'a log that stays where it is told of once');
  reload({ to: 'stderr' });
  await stand.gateway.event('reloaded');
  assert.equal(eventsIn(two, 'reloaded').at(-1).log, 'stderr');
  await stand.get('/fourth');
  assert.equal((await stand.gateway.event('access')).path, '/fourth');
});

test('a file that cannot be opened again stays, and that is told', async (t) => {
  const stand = await startStand(t, { config: { log: { to: './gateway.log' } } });
  const file = path.join(stand.gateway.dir, 'gateway.log');
  const before = readFileSync(file, 'utf8');
  rmSync(file);
  mkdirSync(file); // root too cannot write to that
  stand.gateway.signal('SIGUSR1');
  await stand.get();
  rmSync(file, { recursive: true });
  writeFileSync(file, before);
  await until('the reopened log', () => {
    stand.gateway.signal('SIGUSR1');
    return eventsIn(file, 'log-reopened').length > 0;
  });
  await stand.get('/after');
  await until('the line', () => eventsIn(file, 'access').some((line) => line.path === '/after'));
});

test('a full disk costs lines, which are counted, and no request', async (t) => {
  const stand = await startStand(t, { config: { log: { to: '/dev/full' } } });
  for (let i = 0; i < 20; i++) assert.equal((await stand.get(`/${i}`)).status, 200);
  await until('the loss to be counted', async () => (await figure(stand.gateway, 'jwtgate_log_lines_lost_total')) >= 20);
  const told = await stand.gateway.event('log-failed');
  assert.deepEqual([told.to, told.error, told.level], ['/dev/full', 'No space left on device', 'error']);
  assert.equal(stand.gateway.events('log-failed').length, 1);
});

test('the system log gets each line with the priority of its level', async (t) => {
  const socket = path.join(tempDir(t), 'log');
  const daemon = await startSyslog(t, socket);
  const stand = await startStand(t, { config: { log: { to: `syslog:${socket}`, audit: 'on' } } });
  await stand.get('/passed\u0021');
  await stand.send({ target: '/refused' });
  const line = (pattern) => until(`${pattern}`, () => daemon.lines.find((each) => pattern.test(each)));
  const header = `\\w{3} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d jwtgate\\[${stand.gateway.pid}\\]: `;
  await line(new RegExp(`^<29>${header}event=ready `));
  await line(new RegExp(`^<30>${header}event=access .* path=/passed! `));
  await line(new RegExp(`^<29>${header}event=refused .* path=/refused `));
  for (const each of daemon.lines) assert.doesNotMatch(each, /\n/);
  assert.equal(await figure(stand.gateway, 'jwtgate_log_lines_lost_total'), 0);
});

test('a system log that nobody reads holds up neither the start nor requests', async (t) => {
  const socket = path.join(tempDir(t), 'log');
  const stand = await startStand(t, { config: { log: { to: `syslog:${socket}` } } });
  assert.equal((await stand.get()).status, 200);
  const told = await stand.gateway.event('log-failed');
  assert.equal(told.to, socket);
  const daemon = await startSyslog(t, socket);
  await stand.get('/second');
  await until('the line', () => daemon.lines.some((each) => each.includes('path=/second ')));
});

test('a place that cannot be is told with its line, and by the start', async (t) => {
  const backend = await startBackend(t);
  const dir = tempDir(t);
  const config = (to) => `listeners: [ { bind: "127.0.0.1:0" } ]
admin: off
backends: { b: { servers: ["${backend.url}"] } }
routes: [ { name: r, path: /, backend: b, policy: none } ]
log: { to: "${to}" }
`;
  for (const [to, error] of [['sdterr', /gateway\.yaml:5:12: error: .*such as \.\/sdterr/], ['./nowhere/a.log', /:5:12: error: .*No such file/],
    ['.//', /:5:12: error: .*directory/], ['', /:5:12: error: /], [`syslog:/${'a'.repeat(120)}`, /:5:12: error: .*1 to 107 bytes/]]) {
    writeFiles(dir, { 'gateway.yaml': config(to) });
    const { status, stderr } = await run(['check', '-c', 'gateway.yaml'], { cwd: dir });
    assert.equal(status, 1, to);
    assert.match(stderr, error);
  }
  writeFiles(dir, { 'gateway.yaml': config('./new.log') });
  assert.equal((await run(['check', '-c', 'gateway.yaml'], { cwd: dir })).status, 0);
  assert.throws(() => statSync(path.join(dir, 'new.log')), 'check leaves nothing behind');
  execFileSync('mkfifo', [path.join(dir, 'pipe')]); // that nobody reads: root too cannot open it
  writeFiles(dir, { 'gateway.yaml': config('./pipe') });
  const started = await run(['serve', '-c', 'gateway.yaml'], { cwd: dir });
  assert.equal(started.status, 1);
  assert.match(started.stderr, /error: the log ".*pipe" cannot be opened/);
});
