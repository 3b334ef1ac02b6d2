// SPDX-License-Identifier: Apache-2.0
// Goal: providers that deviate from what is usual are served by the policy that their documents call for, and a policy that only
// looks right refuses.
// Method: documents, headers and claims as these providers are known to make them, signed by libraries that are not ours.
import crypto from 'node:crypto';
import test from 'node:test';
import { startDocuments } from './harness/documents.mjs';
import { certifiedKey } from './harness/entra.mjs';
import { tempDir } from './harness/gateway.mjs';
import { now } from './harness/keys.mjs';
import { providerKey } from './harness/provider.mjs';
import { judgesAll, startRoutes } from './harness/routes.mjs';
import { SIGNERS } from './harness/signers.mjs';

const wrongIssuer = { refused: 'TokenIssuerNotAllowed', check: 'issuer' };
const wrongAudience = { refused: 'TokenAudienceNotAllowed', check: 'audience' };
const noClaim = (name) => ({ refused: 'TokenClaimNotFound', check: `claim:${name}` });
const wrongClaim = (name) => ({ refused: 'TokenClaimValueNotAllowed', check: `claim:${name}` });

const DOCUMENT = '/.well-known/openid-configuration';
const lifetime = (seconds = 600) => ({ iat: now(), exp: now() + seconds });
const claim = (name, ...values) => ({ name, values });
const anyOf = (name, ...values) => ({ name, match: 'any', values });

// What a key set shows of a private key, and what it says beside.
const listed = ({ kty, crv, x, y, n, e, use, kid }, more = {}) => ({ kty, crv, x, y, n, e, use, kid, ...more });

const rsa = providerKey('RS256', 'rsa-1');
const second = providerKey('RS256', 'rsa-2');
const ec = providerKey('ES256', 'ec-1');

// Rows as those of judgesAll, but with key, header and payload in place of the token: judged once for each signer.
async function judgesSigned(t, stand, rows) {
  for (const { name: signer, sign, skip } of SIGNERS) {
    await t.test(`signed by ${signer}`, { skip }, async (tt) => {
      const tokens = await sign(Object.values(rows));
      await judgesAll(tt, stand, Object.fromEntries(Object.entries(rows).map(([name, row], n) => [name, { ...row, token: tokens[n] }])));
    });
  }
}

test('AWS Cognito: access tokens have no aud, but client_id, token_use and cognito:groups', async (t) => {
  const pool = '/eu-west-1_Ab1Cd2Ef3';
  const iss = `https://cognito-idp.eu-west-1.amazonaws.com${pool}`;
  const client = '1h57kf5cpq17m0eml12EXAMPLE';
  const server = await startDocuments(t, {});
  Object.assign(server.answers, {
    [pool + DOCUMENT]: { issuer: iss, jwks_uri: `${server.url}${pool}/.well-known/jwks.json` },
    [`${pool}/.well-known/jwks.json`]: { keys: [rsa, second].map((key) => listed(key, { alg: 'RS256' })) },
  });
  const url = server.url + pool;
  const requires = (...claims) => ({ openid_config: [{ url }], required_claims: claims });
  const [ofClient, isAccess] = [claim('client_id', client), claim('token_use', 'access')];
  const stand = await startRoutes(t, {
    right: requires(ofClient, isAccess, anyOf('cognito:groups', 'admins')),
    audience: { openid_config: [{ url }], audiences: [client] },
    plain: requires(ofClient, isAccess, anyOf('groups', 'admins')),
  });
  const access = {
    sub: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee', 'cognito:groups': ['admins', 'users'], iss, client_id: client, origin_jti: 'a', event_id: 'b',
    token_use: 'access', scope: 'aws.cognito.signin.user.admin', auth_time: now(), jti: 'c', username: 'alice', ...lifetime(),
  };
  const { client_id: ignored, ...id } = { ...access, aud: client, token_use: 'id', 'cognito:username': 'alice' };
  const signed = (at, payload) => ({ at, key: rsa, header: { alg: 'RS256', kid: rsa.kid }, payload });
  await judgesSigned(t, stand, {
    'an access token': signed('right', access),
    'an access token whose slashes are escaped': signed('right', JSON.stringify(access).replaceAll('/', '\\/')),
    'escaped slashes of another pool': { ...signed('right', JSON.stringify({ ...access, iss: `${iss}x` }).replaceAll('/', '\\/')), ...wrongIssuer },
    'an ID token': { ...signed('right', id), ...noClaim('client_id') },
    'an access token of another group': { ...signed('right', { ...access, 'cognito:groups': ['users'] }), ...wrongClaim('cognito:groups') },
    'an access token, where an audience is asked for,': { ...signed('audience', access), ...wrongAudience },
    'an ID token, where an audience is asked for,': signed('audience', id),
    'an access token, by groups without the prefix,': { ...signed('plain', access), ...noClaim('groups') },
  });
});

