// SPDX-License-Identifier: Apache-2.0
// Goal: memory does not grow with the number of requests: passed, refused for each reason, with unknown keys, on kept and on new
// connections.
import assert from 'node:assert/strict';
import test from 'node:test';
import { connect, requestBytes } from './harness/client.mjs';
import { newKey } from './harness/keys.mjs';
import { startStand } from './harness/stand.mjs';
import { scaled } from './harness/until.mjs';

const CLIENTS = 8;
const REQUESTS = scaled(24000); // in each of two halves
const KEPT = 250; // requests on a connection
const GROWTH_MAX_KB = 1024;

test('thousands of requests more take no memory more', async (t) => {
  const stand = await startStand(t, { algs: ['ES256'], config: { workers: 1, keys: { cooldown: '1s', wait: '50ms' } } });
  const { issuer } = stand;
  const strange = newKey('ES256', 'strange');
  const requests = [
    ...Array.from({ length: 16 }, (_, i) => [{ token: issuer.token({ sub: `s${i}` }) }, 200]),
    [{}, 401], [{ token: 'no.token' }, 401], [{ token: issuer.token({ aud: 'other' }) }, 401], [{ token: issuer.token({ exp: 1 }) }, 401],
    [{ token: issuer.token({}, { key: { ...strange, kid: issuer.key.kid } }) }, 401], [{ token: issuer.token({}, { key: strange }) }, 401],
    [{ token: issuer.token({ iss: 'https://elsewhere.example' }) }, 401], [{ token: `${issuer.token()}=` }, 401],
  ].map(([request, status]) => [requestBytes(request), status]);

  async function run(count) {
    for (let i = 0; i < count;) {
      const client = await connect(stand.gateway.port);
      for (const end = Math.min(count, i + KEPT); i < end; i++) {
        const [bytes, status] = requests[i % requests.length];
        client.write(bytes);
        assert.equal((await client.answer()).status, status);
      }
      client.destroy();
    }
  }
  const half = () => Promise.all(Array.from({ length: CLIENTS }, () => run(REQUESTS / CLIENTS)));

  await half();
  const before = stand.gateway.memory().now;
  stand.backend.requests.length = 0;
  await half();
  const grown = stand.gateway.memory().now - before;
  t.diagnostic(`${2 * REQUESTS} requests; ${grown} kB more after the second half than after the first`);
  if (process.env.JWTGATE_SLOWNESS > 1) return; // sanitizers hold back what is freed; they tell of leaks themselves
  assert.ok(grown <= GROWTH_MAX_KB, `${grown} kB more`);
});
