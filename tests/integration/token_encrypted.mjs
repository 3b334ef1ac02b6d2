// SPDX-License-Identifier: Apache-2.0
// Attack: encrypted tokens where no decryption key is configured: refused before any work is done on them.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import test from 'node:test';
import zlib from 'node:zlib';
import { CompactEncrypt } from 'jose';
import { b64u } from './harness/keys.mjs';
import { secret } from './harness/secrets.mjs';
import { startStand } from './harness/stand.mjs';
import { passesAll, refusesAll } from './harness/verdicts.mjs';

test('five segments are refused at once', async (t) => {
  const stand = await startStand(t, { algs: ['RS256'] });
  const { issuer } = stand;
  const encrypt = async (header, key, text) => secret(await new CompactEncrypt(Buffer.from(text)).setProtectedHeader(header).encrypt(key));
  const inner = issuer.token();
  const unsigned = `${b64u('{"alg":"none"}')}.${b64u(JSON.stringify(issuer.claims()))}.`;
  const bomb = { alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2s: 'AAAAAAAAAAA', p2c: 2147483647 };
  const zipped = { alg: 'dir', enc: 'A128GCM', zip: 'DEF' };
  const five = (header, content) => secret([header, '', crypto.randomBytes(12), content, crypto.randomBytes(16)]
    .map((part) => b64u(typeof part === 'string' || Buffer.isBuffer(part) ? part : JSON.stringify(part))).join('.'));
  const started = Date.now();
  await refusesAll(t, stand, {
    'a sound token encrypted to the public key': await encrypt({ alg: 'RSA-OAEP', enc: 'A256GCM', cty: 'JWT' }, issuer.key.publicKey, inner),
    'an unsigned token encrypted': await encrypt({ alg: 'RSA-OAEP', enc: 'A256GCM', cty: 'JWT' }, issuer.key.publicKey, unsigned),
    'an iteration bomb': five(bomb, crypto.randomBytes(64)),
    'a compression bomb': five(zipped, zlib.deflateRawSync(Buffer.alloc(4 << 20))),
    'nothing inside': '....',
  });
  assert.ok(Date.now() - started < 5000, 'work was done on them');
  await passesAll(t, stand, { 'the same token as it was signed': inner });
});
