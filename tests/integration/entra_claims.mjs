// SPDX-License-Identifier: Apache-2.0
// Goal: what Entra's tokens say of audience, rights and groups passes by the policies written for it, and by nothing near them.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { API, CLIENT, NEIGHBOUR, TENANT, issuerV1, startEntra } from './harness/entra.mjs';
import { b64u } from './harness/keys.mjs';
import { loginClient } from './harness/provider.mjs';
import { ask, judgesAll, startRoutes } from './harness/routes.mjs';
import { secret } from './harness/secrets.mjs';

const URI = `api://${API}`;
const wrongAudience = { refused: 'TokenAudienceNotAllowed', check: 'audience' };
const noClaim = (name) => ({ refused: 'TokenClaimNotFound', check: `claim:${name}` });
const wrongClaim = (name) => ({ refused: 'TokenClaimValueNotAllowed', check: `claim:${name}` });

// A policy for tokens of both versions.
const policyOf = (entra, more = {}) => ({
  openid_config: [{ url: entra.configUrl(TENANT, 2) }], issuers: [issuerV1(TENANT)], audiences: [API, URI], ...more,
});
const requires = (entra, ...claims) => policyOf(entra, { required_claims: claims });

test('the GUID of an API and its URI are two audiences', async (t) => {
  const entra = await startEntra(t);
  const stand = await startRoutes(t, {
    guid: policyOf(entra, { audiences: [API] }), uri: policyOf(entra, { audiences: [URI] }), both: policyOf(entra),
    slash: policyOf(entra, { audiences: [`${URI}/`] }),
  });
  const [v1, v2] = [await entra.userToken({ version: 1 }), await entra.userToken()];
  const withSlash = await entra.userToken({ version: 1, claims: { aud: `${URI}/` } });
  await judgesAll(t, stand, {
    'a v2 token, for the GUID': { at: 'guid', token: v2 },
    'a v1 token, for the URI,': { at: 'guid', token: v1, ...wrongAudience },
    'a v1 token for the GUID': { at: 'guid', token: await entra.userToken({ version: 1, claims: { aud: API } }) },
    'the GUID in capitals': { at: 'guid', token: await entra.userToken({ claims: { aud: API.toUpperCase() } }), ...wrongAudience },
    'a v1 token': { at: 'uri', token: v1 },
    'a v2 token, for the GUID,': { at: 'uri', token: v2, ...wrongAudience },
    'the URI with a slash': { at: 'uri', token: withSlash, ...wrongAudience },
    'the URI with the slash of the policy': { at: 'slash', token: withSlash },
    'the URI without the slash of the policy': { at: 'slash', token: v1, ...wrongAudience },
    'either version, v1': { at: 'both', token: v1 },
    'either version, v2': { at: 'both', token: v2 },
    'a token for the client itself': { at: 'both', token: await entra.userToken({ claims: { aud: CLIENT } }), ...wrongAudience },
  });
});

test('rights of users are in scp, those of applications in roles', async (t) => {
  const entra = await startEntra(t);
  const anyOf = (name, ...values) => ({ name, match: 'any', separator: ' ', values });
  const stand = await startRoutes(t, {
    scp: requires(entra, anyOf('scp', 'Calculator.Read', 'Calculator.Write')),
    whole: requires(entra, { name: 'scp', values: ['Calculator.Read'] }),
    roles: requires(entra, anyOf('roles', 'Calculator.Read.All')),
    audience: policyOf(entra),
  });
  const [user, app] = [await entra.userToken(), await entra.appToken()];
  const twoScopes = await entra.userToken({ claims: { scp: 'User.Read Calculator.Read' } });
  await judgesAll(t, stand, {
    'a delegated token': { at: 'scp', token: user },
    'a delegated token with two scopes': { at: 'scp', token: twoScopes },
    'a delegated v1 token': { at: 'scp', token: await entra.userToken({ version: 1 }) },
    'a scope that begins with the right one': {
      at: 'scp', token: await entra.userToken({ claims: { scp: 'Calculator.ReadWrite' } }), ...wrongClaim('scp'),
    },
    'a scope of another letter case': { at: 'scp', token: await entra.userToken({ claims: { scp: 'calculator.read' } }), ...wrongClaim('scp') },
    'an app-only token': { at: 'scp', token: app, ...noClaim('scp') },
    'an app-only v1 token': { at: 'scp', token: await entra.appToken({ version: 1 }), ...noClaim('scp') },
    'one scope, without a separator,': { at: 'whole', token: user },
    'two scopes, without a separator,': { at: 'whole', token: twoScopes, ...wrongClaim('scp') },
    'an app-only token by its role': { at: 'roles', token: app },
    'an app-only token without any role': { at: 'roles', token: await entra.appToken({ claims: { roles: undefined } }), ...noClaim('roles') },
    'an app-only token with another role': {
      at: 'roles', token: await entra.appToken({ claims: { roles: ['Calculator.Write.All'] } }), ...wrongClaim('roles'),
    },
    'a delegated token without roles': { at: 'roles', token: user, ...noClaim('roles') },
    'any application of the tenant, by the audience alone,': { at: 'audience', token: await entra.appToken({ claims: { roles: undefined } }) },
  });
});

