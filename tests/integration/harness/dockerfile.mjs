// SPDX-License-Identifier: Apache-2.0
// A Dockerfile as its stages and instructions, as far as ours goes: no heredocs, no ONBUILD, `${NAME}` as the only variables.
import { cpSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

// Instructions as { name, text, line }, comments and broken lines taken out.
export function readInstructions(text) {
  const found = [];
  let open;
  text.split('\n').forEach((line, i) => {
    if (/^\s*(#|$)/.test(line)) return;
    const [, part, slash] = /^(.*?)\s*(\\?)$/.exec(line);
    if (open) open.text += ` ${part.trim()}`;
    else {
      const [, name, rest] = /^(\w+)\s*(.*)$/.exec(part);
      open = { name: name.toUpperCase(), text: rest, line: i + 1 };
      found.push(open);
    }
    if (!slash) open = undefined;
  });
  return found;
}

const fill = (text, values) => text.replace(/\$\{(\w+)\}/g, (_, name) => values[name] ?? '');
const unquoted = (text) => text.replace(/^"(.*)"$/, '$1');

// { args: those before the first FROM, stages: [{ name, base, instructions }] }; `given` as by --build-arg.
export function readDockerfile(text, given = {}) {
  const args = {};
  const stages = [];
  for (const one of readInstructions(text)) {
    if (one.name === 'FROM') {
      const [, base, name] = /^(\S+)(?:\s+AS\s+(\S+))?$/i.exec(one.text);
      stages.push({ name: name ?? String(stages.length), base: fill(base, args), instructions: [] });
    } else if (stages.length > 0) stages.at(-1).instructions.push(one);
    else {
      const [, name, value] = /^(\w+)(?:=(.*))?$/.exec(one.text);
      args[name] = given[name] ?? fill(unquoted(value ?? ''), args);
    }
  }
  return { args, stages };
}

// The stage of that name, and those it is made from, the first one first.
export function stagesUpTo({ stages }, name) {
  const stage = stages.find((one) => one.name === name);
  return stage ? [...stagesUpTo({ stages }, stage.base), stage] : [];
}

// What the images of a stage are started with; the last word of each kind counts.
export function imageConfig(dockerfile, name) {
  const config = { labels: {}, exposed: [], shell: ['/bin/sh', '-c'], env: {} };
  for (const stage of stagesUpTo(dockerfile, name)) {
    const args = { ...dockerfile.args };
    for (const { name: what, text } of stage.instructions) {
      const pairs = () => [...text.matchAll(/([\w.-]+)=(?:"([^"]*)"|(\S+))/g)].map(([, key, quoted, plain]) => [key, fill(quoted ?? plain, args)]);
      if (what === 'ARG') args[text.split('=')[0]] = unquoted(text.split('=')[1] ?? '');
      if (what === 'LABEL') Object.assign(config.labels, Object.fromEntries(pairs()));
      if (what === 'ENV') Object.assign(config.env, Object.fromEntries(pairs()));
      if (what === 'EXPOSE') config.exposed = text.split(/\s+/).map(Number);
      if (what === 'USER') config.user = text;
      if (what === 'STOPSIGNAL') config.stopSignal = text;
      if (what === 'ENTRYPOINT') config.entrypoint = JSON.parse(text);
      if (what === 'CMD') config.cmd = JSON.parse(text);
      if (what === 'HEALTHCHECK') config.health = { options: text.split(' CMD ')[0], command: JSON.parse(text.split(' CMD ')[1]) };
    }
  }
  return config;
}

// Whether .dockerignore, which leaves out all and takes single paths back in, lets a path through.
export function ignoreOf(text) {
  const lines = text.split('\n').filter((line) => line && !line.startsWith('#'));
  if (lines[0] !== '*' || lines.slice(1).some((line) => !/^![\w./-]+$/.test(line))) throw new Error('.dockerignore: `*`, then lines of !PATH');
  const kept = lines.slice(1).map((line) => line.slice(1));
  const isIn = (name) => kept.some((one) => name === one || name.startsWith(`${one}/`));
  const leadsTo = (name) => kept.some((one) => one.startsWith(`${name}/`));
  return { kept, takes: (name) => name === '' || isIn(name) || leadsTo(name) };
}

// COPY: { from, sources, target }.
export function readCopy(text) {
  const words = text.split(/\s+/);
  const from = words.find((word) => word.startsWith('--from='))?.slice(7);
  const plain = words.filter((word) => !word.startsWith('--'));
  return { from, sources: plain.slice(0, -1), target: plain.at(-1) };
}

// As COPY does it: the contents of folders, files under their own name into a folder.  `takes` says which paths below `root`.
export function copyInto({ root, sources, target, rootfs, workdir, takes = () => true }) {
  for (const source of sources) {
    const at = path.join(root, source);
    const isFolder = statSync(at).isDirectory();
    const place = path.join(rootfs, path.resolve(workdir, target));
    const to = isFolder || !target.endsWith('/') ? place : path.join(place, path.basename(source));
    mkdirSync(path.dirname(to), { recursive: true });
    cpSync(at, to, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true, filter: (name) => takes(path.relative(root, name)) });
  }
}
