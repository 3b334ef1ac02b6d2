// SPDX-License-Identifier: Apache-2.0
// Goal: encrypted tokens by somebody else's library are opened with the keys of a policy, and what is inside is judged as ever.
// Attacks: encrypted tokens where no decryption key is configured, and those that make opening them costly, telling or needless.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import zlib from 'node:zlib';
import { CompactEncrypt } from 'jose';
import { send } from './harness/client.mjs';
import { tempDir } from './harness/gateway.mjs';
import { startIssuer } from './harness/issuer.mjs';
import { b64u, newKey, sign } from './harness/keys.mjs';
import { secret } from './harness/secrets.mjs';
import { startStand } from './harness/stand.mjs';
import { passesAll, refusesAll } from './harness/verdicts.mjs';

const ENCS = { A128GCM: 16, A192GCM: 24, A256GCM: 32, 'A128CBC-HS256': 32, 'A192CBC-HS384': 48, 'A256CBC-HS512': 64 };
const LENGTHS = [16, 24, 32, 48, 64];
const secrets = Object.fromEntries(LENGTHS.map((bytes) => [bytes, crypto.randomBytes(bytes)]));

function pair(type, options) {
  const { privateKey } = crypto.generateKeyPairSync(type, {
    ...options, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return { pem: privateKey, publicKey: crypto.createPublicKey(privateKey) };
}

const curves = {
  'P-256': pair('ec', { namedCurve: 'P-256' }),
  'P-384': pair('ec', { namedCurve: 'P-384' }),
  'P-521': pair('ec', { namedCurve: 'P-521' }),
  X25519: pair('x25519', {}),
  X448: pair('x448', {}),
};

// A key with its self-signed certificate: as PEM of both, and as PFX without a password.
function certified(t) {
  const file = path.join(tempDir(t), 'pair');
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', `${file}.key`, '-out', `${file}.crt`,
    '-subj', '/CN=decryption'], { stdio: 'ignore' });
  execFileSync('openssl', ['pkcs12', '-export', '-inkey', `${file}.key`, '-in', `${file}.crt`, '-out', `${file}.pfx`,
    '-passout', 'pass:']);
  const [key, certificate] = [readFileSync(`${file}.key`, 'utf8'), readFileSync(`${file}.crt`, 'utf8')];
  return { pem: certificate + key, certificate, pfx: readFileSync(`${file}.pfx`), publicKey: crypto.createPublicKey(key) };
}

async function encrypt(header, key, text) {
  return secret(await new CompactEncrypt(Buffer.from(text)).setProtectedHeader(header).encrypt(key));
}

// Any five parts: texts, bytes, or a header as an object.
const five = (header, ...parts) => secret([header, ...parts]
  .map((part) => b64u(typeof part === 'string' || Buffer.isBuffer(part) ? part : JSON.stringify(part))).join('.'));

function policyXml(issuer, keys, attributes = '') {
  return `<validate-jwt header-name="Authorization" ${attributes}><openid-config url="${issuer.configUrl}"/>
    <decryption-keys>${keys.join('')}</decryption-keys><audiences><audience>api</audience></audiences></validate-jwt>`;
}

const textKey = (bytes) => `<key>${bytes.toString('base64')}</key>`;
const fileKey = (name) => `<key certificate-id="${name}"/>`;

// A stand with decryption keys in policy XML; `files` are those of the certificates section.
async function startKeyed(t, keys, files = {}, attributes) {
  const issuer = await startIssuer(t, 'RS256');
  const names = Object.keys(files);
  return startStand(t, {
    issuer,
    route: { policy: 'policy.xml' },
    files: { 'policy.xml': policyXml(issuer, keys, attributes), ...Object.fromEntries(names.map((name) => [`certs/${name}`, files[name]])) },
    config: { certificates: Object.fromEntries(names.map((name) => [name, { file: `certs/${name}` }])) },
  });
}

test('five segments are refused at once', async (t) => {
  const stand = await startStand(t, { algs: ['RS256'] });
  const { issuer } = stand;
  const inner = issuer.token();
  const unsigned = `${b64u('{"alg":"none"}')}.${b64u(JSON.stringify(issuer.claims()))}.`;
  const bomb = { alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2s: 'AAAAAAAAAAA', p2c: 2147483647 };
  const zipped = { alg: 'dir', enc: 'A128GCM', zip: 'DEF' };
  const random = [crypto.randomBytes(12), crypto.randomBytes(64), crypto.randomBytes(16)];
  const started = Date.now();
  await refusesAll(t, stand, {
    'a sound token encrypted to the public key': await encrypt({ alg: 'RSA-OAEP', enc: 'A256GCM', cty: 'JWT' }, issuer.key.publicKey, inner),
    'an unsigned token encrypted': await encrypt({ alg: 'RSA-OAEP', enc: 'A256GCM', cty: 'JWT' }, issuer.key.publicKey, unsigned),
    'an iteration bomb': five(bomb, '', ...random),
    'a compression bomb': five(zipped, '', random[0], zlib.deflateRawSync(Buffer.alloc(4 << 20)), random[2]),
    'nothing inside': '....',
  });
  assert.ok(Date.now() - started < 5000, 'work was done on them');
  await passesAll(t, stand, { 'the same token as it was signed': inner });
});

