// SPDX-License-Identifier: Apache-2.0
// Goal: what the operator narrows stays narrow. A token past limits.token is refused and ends its connection; where `algorithms`
// names those that may sign, an unsigned token is refused whatever the policy says; the log tells nothing of a shared secret.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { startStand } from './harness/stand.mjs';
import { send } from './harness/client.mjs';
import { until } from './harness/until.mjs';

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const unsigned = (stand) => `${part({ alg: 'none' })}.${part({ iss: stand.issuer.issuer ?? stand.issuer.url, aud: 'api', exp: 4e9 })}.`;

test('a token past limits.token ends its connection, one within it does not', async (t) => {
  const stand = await startStand(t, { config: { limits: { token: '1KiB' } } });
  const long = await stand.send({ token: stand.issuer.token({ pad: 'x'.repeat(1500) }) });
  assert.equal(long.status, 401);
  assert.equal(long.field('connection'), 'close');
  assert.equal((await stand.send({ token: stand.issuer.token({ aud: 'other' }) })).field('connection'), undefined);
  const metrics = await send(stand.gateway.adminPort, { target: '/metrics', host: 'localhost' });
  assert.match(metrics.body.toString(), /jwtgate_limit_hits_total\{limit="token"\} 1/);
});

test('algorithms leave no room for unsigned tokens', async (t) => {
  const policy = { require_signed_tokens: false, issuers: ['anybody'] };
  const wide = await startStand(t, { policy });
  const token = (stand) => unsigned(stand).replace(/\.[^.]*\.$/, `.${part({ iss: 'anybody', aud: 'api', exp: 4e9 })}.`);
  assert.equal((await wide.send({ token: token(wide) })).status, 200);
  const narrow = await startStand(t, { policy, config: { algorithms: ['RS256'] } });
  assert.equal((await narrow.send({ token: token(narrow) })).status, 401);
  assert.equal((await narrow.get()).status, 200);
  assert.match(narrow.gateway.output, /warning: unsigned tokens are refused all the same/);
});

test('a refused HS256 token leaves no hash of the secret in the log', async (t) => {
  const secret = Buffer.from('a shared secret of thirty-two by');
  const policy = { openid_config: [], issuer_signing_keys: [{ id: 'h1', base64: secret.toString('base64') }] };
  delete policy.openid_config;
  const stand = await startStand(t, {
    hasKeys: false,
    config: {
      routes: [{ name: 'main', path: '/', backend: 'main', validate_jwt: { ...policy, audiences: ['api'] } }],
    },
  });
  const token = `${part({ alg: 'HS256', kid: 'h1' })}.${part({ aud: 'api', exp: 4e9 })}.${Buffer.alloc(32).toString('base64url')}`;
  assert.equal((await stand.send({ token })).status, 401);
  await until('the access line', () => stand.gateway.lines(/reason=TokenSignatureInvalid/).length > 0);
  const once = createHash('sha256').update(secret).digest();
  for (const hash of [once, createHash('sha256').update(once).digest()])
    assert.equal(stand.gateway.output.includes(hash.toString('base64url')), false);
});