test('Auth0: iss ends in a slash, aud is a list with the userinfo endpoint in it', async (t) => {
  const iss = 'https://tenant.eu.auth0.com/';
  const api = 'https://orders.example.com/api';
  const server = await startDocuments(t, {});
  Object.assign(server.answers, {
    [DOCUMENT]: { issuer: iss, jwks_uri: `${server.url}/.well-known/jwks.json` },
    '/.well-known/jwks.json': { keys: [listed(rsa, { alg: 'RS256' })] },
  });
  const openid = { openid_config: [{ url: `${server.url}/` }] };
  const inline = (issuer) => ({ issuer_signing_keys: [{ id: rsa.kid, n: rsa.n, e: rsa.e }], issuers: [issuer], audiences: [api] });
  const permissions = [anyOf('permissions', 'read:orders')];
  const stand = await startRoutes(t, {
    right: { ...openid, audiences: [api], required_claims: permissions },
    scope: { ...openid, audiences: [api], required_claims: [{ ...anyOf('scope', 'read:orders'), separator: ' ' }] },
    slash: { ...openid, audiences: [`${api}/`] },
    typed: inline(iss),
    bare: inline(iss.slice(0, -1)),
  });
  const payload = {
    iss, sub: 'auth0|5f7c8ec7c33c6c004bbafe82', aud: [api, `${iss}userinfo`], azp: 'my_client_id', scope: 'openid profile read:orders',
    permissions: ['read:orders', 'write:orders'], ...lifetime(),
  };
  const signed = (at, more) => ({ at, key: rsa, header: { alg: 'RS256', typ: 'JWT', kid: rsa.kid }, payload: { ...payload, ...more } });
  await judgesSigned(t, stand, {
    'an access token': signed('right'),
    'an access token for userinfo alone': { ...signed('right', { aud: `${iss}userinfo` }), ...wrongAudience },
    'an access token without the permission': { ...signed('right', { permissions: ['write:orders'] }), ...wrongClaim('permissions') },
    'one of several scopes': signed('scope'),
    'no such scope': { ...signed('scope', { scope: 'openid read:ordersheets' }), ...wrongClaim('scope') },
    'an audience with a slash in the policy': { ...signed('slash'), ...wrongAudience },
    'iss without the slash': { ...signed('right', { iss: iss.slice(0, -1) }), ...wrongIssuer },
    'an issuer typed in with the slash': signed('typed'),
    'an issuer typed in without the slash': { ...signed('bare'), ...wrongIssuer },
  });
});

