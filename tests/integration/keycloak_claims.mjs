// SPDX-License-Identifier: Apache-2.0
// Goal: what a realm's tokens say of audience, client, roles and kind passes by the policies written for it, and by nothing near
// them.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { ROLES, startRealm } from './harness/keycloak.mjs';
import { now } from './harness/keys.mjs';
import { loginClient, machineClient } from './harness/provider.mjs';
import { judgesAll, startRoutes } from './harness/routes.mjs';

const wrongAudience = { refused: 'TokenAudienceNotAllowed', check: 'audience' };
const wrongIssuer = { refused: 'TokenIssuerNotAllowed', check: 'issuer' };
const noClaim = (name) => ({ refused: 'TokenClaimNotFound', check: `claim:${name}` });
const wrongClaim = (name) => ({ refused: 'TokenClaimValueNotAllowed', check: `claim:${name}` });

const policyOf = (realm, more = {}) => ({ openid_config: [{ url: realm.url }], ...more });
const requires = (realm, ...claims) => policyOf(realm, { required_claims: claims });

test('aud is account, a list, or missing: which of them pass is the policy\'s choice', async (t) => {
  const realm = await startRealm(t);
  const stand = await startRoutes(t, { account: policyOf(realm, { audiences: ['account'] }), any: policyOf(realm) });
  const token = (aud) => realm.token({ claims: { aud } });
  await judgesAll(t, stand, {
    account: { at: 'account', token: await token('account') },
    'a list with account': { at: 'account', token: await token(['realm-management', 'account']) },
    'a list without account': { at: 'account', token: await token(['realm-management']), ...wrongAudience },
    'an audience that only begins so': { at: 'account', token: await token('account-console'), ...wrongAudience },
    'account in capitals': { at: 'account', token: await token('ACCOUNT'), ...wrongAudience },
    'no aud': { at: 'account', token: await token(undefined), ...wrongAudience },
    'no aud, where none is asked for,': { at: 'any', token: await token(undefined) },
    'any aud, where none is asked for,': { at: 'any', token: await token('realm-management') },
  });
});

test('azp is the client, to the letter', async (t) => {
  const client = { id: 'NC_Flow_ClientCredentials', secret: 'for tests' };
  const realm = await startRealm(t, { clients: [machineClient(client)] });
  const stand = await startRoutes(t, {
    right: requires(realm, { name: 'azp', values: [client.id] }),
    capitals: requires(realm, { name: 'azp', values: [client.id.toUpperCase()] }),
    several: requires(realm, { name: 'azp', match: 'any', values: ['other', client.id] }),
  });
  const token = await realm.token({ client });
  await judgesAll(t, stand, {
    'the client': { at: 'right', token },
    'the client among several': { at: 'several', token },
    'the client, by another letter case in the policy,': { at: 'capitals', token, ...wrongClaim('azp') },
    'another client': { at: 'right', token: await realm.token(), ...wrongClaim('azp') },
    'another letter case in the token': {
      at: 'right', token: await realm.token({ claims: { azp: client.id.toLowerCase() } }), ...wrongClaim('azp'),
    },
    'the client in another claim': { at: 'right', token: await realm.token({ claims: { azp: undefined, client_id: client.id } }), ...noClaim('azp') },
  });
});

test('groups of the scope microprofile-jwt: any or all of them', async (t) => {
  const realm = await startRealm(t);
  const groups = (match, ...values) => requires(realm, { name: 'groups', match, values });
  const stand = await startRoutes(t, {
    any: groups('any', 'odata-users', 'odata-admins'), all: groups('all', 'odata-users', 'odata-admins'), upn: requires(realm, { name: 'upn' }),
  });
  const [one, both] = [await realm.token(), await realm.token({ claims: { groups: [...ROLES, 'odata-admins'] } })];
  const plain = await realm.token({ scope: '' });
  await judgesAll(t, stand, {
    'one of two groups, any asked for,': { at: 'any', token: one },
    'one of two groups, all asked for,': { at: 'all', token: one, ...wrongClaim('groups') },
    'both groups, all asked for,': { at: 'all', token: both },
    'neither group': { at: 'any', token: await realm.token({ claims: { groups: ['offline_access'] } }), ...wrongClaim('groups') },
    'a group path in place of its name': {
      at: 'any', token: await realm.token({ claims: { groups: ['/odata-users'] } }), ...wrongClaim('groups'),
    },
    'no groups, without the scope,': { at: 'any', token: plain, ...noClaim('groups') },
    upn: { at: 'upn', token: one },
    'no upn, without the scope,': { at: 'upn', token: plain, ...noClaim('upn') },
  });
});

