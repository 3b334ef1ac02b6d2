// SPDX-License-Identifier: Apache-2.0
// Goal: the keys of a realm serve as it means them: those for encryption never verify and spoil nothing, active and passive ones
// verify until they are withdrawn, and a refresh token causes no fetch.
import assert from 'node:assert/strict';
import test from 'node:test';
import { encryptionKey, signingKey, startRealm } from './harness/keycloak.mjs';
import { b64u } from './harness/keys.mjs';
import { ask, judgesAll, startRoutes } from './harness/routes.mjs';
import { until } from './harness/until.mjs';

const policyOf = (realm, more = {}) => ({ openid_config: [{ url: `${realm.url}/.well-known/openid-configuration` }], ...more });
const badSignature = { refused: 'TokenSignatureInvalid', check: 'signature' };
const unknownKey = { refused: 'TokenSignatureKeyNotFound', check: 'key' };

test('a key for encryption stands in the set, verifies nothing and spoils nothing', async (t) => {
  const [enc, sig] = [encryptionKey('enc-1'), signingKey('sig-1')];
  const realm = await startRealm(t, { keys: [enc, sig] });
  // The provider would not sign with the key: so another one signs, of which the gateway hears as of a key for encryption.
  const twin = signingKey('enc-2');
  const listed = await (await fetch(`${realm.url}/protocol/openid-connect/certs`)).json();
  assert.deepEqual(listed.keys.map(({ use, alg }) => `${use} ${alg}`).sort(), ['enc RSA-OAEP', 'sig RS256']);
  realm.provider.use([enc, sig, twin]);
  realm.provider.answers = ({ pathname }) => pathname.endsWith('/certs') && {
    keys: [{ kty: 'RSA', kid: 'enc-2', use: 'enc', alg: 'RS256', n: twin.n, e: twin.e }, ...listed.keys],
  };
  const stand = await startRoutes(t, { main: policyOf(realm) }, { keys: { cooldown: '60s', wait: '200ms' } });
  await judgesAll(t, stand, {
    'the signing key': { at: 'main', token: await realm.token({ kid: 'sig-1' }) },
    'the key for encryption': { at: 'main', token: await realm.token({ kid: 'enc-2' }), ...unknownKey },
    'the key for encryption under the name of the other': {
      at: 'main', token: await realm.token({ kid: 'enc-2', header: { kid: 'sig-1' } }), ...badSignature,
    },
    'the signing key under the name of the other': { at: 'main', token: await realm.token({ kid: 'sig-1', header: { kid: 'enc-2' } }) },
  });
});

test('one kid with two algorithms: each is the key of its own', async (t) => {
  const rsa = signingKey('shared');
  const { alg: ignored, ...material } = rsa;
  const ec = signingKey('shared', 'ES256');
  const realm = await startRealm(t, { keys: [{ ...material, alg: 'RS256' }, { ...material, alg: 'PS256' }, ec] });
  const listed = await (await fetch(`${realm.url}/protocol/openid-connect/certs`)).json();
  assert.deepEqual(listed.keys.map((key) => `${key.kid} ${key.alg}`), ['shared RS256', 'shared PS256', 'shared ES256']);
  const stand = await startRoutes(t, { main: policyOf(realm) });
  const foreign = await startRealm(t, { keys: [signingKey('shared'), signingKey('shared', 'ES256')] });
  const forged = (wanted) => foreign.token({ claims: { iss: realm.url }, ...wanted });
  await judgesAll(t, stand, {
    RS256: { at: 'main', token: await realm.token({ alg: 'RS256' }) },
    PS256: { at: 'main', token: await realm.token({ alg: 'PS256' }) },
    ES256: { at: 'main', token: await realm.token({ alg: 'ES256' }) },
    'RS256 of a foreign key': { at: 'main', token: await forged({ alg: 'RS256' }), ...badSignature },
    'ES256 of a foreign key': { at: 'main', token: await forged({ alg: 'ES256' }), ...badSignature },
  });
});

test('one kid with an algorithm that none of its keys serves is refused', async (t) => {
  const rsa = signingKey('shared');
  const realm = await startRealm(t, { keys: [rsa] });
  const { alg: ignored, ...material } = rsa;
  const stand = await startRoutes(t, { main: policyOf(realm) });
  const right = await realm.token();
  realm.provider.use([material]);
  await judgesAll(t, stand, {
    RS256: { at: 'main', token: right },
    'PS256 by the same key, which is listed for RS256': {
      at: 'main', token: await realm.token({ alg: 'PS256' }), refused: 'TokenSignatureInvalid', check: 'key',
    },
  });
});

test('active and passive keys verify; a disabled one does not, from the next fetch on', async (t) => {
  const [active, passive, next] = ['active', 'passive', 'next'].map((kid) => signingKey(kid));
  const realm = await startRealm(t, { keys: [encryptionKey('enc'), active, passive] });
  const stand = await startRoutes(t, { main: policyOf(realm) }, { keys: { cooldown: '100ms' } });
  const [old, young] = [await realm.token({ kid: 'passive' }), await realm.token({ kid: 'active' })];
  await judgesAll(t, stand, { 'the passive key': { at: 'main', token: old }, 'the active key': { at: 'main', token: young } });
  realm.provider.use([next, active]);
  await judgesAll(t, stand, {
    'the key that became active, whose first token causes the fetch,': { at: 'main', token: await realm.token({ kid: 'next' }) },
    'the disabled key': { at: 'main', token: old, ...unknownKey },
    'the key that became passive': { at: 'main', token: young },
  });
});

test('a refresh token is refused, by its algorithm or its key, without a fetch', async (t) => {
  const realm = await startRealm(t);
  const shared = { id: 'console', base64: Buffer.alloc(64, 7).toString('base64') };
  const stand = await startRoutes(t, {
    narrow: policyOf(realm), wide: policyOf(realm, { issuer_signing_keys: [shared] }),
  }, { keys: { cooldown: '100ms', wait: '200ms' } });
  const before = realm.provider.counts.jwks;
  // Also one that claims what the policy wants, so that nothing but its algorithm speaks against a fetch.
  const tokens = [await realm.refreshToken(), await realm.refreshToken({ aud: 'account' }), await realm.refreshToken({ typ: 'Offline' })];
  for (const [n, token] of tokens.entries()) {
    await judgesAll(t, stand, {
      [`refresh token ${n}`]: { at: 'narrow', token, ...unknownKey },
      [`refresh token ${n}, with a shared secret in the policy,`]: { at: 'wide', token, ...unknownKey },
    });
  }
  await t.test('no fetch was made; an unknown key of RS256 causes one', async () => {
    assert.equal(realm.provider.counts.jwks, before);
    const good = await realm.token();
    const stranger = await realm.token({ header: { kid: 'unheard-of' }, claims: { sub: 'nobody' } });
    const [header, payload] = stranger.split('.');
    await ask(stand, 'narrow', `${header}.${payload}.${b64u(Buffer.alloc(256, 1))}`);
    await until('the fetch', () => realm.provider.counts.jwks === before + 1);
    assert.equal((await ask(stand, 'narrow', good)).answer.status, 200);
  });
});
