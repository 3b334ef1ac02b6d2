// SPDX-License-Identifier: Apache-2.0
// Goal: the checks of a provider's document that API Management has too, asked for by its entry in `providers`; which URLs are one
// provider; and that a reload with tighter checks is acted upon.
import assert from 'node:assert/strict';
import test from 'node:test';
import { send } from './harness/client.mjs';
import { startIssuer } from './harness/issuer.mjs';
import { policyOf, startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

const keys = { cooldown: '100ms', wait: '200ms' };
const ready = async (stand) => JSON.parse((await send(stand.gateway.adminPort, { target: '/readyz', host: 'localhost' })).text);

// An issuer whose document says what the test wants.
async function startDocument(t, more) {
  const issuer = await startIssuer(t, 'ES256');
  const document = issuer.document();
  issuer.document = () => ({ ...document, ...more(issuer) });
  return issuer;
}

const foreignName = () => ({ issuer: 'https://idp.example/renamed' });
const foreignHost = (issuer) => ({ jwks_uri: `${issuer.url.replace('127.0.0.1', '127.0.0.2')}/jwks` });

test('a document is held to what the entry asks for', async (t) => {
  const cases = {
    'the name of the authority': [() => ({}), { validate_issuer_name: true }, 200],
    'with a slash at its end': [(issuer) => ({ issuer: `${issuer.url}/` }), { validate_issuer_name: true }, 200],
    'another name': [foreignName, { validate_issuer_name: true }, 503, /is not the authority of the URL/],
    'another name, not asked for': [foreignName, { validate_endpoints: true }, 200],
    'keys on the same host': [() => ({}), { validate_endpoints: true }, 200],
    'keys on another host': [foreignHost, { validate_endpoints: true }, 503, /jwks_uri is on another host/],
    'keys on another port': [() => ({ jwks_uri: 'http://127.0.0.1:1/jwks' }), { validate_endpoints: true }, 503, /another host/],
  };
  for (const [name, [more, entry, status, why]] of Object.entries(cases)) {
    await t.test(name, async (inner) => {
      const issuer = await startDocument(inner, more);
      const providers = [{ url: issuer.url, ...entry }];
      const stand = await startStand(inner, { issuer, hasKeys: status === 200, config: { keys, providers } });
      assert.equal((await stand.get('/', { token: issuer.token({ iss: issuer.document().issuer }) })).status, status);
      if (status === 200) return;
      const told = await ready(stand);
      assert.equal(told.ready, false);
      assert.match(told.issuers[0].error, why);
      assert.equal(issuer.counts.jwks, 0);
    });
  }
});

test('the issuer of the token is checked whatever the entry says', async (t) => {
  for (const validates of [false, true]) {
    const issuer = await startIssuer(t, 'ES256');
    const providers = [{ url: issuer.url, validate_issuer_name: validates, validate_endpoints: validates }];
    const stand = await startStand(t, { issuer, config: { keys, providers } });
    assert.equal((await stand.get()).status, 200);
    assert.equal((await stand.get('/', { token: issuer.token({ iss: `${issuer.url}/` }) })).status, 401);
    assert.equal((await stand.get('/', { token: issuer.token({ iss: 'https://idp.example' }) })).status, 401);
  }
});

test('authority, with a slash, and discovery URL are one provider with one entry and one fetch', async (t) => {
  const issuer = await startDocument(t, foreignName);
  const forms = [issuer.url, `${issuer.url}/`, issuer.configUrl];
  for (const url of forms) {
    const before = { ...issuer.counts };
    const route = (form, i) => ({
      name: `r${i}`, path: `/${i}`, backend: 'main', validate_jwt: { ...policyOf(issuer), openid_config: [{ url: form }] },
    });
    const config = { keys, providers: [{ url, validate_endpoints: true }], routes: forms.map(route) };
    const stand = await startStand(t, { issuer, config });
    const token = issuer.token({ iss: issuer.document().issuer });
    for (const i of forms.keys()) assert.equal((await stand.get(`/${i}`, { token })).status, 200);
    assert.equal(issuer.counts.discovery - before.discovery, 1);
    assert.equal(issuer.counts.jwks - before.jwks, 1);
    assert.deepEqual((await ready(stand)).issuers.map(({ url: shown }) => shown), [issuer.configUrl]);

    await stand.gateway.reload({ ...stand.config, providers: [{ url, validate_issuer_name: true }] });
    for (const i of forms.keys()) assert.equal((await stand.get(`/${i}`, { token })).status, 503);
  }
});

test('a reload that tightens is acted upon at once, and one that loosens too', async (t) => {
  const issuer = await startDocument(t, foreignName);
  const stand = await startStand(t, { issuer, config: { keys } });
  const get = async () => (await stand.get('/', { token: issuer.token({ iss: 'https://idp.example/renamed' }) })).status;
  assert.equal(await get(), 200);
  const fetches = issuer.counts.discovery;
  await stand.gateway.reload(stand.config); // the same: nothing happens
  assert.equal(issuer.counts.discovery, fetches);

  await stand.gateway.reload({ ...stand.config, providers: [{ url: issuer.url, validate_issuer_name: true }] });
  assert.equal(await get(), 503);
  assert.match((await ready(stand)).issuers[0].error, /is not the authority of the URL/);
  await stand.gateway.event('keys-dropped');
  await until('a fetch', () => issuer.counts.discovery > fetches);

  await stand.gateway.reload(stand.config); // the entry is gone
  await until('the keys', async () => (await get()) === 200);
});

test('a reload with checks that hold drops nothing', async (t) => {
  const stand = await startStand(t, { config: { keys } });
  assert.equal((await stand.get()).status, 200);
  stand.issuer.goDown();
  const providers = [{ url: stand.issuer.url, validate_issuer_name: true, validate_endpoints: true }];
  await stand.gateway.reload({ ...stand.config, providers });
  await stand.gateway.event('keys-failed');
  assert.equal((await stand.get()).status, 200);
});
