// SPDX-License-Identifier: Apache-2.0
// Attack: the token chooses how it is checked: no algorithm, a weaker one, another key's one (RFC 8725 3.1, 3.2).
import crypto from 'node:crypto';
import test from 'node:test';
import { startIssuer } from './harness/issuer.mjs';
import { b64u, forge, newKey, sign, signature } from './harness/keys.mjs';
import { startStand } from './harness/stand.mjs';
import { passesAll, refusesAll } from './harness/verdicts.mjs';

const nothing = () => Buffer.alloc(0);

test('alg: none, unknown, of a wrong type, twice', async (t) => {
  const stand = await startStand(t);
  const { issuer } = stand;
  const { kid, privateKey } = issuer.key;
  const byRsa = (input) => signature('RS256', privateKey, input);
  const headed = (header, signer = byRsa) => forge(header, issuer.claims(), signer);
  const [, , good] = issuer.token().split('.');

  await passesAll(t, stand, { 'RS256 by the listed key': headed({ alg: 'RS256', kid }) });
  const cases = {};
  for (const alg of ['none', 'None', 'NONE', 'nOnE', 'none ', ' none', 'none\0', 'none\0RS256']) {
    cases[`alg ${JSON.stringify(alg)}`] = headed({ alg }, nothing);
    cases[`alg ${JSON.stringify(alg)} with a signature`] = headed({ alg, kid });
  }
  cases['none and the signature of another token'] = headed({ alg: 'none' }, () => Buffer.from(good, 'base64url'));
  cases['two segments'] = headed({ alg: 'none' }, nothing).replace(/\.$/, '');
  for (const alg of [undefined, null, '', 7, ['RS256'], { RS256: 1 }, true]) {
    cases[`alg ${JSON.stringify(alg) ?? 'left out'}`] = headed({ alg, kid });
  }
  for (const alg of ['rs256', 'Rs256', ' RS256', 'RS256 ', 'RS999', 'RS1', 'HS1', 'MD5', 'RS256\0']) {
    cases[`alg ${JSON.stringify(alg)}`] = headed({ alg, kid });
  }
  for (const other of ['none', 'HS256']) {
    cases[`alg RS256 and again ${other}`] = headed(`{"alg":"RS256","alg":"${other}","kid":"${kid}"}`);
    cases[`alg ${other} and again RS256`] = headed(`{"alg":"${other}","\\u0061lg":"RS256","kid":"${kid}"}`);
  }
  await refusesAll(t, stand, cases);
});

test('an algorithm outside the configured list is refused, its neighbour passes', async (t) => {
  const issuer = await startIssuer(t, 'ES256', 'RS256');
  const stand = await startStand(t, { issuer, config: { algorithms: ['ES256'] } });
  await refusesAll(t, stand, { RS256: issuer.token({}, { key: issuer.keys[1] }) });
  await passesAll(t, stand, { ES256: issuer.token() });
});

test('a public key is no secret', async (t) => {
  const stand = await startStand(t, { algs: ['RS256', 'ES256', 'EdDSA'] });
  const { issuer } = stand;
  const cases = { 'an empty secret': Buffer.alloc(0), 'a zero secret': Buffer.alloc(32) };
  for (const { alg, publicKey, jwk } of issuer.keys) {
    const pem = publicKey.export({ type: 'spki', format: 'pem' });
    Object.assign(cases, {
      [`the ${alg} key as PEM`]: pem,
      [`the ${alg} key as PEM without its last newline`]: pem.trimEnd(),
      [`the ${alg} key as PEM behind a blank`]: ` ${pem}`,
      [`the ${alg} key as DER`]: publicKey.export({ type: 'spki', format: 'der' }),
      [`the ${alg} key as JSON`]: JSON.stringify(jwk),
      [`the text of the ${alg} key`]: jwk.n ?? jwk.x,
      [`the bytes of the ${alg} key`]: Buffer.from(jwk.n ?? jwk.x, 'base64url'),
    });
    if (jwk.n) cases['the RSA key as PKCS#1'] = publicKey.export({ type: 'pkcs1', format: 'pem' });
    if (jwk.n) cases['the RSA key as PKCS#1 without its last newline'] = cases['the RSA key as PKCS#1'].trimEnd();
    if (jwk.y) cases['the point'] = Buffer.concat([Buffer.of(4), Buffer.from(jwk.x, 'base64url'), Buffer.from(jwk.y, 'base64url')]);
  }
  for (const [name, bytes] of Object.entries(cases)) {
    cases[name] = forge({ alg: 'HS256', typ: 'JWT' }, issuer.claims(), (input) => crypto.createHmac('sha256', bytes).update(input).digest());
  }
  for (const { kid, alg, publicKey } of issuer.keys) {
    const pem = publicKey.export({ type: 'spki', format: 'pem' });
    cases[`the ${alg} key as PEM, named by kid`] = forge({ alg: 'HS256', kid }, issuer.claims(),
      (input) => crypto.createHmac('sha256', pem).update(input).digest());
  }
  await refusesAll(t, stand, cases);
  await passesAll(t, stand, Object.fromEntries(issuer.keys.map((key) => [key.alg, issuer.token({}, { key })])));
});

test('a symmetric key in a public set verifies nothing', async (t) => {
  const issuer = await startIssuer(t);
  const secret = crypto.randomBytes(32);
  issuer.keys = [...issuer.keys, { jwk: { kty: 'oct', k: b64u(secret), kid: 'shared', alg: 'HS256', use: 'sig' } }];
  const stand = await startStand(t, { issuer });
  const byMac = (header) => forge(header, issuer.claims(), (input) => signature('HS256', secret, input));
  await refusesAll(t, stand, { 'named by kid': byMac({ alg: 'HS256', kid: 'shared' }), 'not named': byMac({ alg: 'HS256' }) });
  await passesAll(t, stand, { 'the key beside it': issuer.token() });
});

