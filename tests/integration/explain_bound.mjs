// SPDX-License-Identifier: Apache-2.0
// Goal: explain says of bound and of revoked tokens what the gateway would do; a proof, which only a request has, is skipped.
import assert from 'node:assert/strict';
import test from 'node:test';
import { adviceOf, failed, startExplaining } from './harness/explaining.mjs';
import { newKey, now, sign } from './harness/keys.mjs';

const ISSUER = 'https://idp.example.com';
const key = newKey('ES256', 'k1');
const tokenOf = (claims) => sign(key, { iss: ISSUER, exp: now() + 600, iat: now(), ...claims });

function routeOf(name, more = {}) {
  return { name, path: `/${name}`, backend: 'b', validate_jwt: { openid_config: [{ url: ISSUER }] }, ...more };
}

const FILES = {
  'gateway.yaml': {
    listeners: [{ bind: '127.0.0.1:0' }],
    backends: { b: { servers: ['http://127.0.0.1:1'] } },
    revocation: 'revoked.yaml',
    routes: [routeOf('strict'), routeOf('lax', { cnf: 'ignore' })],
  },
  'revoked.yaml': 'revoked:\n  - jti: gone\n  - { sub: ann, issued_before: 2026-01-31T08:00:00Z }\n',
  'jwks.json': { keys: [key.jwk] },
};
const argsOf = (route) => ['-c', 'gateway.yaml', '--route', route, '--jwks', 'jwks.json', '--issuer', ISSUER];

test('a key that cannot be checked is refused, or passed over where the route says so', async (t) => {
  const { told } = startExplaining(t, FILES);
  const token = tokenOf({ cnf: { jku: 'https://keys.example' } });
  const strict = await told(argsOf('strict'), token);
  assert.deepEqual(failed(strict), ['claim:cnf']);
  assert.equal(strict.reason, 'JwtInvalid');
  assert.equal(strict.checks.find(({ name }) => name === 'claim:cnf').found, 'jku');
  assert.match(adviceOf(strict, 'claim:cnf'), /cnf: ignore/);
  assert.equal((await told(argsOf('lax'), token)).verdict, 'pass');
});

test('a proof is skipped: no request is there to look at', async (t) => {
  const { told } = startExplaining(t, FILES);
  const said = await told(argsOf('strict'), `DPoP ${tokenOf({ cnf: { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' } })}`);
  assert.equal(said.verdict, 'pass');
  assert.equal(said.checks.find(({ name }) => name === 'claim:cnf').verdict, 'skip');
  assert.match(said.notes.join(), /bound to a key.*as Bearer it is refused; only requests with the scheme DPoP/);
  assert.deepEqual((await told(argsOf('strict'), tokenOf({}))).notes, []);
});

test('so is a certificate', async (t) => {
  const { told } = startExplaining(t, FILES);
  const said = await told(argsOf('strict'), tokenOf({ cnf: { 'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2' } }));
  assert.equal(said.verdict, 'pass');
  assert.equal(said.checks.find(({ name }) => name === 'claim:cnf').verdict, 'skip');
  assert.match(said.notes.join(), /bound to a certificate.*only requests of a client that connects with it can pass/);
});

test('a revoked token is refused, with the line of the list', async (t) => {
  const { told } = startExplaining(t, FILES);
  const said = await told(argsOf('strict'), tokenOf({ jti: 'gone' }));
  assert.deepEqual(failed(said), ['claim:jti']);
  assert.match(said.checks.find(({ name }) => name === 'claim:jti').expected, /revoked\.yaml:2/);
  assert.match(adviceOf(said, 'claim:jti'), /line 2/);
  assert.equal((await told(argsOf('strict'), tokenOf({ jti: 'here' }))).verdict, 'pass');
  assert.equal((await told(argsOf('strict'), tokenOf({ sub: 'ann' }))).verdict, 'pass');
  assert.deepEqual(failed(await told(argsOf('strict'), tokenOf({ sub: 'ann', iat: 1000 }))), ['claim:sub']);
});