test('every algorithm with every encryption', async (t) => {
  const rsa = certified(t);
  const stand = await startKeyed(t,
    [...LENGTHS.map((bytes) => textKey(secrets[bytes])), fileKey('rsa'), ...Object.keys(curves).map(fileKey)],
    { rsa: rsa.pem, ...Object.fromEntries(Object.entries(curves).map(([name, { pem }]) => [name, pem])) });
  const inner = stand.issuer.token();
  const expired = stand.issuer.token({ exp: 1 });
  const ways = [
    ...[16, 24, 32].flatMap((bytes) => ['KW', 'GCMKW'].map((kind) => [`A${bytes * 8}${kind}`, secrets[bytes]])),
    ['RSA-OAEP', rsa.publicKey], ['RSA-OAEP-256', rsa.publicKey],
    ...Object.values(curves).flatMap(({ publicKey }) => ['', '+A128KW', '+A192KW', '+A256KW'].map((kw) => [`ECDH-ES${kw}`, publicKey])),
  ];
  for (const [enc, bytes] of Object.entries(ENCS)) {
    await t.test(enc, async () => {
      for (const [alg, key] of [['dir', secrets[bytes]], ...ways]) {
        const good = await stand.send({ token: await encrypt({ alg, enc, cty: 'JWT' }, key, inner) });
        assert.equal(good.status, 200, `${alg} ${good.text}`);
        const bad = await stand.send({ token: await encrypt({ alg, enc }, key, expired) });
        assert.equal(bad.status, 401, `${alg}: an expired token passed`);
      }
    });
  }
  await passesAll(t, stand, { 'the token as it was signed': inner });
});

test('certificates: PEM and PFX hold the private key, in YAML as in XML', async (t) => {
  const [first, second] = [certified(t), certified(t)];
  const issuer = await startIssuer(t, 'RS256');
  const stand = await startStand(t, {
    issuer,
    policy: { decryption_keys: [{ certificate_id: 'first' }, { certificate_id: 'second' }, { base64: secrets[16].toString('base64') }] },
    files: { 'first.pem': first.pem, 'second.pfx': second.pfx },
    config: { certificates: { first: { file: 'first.pem' }, second: { file: 'second.pfx' } } },
  });
  const header = { alg: 'RSA-OAEP-256', enc: 'A256GCM' };
  await passesAll(t, stand, {
    PEM: await encrypt(header, first.publicKey, issuer.token()),
    PFX: await encrypt(header, second.publicKey, issuer.token()),
    'a secret': await encrypt({ alg: 'A128KW', enc: 'A128GCM' }, secrets[16], issuer.token()),
    'a kid that is nobody\'s': await encrypt({ ...header, kid: 'other' }, second.publicKey, issuer.token()),
  });
  await refusesAll(t, stand, { 'another key': await encrypt(header, issuer.key.publicKey, issuer.token()) });
});

test('what makes opening costly or telling is refused', async (t) => {
  const rsa = certified(t);
  const stand = await startKeyed(t, [textKey(secrets[16]), fileKey('rsa'), fileKey('ec')], { rsa: rsa.pem, ec: curves['P-256'].pem });
  const inner = stand.issuer.token();
  const random = [crypto.randomBytes(12), crypto.randomBytes(64), crypto.randomBytes(16)];
  const direct = (more, text = inner) => {
    const header = b64u(JSON.stringify({ alg: 'dir', enc: 'A128GCM', ...more }));
    const cipher = crypto.createCipheriv('aes-128-gcm', secrets[16], random[0]).setAAD(Buffer.from(header));
    const bytes = Buffer.concat([cipher.update(text), cipher.final()]);
    return secret(`${header}..${[random[0], bytes, cipher.getAuthTag()].map(b64u).join('.')}`);
  };
  const pkcs1 = crypto.publicEncrypt({ key: rsa.publicKey, padding: crypto.constants.RSA_PKCS1_PADDING }, crypto.randomBytes(16));
  const agreed = await encrypt({ alg: 'ECDH-ES', enc: 'A128GCM' }, curves['P-256'].publicKey, inner);
  const parts = agreed.split('.');
  const header = JSON.parse(Buffer.from(parts[0], 'base64url'));
  const epk = (changed) => [b64u(JSON.stringify({ ...header, epk: { ...header.epk, ...changed } })), ...parts.slice(1)].join('.');
  const started = Date.now();
  await refusesAll(t, stand, {
    'an iteration bomb': five({ alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2s: 'AAAAAAAAAAA', p2c: 2147483647 }, crypto.randomBytes(24), ...random),
    'a compression bomb': direct({ zip: 'DEF' }, zlib.deflateRawSync(Buffer.alloc(4 << 20))),
    'compressed, small': direct({ zip: 'DEF' }, zlib.deflateRawSync(inner)),
    RSA1_5: five({ alg: 'RSA1_5', enc: 'A128GCM' }, pkcs1, ...random),
    'a point off the curve': epk({ y: header.epk.x }),
    'a point of another curve': epk({ crv: 'P-384' }),
    'the zero point': epk({ x: b64u(Buffer.alloc(32)), y: b64u(Buffer.alloc(32)) }),
    'a point of this curve, not the sender\'s': epk(curves['P-256'].publicKey.export({ format: 'jwk' })),
    'an extension': direct({ crit: ['exp'] }),
    'an iv of 16 bytes': five({ alg: 'dir', enc: 'A128GCM' }, '', crypto.randomBytes(16), ...random.slice(1)),
  });
  assert.ok(Date.now() - started < 5000, 'it took long');
  await passesAll(t, stand, { direct: direct({}), agreed, 'as it was signed': inner });
});

