// SPDX-License-Identifier: Apache-2.0
// Goal: no request gets past what a policy asks for by saying it in a way that the backend reads differently: another method in a
// field, fields that stop at the gateway, a second spelling, a NUL; and no credential goes on that no policy judged.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startPolicies, validate } from './harness/policies.mjs';

const quoted = (text) => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
const header = (name, value, action = 'override') =>
  `<set-header name="${name}" exists-action="${action}"><value>${value}</value></set-header>`;
const refuseWhen = (condition) =>
  `<choose><when condition="${quoted(condition)}"><return-response><set-status code="403" /></return-response></when></choose>`;
const checkHeader = (name, value) =>
  `<check-header name="${name}" failed-check-httpcode="403" failed-check-error-message="no" ignore-case="true"><value>${value}</value></check-header>`;
const validateValue = (issuer, expression) =>
  `<validate-jwt token-value="${quoted(expression)}"><openid-config url="${issuer.configUrl}" /><audiences><audience>api</audience></audiences></validate-jwt>`;
const validateQuery = (issuer, name) =>
  `<validate-jwt query-parameter-name="${name}"><openid-config url="${issuer.configUrl}" /></validate-jwt>`;

const FROM_AUTHORIZATION = '@(context.Request.Headers.GetValueOrDefault("Authorization","").Replace("Bearer ",""))';
const FROM_FIELD = '@(context.Request.Headers.GetValueOrDefault("X-Token",""))';
const FROM_QUERY = '@(context.Request.Url.Query.GetValueOrDefault("jwt",""))';

test('a method in a field does not go past a policy that asks for the method', async (t) => {
  const stand = await startPolicies(t, (issuer) => ({
    method: { inbound: validate(issuer) + refuseWhen('@(context.Request.Method == "DELETE")') },
    kept: { inbound: `${validate(issuer)}<set-variable name="m" value="@(context.Request.Method)" />${refuseWhen('@((string)context.Variables["m"] == "DELETE")')}` },
    other: { inbound: validate(issuer) + refuseWhen('@(context.Request.IpAddress == "192.0.2.1")') },
  }));
  const tunnelled = { method: 'POST', fields: [['X-HTTP-Method-Override', 'DELETE']] };
  for (const path of ['/method', '/kept']) {
    assert.equal((await stand.ask(path, { method: 'POST' })).status, 200);
    assert.equal((await stand.ask(path, { method: 'DELETE' })).status, 403);
    const before = stand.backend.requests.length;
    assert.equal((await stand.ask(path, tunnelled)).status, 400);
    assert.equal((await stand.ask(path, { method: 'POST', fields: [['x_http_method', 'DELETE']] })).status, 400);
    assert.equal(stand.backend.requests.length, before);
  }
  assert.equal((await stand.ask('/other', tunnelled)).status, 200);
  assert.equal(stand.reached.field('x-http-method-override'), 'DELETE');
});

test('what stops at the gateway does not speak for the request', async (t) => {
  const stand = await startPolicies(t, (issuer) => ({
    tenant: { inbound: validate(issuer) + checkHeader('X-Tenant', 'a') },
    user: { inbound: validate(issuer) + checkHeader('X-User', 'admin') },
    read: { inbound: validate(issuer) + header('X-Copy', '@(context.Request.Headers.GetValueOrDefault("X-User","none"))') },
    skip: { inbound: validate(issuer) + header('X-Tenant', 'b', 'skip') },
    named: { inbound: validate(issuer) + header('X-Policy', '1') },
  }), { routes: { named: { claims_to_headers: { 'X-User': 'sub' } } } });

  await t.test('a field that Connection names is not there for policies either', async () => {
    const dropped = { fields: [['X-Tenant', 'a'], ['Connection', 'X-Tenant']] };
    assert.equal((await stand.ask('/tenant', dropped)).status, 403);
    assert.equal((await stand.ask('/tenant', { fields: [['X-Tenant', 'a']] })).status, 200);
    assert.equal(stand.reached.field('x-tenant'), 'a');
    assert.equal((await stand.ask('/skip', dropped)).status, 200);
    assert.deepEqual(stand.reached.all('x-tenant'), ['b']);
  });
  await t.test('a second spelling is a second line', async () => {
    for (const name of ['X_Tenant', 'x.tenant', 'X-Tenant']) {
      assert.equal((await stand.ask('/tenant', { fields: [['X-Tenant', 'a'], [name, 'b']] })).status, 403, name);
    }
    assert.equal((await stand.ask('/tenant', { fields: [['X-Tenant', 'a'], ['X-Tenants', 'b']] })).status, 200);
  });
  await t.test('a header that claims make elsewhere is not taken from a client', async () => {
    assert.equal((await stand.ask('/user', { fields: [['X-User', 'admin']] })).status, 403);
    assert.equal((await stand.ask('/read', { fields: [['X-User', 'forged'], ['x_user', 'forged']] })).status, 200);
    assert.deepEqual([stand.reached.field('x-copy'), stand.reached.has('x-user'), stand.reached.has('x_user')], ['none', false, false]);
    assert.equal((await stand.ask('/named', { fields: [['X-User', 'forged']] })).status, 200);
    assert.deepEqual(stand.reached.all('x-user'), ['someone']);
  });
});