test('a key answers only for algorithms of its own family, curve and alg', async (t) => {
  const issuer = await startIssuer(t, 'RS256', 'ES256', 'EdDSA');
  const [rsa, ec, ed] = issuer.keys;
  const p384 = newKey('ES384', 'p384');
  const onlyRs512 = newKey('RS512', 'rs512', { alg: 'RS512' });
  const forEncryption = newKey('RS256', 'enc', { use: 'enc' });
  const forSigning = newKey('RS256', 'ops', { use: undefined, key_ops: ['sign'] });
  const either = newKey('RS256', 'either'); // names no alg: RS256 and PS256 by one key
  issuer.keys.push(p384, onlyRs512, forEncryption, forSigning, either);
  const stand = await startStand(t, { issuer });
  const by = (key, alg, header = {}) => forge({ alg, kid: key.kid, ...header }, issuer.claims(),
    (input) => signature(key.alg === 'EdDSA' ? 'EdDSA' : key.alg, key.privateKey, input));
  const padded = (alg, made) => forge({ alg, kid: either.kid }, issuer.claims(), (input) => signature(made, either.privateKey, input));
  const salted = (saltLength) => forge({ alg: 'PS256', kid: either.kid }, issuer.claims(), (input) => crypto.sign('sha256', Buffer.from(input),
    { key: either.privateKey, padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength }));

  await refusesAll(t, stand, {
    'ES256 naming an RSA key': by(rsa, 'ES256'),
    'RS256 naming an EC key': by(ec, 'RS256'),
    'EdDSA naming an RSA key': by(rsa, 'EdDSA'),
    'EdDSA naming an EC key': by(ec, 'EdDSA'),
    'ES256 naming an Ed25519 key': by(ed, 'ES256'),
    'PKCS#1 v1.5 under PS256': padded('PS256', 'RS256'),
    'PSS under RS256': padded('RS256', 'PS256'),
    'SHA-512 inside RS256': padded('RS256', 'RS512'),
    'ES384 with a P-256 key': by(ec, 'ES384'),
    'ES256 with a P-384 key': by(p384, 'ES256'),
    'ES256K': by(ec, 'ES256K'),
    'RS256 by a key for RS512': sign({ ...onlyRs512, alg: 'RS256' }, issuer.claims()),
    'RS256 by a key for RS512, not named': sign({ ...onlyRs512, alg: 'RS256' }, issuer.claims(), { kid: undefined }),
    'a key for encryption': sign(forEncryption, issuer.claims()),
    'a key for encryption, not named': sign(forEncryption, issuer.claims(), { kid: undefined }),
    'a key whose operations leave out verify': sign(forSigning, issuer.claims()),
    'a key whose operations leave out verify, not named': sign(forSigning, issuer.claims(), { kid: undefined }),
    'a salt of no bytes': salted(0),
    'a salt of the greatest length': salted(crypto.constants.RSA_PSS_SALTLEN_MAX_SIGN),
  });
  await passesAll(t, stand, {
    'RS512 by the key for RS512': sign(onlyRs512, issuer.claims()),
    'RS256 by a key that names no alg': padded('RS256', 'RS256'),
    'PS256 by the same key': padded('PS256', 'PS256'),
    'a salt as long as the hash': salted(32),
    'ES384 by the P-384 key': sign(p384, issuer.claims()),
    'EdDSA by the Ed25519 key': sign(ed, issuer.claims()),
    'a token that names no key': sign(ec, issuer.claims(), { kid: undefined }),
  });
});

// RFC 9864 2.2: EdDSA leaves the curve to the key, Ed25519 and Ed448 name it; `algorithms` counts the name as the token writes it.
test('Edwards keys answer for the names of their own curve', async (t) => {
  const issuer = await startIssuer(t, 'ES256');
  const keys = [newKey('Ed25519', 'e25519'), newKey('Ed448', 'e448')];
  const narrow = newKey('Ed25519', 'narrow', { alg: 'EdDSA' });
  issuer.keys.push(...keys, narrow);
  const [e25519, e448] = keys;
  const named = (key, alg, header) => sign({ ...key, alg }, issuer.claims(), header);
  const all = await startStand(t, { issuer });
  await passesAll(t, all, {
    'EdDSA by Ed25519': named(e25519, 'EdDSA'),
    'Ed25519 by Ed25519': named(e25519, 'Ed25519'),
    'EdDSA by Ed448': named(e448, 'EdDSA'),
    'Ed448 by Ed448': named(e448, 'Ed448'),
    'Ed448, not named': named(e448, 'Ed448', { kid: undefined }),
    'EdDSA by a key for EdDSA': named(narrow, 'EdDSA'),
  });
  await refusesAll(t, all, {
    'Ed25519 by Ed448': named(e448, 'Ed25519'),
    'Ed448 by Ed25519': named(e25519, 'Ed448'),
    'Ed25519 by Ed448, not named': named(e448, 'Ed25519', { kid: undefined }),
    'Ed25519 by a key for EdDSA': named(narrow, 'Ed25519'),
    'letter case': forge({ alg: 'ed25519', kid: e25519.kid }, issuer.claims(), (input) => signature('Ed25519', e25519.privateKey, input)),
    'a cut signature': named(e448, 'Ed448').slice(0, -4),
  });
  const some = await startStand(t, { issuer, config: { algorithms: ['Ed25519'] } });
  await passesAll(t, some, { 'Ed25519, listed': named(e25519, 'Ed25519') });
  await refusesAll(t, some, { 'EdDSA, not listed': named(e25519, 'EdDSA'), 'Ed448, not listed': named(e448, 'Ed448') });
});
