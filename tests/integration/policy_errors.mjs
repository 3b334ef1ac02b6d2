// SPDX-License-Identifier: Apache-2.0
// Goal: outbound works on answers, on-error on refusals and on failures of the backend; without them nothing changes.
import assert from 'node:assert/strict';
import test from 'node:test';
import { requestBytes } from './harness/client.mjs';
import { documentOf, startPolicies, validate } from './harness/policies.mjs';
import { startBackend } from './harness/backend.mjs';

const header = (name, value) => `<set-header name="${name}"><value>${value}</value></set-header>`;
const LAST = ['Source', 'Reason', 'Message', 'Section', 'Path', 'PolicyId'];
const told = LAST.map((name) => header(`X-${name}`, `@(context.LastError.${name})`)).join('');
const seen = (answer) => Object.fromEntries(LAST.map((name) => [name, answer.field(`x-${name.toLowerCase()}`)]));

test('on-error sees the failure, adds to the refusal or replaces it', async (t) => {
  const stand = await startPolicies(t, (issuer) => ({
    told: { inbound: validate(issuer, 'id="gate" failed-validation-error-message="Sign in first"'), 'on-error': told + header('X-Status', '@(context.Response.StatusCode.ToString())') },
    own: { inbound: validate(issuer), 'on-error': `<choose><when condition="@(context.LastError.Source == "validate-jwt" && context.LastError.Reason == "TokenExpired")">
      <return-response><set-status code="401" reason="Expired" /><set-header name="WWW-Authenticate"><value>Bearer error="invalid_token"</value></set-header><set-body>again, please</set-body></return-response></when></choose>` },
    broken: { inbound: validate(issuer), 'on-error': header('X-Half', '1') + header('X-Bad', '@((string)context.Variables["nothing"])') },
  }));
  await t.test('added', async () => {
    const answer = await stand.ask('/told', { token: null });
    assert.equal(answer.status, 401);
    assert.equal(answer.text, '{"statusCode":401,"message":"Sign in first"}');
    assert.match(answer.field('www-authenticate'), /^Bearer realm="told"$/);
    assert.equal(answer.field('x-status'), '401');
    assert.deepEqual(seen(answer), { Source: 'validate-jwt', Reason: 'TokenNotPresent', Message: 'Sign in first', Section: 'inbound', Path: 'validate-jwt[1]', PolicyId: 'gate' });
  });
  await t.test('a pass has none of it', async () => {
    const answer = await stand.ask('/told');
    assert.equal(answer.status, 200);
    assert.equal(answer.field('x-source'), undefined);
  });
  await t.test('replaced, only where its condition holds', async () => {
    const { iat, exp } = { iat: Math.floor(Date.now() / 1000) - 900, exp: Math.floor(Date.now() / 1000) - 300 };
    const answer = await stand.ask('/own', { token: stand.issuer.token({ iat, exp }) });
    assert.deepEqual([answer.status, answer.phrase, answer.text], [401, 'Expired', 'again, please']);
    assert.deepEqual(answer.all('www-authenticate'), ['Bearer error="invalid_token"']);
    assert.equal((await stand.ask('/own', { token: null })).text, '{"statusCode":401,"message":"JWT not present."}');
  });
  await t.test('what it cannot do leaves the refusal as it was', async () => {
    const answer = await stand.ask('/broken', { token: null });
    assert.equal(answer.text, '{"statusCode":401,"message":"JWT not present."}');
    assert.equal(answer.field('x-half'), undefined);
  });
  await t.test('what is wrong with the request as such is not its matter', async () => {
    const client = await stand.connect();
    await client.write('GET /told HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n');
    const answer = await client.answer();
    assert.equal(answer.status, 400);
    assert.equal(answer.field('x-source'), undefined);
  });
});

