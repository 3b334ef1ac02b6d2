// SPDX-License-Identifier: Apache-2.0
// Attack: keys in the provider's own set that would verify what nobody signed, or cost too much to try.  A bad key is
// skipped; the good ones beside it go on working.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import test from 'node:test';
import { startIssuer } from './harness/issuer.mjs';
import { b64u, forge, newKey, sign, signature } from './harness/keys.mjs';
import { startStand } from './harness/stand.mjs';
import { passesAll, refusesAll } from './harness/verdicts.mjs';

const toBytes = (value) => Buffer.from(value.toString(16).padStart(2 * Math.ceil(value.toString(16).length / 2), '0'), 'hex');

// PKCS#1 v1.5 padding of the SHA-256 digest, as an integer of 2048 bits: with exponent 1 it is its own signature.
function padded(input) {
  const digest = crypto.createHash('sha256').update(input).digest();
  const info = Buffer.concat([Buffer.from('3031300d060960864801650304020105000420', 'hex'), digest]);
  return Buffer.concat([Buffer.of(0, 1), Buffer.alloc(256 - 3 - info.length, 0xff), Buffer.of(0), info]);
}

test('RSA keys that anybody could sign for, or that are too small or too large', async (t) => {
  const issuer = await startIssuer(t, 'RS256');
  const sound = issuer.key;
  const n = sound.jwk.n;
  const small = crypto.generateKeyPairSync('rsa', { modulusLength: 1024 });
  const even = Buffer.from(n, 'base64url');
  even[255] &= 0xfe;
  const rsa = (kid, modulus, e) => ({ jwk: { kty: 'RSA', kid, use: 'sig', n: modulus, e } });
  issuer.keys = [
    rsa('e1', n, 'AQ'), rsa('e0', n, 'AA'), rsa('even-e', n, 'Ag'), rsa('no-e', n, ''), rsa('even-n', b64u(even), 'AQAB'),
    rsa('n0', 'AA', 'AQAB'), rsa('huge-n', b64u(Buffer.alloc(2048, 0xff)), 'AQAB'), rsa('huge-e', n, b64u(Buffer.alloc(255, 0xff))),
    { jwk: { ...small.publicKey.export({ format: 'jwk' }), kid: 'small' } }, sound,
  ];
  const stand = await startStand(t, { issuer });
  const named = (kid, signer) => forge({ alg: 'RS256', kid }, issuer.claims(), signer);
  const zeros = () => Buffer.alloc(256);
  const started = Date.now();
  await refusesAll(t, stand, {
    'exponent 1, the padded message': named('e1', padded),
    'exponent 1, not named': forge({ alg: 'RS256' }, issuer.claims(), padded),
    'exponent 0': named('e0', () => toBytes(1n)),
    'an even exponent': named('even-e', zeros),
    'no exponent': named('no-e', zeros),
    'an even modulus': named('even-n', zeros),
    'modulus 0': named('n0', () => Buffer.alloc(1)),
    'a huge modulus': named('huge-n', () => Buffer.alloc(2048, 1)),
    'a huge exponent': named('huge-e', zeros),
    'a key of 1024 bits': named('small', (input) => signature('RS256', small.privateKey, input)),
    'a key of 1024 bits, not named': forge({ alg: 'RS256' }, issuer.claims(), (input) => signature('RS256', small.privateKey, input)),
  });
  await passesAll(t, stand, { 'the sound key among them': issuer.token({}, { key: sound }) });
  assert.ok(Date.now() - started < 10000, 'the keys cost too much');
});

// The whole number whose cube is at least `value`, and next to it.
function cubeRoot(value) {
  let [low, high] = [0n, 1n << 683n];
  while (low < high) {
    const middle = (low + high) >> 1n;
    if (middle ** 3n < value) low = middle + 1n;
    else high = middle;
  }
  return low;
}

