// SPDX-License-Identifier: Apache-2.0
// Attack: paths that the gateway would read one way and the backend another, to reach a route without its policy.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startStand } from './harness/stand.mjs';

const DOTS = [
  '/a/..', '/a/../b', '/..', '/.', '/a/.', '/a/./b', '/../../etc/passwd', '/a/%2e%2e/b', '/a/%2E%2E/b', '/a/.%2e/b', '/a/%2e./b', '/a/%2e/b',
  '/a/..%2fb', '/a%2f..%2fb', '/a%5c..%5cb', '/a/..;x=1/b', '/a/.;x/b', '/a\\..\\b', '/a/..?x', '/public/%2e%2e/secret',
];
const SOUND = ['/a/...', '/a/.b', '/a/b..', '/..a', '/a;..b/c', '/a?x=/../..', '/a/%2e%2e%2e', '/a/..a/b', '/.well-known/x'];

test('segments that climb are refused, their neighbours pass', async (t) => {
  const stand = await startStand(t);
  for (const target of DOTS) {
    await t.test(`${target} is refused`, async () => {
      const answer = await stand.get(target);
      assert.equal(answer.status, 400);
      assert.equal(stand.backend.requests.length, 0);
    });
  }
  for (const target of SOUND) await t.test(`${target} passes`, async () => assert.equal((await stand.get(target)).status, 200));
});

test('a path whose raw and decoded forms choose different routes is refused', async (t) => {
  const route = (name, path, more) => ({ name, path, backend: 'main', policy: 'none', ...more });
  const stand = await startStand(t, { config: { routes: [route('open', '/open/'), route('rest', '/'), route('secret', '/secret/'), route('deep', '/open/deep/')] } });
  for (const target of ['/%73ecret/x', '/s%65cret/x', '/secret%2fx', '/open/d%65ep/x', '/open%2Fdeep/x', '/open/deep%2fx', '/%6fpen/x']) {
    await t.test(`${target} is refused`, async () => assert.equal((await stand.send({ target })).status, 400));
  }
  for (const target of ['/secret/%73', '/open/x%2Fy', '/other/%2F', '/open/deep/%64', "/open/Set('A%2FB')"]) {
    await t.test(`${target} passes`, async () => assert.equal((await stand.send({ target })).status, 200));
  }
});

test('/_jwtgate/ belongs to the gateway, whatever the routes say', async (t) => {
  const route = { name: 'all', path: '/', backend: 'main', policy: 'none' };
  const stand = await startStand(t, { config: { routes: [route] } });
  for (const target of ['/_jwtgate/', '/_jwtgate/x', '/_jwtgate/auth/all', '/_jwtgate']) {
    const answer = await stand.send({ target });
    assert.ok(answer.status >= 400 && answer.status < 500, `${target}: ${answer.status}`);
  }
  assert.equal(stand.backend.requests.length, 0);
  assert.equal((await stand.send({ target: '/jwtgate/x' })).status, 200);
});

test('bytes that have no place in a target are refused', async (t) => {
  const stand = await startStand(t);
  for (const target of ['/a b', '/a\tb', '/a\x7fb', '/a#b', '/%00', '/a%zz', '/a%2', '/a\\b', 'a', '//\\x', '/a%0']) {
    await t.test(JSON.stringify(target), async () => {
      const before = stand.backend.requests.length;
      const answer = await stand.get(target);
      if (answer.status === 200) assert.equal(stand.backend.requests[before].target, target, 'a forwarded target was changed');
      else assert.equal(answer.status, 400);
    });
  }
});
