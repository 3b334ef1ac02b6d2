// SPDX-License-Identifier: Apache-2.0
// Goal: who walks into one of the usual traps with a token of a real provider's shape is told which one it is, and a token that is
// right is told nothing.
import assert from 'node:assert/strict';
import test from 'node:test';
import { SignJWT, importJWK } from 'jose';
import { API, issuerV1, issuerV2, startEntra, TENANT } from './harness/entra.mjs';
import { adviceOf, failed, startExplaining } from './harness/explaining.mjs';
import { startRealm } from './harness/keycloak.mjs';
import { loginClient } from './harness/provider.mjs';
import { secret } from './harness/secrets.mjs';

const policyXml = (inside, source = 'header-name="Authorization"') => `<validate-jwt ${source}>${inside}</validate-jwt>`;
const config = (url) => `<openid-config url="${url}"/>`;
const audiences = (...all) => `<audiences>${all.map((one) => `<audience>${one}</audience>`).join('')}</audiences>`;
const claim = (attributes, ...values) => `<required-claims><claim ${attributes}>${values.map((one) => `<value>${one}</value>`).join('')}</claim></required-claims>`;

// rows: { trap: [policy in XML, token, check, advice] }; without an advice the token has to pass.
async function walkAll(t, rows) {
  for (const [trap, [policy, token, check, advice]] of Object.entries(rows)) {
    await t.test(trap, async (t2) => {
      const { told } = startExplaining(t2, { 'policy.xml': policy });
      const said = await told(['--policy', 'policy.xml'], token);
      if (!advice) return assert.deepEqual(failed(said), [], JSON.stringify(said.checks));
      assert.ok(failed(said).includes(check), JSON.stringify(said.checks));
      return assert.match(adviceOf(said, check), advice);
    });
  }
}

test('Entra', async (t) => {
  const entra = await startEntra(t);
  const v2 = config(entra.configUrl(TENANT, 2)) + audiences(API);
  const v1 = config(entra.configUrl(TENANT, 1)) + audiences(`api://${API}`);
  const [user1, user2, app2] = [await entra.userToken({ version: 1 }), await entra.userToken(), await entra.appToken()];
  const graph = await entra.userToken({ header: { nonce: 'x' }, claims: { aud: '00000003-0000-0000-c000-000000000000' } });
  const parts = graph.split('.');
  const unsound = secret([Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(parts[0], 'base64url')), nonce: 'y' })).toString('base64url'), ...parts.slice(1)].join('.'));
  await walkAll(t, {
    'a v2 token by a v2 document': [policyXml(v2), user2],
    'a v1 token by a v1 document': [policyXml(v1), user1],
    'a v1 token by a v2 document': [policyXml(v2), user1, 'issuer', /accessTokenAcceptedVersion/],
    'a v1 token by a v2 document, its audience': [policyXml(v2), user1, 'audience', /api:\/\/GUID/],
    'a v2 token by a v1 document': [policyXml(v1), user2, 'issuer', /document under \/v2\.0/],
    'a token for Graph': [policyXml(v2), unsound, 'signature', /Microsoft Graph/],
    'a token of an application where scp is demanded': [policyXml(v2 + claim('name="scp"', 'Calculator.Read')), app2, 'claim:scp', /application itself/],
    'a token of a user where roles are demanded': [policyXml(v2 + claim('name="roles"', 'Calculator.Read.All')), user2, 'claim:roles', /signed-in user/],
    'scopes without separator': [
      policyXml(v2 + claim('name="scp"', 'Calculator.Read')), await entra.userToken({ claims: { scp: 'Calculator.Read User.Read' } }), 'claim:scp', /separator=" "/,
    ],
    'scopes with separator': [
      policyXml(v2 + claim('name="scp" separator=" "', 'Calculator.Read')), await entra.userToken({ claims: { scp: 'Calculator.Read User.Read' } }),
    ],
    'several values, and match is all': [
      policyXml(v2 + claim('name="scp"', 'Calculator.Read', 'Calculator.Write')), user2, 'claim:scp', /match="any"/,
    ],
    'the issuer without its slash': [
      policyXml(v1 + `<issuers><issuer>${issuerV1(TENANT).slice(0, -1)}</issuer></issuers>`), await entra.userToken({ version: 1, claims: { iss: `${issuerV1(TENANT)}/` } }),
      'issuer', /one slash/,
    ],
    'the client in capitals': [policyXml(v2 + claim('name="azp"', 'ABC')), await entra.userToken({ claims: { azp: 'abc' } }), 'claim:azp', /letter case/],
    'too many groups': [
      policyXml(v2 + claim('name="groups"', 'a')), await entra.userToken({ claims: { _claim_names: { groups: 'src1' } } }), 'claim:groups', /too many groups/,
    ],
  });
});