test('AD FS: access tokens name another issuer than the document, by http, and a key by x5t alone', async (t) => {
  const trust = 'http://fs.example.com/adfs/services/trust';
  const server = await startDocuments(t, {});
  const [key, other] = [certifiedKey(tempDir(t)), certifiedKey(tempDir(t))];
  Object.assign(server.answers, {
    [`/adfs${DOCUMENT}`]: { issuer: 'https://fs.example.com/adfs', jwks_uri: `${server.url}/adfs/discovery/keys`, access_token_issuer: trust },
    '/adfs/discovery/keys': { keys: [other, key].map((one) => listed(one, { alg: 'RS256', x5t: one.kid, x5c: one.x5c })) },
  });
  const audience = 'microsoft:identityserver:0f7c2b4e-6f3a-4a07-9a5c-3f1f4a2b7c11';
  const policy = (...issuers) => ({
    openid_config: [{ url: `${server.url}/adfs${DOCUMENT}` }], audiences: [audience], ...(issuers.length > 0 && { issuers }),
    required_claims: [{ ...anyOf('scp', 'openid'), separator: ' ' }],
  });
  const stand = await startRoutes(t, { right: policy(trust), none: policy(), https: policy(trust.replace('http:', 'https:')) });
  const payload = {
    aud: audience, iss: trust, apptype: 'Public', appid: '6731de76-14a6-49ae-97bc-6eba6914391e',
    authmethod: 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport',
    auth_time: '2026-11-20T08:00:00.000Z', ver: '1.0', scp: 'openid profile', ...lifetime(),
  };
  const signed = (at, header, more) => ({ at, key, header: { typ: 'JWT', alg: 'RS256', ...header }, payload: { ...payload, ...more } });
  const [right, wrong] = [{ x5t: key.kid }, { x5t: other.kid }];
  await judgesSigned(t, stand, {
    'an access token': signed('right', right),
    'an access token that names the other key': { ...signed('right', wrong), refused: 'TokenSignatureInvalid', check: 'signature' },
    'an access token for userinfo': { ...signed('right', right, { aud: 'urn:microsoft:userinfo' }), ...wrongAudience },
    'an access token, without issuers in the policy,': { ...signed('none', right), ...wrongIssuer },
    'an access token, by https in the policy,': { ...signed('https', right), ...wrongIssuer },
  });
});

test('Google: ID tokens name the issuer with https:// or without', async (t) => {
  const server = await startDocuments(t, {});
  Object.assign(server.answers, {
    [DOCUMENT]: { issuer: 'https://accounts.google.com', jwks_uri: `${server.url}/oauth2/v3/certs` },
    '/oauth2/v3/certs': { keys: [second, rsa].map((key) => listed(key, { alg: 'RS256' })) },
  });
  const client = '407408718192.apps.googleusercontent.com';
  const policy = (more) => ({
    openid_config: [{ url: server.url }], audiences: [client], required_claims: [claim('hd', 'example.com'), claim('email_verified', 'true')], ...more,
  });
  const stand = await startRoutes(t, { right: policy({ issuers: ['accounts.google.com'] }), strict: policy() });
  const payload = {
    iss: 'https://accounts.google.com', azp: client, aud: client, sub: '110169484474386276334', hd: 'example.com', email: 'alice@example.com',
    email_verified: true, at_hash: 'HK6E_P6Dh8Y93mRNtsDB1Q', ...lifetime(),
  };
  const signed = (at, more) => ({ at, key: rsa, header: { alg: 'RS256', kid: rsa.kid, typ: 'JWT' }, payload: { ...payload, ...more } });
  const bare = { iss: 'accounts.google.com' };
  await judgesSigned(t, stand, {
    'iss with https://': signed('right'),
    'iss without https://': signed('right', bare),
    'iss with http://': { ...signed('right', { iss: 'http://accounts.google.com' }), ...wrongIssuer },
    'iss with https://, without issuers in the policy,': signed('strict'),
    'iss without https://, without issuers in the policy,': { ...signed('strict', bare), ...wrongIssuer },
    'an account of no organisation': { ...signed('right', { hd: undefined }), ...noClaim('hd') },
    'a token for another client': { ...signed('right', { aud: `1${client}` }), ...wrongAudience },
  });
});