test('realm roles are reached by a path, in YAML and in XML', async (t) => {
  const realm = await startRealm(t);
  const config = `${realm.url}/.well-known/openid-configuration`;
  const xml = (claim) => `<validate-jwt header-name="Authorization" xmlns:gw="urn:jwtgate:policy">
    <openid-config url="${config}" /><required-claims>${claim}</required-claims></validate-jwt>`;
  const value = '<value>odata-users</value>';
  const stand = await startRoutes(t, {
    yaml: requires(realm, { path: 'realm_access/roles', values: ['odata-users'] }),
    xml: xml(`<claim gw:path="realm_access/roles">${value}</claim>`),
    deep: xml('<claim gw:path="resource_access/account/roles"><value>view-profile</value></claim>'),
    dot: requires(realm, { name: 'realm_access.roles', values: ['odata-users'] }),
    name: xml(`<claim name="realm_access/roles">${value}</claim>`),
  });
  const right = await realm.token();
  const wrong = await realm.token({ claims: { realm_access: { roles: ['offline_access'] } } });
  const lightweight = await realm.token({ claims: { realm_access: undefined, resource_access: undefined } });
  const rows = { 'the role at dot': { at: 'dot', token: right, ...noClaim('realm_access.roles') } };
  for (const at of ['yaml', 'xml']) {
    rows[`the role (${at})`] = { at, token: right };
    rows[`other roles (${at})`] = { at, token: wrong, ...wrongClaim('realm_access/roles') };
    rows[`no roles, as in a lightweight token (${at})`] = { at, token: lightweight, ...noClaim('realm_access/roles') };
    rows[`the role as a claim of the top level (${at})`] = {
      at, token: await realm.token({ claims: { realm_access: undefined, 'realm_access/roles': ['odata-users'] } }), ...noClaim('realm_access/roles'),
    };
  }
  await judgesAll(t, stand, {
    ...rows,
    'a role of a client, two names deep': { at: 'deep', token: right },
    'a role of another client': {
      at: 'deep', token: await realm.token({ claims: { resource_access: { 'account-console': { roles: ['view-profile'] } } } }),
      ...noClaim('resource_access/account/roles'),
    },
    'a path given as a name': { at: 'name', token: right, ...noClaim('realm_access/roles') },
  });
});

test('nbf and auth_time of 0, as old realms send them, are no reason to refuse', async (t) => {
  const realm = await startRealm(t);
  const stand = await startRoutes(t, { main: policyOf(realm) });
  await judgesAll(t, stand, {
    'nbf 0 and auth_time 0': { at: 'main', token: await realm.token({ claims: { nbf: 0, auth_time: 0 } }) },
    'nbf to come': { at: 'main', token: await realm.token({ claims: { nbf: now() + 60 } }), refused: 'JwtInvalid', check: 'nbf' },
    'nbf as a text': { at: 'main', token: await realm.token({ claims: { nbf: '0' } }), refused: 'JwtInvalid', check: 'nbf' },
    'no sub and no jti': { at: 'main', token: await realm.token({ claims: { sub: undefined, jti: undefined } }) },
    'a token of five minutes, over': {
      at: 'main', token: await realm.token({ claims: { iat: now() - 301, exp: now() - 1 } }), refused: 'TokenExpired', check: 'exp',
    },
  });
});