test('the issuer assumed for --jwks, where Entra names itself otherwise', async (t) => {
  const entra = await startEntra(t);
  const jwks = { keys: [{ ...entra.keys.company, d: undefined, p: undefined, q: undefined, dp: undefined, dq: undefined, qi: undefined }] };
  const { told } = startExplaining(t, { 'jwks.json': jwks, 'policy.xml': policyXml(config(`https://login.microsoftonline.com/${TENANT}/v2.0`) + audiences(API)) });
  const args = ['--policy', 'policy.xml', '--jwks', 'jwks.json'];
  assert.equal((await told(args, await entra.userToken())).verdict, 'pass');
  assert.match(adviceOf(await told(args, await entra.userToken({ version: 1 })), 'issuer'), /accessTokenAcceptedVersion/);
  const templated = await told([...args, '--issuer', issuerV2('{tenantid}')], await entra.userToken());
  assert.equal(templated.verdict, 'pass');
});

test('Keycloak', async (t) => {
  const client = { id: 'NC_Flow_AuthCode' };
  const realm = await startRealm(t, { clients: [loginClient(client)] });
  const { access_token: access, id_token: id } = await realm.login(client);
  const refresh = await realm.refreshToken();
  const plain = config(realm.url);
  const api = plain + audiences('orders');
  const none = await realm.token({ claims: { aud: undefined } });
  await walkAll(t, {
    'an access token': [policyXml(plain), access],
    'a refresh token': [policyXml(plain), refresh, 'key', /refresh token/],
    'an ID token': [policyXml(api), id, 'audience', /ID token/],
    'no mapper: account only': [policyXml(api), access, 'audience', /Audience mapper/],
    'no mapper: no aud at all': [policyXml(api), none, 'audience', /Audience mapper/],
    'a slash behind the audience': [policyXml(api), await realm.token({ claims: { aud: 'orders/' } }), 'audience', /one slash/],
    'the client in other letters': [policyXml(plain + claim('name="azp"', client.id.toUpperCase())), access, 'claim:azp', /letter case/],
    'roles of the realm by name': [policyXml(plain + claim('name="roles"', 'odata-users')), access, 'claim:roles', /realm_access\/roles/],
    'roles of the realm by a dot': [policyXml(plain + claim('name="realm_access.roles"', 'odata-users')), access, 'claim:realm_access.roles', /path realm_access\/roles/],
    'upn without its scope': [policyXml(plain + claim('name="upn"')), await realm.token({ scope: '' }), 'claim:upn', /microprofile-jwt/],
    'the scope looked for under scp': [policyXml(plain + claim('name="scp"', 'openid')), access, 'claim:scp', /claim scope/],
    'a key for encryption': [
      policyXml(plain), await byJose(realm.keys.find(({ kid }) => kid === 'enc-1'), { iss: realm.url }), 'key', /use is enc/,
    ],
  });
});

async function byJose({ kid, use, alg, ...key }, claims) {
  const signer = await importJWK({ ...key, alg: 'RS256' }, 'RS256');
  return secret(await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT' }).setIssuedAt().setExpirationTime('5m').sign(signer));
}

test('an issuer that signs with npm jose: its ID token and its access token', async (t) => {
  const realm = await startRealm(t);
  const sig = realm.keys.find(({ kid }) => kid === 'sig-1');
  const policy = policyXml(config(realm.url) + audiences('api'));
  await walkAll(t, {
    'an ID token, by at_hash': [policy, await byJose(sig, { iss: realm.url, aud: 'web', at_hash: 'x' }), 'audience', /looks like an ID token/],
    'the same with the right audience': [policy, await byJose(sig, { iss: realm.url, aud: 'api', at_hash: 'x' })],
    'a token for the client itself': [policy, await byJose(sig, { iss: realm.url, aud: 'web', azp: 'web' }), 'audience', /client itself/],
  });
});