test('Okta: scp is a list, the client is cid, ver is a number', async (t) => {
  const path = '/oauth2/default';
  const iss = `https://dev-123456.okta.com${path}`;
  const server = await startDocuments(t, {});
  Object.assign(server.answers, {
    [path + DOCUMENT]: { issuer: iss, jwks_uri: `${server.url}${path}/v1/keys` }, [`${path}/v1/keys`]: { keys: [listed(rsa, { alg: 'RS256' })] },
  });
  const requires = (...claims) => ({ openid_config: [{ url: server.url + path }], audiences: ['api://default'], required_claims: claims });
  const stand = await startRoutes(t, {
    right: requires(anyOf('scp', 'orders.read'), claim('cid', '0oaexample'), claim('ver', '1')),
    separated: requires({ ...anyOf('scp', 'orders.read'), separator: ' ' }),
    scope: requires(anyOf('scope', 'orders.read')),
    azp: requires(claim('azp', '0oaexample')),
    decimal: requires(claim('ver', '1.0')),
  });
  const payload = {
    ver: 1, jti: 'AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE', iss, aud: 'api://default', cid: '0oaexample', uid: '00uexample',
    scp: ['openid', 'orders.read'], sub: 'alice@example.com', ...lifetime(),
  };
  const signed = (at, more) => ({ at, key: rsa, header: { kid: rsa.kid, alg: 'RS256' }, payload: { ...payload, ...more } });
  await judgesSigned(t, stand, {
    'an access token': signed('right'),
    'scp as a list, with a separator in the policy,': signed('separated'),
    'a longer scope': { ...signed('right', { scp: ['orders.readwrite'] }), ...wrongClaim('scp') },
    'scope in place of scp': { ...signed('scope'), ...noClaim('scope') },
    'azp in place of cid': { ...signed('azp'), ...noClaim('azp') },
    'ver with a fraction in the policy': { ...signed('decimal'), ...wrongClaim('ver') },
    'ver with a fraction in the token': { ...signed('right', { ver: 1.5 }), ...wrongClaim('ver') },
    'the server of the organisation': { ...signed('right', { iss: 'https://dev-123456.okta.com' }), ...wrongIssuer },
  });
});

test('Kubernetes: keys on another host than the issuer, and a nested claim with a dot in its name', async (t) => {
  const iss = 'https://kubernetes.default.svc.cluster.local';
  const keySet = { type: 'application/jwk-set+json', body: { keys: [listed(rsa, { alg: 'RS256' })] } };
  const keys = await startDocuments(t, { '/openid/v1/jwks': keySet }, '127.0.0.2');
  const document = { issuer: iss, jwks_uri: `${keys.url}/openid/v1/jwks`, response_types_supported: ['id_token'] };
  const server = await startDocuments(t, { [DOCUMENT]: document });
  const requires = (...claims) => ({ openid_config: [{ url: server.url }], audiences: ['orders'], required_claims: claims });
  const stand = await startRoutes(t, {
    right: requires({ path: 'kubernetes.io/namespace', values: ['shop'] }, { path: 'kubernetes.io/serviceaccount/name', values: ['checkout'] }),
    sub: requires(claim('sub', 'system:serviceaccount:shop:checkout')),
    dots: requires(claim('kubernetes.io.serviceaccount.name', 'checkout')),
    split: requires({ path: 'kubernetes/io/serviceaccount/name', values: ['checkout'] }),
  });
  const workload = (namespace, name) => ({
    'kubernetes.io': { namespace, pod: { name: `${name}-7d4b`, uid: 'a' }, serviceaccount: { name, uid: 'b' } },
    sub: `system:serviceaccount:${namespace}:${name}`,
  });
  const payload = { aud: ['orders', iss], iss, nbf: now(), ...workload('shop', 'checkout'), ...lifetime(3600) };
  const signed = (at, more) => ({ at, key: rsa, header: { alg: 'RS256', kid: rsa.kid }, payload: { ...payload, ...more } });
  await judgesSigned(t, stand, {
    'the token of a service account': signed('right'),
    'the token of a service account, by sub': signed('sub'),
    'another service account': { ...signed('right', workload('shop', 'checkouts')), ...wrongClaim('kubernetes.io/serviceaccount/name') },
    'the same name in another namespace': { ...signed('right', workload('test', 'checkout')), ...wrongClaim('kubernetes.io/namespace') },
    'dots in place of slashes': { ...signed('dots'), ...noClaim('kubernetes.io.serviceaccount.name') },
    'a slash in place of the dot': { ...signed('split'), ...noClaim('kubernetes/io/serviceaccount/name') },
    'a token for the cluster itself': { ...signed('right', { aud: [iss] }), ...wrongAudience },
    'the short name of the cluster': { ...signed('right', { iss: 'https://kubernetes.default.svc' }), ...wrongIssuer },
  });
});

