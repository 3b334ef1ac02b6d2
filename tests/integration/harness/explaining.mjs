// SPDX-License-Identifier: Apache-2.0
// `jwtgate explain` run on files of a test's own, and what it says as data.
import assert from 'node:assert/strict';
import path from 'node:path';
import { run, tempDir, writeFiles } from './gateway.mjs';

export const CHECKS = ['token', 'header', 'alg', 'key', 'signature', 'nbf', 'exp', 'audience', 'issuer'];

// A folder with `files`, and the command in it: explain(args, token) gives { status, stdout, stderr }.
export function startExplaining(t, files) {
  const dir = tempDir(t);
  writeFiles(dir, files);
  return {
    dir,
    write: (more) => writeFiles(dir, more),
    explain: (args, input = '', env = {}) => run(['explain', ...args], { cwd: dir, input, env }),
    // The same as an object, checked for its form; the exit status has to fit.
    async told(args, input = '') {
      const { status, signal, stdout, stderr } = await run(['explain', '--json', ...args], { cwd: dir, input });
      assert.ok(stdout.endsWith('}\n'), `${status} ${signal} ${stdout} ${stderr}`);
      const said = JSON.parse(stdout);
      assertShape(said);
      assert.equal(status, { pass: 0, refuse: 1, unknown: 2 }[said.verdict], stdout);
      return said;
    },
    file: (name) => path.join(dir, name),
  };
}

function assertShape(said) {
  const members = ['schema', 'route', 'verdict', 'reason', 'status', 'at', 'token', 'checks'];
  for (const name of members) assert.ok(name in said, `no ${name}`);
  assert.equal(said.schema, 1);
  assert.deepEqual(Object.keys(said.token), ['header', 'claims', ...(said.token.encrypted ? ['encrypted', 'outer'] : [])]);
  assert.equal(said.reason === null, said.verdict === 'pass');
  assert.deepEqual(said.checks.slice(0, CHECKS.length).map(({ name }) => name), CHECKS);
  for (const check of said.checks) {
    assert.deepEqual(Object.keys(check), ['name', 'verdict', 'expected', 'found', 'advice']);
    assert.ok(['pass', 'fail', 'skip'].includes(check.verdict), check.verdict);
    assert.equal(Boolean(check.advice), check.verdict === 'fail', JSON.stringify(check));
    assert.ok(CHECKS.includes(check.name) || check.name.startsWith('claim:'), check.name);
  }
}

export const failed = (said) => said.checks.filter(({ verdict }) => verdict === 'fail').map(({ name }) => name);

// The advice of the check `name`.
export const adviceOf = (said, name) => said.checks.find((check) => check.name === name)?.advice;