test('a 401 of a policy\'s own has a challenge, unless it brings one', async (t) => {
  const stand = await startPolicies(t, (issuer) => ({
    own: { inbound: `${validate(issuer)}<return-response><set-status code="401" /></return-response>` },
    error: { inbound: validate(issuer), 'on-error': '<return-response><set-status code="401" /><set-body>no</set-body></return-response>' },
    other: { inbound: `${validate(issuer)}<return-response><set-status code="403" /></return-response>` },
  }));
  assert.deepEqual((await stand.ask('/own')).all('www-authenticate'), ['Bearer realm="own"']);
  assert.deepEqual((await stand.ask('/error', { token: 'x.y.z' })).all('www-authenticate'), ['Bearer realm="error", error="invalid_token"']);
  assert.deepEqual((await stand.ask('/error', { token: null })).all('www-authenticate'), ['Bearer realm="error"']);
  assert.deepEqual((await stand.ask('/other')).all('www-authenticate'), []);

  // Also where the gateway would have answered 503, since no key could be fetched.
  const away = await startBackend(t);
  await away.stop();
  await stand.gateway.reload({ ...stand.config, keys: { wait: '10ms' } }, {
    'error.xml': documentOf({ inbound: validate({ configUrl: `${away.url}/.well-known/openid-configuration` }), 'on-error': '<return-response><set-status code="401" /><set-body>no</set-body></return-response>' }),
  });
  const answer = await stand.ask('/error');
  assert.deepEqual([answer.status, answer.text, answer.all('www-authenticate')], [401, 'no', ['Bearer realm="error"']]);
});

test('a backend that is not there, in API Management\'s words', async (t) => {
  const away = await startBackend(t);
  await away.stop();
  const stand = await startPolicies(t, (issuer) => ({
    dead: { inbound: validate(issuer), 'on-error': told },
  }), { routes: { dead: { backend: 'none' } }, backends: { none: { servers: [away.url] } } });
  const answer = await stand.ask('/dead');
  assert.equal(answer.status, 502);
  assert.equal(seen(answer).Source, 'forward-request');
  assert.equal(seen(answer).Reason, 'BackendConnectionFailure');
  assert.equal(seen(answer).Section, 'backend');
});

test('outbound changes the answer\'s fields, or answers itself', async (t) => {
  const handler = (request, conn) => request.whole.then(() => conn.write(
    `HTTP/1.1 ${request.field('x-status') ?? '200 OK'}\r\nServer: secret/1\r\nX-Powered-By: C\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 4\r\n\r\nbody`));
  const stand = await startPolicies(t, (issuer) => ({
    clean: { inbound: validate(issuer), outbound: '<set-header name="X-Powered-By" exists-action="delete" />' + header('X-Seen', '@(context.Response.StatusCode + " " + context.Response.Headers.GetValueOrDefault("Server",""))') },
    hide: { inbound: validate(issuer), outbound: `<choose><when condition="@(context.Response.StatusCode &gt;= 500)"><return-response><set-status code="503" /><set-body>later</set-body></return-response></when></choose>` },
    fails: { inbound: validate(issuer), outbound: header('X-Bad', '@(context.Response.Headers["X-None"])'), 'on-error': header('X-Section', '@(context.LastError.Section)') },
  }), { handler });
  const clean = await stand.ask('/clean');
  assert.equal(clean.text, 'body');
  assert.equal(clean.field('x-powered-by'), undefined);
  assert.equal(clean.field('x-seen'), '200 secret/1');
  assert.deepEqual(clean.all('set-cookie'), ['a=1', 'b=2']);
  assert.equal((await stand.ask('/hide')).text, 'body');
  const hidden = await stand.ask('/hide', { fields: [['X-Status', '500 Oops']] });
  assert.deepEqual([hidden.status, hidden.text, hidden.field('server')], [503, 'later', undefined]);
  const failed = await stand.ask('/fails');
  assert.deepEqual([failed.status, failed.field('x-section'), failed.text.includes('body')], [500, 'outbound', false]);
  // The connection of a client is good for more.
  assert.equal((await stand.ask('/clean')).status, 200);
});

test('answers to HEAD and without a body keep their form', async (t) => {
  const stand = await startPolicies(t, (issuer) => ({
    own: { inbound: `${validate(issuer)}<return-response><set-status code="@(int.Parse(context.Request.Headers.GetValueOrDefault(&quot;X-Code&quot;,&quot;200&quot;)))" /><set-body>four</set-body></return-response>` },
  }));
  const client = await stand.connect();
  for (const [method, code, length, body] of [['GET', 200, '4', 'four'], ['HEAD', 200, '4', ''], ['GET', 204, undefined, ''], ['GET', 200, '4', 'four']]) {
    await client.write(requestBytes({ method, target: '/own', token: stand.issuer.token(), fields: [['X-Code', `${code}`]] }));
    const answer = await client.answer({ method });
    assert.deepEqual([answer.status, answer.field('content-length'), answer.text], [code, length, body], `${method} ${code}`);
  }
  assert.equal(stand.backend.requests.length, 0);
});
