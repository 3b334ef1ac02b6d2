// SPDX-License-Identifier: Apache-2.0
// Goal: validate-azure-ad-token takes tokens of its tenant, of both versions, for its API and from its callers, and no others.
// Method: an issuer with Entra's documents on loopback, named as authentication-endpoint; there the issuers are those that its
// documents publish.
import assert from 'node:assert/strict';
import test from 'node:test';
import { API, CLIENT, NEIGHBOUR, TENANT, startEntra } from './harness/entra.mjs';
import { judgesAll, startRoutes } from './harness/routes.mjs';

const callers = (...ids) => `<client-application-ids>${ids.map((id) => `<application-id>${id}</application-id>`).join('')}</client-application-ids>`;
const backends = `<backend-application-ids><application-id>${API}</application-id></backend-application-ids>`;
const OTHER = '11111111-2222-4333-8444-555555555555';
const caller = (name) => ({ refused: 'TokenClaimValueNotAllowed', check: `claim:${name}` });

test('validate-azure-ad-token', async (t) => {
  const entra = await startEntra(t);
  const policy = (children, attributes = '') =>
    `<policies><inbound><base /><validate-azure-ad-token tenant-id="${TENANT}" authentication-endpoint="${entra.provider.origin}" ${attributes}>${children}</validate-azure-ad-token></inbound></policies>`;
  const stand = await startRoutes(t, {
    caller: policy(callers(OTHER, CLIENT)),
    other: policy(callers(OTHER)),
    backend: policy(backends),
    audience: policy(`<audiences><audience>api://${API}</audience></audiences>`),
    claim: policy(`${callers(CLIENT)}<required-claims><claim name="scp"><value>Calculator.Read</value></claim></required-claims>`),
    header: policy(callers(CLIENT), 'header-name="X-Token"'),
    user: policy(callers(CLIENT), 'output-token-variable-name="jwt"').replace('</inbound>',
      '<set-header name="X-Tenant"><value>@(((Jwt)context.Variables["jwt"]).Claims.GetValueOrDefault("tid","none"))</value></set-header></inbound>'),
  });
  const token = await entra.userToken();
  const early = Math.floor(Date.now() / 1000);
  await judgesAll(t, stand, {
    'the caller\'s token of version 2': { at: 'caller', token },
    'a token of an application': { at: 'caller', token: await entra.appToken() },
    'a token that another application asked for': { at: 'other', token, ...caller('azp') },
    'a token with another appid beside its azp': { at: 'caller', token: await entra.userToken({ claims: { appid: OTHER.replace('1', '9') } }), ...caller('appid') },
    'a token for the API by its GUID': { at: 'backend', token },
    'a token for the API by its URI': { at: 'backend', token: await entra.userToken({ claims: { aud: `api://${API}` } }) },
    'a token for another API': { at: 'backend', token: await entra.userToken({ claims: { aud: OTHER } }), refused: 'TokenAudienceNotAllowed', check: 'audience' },
    'a token for the GUID where the URI is listed': { at: 'audience', token, refused: 'TokenAudienceNotAllowed', check: 'audience' },
    'a token of another tenant': { at: 'caller', token: await entra.userToken({ tid: NEIGHBOUR }), refused: 'TokenIssuerNotAllowed', check: 'issuer' },
    'a token with the right claim': { at: 'claim', token },
    'a token with a longer claim': { at: 'claim', token: await entra.userToken({ claims: { scp: 'Calculator.ReadWrite' } }), refused: 'TokenClaimValueNotAllowed', check: 'claim:scp' },
    'an expired token': { at: 'caller', token: await entra.userToken({ claims: { iat: early - 900, nbf: early - 900, exp: early - 1 } }), refused: 'TokenExpired', check: 'exp' },
    'no token': { at: 'caller', token: undefined, refused: 'TokenNotPresent', check: 'token' },
    'a token in the header of the policy': { at: 'header', token: undefined, fields: [['X-Token', token]] },
    'a token in another header': { at: 'header', token, refused: 'TokenNotPresent', check: 'token' },
    'a token whose claims are used': { at: 'user', token },
  });
  assert.equal(stand.backend.requests.at(-1).field('x-tenant'), TENANT);
});
