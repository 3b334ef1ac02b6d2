// SPDX-License-Identifier: Apache-2.0
// Goal: a provider that is reached only through a proxy: CONNECT for https, so that the proxy sees no document, absolute-form
// for http; and what the proxy refuses is told.
import assert from 'node:assert/strict';
import test from 'node:test';
import { newAuthority } from './harness/certs.mjs';
import { startIssuer } from './harness/issuer.mjs';
import { startProxy } from './harness/proxy.mjs';
import { startSecureIssuer } from './harness/secure_issuer.mjs';
import { startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

const keys = { cooldown: '100ms', wait: '200ms' };

test('https goes through CONNECT, by a name that only the proxy knows', async (t) => {
  const authority = newAuthority(t);
  const proxy = await startProxy(t);
  const issuer = await startSecureIssuer(t, authority.issue('idp.invalid'), { name: 'idp.invalid' });
  const providers = [{ url: issuer.url, ca: authority.caFile, proxy: proxy.url }];
  const stand = await startStand(t, { issuer, config: { keys, providers } });
  assert.equal((await stand.get()).status, 200);
  assert.deepEqual([...new Set(proxy.requests)], [`CONNECT idp.invalid:${issuer.port}`]);
});

test('http goes in absolute-form', async (t) => {
  const proxy = await startProxy(t);
  const issuer = await startIssuer(t, 'ES256');
  const stand = await startStand(t, { issuer, config: { keys, providers: [{ url: issuer.url, proxy: proxy.url }] } });
  assert.equal((await stand.get()).status, 200);
  assert.deepEqual(proxy.requests.slice(0, 2), [`GET ${issuer.configUrl}`, `GET ${issuer.url}/jwks`]);
});

test('without the entry, or with a proxy of the environment only, the provider is not found', async (t) => {
  const authority = newAuthority(t);
  const proxy = await startProxy(t);
  const issuer = await startSecureIssuer(t, authority.issue('idp.invalid'), { name: 'idp.invalid' });
  const env = { https_proxy: proxy.url, all_proxy: proxy.url };
  const providers = [{ url: issuer.url, ca: authority.caFile }];
  const stand = await startStand(t, { issuer, env, hasKeys: false, config: { keys, providers } });
  assert.equal((await stand.get()).status, 503);
  assert.deepEqual(proxy.requests, []);
});

test('a refusal of the proxy is told, and what changes in the entry is taken by a reload', async (t) => {
  const authority = newAuthority(t);
  const [strict, proxy] = [await startProxy(t), await startProxy(t)];
  strict.refusal = 407;
  const issuer = await startSecureIssuer(t, authority.issue('idp.invalid'), { name: 'idp.invalid' });
  const entry = { url: issuer.url, ca: authority.caFile, proxy: strict.url };
  const stand = await startStand(t, { issuer, hasKeys: false, config: { keys, providers: [entry] } });
  assert.equal((await stand.get()).status, 503);
  assert.match((await stand.gateway.event('keys-failed')).error, /the proxy answered 407/);
  await stand.gateway.reload({ ...stand.config, providers: [{ ...entry, proxy: proxy.url }] });
  await until('the keys', async () => (await stand.get()).status === 200);
});
