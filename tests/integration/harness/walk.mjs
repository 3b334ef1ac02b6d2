// SPDX-License-Identifier: Apache-2.0
// A walk through a page of docs/: its commands run as they are written, in one shell, one after the other.
//
// A block `sh` has to end with 0.  A block `console` has commands behind `$ ` and what they print, where `...` stands for anything.
// A line that begins a service (`jwtgate-dev issuer`, `jwtgate serve` and the like) runs beside the shell until the test ends; behind
// ` & NAME=$!` the shell knows its process by that name.
// What only looks at the log or the metrics is repeated until it shows what the page says, for both follow a moment later.
// A block below the comment `<!-- not run: WHY -->` is passed over.  In place of 127.0.0.1 stands an address of the walk's own, so that
// the ports of the page are free; and requests may wait longer for keys, as on a busy machine they have to.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { spawn } from 'node:child_process';
import net from 'node:net';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { BINARY, tempDir } from './gateway.mjs';
import { patience, until } from './until.mjs';

const BLOCK = /^(<!-- not run: [^\n]*-->\n\n?)?```(sh|console)\n([^]*?)^```$/gm;
const PORTS = { issuer: 9400, calculator: 9001, odata: 9002, serve: 8080 };
const SERVICE = /^(?:jwtgate-dev (issuer|calculator|odata)|jwtgate (serve))\b/;
const NUMBERED = / & ([A-Z]+)=\$!$/;

export function blocksOf(page) {
  const text = readFileSync(new URL(`../../../docs/${page}`, import.meta.url), 'utf8');
  return [...text.matchAll(BLOCK)].filter(([, isLeftOut]) => !isLeftOut).map(([, , language, body]) => ({ language, body }));
}

// [{ command, printed }] of a console block.
function stepsOf(body) {
  const steps = [];
  for (const line of body.split('\n')) {
    if (line.startsWith('$ ')) steps.push({ command: line.slice(2), printed: [] });
    else if (line.startsWith('> ')) steps.at(-1).command += `\n${line.slice(2)}`;
    else steps.at(-1)?.printed.push(line);
  }
  return steps.map(({ command, printed }) => ({ command, printed: printed.join('\n').trim() }));
}

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const patternOf = (printed) => new RegExp(`^${escaped(printed).replaceAll('\\.\\.\\.', '[^]*?')}$`);

function startShell(t, dir, env) {
  const shell = spawn('setpriv', ['--pdeathsig', 'KILL', '--', 'bash'], { cwd: dir, env, stdio: ['pipe', 'pipe', 'inherit'] });
  let text = '';
  shell.stdout.setEncoding('utf8').on('data', (more) => (text += more));
  t.after(() => shell.kill('SIGKILL'));
  return async (command) => {
    const mark = `end-${crypto.randomUUID()}`;
    text = '';
    shell.stdin.write(`{\n${command}\n} 2>&1 < /dev/null\necho "${mark} $?"\n`);
    await until(`the end of: ${command}`, () => text.includes(mark), 30000);
    const [printed, status] = text.split(mark);
    return { printed: printed.replaceAll('\r', '').trim(), status: Number(status) };
  };
}

const isLook = (command) => /^(grep|curl -s \S+:9180\/)/.test(command);

const answers = (host, port) => new Promise((resolve) => {
  const socket = net.connect({ host, port }, () => {
    resolve(true);
    socket.destroy(); // a drain would wait for it
  }).on('error', () => resolve(false));
});

// Starts what a line says.
async function startService(t, { line, address, dir, env, port }) {
  const command = line.startsWith('jwtgate-dev') ? line.replace(/^(jwtgate-dev \w+)/, `$1 --bind ${address}`) : line;
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', 'bash', '-c', `exec ${command}`], { cwd: dir, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let end;
  let text = '';
  const ended = new Promise((resolve) => child.on('close', (status, signal) => resolve((end = { status, signal }))));
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (more) => (text += more));
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  await until(`port ${port} of ${line}`, () => {
    if (end) throw new Error(`${line} ended: ${JSON.stringify(end)}\n${text}`);
    return answers(address, port);
  }, 30000);
  return { child, ended };
}

// Walks the page; returns { shell, services: { serve: { child, ended }, ... }, dir, address } for what is asked beyond it.
export async function walk(t, page) {
  const dir = tempDir(t);
  const address = `127.${[1, 2, 3].map(() => crypto.randomInt(1, 254)).join('.')}`;
  const env = { ...process.env, PATH: `${path.dirname(BINARY)}:${process.env.PATH}`, no_proxy: '*', LC_ALL: 'C.UTF-8' };
  const shell = startShell(t, dir, env);
  const services = {};
  const here = (text) => text.replaceAll('127.0.0.1', address).replace(/^(cat > gateway\.yaml <<'END'\n[^]*?)^END$/gm, '$1keys: { wait: 20s }\nEND');
  const runLines = async (body) => {
    const lines = here(body).split('\n');
    const started = lines.filter((line) => SERVICE.test(line));
    for (const line of started) {
      const [, dev, serve] = SERVICE.exec(line);
      services[dev ?? serve] = await startService(t, { line: line.replace(NUMBERED, ''), address, dir, env, port: PORTS[dev ?? serve] });
      const [, name] = NUMBERED.exec(line) ?? [];
      if (name) await shell(`${name}=${services[dev ?? serve].child.pid}`);
    }
    const rest = lines.filter((line) => !started.includes(line)).join('\n').trim();
    return rest === '' ? undefined : shell(rest);
  };
  for (const { language, body } of blocksOf(page)) {
    if (language === 'sh') {
      const done = await runLines(body);
      assert.equal(done?.status ?? 0, 0, `${page}:\n${body}\n${done?.printed}`);
      continue;
    }
    for (const { command, printed } of stepsOf(here(body))) {
      let done = await shell(command);
      for (const until_ms = Date.now() + patience(10000); isLook(command) && !patternOf(printed).test(done.printed) && Date.now() < until_ms; )
        done = await shell(command);
      assert.match(done.printed, patternOf(printed), `${page}: ${command}`);
    }
  }
  return { shell, services, dir, address };
}
