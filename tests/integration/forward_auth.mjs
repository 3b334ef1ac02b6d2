// SPDX-License-Identifier: Apache-2.0
// Goal: another proxy asks whether a token passes a route, and hears what the route itself would have answered.
// The attack: the client writes the fields that proxies pass along, and asks for an easier route, another method, another URL.
import assert from 'node:assert/strict';
import test from 'node:test';
import { connect, requestBytes, send } from './harness/client.mjs';
import { completed, run, tempDir, writeFiles } from './harness/gateway.mjs';
import { dpopFields, newHolder } from './harness/proofs.mjs';
import { startIssuer } from './harness/issuer.mjs';
import { startPolicies, validate } from './harness/policies.mjs';
import { startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

const ask = (stand, request = {}) => send(stand.gateway.port, { target: '/_jwtgate/auth/main', token: stand.issuer.token({ upn: 'ann', groups: ['a', 'b,c'] }), ...request });
const HEADERS = { 'X-User': 'upn', 'X_Groups.list': { claim: 'groups', join: 'csv' }, 'X-None': 'none' };
const start = (t, { route, ...more } = {}) => startStand(t, { ...more, route: { path: '/app/', methods: ['POST'], host: 'app.test', forward_auth: true, claims_to_headers: HEADERS, ...route } });

test('a token that passes is answered 200 with the headers of its claims, and nothing goes to the backend', async (t) => {
  const stand = await start(t);
  const answer = await ask(stand);
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.fields.map(([name]) => name), ['Cache-Control', 'X-User', 'X_Groups.list', 'Date', 'Content-Length']);
  assert.equal(answer.field('x-user'), 'ann');
  assert.equal(answer.field('x_groups.list'), 'a,b%2Cc');
  assert.equal(answer.field('x-none'), undefined);
  assert.equal(answer.field('cache-control'), 'no-store');
  assert.equal(answer.bytes, 0);
  assert.equal(stand.backend.requests.length, 0);
});

test('what a client sends in place of those headers is not given back', async (t) => {
  const stand = await start(t);
  const answer = await ask(stand, { fields: { 'X-User': 'evil', 'X-None': 'evil' } });
  assert.equal(answer.field('x-user'), 'ann');
  assert.equal(answer.field('x-none'), undefined);
});

test('any method and any path behind the route is taken, whatever host, path and methods the route has', async (t) => {
  const stand = await start(t);
  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    for (const rest of ['', '/', '/orders/1?a=b', '?x']) {
      const answer = await ask(stand, { method, target: `/_jwtgate/auth/main${rest}` });
      assert.equal(answer.status, 200, `${method} ${rest}`);
      assert.equal((await ask(stand, { method, target: `/_jwtgate/auth/main${rest}`, token: undefined })).status, 401);
    }
  }
});

test('a preflight shown here is a question like any other', async (t) => {
  const stand = await start(t, { route: { cors: { allowed_origins: ['https://page.test'] } } });
  const fields = { Origin: 'https://page.test', 'Access-Control-Request-Method': 'GET' };
  assert.equal((await ask(stand, { method: 'OPTIONS', token: undefined, fields })).status, 401);
  assert.equal((await ask(stand, { token: undefined, fields: { Origin: 'https://evil.test' } })).status, 401);
  assert.equal((await ask(stand, { fields: { Origin: 'https://evil.test' } })).status, 200);
});

test('only a path names the route: no field chooses another, or exempts', async (t) => {
  const stand = await start(t);
  const { routes } = stand.config;
  await stand.gateway.reload({ ...stand.config, routes: [
    ...routes,
    { ...routes[0], name: 'open', host: 'open.test', path: '/open', validate_jwt: undefined, claims_to_headers: undefined, forward_auth: false, policy: 'none' },
    { ...routes[0], name: 'lax', path: '/lax', mode: 'report-only' },
  ] });
  const names = ['X-Original-URI', 'X-Original-URL', 'X-Forwarded-Uri', 'X-Rewrite-URL', 'X-Forwarded-Prefix', 'X-Envoy-Original-Path'];
  const fields = Object.fromEntries(names.map((name) => [name, '/open']));
  const forged = { ...fields, 'X-Forwarded-Host': 'open.test', 'X-Forwarded-Method': 'OPTIONS', 'X-HTTP-Method-Override': 'OPTIONS', 'X-Original-Method': 'OPTIONS' };
  for (const host of ['app.test', 'open.test']) {
    assert.equal((await ask(stand, { token: undefined, fields: forged, host })).status, 401);
    assert.equal((await ask(stand, { fields: forged, host })).status, 200);
  }
  assert.equal((await ask(stand, { token: undefined, target: '/_jwtgate/auth/lax' })).status, 200, 'report-only');
});