test('a NUL in a parameter is part of its value', async (t) => {
  const stand = await startPolicies(t, (issuer) => ({
    only: { inbound: validate(issuer) + refuseWhen('@(context.Request.Url.Query.GetValueOrDefault("role","") != "reader")') },
  }));
  assert.equal((await stand.ask('/only?role=reader')).status, 200);
  assert.equal((await stand.ask('/only?role=reader%00admin')).status, 403);
  assert.equal((await stand.ask('/only?role=reader&role=admin')).status, 403);
});

test('token-value alone is a policy', async (t) => {
  const stand = await startPolicies(t, (issuer) => ({ alone: validateValue(issuer, FROM_AUTHORIZATION) }));
  assert.equal((await stand.ask('/alone')).status, 200);
  assert.match(stand.reached.field('authorization'), /^Bearer ey/);
  assert.equal((await stand.ask('/alone', { token: stand.issuer.token({ aud: 'other' }) })).status, 401);
  assert.equal((await stand.ask('/alone', { token: null })).status, 401);
});

test('a credential beside the token that a token-value found does not go on', async (t) => {
  const stand = await startPolicies(t, (issuer) => ({ field: { inbound: validateValue(issuer, FROM_FIELD) } }));
  const token = stand.issuer.token();
  const ask = async (authorization) => {
    const answer = await stand.ask('/field', { token: null, fields: [['X-Token', token], ['Authorization', authorization]] });
    assert.equal(answer.status, 200);
    assert.equal(stand.reached.field('x-token'), token);
    return stand.reached.all('authorization');
  };
  assert.deepEqual(await ask(`Bearer ${token}`), [`Bearer ${token}`]);
  for (const smuggled of [`Basic YWRtaW46YQ==,Bearer ${token}`, `Basic YWRtaW46YQ== ${token}`, `Basic YWRtaW46YQ${token}`, 'Basic YWRtaW46YQ==']) {
    assert.deepEqual(await ask(smuggled), [], smuggled.slice(0, 30));
  }
});

test('forward_token: false holds wherever a token-value found the token', async (t) => {
  const routes = { field: { forward_token: false }, query: { forward_token: false } };
  const stand = await startPolicies(t, (issuer) => ({
    field: { inbound: validateValue(issuer, FROM_FIELD) },
    query: { inbound: validateValue(issuer, FROM_QUERY) },
    kept: { inbound: validateValue(issuer, FROM_QUERY) },
  }), { routes });
  const token = stand.issuer.token();
  const spelled = token.replace('.', '%2E');
  assert.equal((await stand.ask('/field?x=1', { token: null, fields: [['X-Token', token], ['X-Other', '1']] })).status, 200);
  assert.deepEqual([stand.reached.has('x-token'), stand.reached.field('x-other'), stand.reached.target], [false, '1', '/field?x=1']);
  assert.equal((await stand.ask(`/query?a=%20&jwt=${spelled}&b`, { token: null })).status, 200);
  assert.equal(stand.reached.target, '/query?a=%20&b');
  assert.equal((await stand.ask(`/kept?a=%20&jwt=${spelled}&b`, { token: null })).status, 200);
  assert.equal(stand.reached.target, `/kept?a=%20&jwt=${spelled}&b`);
});

test('a query token that another branch would have judged does not go on', async (t) => {
  const branches = (issuer) => `<choose><when condition="${quoted('@(context.Request.Method == "GET")')}">${validateQuery(issuer, 'jwt')}</when><otherwise>${validate(issuer)}</otherwise></choose>`;
  const stand = await startPolicies(t, (issuer) => ({ either: { inbound: branches(issuer) } }));
  const token = stand.issuer.token();
  assert.equal((await stand.ask(`/either?a=1&jwt=${token}`, { token: null })).status, 200);
  assert.equal(stand.reached.target, `/either?a=1&jwt=${token}`);
  assert.equal((await stand.ask('/either?a=1&%6awt=evil', { method: 'POST' })).status, 200);
  assert.equal(stand.reached.target, '/either?a=1');
  assert.equal((await stand.ask('/either?a=1&jwt=evil', { token: null })).status, 401);
});

test('a Host that a policy makes is one host, and never the client\'s', async (t) => {
  const stand = await startPolicies(t, (issuer) => ({
    append: { inbound: validate(issuer) + header('Host', 'inner.example', 'append') },
    made: { inbound: validate(issuer) + header('Host', '@(context.Request.Headers.GetValueOrDefault("X-To","inner.example:81"))') },
  }));
  assert.equal((await stand.ask('/append', { host: 'evil.example' })).status, 200);
  assert.deepEqual(stand.reached.all('host'), ['inner.example']);
  assert.equal((await stand.ask('/made')).status, 200);
  assert.deepEqual(stand.reached.all('host'), ['inner.example:81']);
  for (const to of ['a b', 'a, b', 'a/b', 'user@a', '']) {
    assert.equal((await stand.ask('/made', { fields: [['X-To', to]] })).status, 500, to);
  }
});

test('algorithms leave signed tokens only, whatever an expression gives', async (t) => {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const asked = (issuer) => ({ asked: { inbound: validate(issuer, `require-signed-tokens="${quoted('@(context.Request.Method == "POST")')}"`) } });
  for (const [config, status] of [[{ algorithms: ['RS256'] }, 401], [{}, 200]]) {
    const stand = await startPolicies(t, asked, { config });
    const unsigned = `${part({ alg: 'none' })}.${part(stand.issuer.claims())}.`;
    assert.equal((await stand.ask('/asked', { token: unsigned })).status, status);
    assert.equal((await stand.ask('/asked', { method: 'POST', token: unsigned })).status, 401);
    assert.equal((await stand.ask('/asked')).status, 200);
  }
});
