// SPDX-License-Identifier: Apache-2.0
// Goal: whose policy takes tokens of every tenant there is hears of it, also where only the document tells so: once for each
// route, and again for a policy that a reload brings.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startStand } from './harness/stand.mjs';
import { startIssuer } from './harness/issuer.mjs';
import { until } from './harness/until.mjs';

async function startTemplated(t) {
  const issuer = await startIssuer(t);
  issuer.document = () => ({ issuer: 'https://login.example.com/{TenantId}/v2.0', jwks_uri: `${issuer.url}/jwks` });
  return issuer;
}

const warned = (stand) => stand.gateway.events('any-tenant').map(({ route }) => route);

test('a template behind any URL is warned of, an audience or a tenant ends that', async (t) => {
  const issuer = await startTemplated(t);
  const open = { openid_config: [issuer.configUrl] };
  const guard = (name, more) => ({ name, path: `/${name}`, backend: 'main', validate_jwt: { ...open, ...more } });
  const stand = await startStand(t, { issuer });
  const routes = [
    guard('everybody', {}),
    guard('audience', { audiences: ['api'] }),
    guard('tenant', { required_claims: [{ name: 'tid', values: ['a'] }] }),
  ];
  assert.deepEqual(warned(stand), []);
  await stand.gateway.reload({ ...stand.config, routes });
  await until('the warning', () => warned(stand).length > 0);
  assert.deepEqual(warned(stand), ['everybody']);
  // The next fetch says nothing new.
  const fetched = issuer.counts.jwks;
  await stand.gateway.reload({ ...stand.config, routes, keys: { refresh: '1s' } });
  await until('another fetch', () => issuer.counts.jwks > fetched);
  assert.deepEqual(warned(stand), ['everybody', 'everybody']);
});
