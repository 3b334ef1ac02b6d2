// SPDX-License-Identifier: Apache-2.0
// Attack: a token of one Entra tenant, or of anybody's personal account, is taken for one of the company's.
// Method: documents for all tenants publish an issuer with {tenantid} in it, and keys say for whom they sign; every token here
// has a sound signature, so that only issuer, tid and the key's issuer tell them apart.
import assert from 'node:assert/strict';
import test from 'node:test';
import { API, CONSUMERS, NEIGHBOUR, TENANT, issuerV1, issuerV2, startEntra } from './harness/entra.mjs';
import { ask, judgesAll, startRoutes } from './harness/routes.mjs';

const policyOf = (url, more = {}) => ({ openid_config: [{ url }], ...more });
const notAllowed = { refused: 'TokenIssuerNotAllowed', check: 'issuer' };

test('{tenantid} in a published issuer stands for the tid of the token', async (t) => {
  const entra = await startEntra(t);
  const stand = await startRoutes(t, {
    common: policyOf(entra.configUrl('common', 2)),
    organizations: `<validate-jwt header-name="Authorization"><openid-config url="${entra.configUrl('organizations', 2)}"/></validate-jwt>`,
    one: policyOf(entra.configUrl(TENANT, 2)),
  });
  const token = (claims, more) => entra.userToken({ claims, ...more });
  const right = await token();
  const other = await token({}, { tid: NEIGHBOUR });
  await judgesAll(t, stand, {
    'the tenant itself': { at: 'common', token: right },
    'the tenant itself, by its own document': { at: 'one', token: right },
    'the tenant itself, by the document for work accounts': { at: 'organizations', token: right },
    'another tenant': { at: 'common', token: other },
    'another tenant, by the document of one': { at: 'one', token: other, ...notAllowed },
    'tid of another tenant than iss': { at: 'common', token: await token({ tid: NEIGHBOUR }), ...notAllowed },
    'iss of another tenant than tid': { at: 'organizations', token: await token({ iss: issuerV2(NEIGHBOUR) }), ...notAllowed },
    'no tid': { at: 'common', token: await token({ tid: undefined }), ...notAllowed },
    'no tid, by the document of one tenant': { at: 'one', token: await token({ tid: undefined }), ...notAllowed },
    'a tid that is no GUID': { at: 'common', token: await token({}, { tid: 'contoso.onmicrosoft.com' }), ...notAllowed },
    'a tid that brings a path': { at: 'common', token: await token({}, { tid: `${TENANT}/v2.0/${TENANT}` }), ...notAllowed },
    'a tid in braces': { at: 'common', token: await token({}, { tid: `{${TENANT}}` }), ...notAllowed },
    'a tid without dashes': { at: 'common', token: await token({}, { tid: TENANT.replaceAll('-', '') }), ...notAllowed },
    'a tid of another letter case than iss': { at: 'common', token: await token({ tid: TENANT.toUpperCase() }), ...notAllowed },
    'a list of tids': { at: 'common', token: await token({ tid: [TENANT] }), ...notAllowed },
    'the literal placeholder as tid and in iss': { at: 'common', token: await token({}, { tid: '{tenantid}' }), ...notAllowed },
    'the literal placeholder in iss alone': { at: 'common', token: await token({ iss: issuerV2('{tenantid}') }), ...notAllowed },
    'iss without its end': { at: 'common', token: await token({ iss: issuerV2(TENANT).replace('/v2.0', '') }), ...notAllowed },
    'iss with a slash more': { at: 'common', token: await token({ iss: `${issuerV2(TENANT)}/` }), ...notAllowed },
    'iss with another end of the same length': { at: 'common', token: await token({ iss: issuerV2(TENANT).replace('v2', 'v1') }), ...notAllowed },
    'iss of another host': { at: 'common', token: await token({ iss: issuerV2(TENANT).replace('.com', '.example') }), ...notAllowed },
    'no iss': { at: 'common', token: await token({ iss: undefined }), ...notAllowed },
  });
});

test('the issuer of a key says for whom it signs', async (t) => {
  const entra = await startEntra(t);
  entra.signers.second = issuerV2('{TenantId}');
  const stand = await startRoutes(t, {
    common: policyOf(entra.configUrl('common', 2)),
    consumers: policyOf(entra.configUrl(CONSUMERS, 2)),
    one: policyOf(entra.configUrl(TENANT, 2)),
    listing: policyOf(entra.configUrl('common', 2), { issuers: [issuerV2(TENANT)] }),
  });
  const byConsumers = (tid) => entra.userToken({ tid, key: 'consumer' });
  await judgesAll(t, stand, {
    'the consumer key and a personal account': { at: 'common', token: await byConsumers(CONSUMERS) },
    'the consumer key and a personal account, by their own document': { at: 'consumers', token: await byConsumers(CONSUMERS) },
    'the consumer key and a company': { at: 'common', token: await byConsumers(TENANT), ...notAllowed },
    'the consumer key and the company of the document': { at: 'one', token: await byConsumers(TENANT), ...notAllowed },
    'the consumer key and a company that the policy lists': { at: 'listing', token: await byConsumers(TENANT), ...notAllowed },
    'a company key and that company': { at: 'listing', token: await entra.userToken() },
    'a key whose placeholder has another letter case': { at: 'common', token: await entra.userToken({ key: 'second' }) },
    'the same key and a tid of another tenant': {
      at: 'common', token: await entra.userToken({ key: 'second', claims: { tid: NEIGHBOUR } }), ...notAllowed,
    },
  });
});

