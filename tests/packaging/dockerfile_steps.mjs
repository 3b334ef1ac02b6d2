#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Goal: docker/Dockerfile builds, and what it builds runs as docker/compose.yaml says, shown without any container engine.
// Method: each stage is a chroot made by debootstrap; FROM, COPY, RUN and SHELL are carried out there as they stand in the file.  Then
// the images are started as their USER, from their ENTRYPOINT and CMD, as process 1 of a PID namespace, on a root file system bound
// read-only; the services of compose.yaml with their commands, in one network namespace in which their names are loopback.
//
//   tests/packaging/dockerfile_steps.mjs [--suite SUITE] [--work DIR] [--context DIR]
//
// As root, with debootstrap, what tests/integration/install.sh installs, and a Debian mirror in this machine's sources of apt.  Takes
// minutes.  --work keeps the base system for the next run; --context is the source tree, by default this one.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { copyInto, ignoreOf, imageConfig, readCopy, readDockerfile } from '../integration/harness/dockerfile.mjs';

const ROOT = new URL('../../', import.meta.url).pathname;
const { values: options } = parseArgs({ options: {
  suite: { type: 'string' }, work: { type: 'string' }, context: { type: 'string', default: ROOT }, run: { type: 'boolean' },
} });
const work = options.work ?? mkdtempSync(path.join(os.tmpdir(), 'jwtgate-image-'));
const context = path.resolve(options.context);
const dockerfile = readDockerfile(readFileSync(path.join(context, 'docker/Dockerfile'), 'utf8'), options.suite ? { SUITE: options.suite } : {});
const suite = dockerfile.args.SUITE;
const rootfsOf = (stage) => path.join(work, suite, stage);
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const say = (text) => console.log(text);
const must = (command, args, more) => execFileSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'], ...more });
const ask = (command, args, more) => execFileSync(command, args, { encoding: 'utf8', ...more }).trim();

// ---- building ----

// The first mirror of Debian's own archive that apt uses here, and the file of its proxy, where there is one.
function readMirror() {
  const folder = '/etc/apt/sources.list.d';
  const files = ['/etc/apt/sources.list', ...(existsSync(folder) ? readdirSync(folder).map((name) => path.join(folder, name)) : [])];
  const text = files.filter((name) => existsSync(name)).map((name) => readFileSync(name, 'utf8')).join('\n');
  const found = [...text.matchAll(/^(?:URIs:|deb(?: \[[^\]]*\])?)\s+(\S+)/gm)].map(([, url]) => url);
  const mirror = found.find((url) => /\/debian\/?$/.test(url));
  if (!mirror) throw new Error('the sources of apt name no mirror of Debian');
  return mirror;
}

// As the slim images are: a minimal system without documents.
function makeBase() {
  const base = rootfsOf('base');
  if (existsSync(base)) return;
  const mirror = readMirror();
  const begun = `${base}.begun`;
  rmSync(begun, { recursive: true, force: true });
  mkdirSync(path.dirname(base), { recursive: true });
  must('debootstrap', ['--variant=minbase', suite, begun, mirror], { stdio: ['ignore', 'ignore', 'inherit'] });
  const lean = ['doc', 'man', 'info', 'locale', 'groff', 'lintian', 'linda'].map((name) => `/usr/share/${name}`);
  writeFileSync(path.join(begun, 'etc/dpkg/dpkg.cfg.d/lean'), lean.map((name) => `path-exclude ${name}/*\n`).join(''));
  for (const name of lean) rmSync(path.join(begun, name), { recursive: true, force: true });
  for (const name of ['var/cache/apt/archives', 'var/lib/apt/lists']) rmSync(path.join(begun, name), { recursive: true, force: true });
  const conf = '/etc/apt/apt.conf.d';
  for (const name of readdirSync(conf).filter((one) => /proxy/i.test(one))) cpSync(path.join(conf, name), path.join(begun, conf, name));
  renameSync(begun, base);
}

function runIn(rootfs, workdir, shell, command) {
  // What an engine gives to every container, for as long as the command runs.
  const resolv = path.join(rootfs, 'etc/resolv.conf');
  cpSync('/etc/resolv.conf', resolv, { dereference: true });
  const env = { PATH, HOME: '/root', ...Object.fromEntries(Object.entries(process.env).filter(([name]) => /_proxy$/i.test(name))) };
  const inside = ['unshare', '--mount', '--pid', '--fork', '--kill-child', `--mount-proc=${rootfs}/proc`,
    'chroot', rootfs, '/usr/bin/env', '-C', workdir, ...shell, command];
  must('nice', ['-n', '10', ...inside], { env });
  rmSync(resolv);
}