test('who tries out keys and paddings learns nothing', async (t) => {
  const rsa = certified(t);
  const stand = await startKeyed(t, [textKey(secrets[16]), fileKey('rsa')], { rsa: rsa.pem });
  const inner = stand.issuer.token();
  const answers = new Set();
  for (const [alg, key] of [['RSA-OAEP', rsa.publicKey], ['RSA-OAEP-256', rsa.publicKey], ['A128KW', secrets[16]], ['A128GCMKW', secrets[16]]]) {
    for (const enc of ['A128GCM', 'A256CBC-HS512']) {
      const token = await encrypt({ alg, enc }, key, inner);
      assert.equal((await stand.send({ token })).status, 200);
      for (const index of [1, 2, 3, 4]) {
        const parts = token.split('.');
        const bytes = Buffer.from(parts[index], 'base64url');
        bytes[bytes.length - 1] ^= 1;
        parts[index] = b64u(bytes);
        const answer = await stand.send({ token: parts.join('.') });
        answers.add(`${answer.status} ${answer.field('www-authenticate')} ${answer.text}`);
      }
    }
  }
  assert.equal(answers.size, 1, [...answers].join('\n'));
});

test('encryption is no signature', async (t) => {
  const key = secrets[16];
  const header = { alg: 'dir', enc: 'A128GCM' };
  const strict = await startKeyed(t, [textKey(key)]);
  const claims = JSON.stringify(strict.issuer.claims());
  const unsigned = `${b64u('{"alg":"none"}')}.${b64u(claims)}.`;
  const stranger = newKey('RS256', strict.issuer.key.kid);
  const cases = async ({ issuer }) => ({
    'alg none inside': await encrypt(header, key, unsigned),
    'alg none inside, cty JWT': await encrypt({ ...header, cty: 'JWT' }, key, unsigned),
    'alg none inside, cty jwt': await encrypt({ ...header, cty: 'jwt' }, key, unsigned),
    'bare claims inside': await encrypt(header, key, JSON.stringify(issuer.claims())),
  });
  const never = async ({ issuer }) => ({
    'another\'s signature inside': await encrypt(header, key, sign(stranger, issuer.claims())),
    'encrypted twice': await encrypt(header, key, await encrypt(header, key, issuer.token())),
    'nothing inside': await encrypt(header, key, ''),
    'no token inside': await encrypt(header, key, 'a.b.c'),
    'cty of something else': await encrypt({ ...header, cty: 'text/plain' }, key, issuer.token()),
  });
  await refusesAll(t, strict, { ...(await cases(strict)), ...(await never(strict)) });
  await passesAll(t, strict, { 'signed inside': await encrypt(header, key, strict.issuer.token()) });
  const lax = await startKeyed(t, [textKey(key)], {}, 'require-signed-tokens="false"');
  const { issuer } = lax;
  await refusesAll(t, lax, await never(lax));
  const admitted = `${b64u('{"alg":"none"}')}.${b64u(JSON.stringify(issuer.claims()))}.`;
  await passesAll(t, lax, {
    'alg none inside, admitted': await encrypt({ ...header, cty: 'JWT' }, key, admitted),
    'bare claims inside, admitted': await encrypt(header, key, JSON.stringify(issuer.claims())),
    'signed inside all the same': await encrypt(header, key, issuer.token()),
  });
  await refusesAll(t, lax, {
    'bare claims, expired': await encrypt(header, key, JSON.stringify(issuer.claims({ exp: 1 }))),
    'bare claims announced as a token': await encrypt({ ...header, cty: 'JWT' }, key, JSON.stringify(issuer.claims())),
  });
});

test('encrypted tokens are judged anew each time', async (t) => {
  const stand = await startKeyed(t, [textKey(secrets[16])]);
  const inner = stand.issuer.token();
  const token = await encrypt({ alg: 'dir', enc: 'A128GCM' }, secrets[16], inner);
  const entries = async () => {
    const { text } = await send(stand.gateway.adminPort, { target: '/metrics', host: 'localhost' });
    return [...text.matchAll(/^jwtgate_token_cache_entries\S* (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
  };
  for (let i = 0; i < 3; i += 1) assert.equal((await stand.send({ token })).status, 200);
  assert.equal(await entries(), 0);
  assert.equal((await stand.send({ token: inner })).status, 200);
  assert.equal(await entries(), 1);
});