test('no other path below /_jwtgate/ answers', async (t) => {
  const stand = await start(t);
  const { routes } = stand.config;
  await stand.gateway.reload({ ...stand.config, routes: [...routes, { ...routes[0], name: 'silent', path: '/silent', forward_auth: false }, { name: 'all', path: '/', backend: 'main', policy: 'none' }] });
  const missing = ['/_jwtgate/auth/', '/_jwtgate/auth', '/_jwtgate/auth/silent', '/_jwtgate/auth/all', '/_jwtgate/auth/Main', '/_jwtgate/auth/main2',
    '/_jwtgate/auth/mai', '/_jwtgate/Auth/main', '/_jwtgate/', '/_jwtgate/other', '/_jwtgate/auth//main', '/_jwtgate/auth/main;x', '/_jwtgate/auth/%6dain'];
  for (const target of missing) {
    const { status } = await ask(stand, { target });
    assert.ok(status === 404 || status === 400, `${target}: ${status}`);
  }
  for (const target of ['/_jwtgate/auth/main/..', '/_jwtgate/auth/silent/../main', '/_jwtgate/auth/main/%2e%2e/x', '/_jwtgate/auth/x%2f..%2fmain', '/x/../_jwtgate/auth/main', '//_jwtgate/auth/main', '/%5fjwtgate/auth/main']) {
    assert.equal((await ask(stand, { target })).status, 400, target);
  }
  assert.equal((await ask(stand)).status, 200);
  assert.equal(stand.backend.requests.length, 0);
});

test('refusals are those of the route: status, challenge, shape and realm', async (t) => {
  const stand = await start(t, { route: { errors: 'odata', realm: 'here', insufficient_scope: '403', expose_reason: true }, policy: { required_claims: [{ name: 'groups', values: ['a'] }] } });
  const none = await ask(stand, { token: undefined });
  assert.equal(none.status, 401);
  assert.match(none.field('www-authenticate'), /^Bearer realm="here"/);
  assert.equal(none.field('odata-version'), '4.0');
  assert.equal(none.field('cache-control'), 'no-store');
  assert.equal(JSON.parse(none.text).error.code, 'TokenNotPresent');
  const poor = await ask(stand, { token: stand.issuer.token() });
  assert.equal(poor.status, 403);
  assert.match(poor.field('www-authenticate'), /error="insufficient_scope"/);
  assert.equal(poor.field('x-user'), undefined);
  assert.equal((await ask(stand)).status, 200);
});

test('without keys the answer is 503 with Retry-After', async (t) => {
  const issuer = await startIssuer(t, 'RS256');
  issuer.isDown = true;
  const stand = await start(t, { issuer, hasKeys: false, config: { keys: { wait: '100ms' } } });
  const answer = await ask(stand);
  assert.equal(answer.status, 503);
  assert.equal(answer.field('retry-after'), '5');
  assert.equal(answer.field('x-user'), undefined);
});

test('report-only lets pass, and tells of claims only where the token truly passes', async (t) => {
  const stand = await start(t, { route: { mode: 'report-only' } });
  const bad = await ask(stand, { token: stand.issuer.token({ aud: 'other', upn: 'ann' }) });
  assert.equal(bad.status, 200);
  assert.equal(bad.field('x-user'), undefined);
  assert.equal((await ask(stand)).field('x-user'), 'ann');
  await until('the lines', () => stand.gateway.events('access').length === 2);
  assert.equal(stand.gateway.events('access')[0].reason, 'TokenAudienceNotAllowed');
});

test('the log and the metrics tell questions from requests', async (t) => {
  const stand = await start(t);
  await ask(stand);
  await ask(stand, { token: undefined });
  await send(stand.gateway.port, { method: 'POST', target: '/app/x', host: 'app.test', token: stand.issuer.token() });
  await until('the lines', () => stand.gateway.events('access').length === 3);
  const lines = stand.gateway.events('access').map(({ route, kind, status }) => `${route} ${kind} ${status}`);
  assert.deepEqual(lines.sort(), ['main forward-auth 200', 'main forward-auth 401', 'main undefined 200']);
  const metrics = (await send(stand.gateway.adminPort, { target: '/metrics', host: 'localhost' })).text;
  assert.match(metrics, /jwtgate_forward_auth_total\{route="main",answer="passed"\} 1/);
  assert.match(metrics, /jwtgate_forward_auth_total\{route="main",answer="refused"\} 1/);
});

