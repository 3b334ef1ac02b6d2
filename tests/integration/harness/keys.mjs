// SPDX-License-Identifier: Apache-2.0
// Keys, and tokens signed with them: rightly by `sign`, or from any bytes at all by `forge`.
import crypto from 'node:crypto';
import { secret } from './secrets.mjs';

const KINDS = {
  RS: ['rsa', { modulusLength: 2048 }],
  PS: ['rsa', { modulusLength: 2048 }],
  ES256: ['ec', { namedCurve: 'P-256' }],
  ES384: ['ec', { namedCurve: 'P-384' }],
  ES512: ['ec', { namedCurve: 'P-521' }],
  EdDSA: ['ed25519', {}],
  Ed25519: ['ed25519', {}],
  Ed448: ['ed448', {}],
};

// Through PEM: making keys and exporting these very objects as JWK hangs for ever once in some thousand times (Node 20.20);
// this way it has not been seen to.
function newPair(type, options) {
  const made = crypto.generateKeyPairSync(type, {
    ...options,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return { publicKey: crypto.createPublicKey(made.publicKey), privateKey: crypto.createPrivateKey(made.privateKey) };
}

// A fresh key for `alg`: { kid, alg, publicKey, privateKey, jwk } where jwk is what a key set lists.
export function newKey(alg, kid, members = {}) {
  const { publicKey, privateKey } = newPair(...(KINDS[alg] ?? KINDS[alg.slice(0, 2)]));
  return { kid, alg, publicKey, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', ...members } };
}

export const b64u = (bytes) => Buffer.from(bytes).toString('base64url');
export const now = () => Math.floor(Date.now() / 1000);

// The signature of `alg` over `input`; the key is taken as the caller says, fitting or not.
export function signature(alg, key, input) {
  const hash = `sha${alg.slice(-3)}`;
  const bytes = Buffer.from(input);
  switch (alg.slice(0, 2)) {
    case 'HS': return crypto.createHmac(hash, key).update(bytes).digest();
    case 'RS': return crypto.sign(hash, bytes, key);
    case 'PS': return crypto.sign(hash, bytes, {
      key,
      padding: crypto.constants.RSA_PKCS1_PSS_PADDING,
      saltLength: crypto.constants.RSA_PSS_SALTLEN_DIGEST,
    });
    case 'ES': return crypto.sign(hash, bytes, { key, dsaEncoding: 'ieee-p1363' });
    case 'Ed': return crypto.sign(null, bytes, key);
    default: throw new Error(alg);
  }
}

const asText = (part) => (typeof part === 'string' || Buffer.isBuffer(part) ? part : JSON.stringify(part));

// A compact token of any header and payload (objects, texts or bytes).  `signer` gets the signing input and returns the
// bytes of the signature.
export function forge(header, payload, signer) {
  const input = `${b64u(asText(header))}.${b64u(asText(payload))}`;
  return secret(`${input}.${b64u(signer(input))}`);
}

// A sound token: claims signed by `key`; `header` members are added or, where undefined, left out.
export function sign(key, claims, header = {}) {
  const full = { alg: key.alg, kid: key.kid, typ: 'JWT', ...header };
  return forge(full, claims, (input) => signature(key.alg, key.privateKey, input));
}
