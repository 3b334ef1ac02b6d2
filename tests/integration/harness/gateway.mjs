// SPDX-License-Identifier: Apache-2.0
// The real binary: started with a configuration, watched through what it writes, stopped with the test.
//
// Every gateway is judged at its end too: it must have ended as it was told, with no report of a sanitizer and no token
// in anything it wrote.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { send } from './client.mjs';
import { leaked } from './secrets.mjs';
import { patience, until, within } from './until.mjs';

export const BINARY = process.env.JWTGATE_BIN ?? path.resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname,
  '../../../build/debug/bin/jwtgate');

const SANITIZER = /ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:|Assertion .* failed/;

// A line as { event, key: value, ... }, in either format of the log; undefined for what is no event.
export function eventOf(line) {
  if (line.startsWith('{')) return JSON.parse(line);
  if (!line.startsWith('event=')) return undefined;
  const fields = [...line.matchAll(/([\w-]+)=("(?:[^"\\]|\\.)*"|\S*)/g)];
  return Object.fromEntries(fields.map(([, key, value]) => [key, value.replace(/^"(.*)"$/, '$1')]));
}

// A folder that goes with the test.
export function tempDir(t) {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'jwtgate-test-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

// Writes { 'policies/a.xml': text, ... } below `dir`; what is no text becomes JSON, which is YAML too.
export function writeFiles(dir, files) {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(dir, name);
    mkdirSync(path.dirname(file), { recursive: true });
    const isBytes = typeof content === 'string' || Buffer.isBuffer(content);
    writeFileSync(file, isBytes ? content : JSON.stringify(content, null, 2));
  }
}

// A run of the binary to its end: { status, signal, stdout, stderr }.
export async function run(args, { cwd, env = {}, input = '' } = {}) {
  const child = spawn(BINARY, args, { cwd, env: { ...process.env, ...env } });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) child[name].setEncoding('utf8').on('data', (text) => (texts[name] += text));
  child.stdin.on('error', () => {}).end(input);
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => resolve({ status, signal, ...texts }));
  });
  const result = await within(`the end of jwtgate ${args.join(' ')}`, ended);
  assertClean(result.stdout + result.stderr);
  return result;
}

function assertClean(output) {
  assert.doesNotMatch(output, SANITIZER);
  assert.equal(leaked(output), undefined, 'a token stands in the output');
}

class Gateway {
  constructor(child, dir) {
    this.child = child;
    this.dir = dir;
    this.output = '';
    this.mayEndWith = { status: 0, signal: null };
    child.stdout.setEncoding('utf8').on('data', (text) => (this.output += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (this.output += text));
    this.ended = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (status, signal) => resolve({ status, signal }));
    });
    this.ended.then((end) => (this.end = end), () => {});
  }

  get pid() {
    return this.child.pid;
  }

  lines(pattern) {
    return this.output.split('\n').filter((line) => pattern.test(line));
  }

  // Events of these names, in their order.
  events(...names) {
    const lines = this.output.split('\n').slice(0, -1); // the last may still be growing
    return lines.map(eventOf).filter((event) => event && names.includes(event.event));
  }

  // The n-th event of a name (from 0), once it is there.
  event(name, n = 0) {
    return until(`event=${name}`, () => {
      const found = this.events(name)[n];
      if (!found && this.end) throw new Error(`jwtgate ended (${JSON.stringify(this.end)}):\n${this.output}`);
      return found;
    });
  }

  // Ports by listener, in their order, and those of the admin listener and of the one for probes.
  addresses() {
    const found = this.events('listening');
    const port = ({ address }) => Number(/:(\d+)$/.exec(address)?.[1]);
    const portsOf = (name) => found.filter(({ listener }) => listener === name).map(port);
    this.ports = found.filter(({ listener }) => listener !== 'admin' && listener !== 'health').map(port);
    this.port = this.ports[0];
    this.adminPort = portsOf('admin')[0];
    this.healthPort = portsOf('health')[0];
  }

  signal(name) {
    this.child.kill(name);
  }

  // Replaces the configuration and waits until the reload has been decided.
  async reload(config, files = {}) {
    const reloads = () => this.events('reloaded', 'reload-failed');
    const before = reloads().length;
    writeFiles(this.dir, { ...files, 'gateway.yaml': typeof config === 'string' ? config : completed(config) });
    this.signal('SIGHUP');
    await until('the reload', () => reloads().length > before);
  }

  // kB of memory in use, and the most that ever was.
  memory() {
    const text = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    const kb = (name) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(text)[1]);
    return { now: kb('VmRSS'), most: kb('VmHWM') };
  }

  async stop() {
    if (!this.end) this.signal('SIGTERM');
    const killer = setTimeout(() => this.signal('SIGKILL'), patience(8000));
    const end = await this.ended;
    clearTimeout(killer);
    assertClean(this.output);
    assert.deepEqual(end, this.mayEndWith, `jwtgate did not end as told:\n${this.output}`);
  }
}

// What every configuration of a test needs and none wants to spell.
export function completed(config) {
  return {
    listeners: [{ bind: '127.0.0.1:0' }],
    admin: { bind: '127.0.0.1:0' },
    workers: 2,
    timeouts: { drain: '2s' },
    ...config,
  };
}

// Starts `jwtgate serve` with `config` (an object, completed above; or the text of the file) and waits until it is ready.
// `around`: a command that runs it, in place of none.
export async function startGateway(t, config, { files = {}, env = {}, around = [] } = {}) {
  const dir = tempDir(t);
  writeFiles(dir, { ...files, 'gateway.yaml': typeof config === 'string' ? config : completed(config) });
  // A test that is killed takes its gateway with it.
  const command = ['--pdeathsig', 'KILL', '--', ...around, BINARY, 'serve', '-c', path.join(dir, 'gateway.yaml')];
  const child = spawn('setpriv', command, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const gateway = new Gateway(child, dir);
  t.after(() => gateway.stop());
  await gateway.event('ready');
  gateway.addresses();
  return gateway;
}

// Waits until the gateway has the keys that its routes need; without an admin listener nobody can tell.
export async function awaitKeys(gateway) {
  if (gateway.adminPort === undefined) return;
  const isReady = async () => (await send(gateway.adminPort, { target: '/readyz', host: 'localhost' })).status === 200;
  await until('the keys', isReady);
}
