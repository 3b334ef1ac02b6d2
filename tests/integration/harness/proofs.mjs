// SPDX-License-Identifier: Apache-2.0
// Clients that hold a key and prove it (RFC 9449); proofs are made by `jose`, an implementation of its own.
import crypto from 'node:crypto';
import { SignJWT, calculateJwkThumbprint } from 'jose';
import { newKey, now } from './keys.mjs';
import { secret } from './secrets.mjs';

const hash = (text) => crypto.createHash('sha256').update(text).digest('base64url');

class Holder {
  constructor(key, jwk, thumbprint) {
    this.key = key;
    this.jwk = jwk;
    this.thumbprint = thumbprint;
  }

  // What a token bound to this holder's key says.
  get cnf() {
    return { jkt: this.thumbprint };
  }

  // A proof that passes; claims and header members changed, or with undefined left out.
  async proof({ token, url, method = 'GET', claims = {}, header = {} }) {
    const payload = { htm: method, htu: url, iat: now(), jti: crypto.randomUUID(), ath: hash(token), ...claims };
    const head = { alg: this.key.alg, typ: 'dpop+jwt', jwk: this.jwk, ...header };
    for (const members of [payload, head]) {
      for (const name of Object.keys(members)) if (members[name] === undefined) delete members[name];
    }
    return secret(await new SignJWT(payload).setProtectedHeader(head).sign(this.key.privateKey));
  }
}

export async function newHolder(alg = 'ES256') {
  const key = newKey(alg);
  const jwk = key.publicKey.export({ format: 'jwk' });
  return new Holder(key, jwk, await calculateJwkThumbprint(jwk));
}

// The fields of a request with scheme DPoP.
export const dpopFields = (token, proof) => ({ Authorization: `DPoP ${token}`, DPoP: proof });