test('questions come one after another on a connection, also with bodies that nobody reads', async (t) => {
  const stand = await start(t);
  const client = await connect(stand.gateway.port);
  const token = stand.issuer.token();
  for (let i = 0; i < 3; i++) {
    await client.write(requestBytes({ target: '/_jwtgate/auth/main', token }));
    assert.equal((await client.answer()).status, 200);
    await client.write(requestBytes({ target: '/_jwtgate/auth/main' }));
    assert.equal((await client.answer()).status, 401);
  }
  client.destroy();
  const answer = await ask(stand, { method: 'POST', body: 'x'.repeat(100000) });
  assert.equal(answer.status, 200);
  assert.equal((await ask(stand, { method: 'POST', body: 'x'.repeat(100000), token: undefined })).status, 401);
  assert.equal(stand.backend.requests.length, 0);
});

// --- proofs ----------------------------------------------------------------------------------------------------------

const URL_A = 'https://api.example.com/orders?x=1';
const TOLD = { 'X-Forwarded-Method': 'DELETE', 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'api.example.com', 'X-Forwarded-Uri': '/orders?x=1' };

async function startProving(t, config) {
  const stand = await start(t, { config });
  const holder = await newHolder();
  const token = stand.issuer.token({ cnf: holder.cnf, upn: 'ann' });
  const show = async (told, more = {}, request = {}) => {
    const proof = await holder.proof({ token, url: URL_A, method: 'DELETE', ...more });
    return ask(stand, { token: undefined, fields: { ...dpopFields(token, proof), ...told }, ...request });
  };
  return { ...stand, holder, token, show };
}

test('a proof is compared with the request that a trusted proxy tells of', async (t) => {
  const stand = await startProving(t, { trusted_proxies: ['127.0.0.1'] });
  assert.equal((await stand.show(TOLD)).status, 200);
  const wrong = [
    [TOLD, { method: 'GET' }], [TOLD, { url: 'https://api.example.com/other' }], [TOLD, { url: 'http://api.example.com/orders' }],
    [TOLD, { url: 'http://gateway.test/_jwtgate/auth/main', method: 'GET' }],
    [{}, {}], [{}, { url: 'http://gateway.test/_jwtgate/auth/main', method: 'GET' }],
    ...Object.keys(TOLD).map((name) => [{ ...TOLD, [name]: [] }, {}]),
    ...Object.keys(TOLD).map((name) => [{ ...TOLD, [name]: [TOLD[name], TOLD[name]] }, {}]),
    [{ ...TOLD, 'X-Forwarded-Uri': 'orders' }, {}], [{ ...TOLD, 'X-Forwarded-Host': 'a b' }, {}],
  ];
  for (const [told, more] of wrong) {
    const answer = await stand.show(told, more);
    assert.equal(answer.status, 401, JSON.stringify([told, more]));
    assert.match(answer.field('www-authenticate'), /invalid_dpop_proof/);
  }
  assert.equal((await stand.show(TOLD)).status, 200);
});

test('as Envoy asks, with the path behind the route', async (t) => {
  const stand = await startProving(t, { trusted_proxies: ['127.0.0.1'] });
  const request = { method: 'DELETE', host: 'api.example.com', target: '/_jwtgate/auth/main/orders?x=1' };
  assert.equal((await stand.show({ 'X-Forwarded-Proto': 'https' }, {}, request)).status, 200);
  assert.equal((await stand.show({ 'X-Forwarded-Proto': 'https', 'X-Forwarded-Uri': '/other' }, { url: 'https://api.example.com/other' }, request)).status, 401);
  assert.equal((await stand.show({ 'X-Forwarded-Proto': 'https' }, { method: 'GET' }, request)).status, 401);
});

test('nobody else is believed', async (t) => {
  const stand = await startProving(t, { trusted_proxies: ['192.0.2.1'] });
  assert.equal((await stand.show(TOLD)).status, 401);
  assert.equal((await stand.show({}, { url: 'http://gateway.test/_jwtgate/auth/main', method: 'GET' })).status, 401);
  const answer = await stand.show(TOLD, {}, { method: 'DELETE', host: 'api.example.com', target: '/_jwtgate/auth/main/orders' });
  assert.equal(answer.status, 401);
  await until('the lines', () => stand.gateway.events('access').length === 3);
  assert.match(stand.gateway.events('access')[0].expected, /told by a trusted proxy/);
});

test('a token bound to a certificate is refused: the connection is the asking proxy\'s', async (t) => {
  const stand = await start(t, { config: { trusted_proxies: ['127.0.0.1'] } });
  const cnf = { 'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2' };
  assert.equal((await ask(stand, { token: stand.issuer.token({ cnf }) })).status, 401);
  assert.equal((await ask(stand)).status, 200);
});

// --- policies --------------------------------------------------------------------------------------------------------

const AUTH = (name) => `/_jwtgate/auth/${name}`;

