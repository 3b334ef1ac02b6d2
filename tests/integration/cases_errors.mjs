// SPDX-License-Identifier: Apache-2.0
// Goal: a table that cannot be judged is told with file, line and column, all its problems in one run; nothing is judged then, and
// no part of a TAP document is written that could be taken for a result.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { DEV_BINARY, dev } from './harness/dev.mjs';
import { BINARY, completed, run, tempDir, writeFiles } from './harness/gateway.mjs';
import { runCases } from './harness/tap.mjs';

const config = {
  backends: { main: { servers: ['http://127.0.0.1:9'] } },
  routes: [{ name: 'orders', path: '/', backend: 'main', validate_jwt: { openid_config: ['https://idp.example.com'], audiences: ['api'] } }],
};

const SOUND = `defaults: { route: orders, issuer: "https://idp.example.com", at: 1769846400 }
cases:
  - name: one
    claims: { iss: "https://idp.example.com", aud: api, exp: 1769847000 }
    expect: pass
`;

async function problemsOf(t, text, files = {}) {
  const result = await runCases(t, config, { 'cases.yaml': text }, files);
  const lines = result.stderr.split('\n').filter(Boolean).map((line) => line.replace(`${result.dir}/`, ''));
  return { ...result, lines };
}

test('a sound table is judged', async (t) => {
  const result = await problemsOf(t, SOUND);
  assert.equal(result.status, 0, result.stderr);
});

test('each problem stands at its place', async (t) => {
  const faults = {
    'claims: { a: 1 }\n    token: x': ['3:5', 'not several'],
    'token: 12': ['4:12', '"token" is a text; found 12'],
    'token: true': ['4:12', '"token" is a text; found true'],
    'route: orders': ['3:5', 'one of "token", "token_file" and "claims"'],
    'claim: { a: 1 }': ['4:5', 'did you mean "claims"'],
    'claims: [a]': ['4:13', 'map of names'],
    'claims: { a: 0x1f }': ['4:18', 'number is one of JSON'],
    'claims: { a: .inf }': ['4:18', 'number is one of JSON'],
    'token_file: nothing.jwt': ['4:17', 'nothing.jwt'],
    'claims: {}\n    at: yesterday': ['5:9', 'at: '],
    'claims: {}\n    reason: TokenExpird': ['5:13', 'did you mean "TokenExpired"'],
    'claims: {}\n    reason: NotFound': ['5:13', 'there is no reason'],
    'claims: {}\n    status: 99': ['5:13', '100'],
    'claims: {}\n    jwks: nothing.json': ['5:11', 'nothing.json'],
    'claims: {}\n    route: order': ['5:12', 'did you mean "orders"'],
    'claims: {}\n    route: elsewhere': ['5:12', 'there is no route'],
  };
  for (const [lines, [place, words]] of Object.entries(faults)) {
    await t.test(lines, async (inner) => {
      const result = await problemsOf(inner, `${SOUND.split('\n').slice(0, 3).join('\n')}\n    ${lines}\n    expect: refuse\n`);
      assert.equal(result.status, 2);
      assert.equal(result.stdout, '');
      const told = result.lines.some((line) => line.startsWith(`cases.yaml:${place}: error: `) && line.includes(words));
      assert.ok(told, result.stderr);
    });
  }
});

test('a reason for what passes, an expectation that is none, a name missing or empty', async (t) => {
  const { status, lines } = await problemsOf(t, `defaults: { route: orders, isuer: x }
cases:
  - { name: a, token: "", expect: pass, reason: TokenExpired }
  - { name: b, token: "", expect: fail }
  - { token: "", expect: pass }
  - { name: "", token: "", expect: pass }
  - 7
  - { name: c, token: "", expect: pass, status: 401 }
  - { name: d, token: "12", expect: pass, status: 200 }
`);
  assert.equal(status, 2);
  assert.deepEqual(lines.map((line) => line.split(': error: ')[0]), ['1:28', '3:49', '4:35', '5:5', '6:13', '7:5', '8:49'].map((place) => `cases.yaml:${place}`));
});