test('PingFederate: no kid, and scope as a text or a list', async (t) => {
  const iss = 'https://ping.example.com';
  const server = await startDocuments(t, {});
  Object.assign(server.answers, {
    [DOCUMENT]: { issuer: iss, jwks_uri: `${server.url}/ext/oauth/jwks` },
    '/ext/oauth/jwks': { keys: [listed(second), listed(ec), listed(rsa), { kty: 'AKP', kid: 'new', alg: 'ML-DSA-44', pub: 'AAAA' }] },
  });
  const requires = (...claims) => ({ openid_config: [{ url: server.url }], required_claims: [claim('client_id', 'orders-ui'), ...claims] });
  const stand = await startRoutes(t, {
    right: requires({ ...anyOf('scope', 'orders:read'), separator: ' ' }), whole: requires(anyOf('scope', 'orders:read')),
    audience: { ...requires(), required_claims: undefined, audiences: ['orders'] },
  });
  const payload = { scope: 'openid orders:read', client_id: 'orders-ui', iss, jti: 'x', Username: 'alice', ...lifetime() };
  const signed = (at, more, key = rsa) => {
    const header = { alg: key === ec ? 'ES256' : 'RS256', 'pi.atm': '1' };
    return { at, key, header, payload: { ...payload, ...more } };
  };
  const foreign = providerKey('RS256', 'foreign');
  await judgesSigned(t, stand, {
    'scope as a text': signed('right'),
    'scope as a list': signed('right', { scope: ['openid', 'orders:read'] }),
    'scope as a list, without a separator in the policy,': signed('whole', { scope: ['openid', 'orders:read'] }),
    'scope as a text, without a separator in the policy,': { ...signed('whole'), ...wrongClaim('scope') },
    'the elliptic key of the set': signed('right', {}, ec),
    'a key of no set': { ...signed('right', {}, foreign), refused: 'TokenSignatureKeyNotFound', check: 'key' },
    'another client': { ...signed('right', { client_id: 'orders' }), ...wrongClaim('client_id') },
    'no aud, where one is asked for,': { ...signed('audience'), ...wrongAudience },
    'an aud, where one is asked for,': signed('audience', { aud: 'orders' }),
  });
});