function buildStage(stage) {
  const rootfs = rootfsOf(stage.name);
  const begin = dockerfile.stages.some(({ name }) => name === stage.base) ? rootfsOf(stage.base) : rootfsOf('base');
  const { takes } = ignoreOf(readFileSync(path.join(context, '.dockerignore'), 'utf8'));
  let [workdir, shell] = ['/', ['/bin/sh', '-c']];
  rmSync(rootfs, { recursive: true, force: true });
  must('cp', ['-a', '--reflink=auto', begin, rootfs]);
  for (const { name, text, line } of stage.instructions) {
    if (name === 'SHELL') shell = JSON.parse(text);
    if (name === 'WORKDIR') mkdirSync(path.join(rootfs, (workdir = path.resolve(workdir, text))), { recursive: true });
    if (name === 'COPY') {
      const { from, ...what } = readCopy(text);
      copyInto({ ...what, root: from ? rootfsOf(from) : context, rootfs, workdir, takes: from ? undefined : takes });
    }
    if (name === 'RUN') {
      const begun = Date.now();
      runIn(rootfs, workdir, shell, text);
      say(`# ${stage.name}, line ${line}: ${((Date.now() - begun) / 1000).toFixed(1)} s`);
    }
  }
}

// ---- looking at what was built ----

const size = (rootfs) => Number(ask('du', ['-sxm', rootfs]).split('\t')[0]);
const isThere = (rootfs, program) => PATH.split(':').some((folder) => existsSync(path.join(rootfs, folder, program)));

function lookAt(name, programs) {
  const rootfs = rootfsOf(name);
  for (const program of programs) {
    const libraries = ask('chroot', [rootfs, 'ldd', `/usr/bin/${program}`]);
    assert.doesNotMatch(libraries, /not found/, `${name}: ${program}`);
  }
  for (const program of ['gcc', 'cc', 'cmake', 'ninja', 'make', 'curl', 'python3', 'clang']) assert.ok(!isThere(rootfs, program), `${name} has ${program}`);
  const packages = ask('chroot', [rootfs, 'dpkg-query', '-W', '-f', '${Package}\n']).split('\n');
  assert.deepEqual(packages.filter((one) => one.endsWith('-dev')), []);
  const before = ask('chroot', [rootfsOf('base'), 'dpkg-query', '-W', '-f', '${Package}\n']).split('\n');
  const added = packages.filter((one) => !before.includes(one));
  say(`# ${name}: ${size(rootfs)} MB, of which ${size(rootfsOf('base'))} are the base system; packages added: ${added.join(' ')}`);
  return { rootfs, packages };
}

// ---- running ----

const running = [];

// A container: process 1 of its own PID namespace, as the image's user, on a root that nobody can write to.
function start(image, command, mounts = []) {
  const rootfs = rootfsOf(image);
  const { user } = imageConfig(dockerfile, image);
  const ro = mkdtempSync(path.join(work, 'run-'));
  must('mount', ['--bind', rootfs, ro]);
  for (const [from, to] of mounts) must('mount', ['--bind', '-o', 'ro', from, path.join(ro, to)]);
  must('mount', ['-o', 'remount,bind,ro', ro]);
  const child = spawn('unshare', ['--pid', '--fork', '--kill-child', `--mount-proc=${ro}/proc`, 'chroot', `--userspec=${user}`, '--groups=', ro,
    '/usr/bin/setpriv', '--no-new-privs', '--', ...command], { env: { PATH }, stdio: ['ignore', 'pipe', 'pipe'] });
  const container = { name: command.slice(0, 2).join(' '), child, ro, user, output: '' };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (container.output += text));
  container.ended = new Promise((resolve) => child.on('close', (status, signal) => resolve({ status, signal })));
  container.ended.then((end) => (container.end = end));
  running.push(container);
  return container;
}

const pidOf = ({ child }) => Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ')[0]);

// A command inside, as an engine carries out health checks: { status, stderr }.
function inside(container, command) {
  const [uid, gid] = container.user.split(':');
  return spawnSync('nsenter', [`--target=${pidOf(container)}`, '--mount', '--pid', `--root=${container.ro}`, '--wd=/', `--setuid=${uid}`, `--setgid=${gid}`, ...command],
    { env: { PATH }, encoding: 'utf8' });
}