test('a user who logs in by authorization code and PKCE', async (t) => {
  const spa = { id: CLIENT };
  const entra = await startEntra(t, { clients: [loginClient(spa)] });
  const stand = await startRoutes(t, {
    scp: requires(entra, { name: 'scp', match: 'any', separator: ' ', values: ['Calculator.Read'] }),
    azp: requires(entra, { name: 'azp', values: [CLIENT] }),
  });
  const { access_token: token, id_token: idToken } = await entra.login(spa, { user: 'alice' });
  await judgesAll(t, stand, {
    'the access token': { at: 'scp', token },
    'the access token, by its client': { at: 'azp', token },
    'an access token of another client': { at: 'azp', token: await entra.userToken({ claims: { azp: API } }), ...wrongClaim('azp') },
  });
  await t.test('the ID token, whose audience is the client, is refused', async () => {
    assert.equal(JSON.parse(Buffer.from(idToken.split('.')[1], 'base64url')).aud, CLIENT);
    const { answer, event } = await ask(stand, 'scp', idToken);
    assert.equal(answer.status, 401);
    assert.equal(event.reason, 'TokenAudienceNotAllowed');
  });
});

test('as many groups as a token may name pass as one header line; more are named elsewhere', async (t) => {
  const entra = await startEntra(t);
  const groups = Array.from({ length: 200 }, () => crypto.randomUUID());
  const stand = await startRoutes(t, {
    groups: requires(entra, { name: 'groups', match: 'any', values: [groups[199]] }), plain: policyOf(entra),
  });
  const token = await entra.userToken({ claims: { groups } });
  const overage = {
    _claim_names: { groups: 'src1' },
    _claim_sources: { src1: { endpoint: `https://graph.windows.net/${TENANT}/users/alice/getMemberObjects` } },
  };
  assert.ok(token.length > 10000, `${token.length} bytes`);
  await judgesAll(t, stand, {
    'a token of 200 groups, the last of them asked for,': { at: 'groups', token },
    'a token of 200 other groups': {
      at: 'groups', token: await entra.userToken({ claims: { groups: groups.map(() => crypto.randomUUID()) } }), ...wrongClaim('groups'),
    },
    'a token of too many groups': { at: 'groups', token: await entra.userToken({ claims: overage }), ...noClaim('groups') },
    'a token of too many groups, none asked for,': { at: 'plain', token: await entra.userToken({ claims: overage }) },
  });
  await t.test('the backend gets the long line as it came', async () => {
    const { reached } = await ask(stand, 'groups', token);
    assert.equal(reached.field('authorization'), `Bearer ${token}`);
  });
});

// What Microsoft Graph's tokens carry is not what was signed: there the nonce stands as its hash.
test('a token for Microsoft Graph cannot be verified, and is refused for its signature', async (t) => {
  const entra = await startEntra(t);
  const graph = '00000003-0000-0000-c000-000000000000';
  const stand = await startRoutes(t, { graph: policyOf(entra, { audiences: [graph] }) });
  const nonce = b64u(crypto.randomBytes(24));
  const hashed = crypto.createHash('sha256').update(nonce).digest('base64url');
  const signed = await entra.userToken({ version: 1, header: { nonce: hashed }, claims: { aud: graph } });
  const [header, ...rest] = signed.split('.');
  const shown = { ...JSON.parse(Buffer.from(header, 'base64url')), nonce };
  const sent = secret([b64u(JSON.stringify(shown)), ...rest].join('.'));
  await judgesAll(t, stand, {
    'with the nonce as it was signed': { at: 'graph', token: signed },
    'with the nonce as it is sent': { at: 'graph', token: sent, refused: 'TokenSignatureInvalid', check: 'signature' },
  });
});

test('keys are found by kid or x5t, whichever the token names', async (t) => {
  const entra = await startEntra(t);
  const stand = await startRoutes(t, { both: policyOf(entra) });
  const kid = entra.keys.company.kid;
  await judgesAll(t, stand, {
    'kid and x5t': { at: 'both', token: await entra.userToken({ version: 1 }) },
    'kid alone': { at: 'both', token: await entra.userToken() },
    'x5t alone': { at: 'both', token: await entra.userToken({ version: 1, header: { kid: undefined } }) },
    'neither': { at: 'both', token: await entra.userToken({ header: { kid: undefined } }) },
    'x5t of another key': {
      at: 'both', token: await entra.userToken({ version: 1, header: { kid: undefined, x5t: entra.keys.second.kid } }),
      refused: 'TokenSignatureInvalid', check: 'signature',
    },
    'kid of another key': {
      at: 'both', token: await entra.userToken({ header: { kid: entra.keys.second.kid } }), refused: 'TokenSignatureInvalid', check: 'signature',
    },
    'a kid that no key has, so that all are tried': { at: 'both', token: await entra.userToken({ header: { kid: `${kid}x` } }) },
  });
});

test('the example of a policy for Entra does what its comment says', async (t) => {
  const entra = await startEntra(t);
  const example = readFileSync(new URL('../../conf/policies/entra.xml', import.meta.url), 'utf8');
  const address = 'https://login.microsoftonline.com/{{tenant-id}}/v2.0/.well-known/openid-configuration';
  assert.ok(example.includes(address));
  const stand = await startRoutes(t, { example: example.replace(address, entra.configUrl(TENANT, 2)) }, {
    named_values: { 'tenant-id': TENANT, 'app-id': API },
  });
  const token = (scp, more) => entra.userToken({ claims: { scp }, ...more });
  await judgesAll(t, stand, {
    'a v2 token with the first permission': { at: 'example', token: await token('openid Orders.Read') },
    'a v1 token with the second': { at: 'example', token: await token('Orders.ReadWrite', { version: 1 }) },
    'a v2 token with neither': { at: 'example', token: await token('openid Orders.ReadAll'), ...wrongClaim('scp') },
    'an app-only token': { at: 'example', token: await entra.appToken(), ...noClaim('scp') },
    'a v2 token of another tenant': {
      at: 'example', token: await token('Orders.Read', { tid: NEIGHBOUR }), refused: 'TokenIssuerNotAllowed', check: 'issuer',
    },
  });
});
