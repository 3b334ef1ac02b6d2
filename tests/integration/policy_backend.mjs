// SPDX-License-Identifier: Apache-2.0
// Goal: set-backend-service leads to configured backends only.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startBackend } from './harness/backend.mjs';
import { run, tempDir, writeFiles } from './harness/gateway.mjs';
import { startPolicies, validate } from './harness/policies.mjs';

test('by name, by base URL, by an expression', async (t) => {
  const other = await startBackend(t);
  const stand = await startPolicies(t, (issuer) => ({
    named: { inbound: `${validate(issuer)}<set-backend-service backend-id="other" />` },
    url: { inbound: `${validate(issuer)}<set-backend-service base-url="${other.url}/v2/" />` },
    made: { inbound: `${validate(issuer)}<set-backend-service backend-id="@(context.Request.Headers.GetValueOrDefault(&quot;X-To&quot;,&quot;main&quot;))" /><set-header name="X-Host"><value>@(context.Request.Url.Host + ":" + context.Request.Url.Port)</value></set-header>` },
  }), { backends: { other: { servers: [other.url] } } });
  await stand.ask('/named/a?b=1');
  assert.equal(other.requests.at(-1).target, '/named/a?b=1');
  assert.equal(other.requests.at(-1).field('host'), new URL(other.url).host);
  await stand.ask('/url/a');
  assert.equal(other.requests.at(-1).target, '/v2/url/a');
  await stand.ask('/made');
  assert.equal(stand.reached.field('x-host'), new URL(stand.backend.url).host);
  await stand.ask('/made', { fields: [['X-To', 'other']] });
  assert.equal(other.requests.at(-1).field('x-host'), new URL(other.url).host);
  const before = [stand.backend.requests.length, other.requests.length];
  assert.equal((await stand.ask('/made', { fields: [['X-To', 'http://127.0.0.1:1']] })).status, 500);
  assert.deepEqual([stand.backend.requests.length, other.requests.length], before);
});

test('names and servers that are not configured are told with their place', async (t) => {
  const dir = tempDir(t);
  const check = async (policy) => {
    writeFiles(dir, {
      'gateway.yaml': {
        listeners: [{ bind: '127.0.0.1:0' }], admin: 'off', backends: { orders: { servers: ['http://127.0.0.1:9'] } },
        routes: [{ name: 'r', path: '/', backend: 'orders', policy: 'p.xml' }],
      },
      'p.xml': `<policies><inbound><validate-jwt header-name="Authorization"><openid-config url="http://127.0.0.1:9" /><audiences><audience>a</audience></audiences></validate-jwt>\n${policy}</inbound></policies>`,
    });
    return run(['check', '-c', 'gateway.yaml'], { cwd: dir });
  };
  assert.equal((await check('<set-backend-service backend-id="orders" />')).status, 0);
  const wrong = await check('<set-backend-service backend-id="order" />');
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /p\.xml:2:\d+: error: there is no backend "order"; did you mean "orders"\?/);
  assert.equal((await check('<set-backend-service base-url="http://127.0.0.1:9/x" />')).status, 0);
  assert.match((await check('<set-backend-service base-url="http://127.0.0.1:10/x" />')).stderr, /p\.xml:2:\d+: error: base-url: no configured backend has the server 127\.0\.0\.1:10/);
  assert.equal((await check('<rewrite-uri template="/a/b" />')).status, 0);
  assert.match((await check('<rewrite-uri template="/a/%2e%2e/b" />')).stderr, /p\.xml:2:\d+: error: template: /);
});
