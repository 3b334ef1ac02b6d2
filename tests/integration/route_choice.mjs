// SPDX-License-Identifier: Apache-2.0
// Goal: a request belongs to exactly one route: most specific host, then longest path, and that choice is final.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startStand } from './harness/stand.mjs';

// Each route rewrites to its own name, so that the backend tells which one it was.
const route = (name, more) => ({ name, path: '/', backend: 'main', policy: 'none', rewrite: `/${name}/`, ...more });

async function standWith(t, routes) {
  const stand = await startStand(t, { config: { routes } });
  return async (host, target, method = 'GET') => {
    const before = stand.backend.requests.length;
    const answer = await stand.send({ host, target, method });
    return { answer, taken: stand.backend.requests[before]?.target.split('/')[1] ?? answer.status };
  };
}

test('host: exact before wildcard before any; longest path within', async (t) => {
  const ask = await standWith(t, [
    route('any'),
    route('any-deep', { path: '/deep/' }),
    route('wild', { host: '*.example.com' }),
    route('exact', { host: 'api.example.com' }),
    route('exact-orders', { host: 'api.example.com', path: '/orders/' }),
    route('listed', { host: ['one.test', 'two.test'] }),
    route('deep-wild', { host: '*.sub.example.com' }),
  ]);
  const table = [
    ['api.example.com', '/', 'exact'], ['API.Example.COM', '/', 'exact'], ['api.example.com:8080', '/', 'exact'],
    ['api.example.com', '/orders/1', 'exact-orders'], ['api.example.com', '/ordersx', 'exact'], ['api.example.com', '/orders', 'exact'],
    ['x.example.com', '/', 'wild'], ['x.example.com', '/deep/1', 'wild'], ['a.sub.example.com', '/', 'deep-wild'],
    ['example.com', '/', 'any'], ['one.test', '/', 'listed'], ['two.test', '/', 'listed'], ['other.test', '/', 'any'],
    ['other.test', '/deep/1', 'any-deep'], ['127.0.0.1', '/', 'any'], ['[::1]:80', '/', 'any'], ['evilexample.com', '/', 'any'],
  ];
  for (const [host, target, wanted] of table) assert.equal((await ask(host, target)).taken, wanted, `${host}${target}`);
});

test('a path takes itself and what is below it, by whole segments', async (t) => {
  const ask = await standWith(t, [route('a', { path: '/a', rewrite: undefined }), route('below', { path: '/b/' })]);
  const backendSees = async (target) => (await ask('x', target)).answer.status;
  for (const [target, status] of [['/a', 200], ['/a/', 200], ['/a/b', 200], ['/a?x', 200], ['/ab', 404], ['/A', 404], ['/', 404], ['/b/', 200], ['/b', 404],
    ['/b?x', 404], ['/bx', 404], ['/unknown', 404]]) {
    assert.equal(await backendSees(target), status, target);
  }
});

test('no route: 404 in the shape of API Management', async (t) => {
  const ask = await standWith(t, [route('only', { path: '/only/' })]);
  const { answer } = await ask('x', '/other');
  assert.equal(answer.status, 404);
  assert.match(answer.field('content-type'), /^application\/json\b/);
  assert.equal(answer.text, '{"statusCode":404,"message":"Resource not found."}');
});

test('methods: 405 with Allow on the chosen route, never another route', async (t) => {
  const ask = await standWith(t, [
    route('wide', { path: '/' }),
    route('narrow', { path: '/narrow/', methods: ['GET', 'POST'] }),
  ]);
  assert.equal((await ask('x', '/narrow/1')).taken, 'narrow');
  assert.equal((await ask('x', '/narrow/1', 'POST')).taken, 'narrow');
  const { answer } = await ask('x', '/narrow/1', 'DELETE');
  assert.equal(answer.status, 405);
  assert.deepEqual(answer.field('allow').split(/, */).sort(), ['GET', 'POST']);
  assert.equal((await ask('x', '/elsewhere', 'DELETE')).taken, 'wide');
});

test('methods that a gateway does not carry', async (t) => {
  const ask = await standWith(t, [route('all')]);
  for (const [method, status] of [['TRACE', 405], ['FOO', 501], ['get', 501]]) assert.equal((await ask('x', '/', method)).answer.status, status, method);
  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) assert.equal((await ask('x', '/', method)).answer.status, 200, method);
});

test('a method is judged before the token: 405 tells nothing that a route list does not', async (t) => {
  const stand = await startStand(t, { route: { methods: ['GET'] } });
  assert.equal((await stand.send({ method: 'DELETE' })).status, 405);
  assert.equal((await stand.send({ method: 'GET' })).status, 401);
});

test('a public route needs no token, and judges none', async (t) => {
  const stand = await startStand(t, { route: { policy: 'none' } });
  assert.equal((await stand.send({})).status, 200);
  assert.equal((await stand.send({ token: 'not.a.token' })).status, 200);
});
