// SPDX-License-Identifier: Apache-2.0
// Goal: policy documents in a list are joined by <base/> as API Management joins its scopes, outermost first.
import assert from 'node:assert/strict';
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