test('exponent 3: a cube that only begins as it should is no signature', async (t) => {
  const issuer = await startIssuer(t, 'RS256');
  const { publicKey, privateKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 });
  issuer.keys = [{ jwk: { ...publicKey.export({ format: 'jwk' }), kid: 'e3', alg: 'RS256' } }, issuer.key];
  const stand = await startStand(t, { issuer });
  const info = Buffer.from('3031300d060960864801650304020105000420', 'hex');
  // 0, 1, eight ff, 0, the digest, and whatever the cube brings behind it: its first 62 bytes are chosen, the root needs 86.
  const forged = (input) => {
    const begin = Buffer.concat([Buffer.of(0, 1), Buffer.alloc(8, 0xff), Buffer.of(0), info, crypto.createHash('sha256').update(input).digest()]);
    const root = cubeRoot(BigInt(`0x${begin.toString('hex')}`) << BigInt(8 * (256 - begin.length)));
    const cube = toBytes(root ** 3n);
    assert.deepEqual(Buffer.concat([Buffer.of(0), cube]).subarray(0, begin.length), begin, 'a lax reader would take it');
    return Buffer.concat([Buffer.alloc(256), toBytes(root)]).subarray(-256);
  };
  const named = (signer) => forge({ alg: 'RS256', kid: 'e3' }, issuer.claims(), signer);
  await refusesAll(t, stand, { 'a forged cube root': named(forged), 'the same, not named': forge({ alg: 'RS256' }, issuer.claims(), forged) });
  await passesAll(t, stand, {
    'a true signature by that key': named((input) => signature('RS256', privateKey, input)),
    'the key beside it': issuer.token({}, { key: issuer.keys[1] }),
  });
});

test('points that are none, and Ed25519 keys that accept anything', async (t) => {
  const issuer = await startIssuer(t, 'ES256', 'EdDSA');
  const [ec, ed] = issuer.keys;
  const zero = b64u(Buffer.alloc(32));
  const identity = b64u(Buffer.concat([Buffer.of(1), Buffer.alloc(31)]));
  const point = (kid, x, y) => ({ jwk: { kty: 'EC', crv: 'P-256', kid, x, y } });
  const edwards = (kid, x) => ({ jwk: { kty: 'OKP', crv: 'Ed25519', kid, x } });
  const long = (text) => b64u(Buffer.concat([Buffer.of(0), Buffer.from(text, 'base64url')]));
  issuer.keys = [
    point('off-curve', ec.jwk.x, zero), point('infinity', zero, zero), point('long', long(ec.jwk.x), long(ec.jwk.y)),
    { jwk: { kty: 'EC', crv: 'P-256', kid: 'half', x: ec.jwk.x } }, edwards('identity', identity), edwards('zero', zero), edwards('short', 'AAAA'),
    ec, ed,
  ];
  const stand = await startStand(t, { issuer });
  const named = (alg, kid, signer) => forge({ alg, kid }, issuer.claims(), signer);
  const byEc = (input) => signature('ES256', ec.privateKey, input);
  await refusesAll(t, stand, {
    'a point off the curve': named('ES256', 'off-curve', () => Buffer.alloc(64, 1)),
    'the point at infinity': named('ES256', 'infinity', () => Buffer.alloc(64, 1)),
    'a missing coordinate': named('ES256', 'half', () => Buffer.alloc(64, 1)),
    'the identity, R = identity, S = 0': named('EdDSA', 'identity', () => Buffer.concat([Buffer.of(1), Buffer.alloc(63)])),
    'the zero key, R = identity, S = 0': named('EdDSA', 'zero', () => Buffer.concat([Buffer.of(1), Buffer.alloc(63)])),
    'a short key': named('EdDSA', 'short', () => Buffer.alloc(64)),
    'the identity, not named': forge({ alg: 'EdDSA' }, issuer.claims(), () => Buffer.concat([Buffer.of(1), Buffer.alloc(63)])),
  });
  await passesAll(t, stand, { 'the sound EC key among them': named('ES256', ec.kid, byEc), 'the sound Ed25519 key': sign(ed, issuer.claims()) });
});

test('two keys with one kid: the one that fits decides', async (t) => {
  const issuer = await startIssuer(t, 'RS256', 'ES256');
  const [rsa, ec] = issuer.keys.map((key) => ({ ...key, kid: 'same', jwk: { ...key.jwk, kid: 'same' } }));
  issuer.keys = [rsa, ec];
  const stand = await startStand(t, { issuer });
  await passesAll(t, stand, { 'by the RSA key': issuer.token({}, { key: rsa }), 'by the EC key': issuer.token({}, { key: ec }) });
  await refusesAll(t, stand, { 'by neither': issuer.token({}, { key: { ...newKey('ES256', 'same') } }) });
});
