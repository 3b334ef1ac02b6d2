// SPDX-License-Identifier: Apache-2.0
// jwtgate-dev: run to its end, or started as a service until the test ends.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { BINARY } from './gateway.mjs';
import { patience, until, within } from './until.mjs';

export const DEV_BINARY = path.join(path.dirname(BINARY), 'jwtgate-dev');

function start(args) {
  const command = ['--pdeathsig', 'KILL', '--', DEV_BINARY, ...args];
  const child = spawn('setpriv', command, { stdio: ['ignore', 'pipe', 'pipe'] });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (text) => (texts[name] += text));
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => resolve({ status, signal, ...texts }));
  });
  return { child, texts, ended };
}

// A run to its end: { status, signal, stdout, stderr }.
export const runDev = (args) => within(`the end of jwtgate-dev ${args.join(' ')}`, start(args).ended, 30000);

// The same where it must work: what it wrote on standard output.
export async function dev(...args) {
  const { status, stdout, stderr } = await runDev(args);
  assert.equal(status, 0, `jwtgate-dev ${args.join(' ')}: ${stderr}`);
  return stdout;
}

// A command that stays, once `sign` matches what it wrote: { stdout(), stderr(), url, stop() }.  It must end with 0.
export async function startDev(t, args, sign = /event=ready /) {
  const { child, texts, ended } = start(args);
  let end;
  ended.then((how) => (end = how), () => {});
  const stop = async () => {
    child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), patience(8000));
    const how = await ended;
    clearTimeout(killer);
    assert.deepEqual([how.status, how.signal], [0, null], how.stderr);
  };
  t.after(stop);
  await until(`${sign} of jwtgate-dev ${args[0]}`, () => {
    if (end) throw new Error(`jwtgate-dev ended: ${JSON.stringify(end)}`);
    return sign.test(texts.stderr) || sign.test(texts.stdout);
  }, 30000);
  const url = `http://${/event=listening .*?address=(\S+)/.exec(texts.stderr)?.[1]}`;
  return { stdout: () => texts.stdout, stderr: () => texts.stderr, url };
}