test('GitHub Actions: a workflow is told by sub, with colons and slashes in it', async (t) => {
  const iss = 'https://token.actions.githubusercontent.com';
  const server = await startDocuments(t, {});
  const key = certifiedKey(tempDir(t));
  Object.assign(server.answers, {
    [DOCUMENT]: { issuer: iss, jwks_uri: `${server.url}/.well-known/jwks` },
    '/.well-known/jwks': { keys: [{ ...listed(key), alg: 'RS256', x5t: key.kid, x5c: key.x5c, kid: '38826b17-6a30-5f9b-b169-8beb8202f723' }] },
  });
  const sub = 'repo:octo-org/octo-repo:ref:refs/heads/main';
  const policy = (more) => ({
    openid_config: [{ url: server.url }], audiences: ['https://github.com/octo-org'], max_age: '10m',
    required_claims: [claim('sub', sub), claim('repository_owner', 'octo-org')], ...more,
  });
  const stand = await startRoutes(t, {
    right: policy(), wildcard: policy({ required_claims: [claim('sub', 'repo:octo-org/*')] }), other: policy({ audiences: ['https://github.com/octo-org/'] }),
  });
  const payload = {
    jti: 'a', sub, aud: 'https://github.com/octo-org', ref: 'refs/heads/main', sha: 'b', repository: 'octo-org/octo-repo', repository_owner: 'octo-org',
    repository_visibility: 'private', run_id: '1', run_attempt: '1', actor: 'alice', workflow: 'deploy', head_ref: '', base_ref: '',
    event_name: 'push', ref_protected: 'true', ref_type: 'branch', runner_environment: 'github-hosted',
    job_workflow_ref: 'octo-org/octo-repo/.github/workflows/deploy.yml@refs/heads/main', iss, nbf: now() - 5, ...lifetime(300),
  };
  const header = { typ: 'JWT', alg: 'RS256', x5t: key.kid, kid: '38826b17-6a30-5f9b-b169-8beb8202f723' };
  const signed = (at, more) => ({ at, key, header, payload: { ...payload, ...more } });
  await judgesSigned(t, stand, {
    'the branch main': signed('right'),
    'a branch whose name begins so': { ...signed('right', { sub: `${sub}tenance` }), ...wrongClaim('sub') },
    'a pull request': { ...signed('right', { sub: 'repo:octo-org/octo-repo:pull_request' }), ...wrongClaim('sub') },
    'a fork': { ...signed('right', { sub: sub.replace('octo-org', 'octo-fork') }), ...wrongClaim('sub') },
    'a star in the policy, which is no wildcard,': { ...signed('wildcard'), ...wrongClaim('sub') },
    'an audience with a slash in the policy': { ...signed('other'), ...wrongAudience },
    'a workflow of an hour ago': { ...signed('right', { iat: now() - 3600 }), ...wrongClaim('iat') },
  });
});

test('Azure AD B2C: each user flow has documents of its own, named in the query or in the path', async (t) => {
  const tenant = '775527ff-9a37-4307-8b3d-cc311f58d925';
  const iss = `https://contoso.b2clogin.com/${tenant}/v2.0/`;
  const server = await startDocuments(t, {});
  const flows = { b2c_1_signin: rsa, b2c_1_edit: second };
  for (const [flow, key] of Object.entries(flows)) {
    const inQuery = `/contoso.onmicrosoft.com/discovery/v2.0/keys?p=${flow}`;
    const inPath = `/contoso.onmicrosoft.com/${flow}/discovery/v2.0/keys`;
    server.answers[`/contoso.onmicrosoft.com/v2.0${DOCUMENT}?p=${flow}`] = { issuer: iss, jwks_uri: server.url + inQuery };
    server.answers[`/contoso.onmicrosoft.com/${flow}/v2.0${DOCUMENT}`] = { issuer: iss, jwks_uri: server.url + inPath };
    server.answers[inQuery] = server.answers[inPath] = { keys: [listed(key, { nbf: 1493763266 })] };
  }
  const app = '90c0fe63-bcf2-44d5-8fb7-b8bbc0b29dc6';
  const policy = (url, more = {}) => ({ openid_config: [{ url: server.url + url }], audiences: [app], ...more });
  const query = (flow) => `/contoso.onmicrosoft.com/v2.0${DOCUMENT}?p=${flow}`;
  const stand = await startRoutes(t, {
    signin: policy(query('b2c_1_signin'), { required_claims: [claim('tfp', 'B2C_1_signin')] }),
    edit: policy(query('b2c_1_edit')),
    path: policy(`/contoso.onmicrosoft.com/b2c_1_signin/v2.0${DOCUMENT}`),
    acr: policy(query('b2c_1_signin'), { required_claims: [claim('acr', 'b2c_1_signin')] }),
  });
  const payload = { ver: '1.0', iss, sub: 'alice', aud: app, nonce: 'n', nbf: now(), auth_time: now(), tfp: 'B2C_1_signin', ...lifetime() };
  const signed = (at, more, key = rsa) => ({ at, key, header: { typ: 'JWT', alg: 'RS256', kid: key.kid }, payload: { ...payload, ...more } });
  const unknownKey = { refused: 'TokenSignatureKeyNotFound', check: 'key' };
  await judgesSigned(t, stand, {
    'a token of the flow in the query': signed('signin'),
    'a token of the flow in the path': signed('path'),
    'a token of the other flow': signed('edit', { tfp: 'B2C_1_edit' }, second),
    'a token of the other flow, by the keys of this one,': { ...signed('signin', {}, second), ...unknownKey },
    'a token of this flow, by the keys of the other,': { ...signed('edit'), ...unknownKey },
    'a token whose flow is in tfp, by acr,': { ...signed('acr'), ...noClaim('acr') },
    'another flow in tfp': { ...signed('signin', { tfp: 'B2C_1_edit' }), ...wrongClaim('tfp') },
    'iss without the slash': { ...signed('signin', { iss: iss.slice(0, -1) }), ...wrongIssuer },
  });
});