test('a placeholder of the document in another letter case is one too', async (t) => {
  const entra = await startEntra(t);
  const plain = entra.provider.answers;
  entra.provider.answers = (url) => {
    const answer = plain(url);
    return answer?.issuer ? { ...answer, issuer: answer.issuer.replace('{tenantid}', '{TenantID}') } : answer;
  };
  const stand = await startRoutes(t, { common: policyOf(entra.configUrl('common', 2)) });
  await judgesAll(t, stand, {
    'the tenant itself': { at: 'common', token: await entra.userToken() },
    'tid of another tenant than iss': { at: 'common', token: await entra.userToken({ claims: { tid: NEIGHBOUR } }), ...notAllowed },
  });
});

test('documents and tokens of the two versions do not mix unless the policy lists the issuer', async (t) => {
  const entra = await startEntra(t);
  const stand = await startRoutes(t, {
    v1: policyOf(entra.configUrl(TENANT, 1)),
    v2: policyOf(entra.configUrl(TENANT, 2)),
    both: policyOf(entra.configUrl(TENANT, 2), { issuers: [issuerV1(TENANT)] }),
    neither: policyOf(entra.configUrl(TENANT, 2), { issuers: [issuerV1(TENANT).slice(0, -1)] }),
    'common-v1': policyOf(entra.configUrl('common', 1)),
    'common-both': policyOf(entra.configUrl('common', 2), { issuers: [issuerV1('{tenantid}')] }),
  });
  const [v1, v2] = [await entra.userToken({ version: 1 }), await entra.userToken({ version: 2 })];
  const neighbour = await entra.userToken({ version: 1, tid: NEIGHBOUR });
  const lying = await entra.userToken({ version: 1, claims: { tid: NEIGHBOUR } });
  const tidless = await entra.userToken({ version: 1, claims: { tid: undefined } });
  const bare = await entra.userToken({ version: 1, claims: { iss: issuerV1(TENANT).slice(0, -1) } });
  await judgesAll(t, stand, {
    'a v1 token': { at: 'v1', token: v1 },
    'a v1 token without the slash at the end of iss': { at: 'v1', token: bare, ...notAllowed },
    'a v2 token by the v1 document': { at: 'v1', token: v2, ...notAllowed },
    'a v2 token': { at: 'v2', token: v2 },
    'a v1 token by the v2 document': { at: 'v2', token: v1, ...notAllowed },
    'a v1 token whose issuer is listed': { at: 'both', token: v1 },
    'a v2 token beside a listed v1 issuer': { at: 'both', token: v2 },
    'a v1 token of another tenant than the listed one': { at: 'both', token: neighbour, ...notAllowed },
    'a v1 token whose issuer is listed, with a foreign tid': { at: 'both', token: lying, ...notAllowed },
    'a v1 token whose issuer is listed, without tid': { at: 'both', token: tidless, ...notAllowed },
    'a v1 token whose issuer is listed without the slash': { at: 'neither', token: v1, ...notAllowed },
    'a v1 token by the v1 document of all tenants': { at: 'common-v1', token: v1 },
    'a v1 token of another tenant by the v1 document of all tenants': { at: 'common-v1', token: neighbour },
    'a v1 token with a foreign tid by the v1 document of all tenants': { at: 'common-v1', token: lying, ...notAllowed },
    'a v1 token by a listed issuer with the placeholder': { at: 'common-both', token: v1 },
    'a v1 token with a foreign tid by a listed issuer with the placeholder': { at: 'common-both', token: lying, ...notAllowed },
    'a v1 token signed by the consumer key': { at: 'common-both', token: await entra.userToken({ version: 1, key: 'consumer' }), ...notAllowed },
  });
  await t.test('the log of such a refusal names both issuers', async () => {
    const { event } = await ask(stand, 'v2', v1);
    assert.deepEqual([event.expected, event.found], [issuerV2(TENANT), issuerV1(TENANT)]);
  });
});

test('the query of a metadata URL is kept: it finds the keys of one application', async (t) => {
  const entra = await startEntra(t);
  entra.signers.custom = issuerV2('{tenantid}');
  const stand = await startRoutes(t, {
    custom: policyOf(entra.configUrl(TENANT, 2, `?appid=${API}`)),
    general: policyOf(entra.configUrl(TENANT, 2)),
  }, { keys: { cooldown: '60s', wait: '200ms' } });
  const unknown = { refused: 'TokenSignatureKeyNotFound', check: 'key' };
  await judgesAll(t, stand, {
    "a token signed by the application's own key": { at: 'custom', token: await entra.userToken({ key: 'custom' }) },
    'a token signed by the key of all others': { at: 'custom', token: await entra.userToken(), ...unknown },
    'a token signed by the key of all others, by the general keys': { at: 'general', token: await entra.userToken() },
    "a token signed by the application's own key, by the general keys": {
      at: 'general', token: await entra.userToken({ key: 'custom' }), ...unknown,
    },
  });
});