async function until(what, condition) {
  const end = Date.now() + 60000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    const dead = running.find(({ end: ended }) => ended);
    if (dead && !dead.mayEnd) throw new Error(`${dead.name} ended:\n${dead.output}`);
    if (Date.now() > end) throw new Error(`waited in vain for ${what}\n${running.map(({ output }) => output).join('')}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const status = async (url, more) => (await fetch(url, more)).status;
const token = async () => (await (await fetch('http://127.0.0.1:9400/token', {
  method: 'POST', headers: { authorization: `Basic ${btoa('demo:demo-secret')}` }, body: new URLSearchParams({ grant_type: 'client_credentials' }),
})).json()).access_token;

function prepare(names) {
  for (const image of ['gateway', 'demo']) {
    mkdirSync(path.join(rootfsOf(image), 'etc/jwtgate'), { recursive: true });
    writeFileSync(path.join(rootfsOf(image), 'etc/hosts'), `127.0.0.1 localhost ${names.join(' ')}\n`); // an engine's part
  }
}

async function runAll() {
  must('ip', ['link', 'set', 'lo', 'up']);
  const { parse } = await import(path.join(ROOT, 'tests/integration/node_modules/yaml/dist/index.js')).then((module) => module.default ?? module);
  const compose = parse(readFileSync(path.join(context, 'docker/compose.yaml'), 'utf8'), { merge: true });
  const { gateway: image, demo } = { gateway: imageConfig(dockerfile, 'gateway'), demo: imageConfig(dockerfile, 'demo') };
  prepare(Object.keys(compose.services));
  const healthy = (container, command) => until(`health of ${container.name}`, () => inside(container, command).status === 0);

  for (const [name, { command, healthcheck }] of Object.entries(compose.services).filter(([name]) => name !== 'gateway'))
    await healthy(start('demo', [...demo.entrypoint, ...command]), healthcheck.test.slice(1)).then(() => say(`ok - ${name} is healthy`));

  const configuration = [[path.join(context, 'docker/compose'), 'etc/jwtgate']];
  const gateway = start('gateway', [...image.entrypoint, ...image.cmd], configuration);
  await healthy(gateway, image.health.command);
  say(`ok - HEALTHCHECK ${image.health.command.join(' ')} ends with 0`);
  await healthy(gateway, compose.services.gateway.healthcheck.test.slice(1));
  assert.equal(await (await fetch('http://127.0.0.1:9181/livez')).text(), 'ok\n');
  say('ok - /livez and /readyz answer');

  const proc = readFileSync(`/proc/${pidOf(gateway)}/status`, 'utf8');
  assert.match(proc, new RegExp(`^Uid:\\s+${image.user.split(':')[0]}\\b`, 'm'));
  assert.match(proc, /^CapEff:\s+0+$/m);
  assert.match(proc, /^NoNewPrivs:\s+1$/m);
  assert.match(proc, /^NSpid:.*\t1$/m);
  for (const place of ['/tmp', '/var/tmp']) assert.match(inside(gateway, ['touch', `${place}/written`]).stderr, /Read-only file system/);
  say('ok - process 1, not root, without capabilities, on a root that it cannot write to');

  const sum = 'http://127.0.0.1:8080/calculator/add?a=51&b=49';
  const good = { headers: { authorization: `Bearer ${await token()}` } };
  assert.equal(await status(sum, good), 200);
  assert.equal(await status(sum), 401);
  say('ok - 200 with a token of the demo, 401 without');

  gateway.mayEnd = true;
  process.kill(pidOf(gateway), image.stopSignal);
  assert.deepEqual(await gateway.ended, { status: 0, signal: null }, gateway.output);
  assert.match(gateway.output, /draining/);
  say(`ok - ${image.stopSignal} drains and ends with 0`);

  // Process 1 is not ended by a signal's default action, so the second signal is a case of its own.
  const hasty = path.join(work, 'hasty');
  mkdirSync(hasty, { recursive: true });
  cpSync(configuration[0][0], hasty, { recursive: true });
  const slow = readFileSync(path.join(hasty, 'gateway.yaml'), 'utf8').replace('timeouts: { drain: 10s }', 'timeouts: { drain: 10m, drain_delay: 10m }');
  writeFileSync(path.join(hasty, 'gateway.yaml'), slow);
  const stubborn = start('gateway', [...image.entrypoint, ...image.cmd], [[hasty, 'etc/jwtgate']]);
  await healthy(stubborn, image.health.command);
  stubborn.mayEnd = true;
  process.kill(pidOf(stubborn), 'SIGTERM');
  await until('the drain', () => /drain-delayed/.test(stubborn.output));
  process.kill(pidOf(stubborn), 'SIGTERM');
  await until('the end after a second SIGTERM', () => stubborn.end);
  assert.notEqual(stubborn.end.status, 0);
  say('ok - a second SIGTERM ends process 1 at once');

  // Process 1 itself: whoever changes its user is not told any more that its parent died (--kill-child).
  for (const left of running.splice(0).filter(({ end }) => !end)) process.kill(pidOf(left), 'SIGKILL');
}

// ---- the whole ----

if (options.run) {
  await runAll();
  process.exit(0);
}
if (process.getuid() !== 0) {
  console.error('dockerfile_steps: chroots and mounts need root');
  process.exit(2);
}
try {
  makeBase();
  for (const stage of dockerfile.stages) buildStage(stage);
  lookAt('gateway', ['jwtgate']);
  lookAt('demo', ['jwtgate', 'jwtgate-dev']);
  assert.ok(!isThere(rootfsOf('gateway'), 'jwtgate-dev'), 'the gateway has jwtgate-dev');
  say('ok - libraries are there, compilers and jwtgate-dev are not');
  must('unshare', ['--mount', '--net', process.execPath, new URL(import.meta.url).pathname, '--run', '--work', work, '--context', context,
    ...(options.suite ? ['--suite', suite] : [])]);
} finally {
  if (!options.work) rmSync(work, { recursive: true, force: true });
}
