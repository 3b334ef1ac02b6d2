// SPDX-License-Identifier: Apache-2.0
// Goal: a token of any size up to the limit is judged the same, and of two places that may hold tokens only the one that the
// policy names counts.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startStand } from './harness/stand.mjs';
import { passesAll, refusesAll } from './harness/verdicts.mjs';

const KIB = 1024;

// A token of exactly `size` bytes: a claim and a header member fill it, since base64url leaves no claim every length.
function tokenOf(issuer, size) {
  for (let extra = 0; extra < 8; extra++) {
    const header = { pad: 'x'.repeat(extra) };
    const bare = issuer.token({ pad: '' }, { header }).length;
    for (let pad = Math.max(0, Math.floor((size - bare) * 0.75) - 4); pad < Math.ceil((size - bare) * 0.75) + 4; pad++) {
      const token = issuer.token({ pad: 'x'.repeat(pad) }, { header });
      if (token.length === size) return token;
    }
  }
  throw new Error(`no token of ${size} bytes`);
}

const bent = (token) => `${token.slice(0, -20)}${token.at(-20) === 'A' ? 'B' : 'A'}${token.slice(-19)}`;

async function trySizes(t, stand, sizes) {
  const tokens = Object.fromEntries(sizes.map((size) => [`${size} bytes`, tokenOf(stand.issuer, size)]));
  await passesAll(t, stand, tokens);
  await refusesAll(t, stand, Object.fromEntries(Object.entries(tokens).map(([name, token]) => [`${name}, a character changed`, bent(token)])));
}

test('tokens up to the default limit pass, and one byte more is refused', async (t) => {
  const stand = await startStand(t, { algs: ['ES256'] });
  await trySizes(t, stand, [KIB, KIB + 1, 4 * KIB - 1, 4 * KIB, 8 * KIB, 8 * KIB + 3, 16 * KIB - 1, 16 * KIB]);
  await refusesAll(t, stand, { 'a byte more': tokenOf(stand.issuer, 16 * KIB + 1), 'no byte at all': { fields: { Authorization: 'Bearer ' } } });
});

test('a raised limit takes tokens of 64 KiB', async (t) => {
  const stand = await startStand(t, { algs: ['ES256'], config: { limits: { token: '64KiB', field: '80KiB', head: '100KiB' } } });
  await trySizes(t, stand, [16 * KIB + 1, 32 * KIB, 64 * KIB]);
  await refusesAll(t, stand, { 'a byte more': tokenOf(stand.issuer, 64 * KIB + 1) });
});

test('of a header and a query that hold different tokens the one that the policy names is judged', async (t) => {
  const stand = await startStand(t, { algs: ['ES256'] });
  const { issuer } = stand;
  const [header] = stand.config.routes;
  const { openid_config: keys, audiences } = header.validate_jwt;
  const inQuery = { name: 'query', path: '/query', backend: 'main', validate_jwt: { openid_config: keys, audiences, query_parameter_name: 'token' } };
  await stand.gateway.reload({ ...stand.config, routes: [header, inQuery] });
  const [good, bad] = [issuer.token(), issuer.token({ aud: 'other' })];
  await passesAll(t, stand, {
    'good in the header that counts, bad in the query': { target: `/?token=${bad}`, token: good },
    'good in the query that counts, bad in the header': { target: `/query?token=${good}`, token: bad },
  });
  await refusesAll(t, stand, {
    'bad in the header that counts, good in the query': { target: `/?token=${good}`, token: bad },
    'bad in the query that counts, good in the header': { target: `/query?token=${bad}`, token: good },
    'none in the query that counts, good in the header': { target: '/query', token: good },
    'two in the query that counts': { target: `/query?token=${good}&token=${bad}` },
  });
  assert.equal(stand.backend.requests.length, 2);
});
