// SPDX-License-Identifier: Apache-2.0
// Goal: files that are renamed while requests come lose no line, and no line stands in two parts.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { connect, requestBytes } from './harness/client.mjs';
import { startStand } from './harness/stand.mjs';
import { scaled, until } from './harness/until.mjs';

const CLIENTS = 4;
const ROTATIONS = 8;

// Asks on one connection until told to stop; returns the paths.
async function ask(stand, name, state) {
  const client = await connect(stand.gateway.port);
  const token = stand.issuer.token();
  const paths = [];
  while (!state.isOver) {
    const target = `/${name}/${paths.length}`;
    await client.write(requestBytes({ target, token }));
    assert.equal((await client.answer()).status, 200);
    paths.push(target);
    state.count++;
  }
  client.destroy();
  return paths;
}

async function rotate(dir, gateway, number) {
  const file = path.join(dir, 'access.log');
  renameSync(file, `${file}.${number}`);
  gateway.signal('SIGUSR1');
  await until('the new file', () => existsSync(file));
}

test('each request has one whole line in one of the files', async (t) => {
  const stand = await startStand(t, { config: { log: { access_to: './access.log', format: 'json' } } });
  const { dir } = stand.gateway;
  const state = { isOver: false, count: 0 };
  const clients = Array.from({ length: CLIENTS }, (_, i) => ask(stand, `c${i}`, state));
  for (let i = 0; i < ROTATIONS; i++) {
    const next = state.count + scaled(40);
    await until('some requests', () => state.count >= next);
    await rotate(dir, stand.gateway, i);
  }
  state.isOver = true;
  const asked = (await Promise.all(clients)).flat();
  await stand.gateway.stop();
  const files = readdirSync(dir).filter((name) => name.startsWith('access.log'));
  const lines = files.map((name) => readFileSync(path.join(dir, name), 'utf8')).flatMap((text) => {
    assert.ok(text === '' || text.endsWith('\n'));
    return text.split('\n').slice(0, -1);
  });
  const told = lines.map((line) => JSON.parse(line).path);
  assert.equal(files.length, ROTATIONS + 1);
  assert.deepEqual(told.sort(), asked.sort());
});
