// SPDX-License-Identifier: Apache-2.0
// Signers that are not ours and not each other's: npm jose, on Node's crypto, and Debian's python3-jwcrypto, on Python's.
// `sign` takes [{ key: private JWK, header, payload: object or the JSON text as it is to stand in the token }].
import { execFileSync, spawnSync } from 'node:child_process';
import { CompactSign, importJWK } from 'jose';
import { secret } from './secrets.mjs';

const asText = (payload) => (typeof payload === 'string' ? payload : JSON.stringify(payload));

async function byJose(jobs) {
  return Promise.all(jobs.map(async ({ key, header, payload }) => new CompactSign(Buffer.from(asText(payload)))
    .setProtectedHeader(header).sign(await importJWK(key, header.alg))));
}

const SCRIPT = `
import json, sys
from jwcrypto import jwk, jws
for job in json.load(sys.stdin):
    token = jws.JWS(job["payload"].encode())
    token.add_signature(jwk.JWK(**job["key"]), None, json.dumps(job["header"]))
    print(token.serialize(compact=True))
`;

// The Python that Debian's packages are for may not be the first in PATH.
const PYTHON = ['/usr/bin/python3', 'python3'].find((name) => spawnSync(name, ['-c', 'import jwcrypto']).status === 0);

const MATERIAL = ['kty', 'crv', 'x', 'y', 'n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi', 'k'];
const materialOf = (key) => Object.fromEntries(Object.entries(key).filter(([name]) => MATERIAL.includes(name)));

function byJwcrypto(jobs) {
  const input = jobs.map(({ key, header, payload }) => ({ key: materialOf(key), header, payload: asText(payload) }));
  const output = execFileSync(PYTHON, ['-c', SCRIPT], { input: JSON.stringify(input), encoding: 'utf8' });
  return output.trim().split('\n');
}

export const SIGNERS = [
  { name: 'jose', sign: async (jobs) => (await byJose(jobs)).map(secret) },
  { name: 'jwcrypto', sign: async (jobs) => byJwcrypto(jobs).map(secret), skip: !PYTHON && 'python3-jwcrypto is not installed' },
];
