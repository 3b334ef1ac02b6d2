// SPDX-License-Identifier: Apache-2.0
// Debian's prometheus and promtool: what they cannot read, nobody's will.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { tempDir } from './gateway.mjs';
import { until } from './until.mjs';

export const hasPrometheus = ['prometheus', 'promtool'].every((name) => !spawnSync(name, ['--version']).error);

// A run of promtool to its end: { status, text }.
export function promtool(args, input) {
  const { status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' });
  return { status, text: stdout + stderr };
}

async function freePort() {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

// What the API answers to `query`, a path behind /api/v1/ with its parameters: { status, data | error }.
async function ask(port, name, parameters) {
  const answer = await fetch(`http://127.0.0.1:${port}/api/v1/${name}?${new URLSearchParams(parameters)}`);
  return answer.json();
}

// prometheus takes no port 0: a free one is looked for, and another one when somebody was faster.
async function attempt(dir, config) {
  const port = await freePort();
  mkdirSync(path.join(dir, 'data'), { recursive: true });
  writeFileSync(path.join(dir, 'prometheus.yaml'), config);
  const args = ['--pdeathsig', 'KILL', '--', 'prometheus', `--config.file=${path.join(dir, 'prometheus.yaml')}`,
    `--storage.tsdb.path=${path.join(dir, 'data')}`, `--web.listen-address=127.0.0.1:${port}`, '--log.level=warn'];
  const child = spawn('setpriv', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  let isEnded = false;
  child.stderr.on('data', (text) => (errors += text));
  const ended = new Promise((resolve) => child.on('close', () => resolve((isEnded = true))));
  const isReady = () => fetch(`http://127.0.0.1:${port}/-/ready`).then(({ ok }) => ok, () => false);
  await until('prometheus', async () => isEnded || isReady(), 30000);
  if (!isEnded) return { port, ask: (name, parameters) => ask(port, name, parameters), stop: () => child.kill('SIGKILL') && ended };
  if (!/address already in use/i.test(errors)) throw new Error(`prometheus: ${errors}`);
  return undefined;
}

// Starts prometheus with that configuration, in a folder of its own.
export async function startPrometheus(t, config) {
  const dir = tempDir(t);
  for (let i = 0; i < 5; i++) {
    const prometheus = await attempt(dir, config);
    if (!prometheus) continue;
    t.after(() => prometheus.stop());
    return prometheus;
  }
  throw new Error('no port for prometheus');
}
