// SPDX-License-Identifier: Apache-2.0
// Goal: every example configuration has a table of cases, and lets in and keeps out what it says; without network.
import assert from 'node:assert/strict';
import { cpSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { newAuthority } from './harness/certs.mjs';
import { run, tempDir, writeFiles } from './harness/gateway.mjs';
import { readTap } from './harness/tap.mjs';

const CONF = new URL('../../conf/', import.meta.url).pathname;
const yamls = (dir) => readdirSync(path.join(CONF, dir)).filter((name) => name.endsWith('.yaml')).sort();

// The folder of examples, with the certificates that are to be put beside them.
function copyOfConf(t) {
  const dir = tempDir(t);
  cpSync(CONF, dir, { recursive: true });
  const authority = newAuthority(t);
  for (const name of ['server', 'partner', 'gateway']) {
    const { cert, key } = authority.issue(`${name}.test`);
    writeFiles(dir, { [`tls/${name}.crt`]: cert, [`tls/${name}.key`]: key });
  }
  writeFiles(dir, { 'tls/clients.pem': authority.ca, 'tls/backend-ca.pem': authority.ca });
  return dir;
}

test('each example has its table, each table its example', () => assert.deepEqual(yamls('tests'), yamls('.')));

for (const name of yamls('tests')) {
  test(`${name} holds, and what it says of refusals would not hold of passes`, async (t) => {
    const conf = copyOfConf(t);
    const table = path.join(conf, 'tests', name);
    const judge = (cases) => run(['test', '-c', path.join(conf, name), cases]);
    const result = await judge(table);
    assert.equal(result.status, 0, result.stdout + result.stderr);
    assert.equal(result.stderr, '', 'nothing is fetched');
    const points = readTap(result.stdout);
    // The same table with every expectation turned round.
    const dir = tempDir(t);
    const other = { pass: 'refuse', refuse: 'pass' };
    const turned = readFileSync(table, 'utf8')
      .replace(/^( +expect: )(pass|refuse)$/gm, (_, before, word) => before + other[word])
      .replace(/^ +(reason|status): .*\n/gm, '');
    writeFiles(dir, { [name]: turned, 'keys.json': readFileSync(path.join(CONF, 'tests', 'keys.json')) });
    const again = await judge(path.join(dir, name));
    assert.equal(again.status, 1, again.stderr);
    assert.equal(readTap(again.stdout).filter(({ ok }) => !ok).length, points.length);
  });
}