test('the kinds of tokens of one realm are told apart by typ', async (t) => {
  const client = { id: 'NC_Flow_AuthCode' };
  const realm = await startRealm(t, { clients: [loginClient(client)] });
  const stand = await startRoutes(t, {
    bearer: policyOf(realm, { typ: 'Bearer' }), any: policyOf(realm),
    xml: `<validate-jwt header-name="Authorization" xmlns:gw="urn:jwtgate:policy" gw:typ="Bearer">
      <openid-config url="${realm.url}/.well-known/openid-configuration"/></validate-jwt>`,
  });
  const { access_token: access, id_token: id, refresh_token: opaque } = await realm.login(client);
  const ofKind = (typ) => realm.token({ claims: { typ } });
  const refresh = await realm.refreshToken();
  const unknownKey = { refused: 'TokenSignatureKeyNotFound', check: 'key' };
  const rows = {};
  for (const at of ['bearer', 'xml']) {
    rows[`the access token of a login (${at})`] = { at, token: access };
    rows[`the ID token of the same login (${at})`] = { at, token: id, ...wrongClaim('typ') };
    rows[`a token without typ (${at})`] = {
      at, token: await realm.token({ claims: { typ: undefined }, header: { typ: undefined } }), ...noClaim('typ'),
    };
  }
  await judgesAll(t, stand, {
    ...rows,
    'the ID token, where no kind is asked for,': { at: 'any', token: id },
    'a logout token': { at: 'bearer', token: await ofKind('Logout'), ...wrongClaim('typ') },
    'a refresh token': { at: 'bearer', token: refresh, ...unknownKey },
    'a refresh token, where no kind is asked for,': { at: 'any', token: refresh, ...unknownKey },
    'a refresh token that is no JWT at all': { at: 'any', token: opaque, refused: 'JwtInvalid', check: 'token' },
    'a refresh token signed with a published key': { at: 'bearer', token: await ofKind('Refresh'), ...wrongClaim('typ') },
  });
  assert.equal(id.split('.').length, 3);
});

test('a realm is named by its authority, with a slash, or by its discovery document', async (t) => {
  for (const prefix of ['/auth', '']) {
    const realm = await startRealm(t, { prefix });
    const neighbour = await startRealm(t, { prefix, realm: 'test' });
    assert.equal(new URL(realm.url).pathname, `${prefix}/realms/prod`);
    const document = `${realm.url}/.well-known/openid-configuration`;
    const byUrl = (url) => ({ openid_config: [{ url }] });
    const stand = await startRoutes(t, {
      authority: byUrl(realm.url), slash: byUrl(`${realm.url}/`), document: byUrl(document), upper: byUrl(realm.url.replace('http:', 'HTTP:')),
      xml: `<validate-jwt header-name="Authorization"><openid-config url="${realm.url}/"/></validate-jwt>`,
    });
    const token = await realm.token();
    for (const at of ['authority', 'slash', 'document', 'upper', 'xml']) {
      await judgesAll(t, stand, {
        [`the realm below "${prefix}"`]: { at, token },
        [`a neighbour with the same keys below "${prefix}"`]: { at, token: await neighbour.token(), ...wrongIssuer },
        [`iss with a slash below "${prefix}"`]: { at, token: await realm.token({ claims: { iss: `${realm.url}/` } }), ...wrongIssuer },
      });
    }
  }
});

test('one realm under two host names: the second issuer is listed', async (t) => {
  const realm = await startRealm(t);
  const outside = 'https://ifs.example.com/auth/realms/prod';
  const stand = await startRoutes(t, { inside: policyOf(realm), both: policyOf(realm, { issuers: [outside] }) });
  const token = await realm.token({ claims: { iss: outside } });
  await judgesAll(t, stand, {
    'the name in the document': { at: 'both', token: await realm.token() },
    'the other name, listed,': { at: 'both', token },
    'the other name, not listed,': { at: 'inside', token, ...wrongIssuer },
  });
});

test('the example of a policy for Keycloak does what its comment says', async (t) => {
  const client = { id: 'orders-ui' };
  const realm = await startRealm(t, { clients: [loginClient(client)] });
  const example = readFileSync(new URL('../../conf/policies/keycloak.xml', import.meta.url), 'utf8');
  const authority = 'https://login.example.com/realms/demo';
  assert.ok(example.includes(authority));
  const stand = await startRoutes(t, { example: example.replace(authority, realm.url) });
  const token = async (claims) => {
    const tokens = await realm.login(client, { claims: { aud: ['account', 'orders'], realm_access: { roles: ['reader'] }, ...claims } });
    return tokens.access_token;
  };
  await judgesAll(t, stand, {
    'a user with the role': { at: 'example', token: await token() },
    'a user with another role': { at: 'example', token: await token({ realm_access: { roles: ['readers'] } }), ...wrongClaim('realm_access/roles') },
    'a user of another client': { at: 'example', token: await token({ azp: 'Orders-UI' }), ...wrongClaim('azp') },
    'a token for account alone': { at: 'example', token: await token({ aud: 'account' }), ...wrongAudience },
    'a token over for less than the clock skew': { at: 'example', token: await token({ exp: now() - 5 }) },
    'a token over for longer': { at: 'example', token: await token({ exp: now() - 15 }), refused: 'TokenExpired', check: 'exp' },
  });
});
