// SPDX-License-Identifier: Apache-2.0
// Goal: the service manager hears when the gateway is ready, reloads and ends, and with a watchdog that it lives, but not while a
// worker does not answer.  Method: a datagram socket by python3, since node has none for unix sockets.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import path from 'node:path';
import test from 'node:test';
import { tempDir } from './harness/gateway.mjs';
import { startStand } from './harness/stand.mjs';
import { until, within } from './harness/until.mjs';

const hasPython = spawnSync('python3', ['--version']).status === 0;
const options = { skip: hasPython ? false : 'python3 is needed for a datagram socket' };

const listener = `
import socket, sys
name = sys.argv[1]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind('\\0' + name[1:] if name[0] == '@' else name)
print('bound', flush=True)
while True:
    print(s.recv(4096).decode().replace('\\n', '|'), flush=True)
`;

// Messages that came to the socket, each as { NAME: value }.
async function manager(t, name) {
  const child = spawn('python3', ['-c', listener, name], { stdio: ['ignore', 'pipe', 'inherit'] });
  const heard = { text: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => (heard.text += text));
  t.after(() => child.kill());
  await until('the socket', () => heard.text.startsWith('bound'));
  const messages = () => heard.text.split('\n').slice(1, -1)
    .map((line) => Object.fromEntries(line.split('|').map((pair) => pair.split(/=(.*)/s).slice(0, 2))));
  return { messages, states: (key) => messages().filter((message) => key in message) };
}

for (const [kind, nameOf] of [['path', (dir) => path.join(dir, 'n')], ['abstract name', () => `@jwtgate-test-${process.pid}`]]) {
  test(`ready, reloading, ready again, stopping: to a ${kind}`, options, async (t) => {
    const name = nameOf(tempDir(t));
    const heard = await manager(t, name);
    const stand = await startStand(t, { env: { NOTIFY_SOCKET: name } });
    await until('READY=1', () => heard.states('READY').length === 1);
    assert.equal(heard.messages()[0].STATUS, 'serving');
    await stand.gateway.reload(stand.config);
    await until('READY=1 again', () => heard.states('READY').length === 2);
    const [reloading] = heard.states('RELOADING');
    assert.equal(reloading.RELOADING, '1');
    assert.match(reloading.MONOTONIC_USEC, /^\d+$/);
    await stand.gateway.reload('routes: [');
    await until('READY=1 after a failed reload', () => heard.states('READY').length === 3);
    assert.match(heard.states('READY')[2].STATUS, /failed/);
    stand.gateway.signal('SIGTERM');
    await stand.gateway.ended;
    await until('STOPPING=1', () => heard.states('STOPPING').length === 1);
    const order = heard.messages().map((message) => Object.keys(message)[0]);
    assert.deepEqual(order, ['READY', 'RELOADING', 'READY', 'RELOADING', 'READY', 'STOPPING']);
  });
}

test('the watchdog hears of a gateway that lives', options, async (t) => {
  const name = path.join(tempDir(t), 'n');
  const heard = await manager(t, name);
  await startStand(t, { env: { NOTIFY_SOCKET: name, WATCHDOG_USEC: '1000000' } });
  const begin = Date.now();
  await until('three words of the watchdog', () => heard.states('WATCHDOG').length >= 3);
  assert.ok(Date.now() - begin < 3000, 'each within the time');
});

test('it hears nothing where it waits for another process, or for none', options, async (t) => {
  const name = path.join(tempDir(t), 'n');
  const heard = await manager(t, name);
  const stand = await startStand(t, { env: { NOTIFY_SOCKET: name, WATCHDOG_USEC: '300000', WATCHDOG_PID: '1' } });
  const begin = Date.now();
  await until('a second', () => Date.now() - begin > 1000);
  assert.equal(heard.states('WATCHDOG').length, 0);
  assert.equal((await stand.get()).status, 200);
});

test('a socket that is not there, or no name of one, hinders nothing', async (t) => {
  for (const name of [path.join(tempDir(t), 'nobody'), 'relative', '@']) {
    const stand = await startStand(t, { env: { NOTIFY_SOCKET: name } });
    assert.equal((await stand.get()).status, 200);
    await within('a word about it', stand.gateway.event(name.startsWith('/') ? 'notify-failed' : 'notify-ignored'));
  }
});