test('any provider: odd keys in its set neither verify nor keep the others from it', async (t) => {
  const iss = 'https://any.example.com';
  const server = await startDocuments(t, {});
  const bare = certifiedKey(tempDir(t));
  const shared = crypto.randomBytes(32);
  const upper = providerKey('RS256', 'upper');
  Object.assign(server.answers, {
    [DOCUMENT]: { issuer: iss, jwks_uri: `${server.url}/keys` },
    '/keys': { keys: [
      { kty: 'oct', kid: 'oct', use: 'sig', alg: 'HS256', k: shared.toString('base64url') },
      { kty: 'AKP', kid: 'akp', alg: 'ML-DSA-44', pub: 'AAAA' },
      listed(upper, { alg: 'rs256' }),
      { kty: 'RSA', use: 'sig', kid: bare.kid, x5c: bare.x5c }, // no n and e: not what RFC 7518 6.3.1 allows, but met
      listed(rsa, { kid: 'twice' }), listed(second, { kid: 'twice' }),
    ] },
  });
  const stand = await startRoutes(t, { any: { openid_config: [{ url: server.url }] } }, { keys: { cooldown: '60s', wait: '200ms' } });
  const signed = (key, header) => ({ at: 'any', key, header: { alg: 'RS256', ...header }, payload: { iss, sub: 'alice', ...lifetime() } });
  const unknownKey = { refused: 'TokenSignatureKeyNotFound', check: 'key' };
  const badSignature = { refused: 'TokenSignatureInvalid', check: 'signature' };
  const secretKey = { kty: 'oct', k: shared.toString('base64url') };
  await judgesSigned(t, stand, {
    'the first key of two with one kid': signed(rsa, { kid: 'twice' }),
    'the second key of two with one kid': signed(second, { kid: 'twice' }),
    'a third key with their kid': { ...signed(upper, { kid: 'twice' }), ...badSignature },
    'a key that is only in its certificate': signed(bare, { kid: bare.kid }),
    'that key, its kid in another letter case': signed(bare, { kid: bare.kid.toLowerCase() }),
    'another key with its kid in another letter case': { ...signed(rsa, { kid: bare.kid.toLowerCase() }), ...badSignature },
    'no kid': signed(second, {}),
    'a published secret': { ...signed(secretKey, { alg: 'HS256', kid: 'oct' }), ...unknownKey },
    'a key whose alg is spelled in small letters': { ...signed(upper, { kid: 'upper' }), ...unknownKey },
  });
});
