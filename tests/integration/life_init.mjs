// SPDX-License-Identifier: Apache-2.0
// Goal: as process 1, which the gateway is in a container, it ends as it does elsewhere.  The kernel keeps process 1 from what signals do
// by default: a second SIGTERM would have done nothing there.
// Method: a PID namespace of its own, where this user may make one.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { startGateway } from './harness/gateway.mjs';
import { until } from './harness/until.mjs';

const AROUND = ['unshare', ...(process.getuid() === 0 ? [] : ['--user', '--map-root-user']), '--pid', '--fork', '--kill-child', '--'];
const skip = spawnSync(AROUND[0], [...AROUND.slice(1), 'true']).status === 0 ? false : 'no PID namespace can be made here';

const config = { backends: { none: { servers: ['http://127.0.0.1:9'] } }, routes: [{ name: 'open', path: '/', backend: 'none', policy: 'none' }] };

// Of the gateway itself: the process that `unshare` waits for.
const childOf = ({ pid }) => Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());

test('SIGTERM drains process 1', { skip }, async (t) => {
  const gateway = await startGateway(t, config, { around: AROUND });
  process.kill(childOf(gateway), 'SIGTERM');
  assert.deepEqual(await gateway.ended, { status: 0, signal: null });
  assert.equal(gateway.events('draining').length, 1);
});

test('a second SIGTERM ends process 1 at once, with the status of that signal', { skip }, async (t) => {
  const gateway = await startGateway(t, { ...config, timeouts: { drain: '1h', drain_delay: '1h' } }, { around: AROUND });
  const child = childOf(gateway);
  process.kill(child, 'SIGTERM');
  await gateway.event('drain-delayed');
  process.kill(child, 'SIGTERM');
  gateway.mayEndWith = { status: 143, signal: null };
  await until('its end', () => gateway.end);
});
