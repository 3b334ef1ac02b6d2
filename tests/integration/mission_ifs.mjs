// SPDX-License-Identifier: Apache-2.0
// Goal: the clients that IFS Cloud's guides set up reach its projections through the gateway with the tokens they get, and with no
// others.
// Method: a realm at IFS's addresses, made of a real provider; logins and grants as these clients make them.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startBackend } from './harness/backend.mjs';
import { send } from './harness/client.mjs';
import { awaitKeys, startGateway } from './harness/gateway.mjs';
import { startRealm } from './harness/keycloak.mjs';
import { loginClient, machineClient } from './harness/provider.mjs';
import { until } from './harness/until.mjs';

const PROJECTION = '/main/ifsapplications/projection/v1/CustomerOrderHandling.svc';
const ODATA_ERROR = { error: { code: 'Unauthorized', message: 'A claim value is not allowed. Access denied.' } };

// A gateway before the projections; the policy is the route's validate_jwt.
async function startProjections(t, policies) {
  const backend = await startBackend(t);
  backend.answer({ fields: { 'Content-Type': 'application/json;odata.metadata=minimal', 'OData-Version': '4.0' }, body: '{"value":[]}' });
  const gateway = await startGateway(t, {
    backends: { ifs: { servers: [backend.url] } },
    routes: Object.entries(policies).map(([name, policy]) => ({
      name, host: `${name}.test`, path: '/main/ifsapplications/projection/', backend: 'ifs', errors: 'odata', realm: 'ifs', validate_jwt: policy,
    })),
  });
  await awaitKeys(gateway);

  // Asks a service for a set; the answer, and what the access log says of it.
  let asked = 0;
  const get = async (route, token) => {
    const target = `${PROJECTION}/CustomerOrders(OrderNo='A%2F1%27%27${++asked}')/OrderLines?$filter=contains(PartNo,'97277')&$top=2`;
    const answer = await send(gateway.port, { target, host: `${route}.test`, token, fields: { Accept: 'application/json' } });
    const path = target.slice(0, target.indexOf('?'));
    const event = await until('its access line', () => gateway.events('access').find((line) => line.path === path));
    return { answer, event, reached: backend.requests.find((request) => request.target === target) };
  };
  const passes = async (route, token) => {
    const { answer, reached } = await get(route, token);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.text, '{"value":[]}');
    assert.equal(reached.field('authorization'), `Bearer ${token}`, 'IFS reads the user from the token itself');
  };
  const refuses = async (route, token, reason, check) => {
    const { answer, event, reached } = await get(route, token);
    assert.deepEqual([answer.status, event.reason, event.check, reached], [401, reason, check, undefined]);
    assert.match(answer.field('www-authenticate'), /^Bearer realm="ifs"/);
    assert.equal(answer.field('odata-version'), '4.0');
    assert.equal(JSON.parse(answer.text).error.code, 'Unauthorized');
    return answer;
  };
  return { gateway, get, passes, refuses };
}

const discovery = (realm) => [{ url: `${realm.url}/.well-known/openid-configuration` }];
const byGroup = (realm) => ({
  openid_config: discovery(realm), audiences: ['account'], typ: 'Bearer', required_claims: [{ name: 'groups', match: 'any', values: ['odata-users'] }],
});
const byClient = (realm, client) => ({ openid_config: discovery(realm), typ: 'Bearer', required_claims: [{ name: 'azp', values: [client.id] }] });

test('an IFS token by authorization code', async (t) => {
  const client = { id: 'NC_Flow_AuthCode', secret: 'of the flow' };
  const realm = await startRealm(t, { clients: [loginClient(client)] });
  const { passes, refuses } = await startProjections(t, { groups: byGroup(realm), client: byClient(realm, client) });
  const tokens = await realm.login(client, { user: 'ALAIN', scope: 'openid microprofile-jwt' });
  const claims = JSON.parse(Buffer.from(tokens.access_token.split('.')[1], 'base64url'));
  assert.equal(claims.upn, 'ALAIN');
  assert.ok(claims.groups.includes('odata-users'));

  await passes('groups', tokens.access_token);
  await passes('client', tokens.access_token);
  const without = await realm.login(client, { user: 'ALAIN', claims: { groups: ['offline_access'] } });
  const answer = await refuses('groups', without.access_token, 'TokenClaimValueNotAllowed', 'claim:groups');
  assert.deepEqual(JSON.parse(answer.text), ODATA_ERROR);
  await refuses('groups', tokens.id_token, 'TokenAudienceNotAllowed', 'audience');
  await refuses('client', tokens.id_token, 'TokenClaimValueNotAllowed', 'claim:typ');
  await refuses('groups', tokens.refresh_token, 'JwtInvalid', 'token');
  await refuses('groups', await realm.refreshToken(), 'TokenSignatureKeyNotFound', 'key');
  await refuses('groups', undefined, 'TokenNotPresent', 'token');
});