test('policies run: what refuses a request refuses the question, and no answer of theirs is taken for a pass', async (t) => {
  const documents = (issuer) => ({
    chosen: { inbound: `${validate(issuer, 'output-token-variable-name="jwt"')}<choose><when condition="@(((Jwt)context.Variables[&quot;jwt&quot;]).Subject == &quot;bad&quot;)"><return-response><set-status code="402" /><set-header name="X-Own"><value>1</value></set-header></return-response></when></choose>` },
    fine: { inbound: `${validate(issuer)}<return-response><set-status code="200" /><set-body>ok</set-body></return-response>` },
    empty: { inbound: `${validate(issuer)}<return-response><set-status code="204" /></return-response>` },
    kind: { inbound: validate(issuer, 'failed-validation-httpcode="200"') },
    header: { inbound: `${validate(issuer)}<check-header name="X-Key" failed-check-httpcode="201" failed-check-error-message="no" ignore-case="true"><value>one</value></check-header>` },
    late: { inbound: `${validate(issuer)}<ip-filter action="allow"><address>192.0.2.1</address></ip-filter>` },
    mended: { inbound: validate(issuer), 'on-error': '<return-response><set-status code="200" /></return-response>' },
  });
  const names = ['chosen', 'fine', 'empty', 'kind', 'header', 'late', 'mended'];
  const stand = await startPolicies(t, documents, { config: { trusted_proxies: ['127.0.0.1'] }, routes: Object.fromEntries(names.map((name) => [name, { forward_auth: true }])) });
  const { issuer } = stand;
  assert.equal((await stand.ask(AUTH('chosen'))).status, 200);
  const own = await stand.ask(AUTH('chosen'), { token: issuer.token({ sub: 'bad' }) });
  assert.deepEqual([own.status, own.field('x-own'), own.field('cache-control')], [402, '1', 'no-store']);
  for (const name of ['fine', 'empty']) assert.equal((await stand.ask(AUTH(name))).status, 403, name);
  assert.equal((await stand.ask(AUTH('kind'), { token: null })).status, 403);
  assert.equal((await stand.ask(AUTH('kind'))).status, 200);
  assert.equal((await stand.ask(AUTH('header'))).status, 403);
  assert.equal((await stand.ask(AUTH('header'), { fields: { 'X-Key': 'one' } })).status, 200);
  assert.equal((await stand.ask(AUTH('mended'), { token: null })).status, 403);
  assert.equal((await stand.ask(AUTH('late'), { fields: { 'X-Forwarded-For': '192.0.2.1' } })).status, 200);
  assert.equal((await stand.ask(AUTH('late'), { fields: { 'X-Forwarded-For': '192.0.2.2' } })).status, 403);
  assert.equal((await stand.ask(AUTH('late'))).status, 403);
  assert.equal(stand.backend.requests.length, 0);
});

test('where nobody tells the client\'s address, no filter takes the proxy\'s for it', async (t) => {
  const filter = (action) => `${action}<address>127.0.0.1</address></ip-filter>`;
  const documents = (issuer) => ({
    allow: { inbound: `${validate(issuer)}${filter('<ip-filter action="allow">')}` },
    forbid: { inbound: `${validate(issuer)}<ip-filter action="forbid"><address>192.0.2.9</address></ip-filter>` },
  });
  const routes = { allow: { forward_auth: true }, forbid: { forward_auth: true } };
  const stand = await startPolicies(t, documents, { routes });
  for (const name of ['allow', 'forbid']) {
    assert.equal((await stand.ask(AUTH(name))).status, 403, name);
    assert.equal((await stand.ask(AUTH(name), { fields: { 'X-Forwarded-For': '127.0.0.1' } })).status, 403, name);
    assert.equal((await stand.ask(`/${name}`)).status, 200, name);
  }
});

test('check warns of what a policy does to requests that are forwarded, for questions are not', async (t) => {
  const dir = tempDir(t);
  const policy = (inbound, outbound) => `<policies><inbound><validate-jwt header-name="Authorization"><issuer-signing-keys><key>MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=</key></issuer-signing-keys><audiences><audience>a</audience></audiences></validate-jwt>${inbound}</inbound><outbound>${outbound}</outbound></policies>`;
  const header = '<set-header name="X-A"><value>1</value></set-header>';
  for (const [inbound, outbound, wanted] of [['', '', 0], [header, '', 1], ['', header, 1], ['<set-variable name="v" value="1" />', '', 0]]) {
    writeFiles(dir, { 'p.xml': policy(inbound, outbound), 'gateway.yaml': completed({ backends: { main: { servers: ['http://127.0.0.1:1'] } }, routes: [{ name: 'r', path: '/', backend: 'main', policy: 'p.xml', forward_auth: true }] }) });
    const result = await run(['check', '-c', `${dir}/gateway.yaml`]);
    assert.equal(result.status, 0, result.stderr);
    assert.equal(result.stderr.split('\n').filter((line) => /warning: what the route's policy does .*\(set-header\)/.test(line)).length, wanted, result.stderr);
  }
});
