// SPDX-License-Identifier: Apache-2.0
// Attack: tokens with random kids, each a reason to ask the provider.  Fetches stay within one per cooldown, forged
// tokens whose unverified claims fail cause none, and good requests are served meanwhile.
import assert from 'node:assert/strict';
import test from 'node:test';
import { connect, requestBytes } from './harness/client.mjs';
import { newKey } from './harness/keys.mjs';
import { startStand } from './harness/stand.mjs';

const stranger = newKey('ES256', 'stranger');

async function flood(stand, count, claims = {}) {
  const client = await connect(stand.gateway.port);
  for (let i = 0; i < count; i++) {
    const token = stand.issuer.token(claims, { key: { ...stranger, kid: `random-${i}-${Math.random()}` } });
    client.write(requestBytes({ target: '/flood', token }));
    const answer = await client.answer();
    assert.equal(answer.status, 401);
  }
  client.destroy();
}

test('a flood of random kids causes one fetch per cooldown', async (t) => {
  const stand = await startStand(t, { config: { keys: { cooldown: '60s', wait: '200ms' } } });
  assert.equal((await stand.get()).status, 200);
  const before = stand.issuer.counts.jwks;
  await Promise.all([flood(stand, 150), flood(stand, 150)]);
  assert.equal(stand.issuer.counts.jwks, before + 1);
  assert.equal((await stand.get()).status, 200);
  assert.equal(stand.backend.requests.length, 2);
});

test('tokens of another issuer, audience or time never cause a fetch', async (t) => {
  const stand = await startStand(t, { config: { keys: { cooldown: '100ms', wait: '100ms' } } });
  assert.equal((await stand.get()).status, 200);
  const before = stand.issuer.counts.jwks;
  await flood(stand, 20, { iss: 'https://elsewhere.example' });
  await flood(stand, 20, { aud: 'another' });
  await flood(stand, 20, { exp: 1000000000 });
  assert.equal(stand.issuer.counts.jwks, before);
  await flood(stand, 1);
  assert.equal(stand.issuer.counts.jwks, before + 1);
});
