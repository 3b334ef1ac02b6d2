// SPDX-License-Identifier: Apache-2.0
// Goal: the token is found wherever it may come from; what does not go together, or cannot be judged, ends with 2 and says why; colour
// is for terminals, and only where it is wanted.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import { startExplaining } from './harness/explaining.mjs';
import { BINARY } from './harness/gateway.mjs';
import { newKey, now, sign } from './harness/keys.mjs';

const ISSUER = 'https://idp.example.com';
const policyOf = (source) => `<validate-jwt ${source}><openid-config url="${ISSUER}"/></validate-jwt>`;
const key = newKey('ES256', 'k1');
const token = sign(key, { iss: ISSUER, exp: now() + 600 });
const FILES = {
  'bearer.xml': policyOf('header-name="Authorization" require-scheme="Bearer"'), 'custom.xml': policyOf('header-name="X-Token"'),
  'jwks.json': { keys: [key.jwk] }, token: `\n Bearer ${token} \n`,
};
const BASE = ['--policy', 'bearer.xml', '--jwks', 'jwks.json'];

test('the token from standard input, a file, an argument', async (t) => {
  const { explain } = startExplaining(t, FILES);
  const cases = {
    'standard input': [[], token], 'with blanks': [[], `  ${token}\r\n\n`], 'with its scheme': [[], `Bearer ${token}`],
    'with the scheme in small letters': [[], `bearer   ${token}\n`], 'with -': [['-'], token],
    'as an argument': [[token], ''], 'as an argument with scheme': [[`Bearer ${token}`], ''],
    'in a file': [['--token-file', 'token'], ''],
  };
  for (const [what, [args, input]] of Object.entries(cases)) {
    const { status, stdout, stderr } = await explain([...BASE, ...args], input);
    assert.equal(status, 0, `${what}: ${stdout}${stderr}`);
  }
});

test('a custom header takes the token alone: it is judged, and the scheme noted', async (t) => {
  const { told } = startExplaining(t, FILES);
  const args = ['--policy', 'custom.xml', '--jwks', 'jwks.json', '--issuer', ISSUER];
  const said = await told(args, `Bearer ${token}`);
  assert.equal(said.verdict, 'pass');
  assert.match(said.notes.join(), /in the header X-Token the token must stand alone/);
  assert.deepEqual((await told(args, token)).notes, []);
});

test('what cannot be judged ends with 2 and says why, on standard error', async (t) => {
  const { explain } = startExplaining(t, {
    ...FILES, 'nokeys.json': {}, 'named.xml': policyOf('header-name="{{tenant}}"'), 'broken.xml': '<validate-jwt header-name="a" clock-skew="-1"/>',
    'gateway.yaml': {
      listeners: [{ bind: '127.0.0.1:0' }], backends: { main: { servers: ['http://127.0.0.1:1'] } }, named_values: {},
      routes: [
        { name: 'orders', path: '/orders', backend: 'main', validate_jwt: { openid_config: [ISSUER] } },
        { name: 'invoices', path: '/invoices', backend: 'main', validate_jwt: { openid_config: [ISSUER] } },
        { name: 'health', path: '/healthz', backend: 'main', policy: 'none' },
      ],
    },
    'faulty.yaml': { listeners: [] },
  });
  const jwks = ['--jwks', 'jwks.json'];
  const cases = {
    'no token': [BASE, '', /there is no token on standard input/],
    'only a scheme': [BASE, 'Bearer \n', /there is no token/],
    'too much input': [BASE, 'x'.repeat(1100000), /that is no token/],
    'a missing token file': [[...BASE, '--token-file', 'none'], '', /none/],
    'a time that is none': [[...BASE, '--at', 'tomorrow'], token, /"tomorrow" is no time/],
    'a missing policy': [['--policy', 'none.xml', ...jwks], token, /none\.xml/],
    'a faulty policy': [['--policy', 'broken.xml', ...jwks], token, /^broken\.xml:1:\d+: error: .*clock-skew/m],
    'a policy with named values': [['--policy', 'named.xml', ...jwks], token, /^named\.xml:1:\d+: error: named value "tenant" is not defined; .*-c FILE --route NAME/m],
    'a missing configuration': [['-c', 'none.yaml', '--route', 'a', ...jwks], token, /none\.yaml/],
    'a faulty configuration': [['-c', 'faulty.yaml', '--route', 'a', ...jwks], token, /^faulty\.yaml:\d+:\d+: error: /m],
    'a route that is not there': [['-c', 'gateway.yaml', '--route', 'order', ...jwks], token, /no route "order"; did you mean "orders"/],
    'a route like none': [['-c', 'gateway.yaml', '--route', 'xyzzy', ...jwks], token, /no route "xyzzy"; there are orders, invoices/],
    'no route, of several': [['-c', 'gateway.yaml', ...jwks], token, /--route NAME says by which route: orders, invoices/],
    'a public route': [['-c', 'gateway.yaml', '--route', 'health', ...jwks], token, /"health" is public/],
    'a missing key set': [['--policy', 'bearer.xml', '--jwks', 'none.json'], token, /none\.json/],
    'a key set without a list of keys': [['--policy', 'bearer.xml', '--jwks', 'nokeys.json'], token, /nokeys\.json: .*`keys`/],
    'a key set that is none': [['--policy', 'bearer.xml', '--jwks', 'bearer.xml'], token, /bearer\.xml/],
  };
  for (const [what, [args, input, why]] of Object.entries(cases)) {
    const { status, stdout, stderr } = await explain(args, input);
    assert.equal(status, 2, `${what}: ${stdout}`);
    assert.match(stderr, why, what);
    assert.equal(stdout, '', what);
  }
});