test('an IFS token of the OpenID flow', async (t) => {
  const client = { id: 'NC_Flow_OpenId' };
  const realm = await startRealm(t, { clients: [loginClient(client)] });
  const { passes, refuses } = await startProjections(t, { groups: byGroup(realm), client: byClient(realm, client) });
  const { access_token: token } = await realm.login(client, { user: 'ALAIN', scope: 'openid' });
  const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
  assert.deepEqual([claims.upn, claims.groups, claims.azp], [undefined, undefined, client.id]);

  await passes('client', token);
  await refuses('groups', token, 'TokenClaimNotFound', 'claim:groups');
  const { access_token: wider } = await realm.login(client, { user: 'ALAIN', scope: 'openid microprofile-jwt' });
  await passes('groups', wider);
});

test('a client-credentials token of a service user, refused with the client id in the wrong letter case', async (t) => {
  const [right, capitals] = ['NC_FlowClientCred', 'NC_FLOWCLIENTCRED'].map((id) => ({ id, secret: 'of the service user' }));
  const realm = await startRealm(t, { clients: [machineClient(right)] });
  const twin = await startRealm(t, { clients: [machineClient(right), machineClient(capitals)] });
  const form = { grant_type: 'client_credentials', scope: 'openid microprofile-jwt' };

  await t.test('the provider knows the client in one letter case only', async () => {
    assert.equal((await realm.provider.grant(right, form)).status, 200);
    const { status, body } = await realm.provider.grant(capitals, form);
    assert.deepEqual([status, body.error], [401, 'invalid_client']);
  });

  await t.test('so does the gateway, where the provider knows two', async () => {
    const { passes, refuses } = await startProjections(t, { right: byClient(twin, right), capitals: byClient(twin, capitals) });
    const [ofRight, ofCapitals] = [await twin.token({ client: right }), await twin.token({ client: capitals })];
    const claims = JSON.parse(Buffer.from(ofRight.split('.')[1], 'base64url'));
    assert.equal(claims.preferred_username, 'service-account-nc_flowclientcred');
    await passes('right', ofRight);
    await passes('capitals', ofCapitals);
    await refuses('right', ofCapitals, 'TokenClaimValueNotAllowed', 'claim:azp');
    await refuses('capitals', ofRight, 'TokenClaimValueNotAllowed', 'claim:azp');
  });
});

test('a REST-connector authority without .well-known', async (t) => {
  const client = { id: 'NC_RestConnector', secret: 'of the connector' };
  const realm = await startRealm(t, { clients: [machineClient(client)] });
  const neighbour = await startRealm(t, { realm: 'test', clients: [machineClient(client)] });
  // The connector asks for the discovery URL minus its end, which leaves a slash.
  const authority = `${realm.url}/.well-known/openid-configuration`.replace('.well-known/openid-configuration', '');
  assert.match(authority, /\/auth\/realms\/prod\/$/);
  const { passes, refuses } = await startProjections(t, { connector: { ...byClient(realm, client), openid_config: [{ url: authority }] } });
  assert.deepEqual(realm.provider.counts, { discovery: 1, jwks: 1 });

  // It asks for no scope, so that there are no upn and no groups to go by.
  const token = await realm.token({ client, scope: '' });
  await passes('connector', token);
  await refuses('connector', await neighbour.token({ client, scope: '' }), 'TokenIssuerNotAllowed', 'issuer');
  await refuses('connector', await realm.token({ client, scope: '', claims: { iss: authority } }), 'TokenIssuerNotAllowed', 'issuer');
  await refuses('connector', await realm.token({ scope: '' }), 'TokenClaimValueNotAllowed', 'claim:azp');
});