test('all tables are read before any is judged', async (t) => {
  const result = await runCases(t, config, { 'a.yaml': SOUND, 'b.yaml': 'cases: []\n', 'c.yaml': 'cases: [\n', 'd.yaml': '{}' });
  assert.equal(result.status, 2);
  assert.equal(result.stdout, '');
  for (const name of ['b.yaml:1:8', 'c.yaml:', 'd.yaml:1:1']) assert.ok(result.stderr.includes(name), result.stderr);
  assert.ok(!result.stderr.includes('a.yaml'), result.stderr);
});

test('without a table, a file or a configuration there is nothing to judge', async (t) => {
  const dir = tempDir(t);
  writeFiles(dir, { 'sound.yaml': SOUND, 'bad.yaml': 'routes: 7\n' });
  const at = (name) => path.join(dir, name);
  const none = await run(['test', '-c', at('bad.yaml')]);
  assert.equal(none.status, 2);
  assert.match(none.stderr, /CASES\.yaml/);
  for (const args of [['-c', at('bad.yaml'), at('sound.yaml')], ['-c', at('nothing.yaml'), at('sound.yaml')]]) {
    const result = await run(['test', ...args]);
    assert.equal(result.status, 2);
    assert.equal(result.stdout, '');
    assert.match(result.stderr, /(bad|nothing)\.yaml:\d+:\d+: error: /);
  }
  writeFiles(dir, { 'gateway.yaml': completed(config) });
  const missing = await run(['test', '-c', at('gateway.yaml'), at('sound.yaml'), at('missing.yaml')]);
  assert.equal(missing.status, 2);
  assert.equal(missing.stdout, '');
  assert.match(missing.stderr, /missing\.yaml:1:1: error: /);
});

test('output that cannot be written is no success', async (t) => {
  const { dir } = await problemsOf(t, SOUND);
  for (const command of ['test', 'check']) {
    const args = [command, '-c', path.join(dir, 'gateway.yaml'), ...(command === 'test' ? [path.join(dir, 'cases.yaml')] : [])];
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(BINARY, args, { stdio: ['ignore', full, 'pipe'], encoding: 'utf8' });
    closeSync(full);
    assert.equal(status, 1, command);
    assert.match(stderr, new RegExp(`^jwtgate ${command}: standard output could not be written$`, 'm'));
    assert.equal((await run(args)).status, 0, command);
  }
});

test('help, versions and what jwtgate-dev makes are no success either where they cannot be written', async (t) => {
  const dir = path.join(tempDir(t), 'keys');
  await dev('keygen', '--alg', 'ES256', '--kid', 'one', '--out', dir);
  const right = [[BINARY, '--help'], [BINARY, '--version'], [BINARY, 'help', 'check'], [BINARY, 'serve', '--help'], [BINARY, 'explain', '--version'],
    [DEV_BINARY, '--help'], [DEV_BINARY, 'mint', '--key', path.join(dir, 'one.pem')]];
  for (const [program, ...args] of right) {
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(program, args, { stdio: ['ignore', full, 'pipe'], encoding: 'utf8' });
    closeSync(full);
    assert.deepEqual([status, stderr], [1, `${path.basename(program)}: standard output could not be written\n`], args.join(' '));
    assert.equal(spawnSync(program, args).status, 0, args.join(' '));
  }
});

test('keys that cannot be used are no table of keys', async (t) => {
  const table = SOUND.replace('route: orders', 'route: orders, jwks: keys.json');
  for (const keys of ['{', '{"keys":[]}', '{"keys":[{"kty":"oct","k":"AAAA"}]}']) {
    const result = await problemsOf(t, table, { 'keys.json': keys });
    assert.equal(result.status, 2, keys);
    assert.match(result.stderr, /cases\.yaml:3:5: error: /);
  }
});
