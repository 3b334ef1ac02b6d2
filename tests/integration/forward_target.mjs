// SPDX-License-Identifier: Apache-2.0
// Goal: the target reaches the backend byte for byte; only the configured prefix may change.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startStand } from './harness/stand.mjs';

const TARGETS = [
  '/', '/?', '/?a', '/?a=1&a=2&&b', '/a//b', '/a/', '/a%2Fb', '/%7euser', '/~user', '/%C3%A9', '/a+b%20c',
  "/Orders('A%2FB')", "/Orders(OrderNo='1%2F2',Rel=3)/Lines?$filter=startswith(Name,'O''Neil')%20and%20x%20eq%201&$expand=Lines($select=Id;$top=5)",
  "/svc/$metadata", '/svc/$batch', "/Set(guid'00000000-0000-0000-0000-000000000000')", '/a;v=1/b', '/a?b?c', "/a?x=/../..", '/:@!$&\'()*+,;=-._~',
  '/a?q=%0d%0aX:1', `/${'long/'.repeat(1000)}`, '/a?redirect=http://elsewhere.example/', '/%25', '/%2525',
];

test('targets pass byte for byte', async (t) => {
  const stand = await startStand(t);
  for (const target of TARGETS) {
    await t.test(target.slice(0, 60), async () => {
      const before = stand.backend.requests.length;
      assert.equal((await stand.get(target)).status, 200);
      assert.equal(stand.backend.requests[before].target, target);
    });
  }
});

test('a rewrite replaces the matched prefix and no other byte', async (t) => {
  const stand = await startStand(t, { route: { path: '/main/odata/', rewrite: '/v1/' } });
  for (const target of TARGETS.filter((one) => one.length < 2000)) {
    await t.test(target.slice(0, 60), async () => {
      const before = stand.backend.requests.length;
      assert.equal((await stand.get(`/main/odata${target}`)).status, 200);
      assert.equal(stand.backend.requests[before].target, `/v1${target}`);
    });
  }
});

test('absolute form becomes origin form; an authority that differs from Host is refused', async (t) => {
  const stand = await startStand(t, { backendMore: { host_header: 'client' } });
  const ask = (target, host) => stand.get(target, { host });
  assert.equal((await ask('http://api.example/a%2Fb?c', 'api.example')).status, 200);
  assert.equal(stand.backend.requests[0].target, '/a%2Fb?c');
  assert.equal(stand.backend.requests[0].field('host'), 'api.example');
  assert.equal((await ask('http://api.example/a', 'other.example')).status, 400);
  assert.equal((await ask('http://user@api.example/a', 'api.example')).status, 400);
  assert.equal(stand.backend.requests.length, 1);
  assert.equal((await ask('http://api.example', 'api.example')).status, 200);
  assert.equal(stand.backend.requests[1].target, '/');
});

test('OPTIONS * is a request for the gateway or refused, never for a path', async (t) => {
  const stand = await startStand(t);
  const answer = await stand.get('*', { method: 'OPTIONS' });
  assert.ok([200, 204, 400, 404].includes(answer.status), String(answer.status));
  for (const { target } of stand.backend.requests) assert.equal(target, '*');
});
