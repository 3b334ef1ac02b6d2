// SPDX-License-Identifier: Apache-2.0
// Attack: the token brings its own key, or an address to fetch one from (RFC 8725 3.10).  Keys come from the configured
// provider alone, and no request leaves the gateway for anything that a token says.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { startBackend } from './harness/backend.mjs';
import { tempDir } from './harness/gateway.mjs';
import { forge, newKey, sign, signature } from './harness/keys.mjs';
import { startIssuer } from './harness/issuer.mjs';
import { startStand } from './harness/stand.mjs';
import { passesAll, refusesAll } from './harness/verdicts.mjs';

function selfMade(t, key) {
  const file = path.join(tempDir(t), 'key.pem');
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', file,
    '-out', `${file}.der`, '-outform', 'DER', '-subj', '/CN=attacker'], { stdio: 'ignore' });
  return [readFileSync(`${file}.der`).toString('base64')];
}

test('keys inside the token and addresses of keys are ignored', async (t) => {
  const stand = await startStand(t, { algs: ['ES256'] });
  const { issuer } = stand;
  const attacker = await startBackend(t);
  const foreign = newKey('ES256', issuer.key.kid);
  const bySet = (header) => sign(foreign, issuer.claims(), header);
  const jwk = foreign.publicKey.export({ format: 'jwk' });
  const cases = {
    'jwk with the key that signed': bySet({ jwk, kid: undefined }),
    'jwk beside the name of a good key': bySet({ jwk }),
    'x5c with a self-made certificate': bySet({ x5c: selfMade(t, foreign), kid: undefined }),
    'x5c beside the name of a good key': bySet({ x5c: selfMade(t, foreign) }),
  };
  const good = new URL(issuer.url);
  for (const name of ['jku', 'x5u']) {
    for (const address of [
      `${attacker.url}/keys`, `http://${good.host}@127.0.0.1:${attacker.port}/keys`, `${issuer.url}/../jwks`, `${issuer.url}/redirect?to=${attacker.url}`,
      `${attacker.url}/#${issuer.url}/jwks`, `http://${good.hostname}.localhost:${attacker.port}/jwks`, 'file:///etc/passwd', 'gopher://127.0.0.1/', 'http://169.254.169.254/latest/meta-data/',
    ]) {
      cases[`${name} ${address.replace(/:\d+/g, '')}`] = bySet({ [name]: address });
      cases[`${name} ${address.replace(/:\d+/g, '')} and no kid`] = bySet({ [name]: address, kid: undefined });
    }
  }
  cases['iss as the address of the attacker'] = sign(foreign, issuer.claims({ iss: attacker.url }));
  const before = { ...issuer.counts };
  await refusesAll(t, stand, cases);
  assert.equal(attacker.accepted, 0, 'the gateway followed an address of a token');
  assert.equal(issuer.counts.other, before.other);
  await passesAll(t, stand, { 'the same members beside a sound signature': issuer.token({}, { header: { jku: attacker.url, jwk } }) });
  assert.equal(attacker.accepted, 0);
});

test('a kid is a name to compare and nothing else', async (t) => {
  const issuer = await startIssuer(t, 'ES256');
  const stand = await startStand(t, { issuer, config: { keys: { cooldown: '60s', wait: '100ms' } } });
  const foreign = newKey('ES256', 'x');
  const kid = issuer.key.kid;
  const cases = {};
  for (const odd of ['../../dev/null', '/proc/self/environ', "' UNION SELECT 'x", '|id', '`id`', '$(id)', kid.toLowerCase(), `${kid} `,
    kid.slice(0, -1), `${kid}\0more`, '*', 7, {}, [kid], '', null, 'a\r\nevent=forged', '\u001b[31m', '%s%n%x', 'k'.repeat(3000)]) {
    cases[`kid ${JSON.stringify(odd).slice(0, 40)}`] = sign(foreign, issuer.claims(), { kid: odd });
  }
  cases['kid as a path, MAC by the content of the file'] = forge({ alg: 'HS256', kid: '../../dev/null' }, issuer.claims(),
    (input) => signature('HS256', Buffer.alloc(0), input));
  cases['two kids, one good and one foreign'] = forge(`{"alg":"ES256","kid":"${kid}","kid":"x"}`, issuer.claims(),
    (input) => signature('ES256', issuer.key.privateKey, input));
  await refusesAll(t, stand, cases);
  assert.deepEqual(stand.gateway.lines(/^event=forged/), [], 'a kid made a line of its own');
  assert.doesNotMatch(stand.gateway.output, /\u001b/);
  await passesAll(t, stand, { 'the kid as it is listed': issuer.token() });
});
