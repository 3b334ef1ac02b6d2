// SPDX-License-Identifier: Apache-2.0
// Goal: policy documents in a list are joined by <base/> as API Management joins its scopes, outermost first.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { startStand } from './harness/stand.mjs';
import { documentOf, validate } from './harness/policies.mjs';

const mark = (text) => `<set-header name="X-Mark" exists-action="append"><value>${text}</value></set-header>`;

test('sections stand where <base/> stands; without it the outer ones do not run', async (t) => {
  const stand = await startStand(t);
  const files = {
    'global.xml': documentOf({ inbound: mark('global'), outbound: mark('global') }),
    'product.xml': documentOf({ inbound: `${mark('product-before')}<base />${mark('product-behind')}`, outbound: `<base />${mark('product')}` }),
    'api.xml': documentOf({ inbound: `<base />${validate(stand.issuer)}`, outbound: mark('api') }),
    'bare.xml': validate(stand.issuer),
    'sections.xml': `<policies><inbound>${validate(stand.issuer)}<base /></inbound></policies>`,
  };
  const routes = {
    three: ['global.xml', 'product.xml', 'api.xml'],
    bare: ['global.xml', 'bare.xml'],
    sections: ['global.xml', 'sections.xml'],
    alone: ['api.xml'],
  };
  await stand.gateway.reload({
    ...stand.config,
    routes: Object.entries(routes).map(([name, policy]) => ({ name, path: `/${name}`, backend: 'main', policy })),
  }, files);
  const rows = {
    '/three': ['product-before, global, product-behind', 'api'],
    '/bare': ['global', 'global'],
    '/sections': ['global', 'global'],
    '/alone': ['', 'api'],
  };
  for (const [target, [request, answered]] of Object.entries(rows)) {
    await t.test(target, async () => {
      const answer = await stand.get(target);
      assert.equal(answer.status, 200);
      assert.equal(stand.backend.requests.at(-1).all('x-mark').join(', '), request);
      assert.equal(answer.all('x-mark').join(', '), answered);
      assert.equal((await stand.send({ target })).status, 401);
    });
  }
});

test('the joined example of conf: a token to read, a role to write, one origin', async (t) => {
  const stand = await startStand(t);
  const conf = (name) => readFileSync(new URL(`../../conf/policies/${name}`, import.meta.url), 'utf8');
  const url = 'https://login.example.com/realms/demo/.well-known/openid-configuration';
  assert.ok(conf('roles.xml').includes(url));
  await stand.gateway.reload({
    ...stand.config, routes: [{ name: 'roles', path: '/', backend: 'main', policy: ['all-apis.xml', 'roles.xml'] }],
  }, { 'all-apis.xml': conf('all-apis.xml'), 'roles.xml': conf('roles.xml').replace(url, stand.issuer.configUrl) });
  const reader = () => stand.issuer.token({ aud: 'orders', tid: 't-1' });
  const writer = () => stand.issuer.token({ aud: 'orders', roles: ['writer'] });
  assert.equal((await stand.get('/a?tenant=evil', { token: reader() })).status, 200);
  assert.equal(stand.backend.requests.at(-1).target, '/a?tenant=t-1');
  assert.equal((await stand.get('/a', { token: writer(), method: 'POST', body: 'x' })).status, 200);
  const before = stand.backend.requests.length;
  const forbidden = await stand.get('/a', { token: reader(), method: 'POST', body: 'x' });
  assert.deepEqual([forbidden.status, JSON.parse(forbidden.text).message], [403, 'The role writer is needed.']);
  const refused = await stand.send({ target: '/a', fields: [['Origin', 'https://app.example.com']] });
  assert.deepEqual([refused.status, refused.field('x-error-source'), refused.field('access-control-allow-origin')],
    [401, 'validate-jwt', 'https://app.example.com']);
  const preflight = await stand.send({ target: '/a', method: 'OPTIONS', fields: [['Origin', 'https://app.example.com'], ['Access-Control-Request-Method', 'POST']] });
  assert.deepEqual([preflight.status, preflight.field('access-control-allow-methods')], [200, 'POST']);
  assert.equal(stand.backend.requests.length, before);
});
