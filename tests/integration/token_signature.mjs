// SPDX-License-Identifier: Apache-2.0
// Attack: signatures that are almost right, degenerate or of another form; `crit` and `b64` that change what was signed.
import crypto from 'node:crypto';
import test from 'node:test';
import { b64u, forge, signature } from './harness/keys.mjs';
import { startStand } from './harness/stand.mjs';
import { secret } from './harness/secrets.mjs';
import { passesAll, refusesAll } from './harness/verdicts.mjs';

const P256_ORDER = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
const P256_FIELD = BigInt('0xffffffff00000001000000000000000000000000ffffffffffffffffffffffff');
const ED25519_ORDER = (1n << 252n) + 27742317777372353535851937790883648493n;

const bigEndian = (value, bytes) => Buffer.from(value.toString(16).padStart(2 * bytes, '0').slice(-2 * bytes), 'hex');
const toBig = (bytes) => BigInt(`0x${bytes.toString('hex')}`);

test('a signature is right to the bit', async (t) => {
  const stand = await startStand(t, { algs: ['RS256', 'ES256', 'EdDSA'] });
  const { issuer } = stand;
  const cases = {};
  for (const key of issuer.keys) {
    const [header, payload, text] = issuer.token({}, { key }).split('.');
    const bytes = Buffer.from(text, 'base64url');
    const other = issuer.token({ sub: 'someone else' }, { key }).split('.');
    const flipped = Buffer.from(bytes);
    flipped[10] ^= 1;
    const signed = {
      'no signature': Buffer.alloc(0),
      'a flipped bit': flipped,
      'cut by a byte': bytes.subarray(0, -1),
      'a byte more': Buffer.concat([bytes, Buffer.of(0)]),
      'a zero byte in front': Buffer.concat([Buffer.of(0), bytes]),
      'of another token': Buffer.from(other[2], 'base64url'),
      'nothing but zeros': Buffer.alloc(bytes.length),
      'as hexadecimal text': Buffer.from(bytes.toString('hex')),
    };
    for (const [name, made] of Object.entries(signed)) cases[`${key.alg}, ${name}`] = secret(`${header}.${payload}.${b64u(made)}`);
    cases[`${key.alg}, the payload of another token`] = secret(`${header}.${other[1]}.${text}`);
  }
  await refusesAll(t, stand, cases);
  await passesAll(t, stand, Object.fromEntries(issuer.keys.map((key) => [key.alg, issuer.token({}, { key })])));
});

test('ECDSA: values of r and s out of range, DER, wrong lengths', async (t) => {
  const stand = await startStand(t, { algs: ['ES256'] });
  const { issuer } = stand;
  const { privateKey, kid } = issuer.key;
  const made = (signer) => forge({ alg: 'ES256', kid }, issuer.claims(), signer);
  const pair = (r, s) => made(() => Buffer.concat([bigEndian(r, 32), bigEndian(s, 32)]));
  const sound = (input) => signature('ES256', privateKey, input);
  await refusesAll(t, stand, {
    'r = s = 0': pair(0n, 0n),
    'r = 0': pair(0n, 1n),
    's = 0': pair(1n, 0n),
    'r = s = 1': pair(1n, 1n),
    'r = s = n': pair(P256_ORDER, P256_ORDER),
    'r = s = p': pair(P256_FIELD, P256_FIELD),
    'r = s = n - 1': pair(P256_ORDER - 1n, P256_ORDER - 1n),
    'all bits': pair((1n << 256n) - 1n, (1n << 256n) - 1n),
    's + n': made((input) => {
      const bytes = sound(input);
      return Buffer.concat([bytes.subarray(0, 32), bigEndian(toBig(bytes.subarray(32)) + P256_ORDER, 32)]);
    }),
    DER: made((input) => crypto.sign('sha256', Buffer.from(input), privateKey)),
    'halves padded with a zero': made((input) => {
      const bytes = sound(input);
      return Buffer.concat([Buffer.of(0), bytes.subarray(0, 32), Buffer.of(0), bytes.subarray(32)]);
    }),
  });
  await passesAll(t, stand, { 'r and s of 32 bytes each': made(sound) });
});

test('RSA and Ed25519: values that only look like the signature', async (t) => {
  const stand = await startStand(t, { algs: ['RS256', 'EdDSA'] });
  const { issuer } = stand;
  const [rsa, ed] = issuer.keys;
  const byRsa = (change) => forge({ alg: 'RS256', kid: rsa.kid }, issuer.claims(), (input) => change(signature('RS256', rsa.privateKey, input)));
  const byEd = (change) => forge({ alg: 'EdDSA', kid: ed.kid }, issuer.claims(), (input) => change(signature('EdDSA', ed.privateKey, input)));
  const modulus = toBig(Buffer.from(rsa.jwk.n, 'base64url'));
  await refusesAll(t, stand, {
    'RSA signature + n': byRsa((bytes) => {
      const sum = toBig(bytes) + modulus;
      return bigEndian(sum, sum >> 2048n ? 257 : 256);
    }),
    'the modulus itself': byRsa(() => bigEndian(modulus, 256)),
    'RSA value 1': byRsa(() => bigEndian(1n, 256)),
    'Ed25519 S + L': byEd((bytes) => {
      const scalar = toBig(Buffer.from(bytes.subarray(32)).reverse()) + ED25519_ORDER;
      return Buffer.concat([bytes.subarray(0, 32), bigEndian(scalar, 32).reverse()]);
    }),
  });
  await passesAll(t, stand, { RSA: byRsa((bytes) => bytes), Ed25519: byEd((bytes) => bytes) });
});

test('crit and b64', async (t) => {
  const stand = await startStand(t, { algs: ['ES256'] });
  const { issuer } = stand;
  const cases = {};
  const crits = [['x'], [], 'x', 7, {}, ['x', 'x'], ['alg'], ['exp'], ['missing'], null, [7], ['b64']];
  for (const crit of crits) cases[`crit ${JSON.stringify(crit)}`] = issuer.token({}, { header: { crit, x: 1 } });
  cases['b64 false and critical, payload not encoded'] = unencoded(issuer);
  cases['b64 false and critical, payload encoded'] = issuer.token({}, { header: { b64: false, crit: ['b64'] } });
  cases['b64 false, not critical'] = issuer.token({}, { header: { b64: false } });
  await refusesAll(t, stand, cases);
  await passesAll(t, stand, { 'an unknown member that is not critical': issuer.token({}, { header: { x: 1 } }) });
});

// RFC 7797 3: the signing input holds the payload as it is, here letters that would do as a segment too.
function unencoded(issuer) {
  const header = b64u(JSON.stringify({ alg: 'ES256', kid: issuer.key.kid, b64: false, crit: ['b64'] }));
  const payload = b64u(JSON.stringify(issuer.claims()));
  const input = `${header}.${Buffer.from(payload, 'base64url').toString('latin1')}`;
  return secret(`${header}.${payload}.${b64u(signature('ES256', issuer.key.privateKey, input))}`);
}