test('options that do not go together are a usage error', async (t) => {
  const { explain } = startExplaining(t, FILES);
  const cases = [
    [...BASE, '--route', 'a'], [...BASE, '-c', 'gateway.yaml'], ['--policy', 'bearer.xml', '--issuer', ISSUER],
    [...BASE, '--token-file', 'token', token], [...BASE, token, token], [...BASE, '--jsn'], [...BASE, '--at'],
  ];
  for (const args of cases) {
    const { status, stdout, stderr } = await explain(args, token);
    assert.equal(status, 2, args.join(' '));
    assert.match(stderr, /^jwtgate explain: .*\nTry: jwtgate explain --help\n$/, args.join(' '));
    assert.equal(stdout, '');
  }
});

test('the only route that asks for tokens needs no name', async (t) => {
  const { told } = startExplaining(t, {
    ...FILES,
    'gateway.yaml': {
      listeners: [{ bind: '127.0.0.1:0' }], backends: { main: { servers: ['http://127.0.0.1:1'] } },
      routes: [
        { name: 'health', path: '/healthz', backend: 'main', policy: 'none' },
        { name: 'orders', path: '/orders', backend: 'main', policy: 'bearer.xml' },
      ],
    },
  });
  const said = await told(['-c', 'gateway.yaml', '--jwks', 'jwks.json'], token);
  assert.deepEqual([said.route, said.verdict], ['orders', 'pass']);
});

test('colour on a terminal, unless NO_COLOR or a dumb one', { skip: spawnSync('script', ['--version']).status !== 0 && 'no script(1)' }, async (t) => {
  const { dir, explain } = startExplaining(t, FILES);
  const onTerminal = (env) => {
    const command = `'${BINARY}' explain ${BASE.join(' ')} --token-file token`;
    const { NO_COLOR, ...rest } = process.env;
    return spawnSync('script', ['-qec', command, '/dev/null'], { cwd: dir, env: { ...rest, TERM: 'xterm', ...env }, encoding: 'utf8' }).stdout;
  };
  assert.match(onTerminal({}), /^\u001b\[32mpass\u001b\[0m/);
  assert.match(onTerminal({ NO_COLOR: '' }), /^\u001b\[32mpass/);
  assert.match(onTerminal({ NO_COLOR: '1' }), /^pass/);
  assert.match(onTerminal({ TERM: 'dumb' }), /^pass/);
  assert.match((await explain([...BASE, '--token-file', 'token'], '', { TERM: 'xterm' })).stdout, /^pass/);
});
