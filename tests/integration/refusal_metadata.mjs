// SPDX-License-Identifier: Apache-2.0
// Goal: protected resource metadata (RFC 9728): served where the resource's identifier says, named in challenges.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startStand } from './harness/stand.mjs';

const PLACE = '/.well-known/oauth-protected-resource';
const RESOURCE = 'https://api.example.com/main/projection';

function routesOf(stand) {
  const [main] = stand.config.routes;
  return [
    { ...main, name: 'projection', path: '/main/projection', resource_metadata: {
      resource: RESOURCE, authorization_servers: [stand.issuer.url], scopes_supported: ['openid', 'microprofile-jwt'],
      resource_name: 'The "projections"', resource_documentation: 'https://docs.example.com/' } },
    { ...main, name: 'root', host: 'root.example.com', resource_metadata: { resource: 'https://root.example.com/' } },
    { ...main, name: 'other', path: '/other/' },
  ];
}

async function start(t) {
  const stand = await startStand(t);
  await stand.gateway.reload({ ...stand.config, routes: routesOf(stand) });
  return stand;
}

test('the document stands between host and path of the resource', async (t) => {
  const stand = await start(t);
  const before = stand.backend.requests.length;
  const answer = await stand.send({ target: `${PLACE}/main/projection`, host: 'api.example.com' });
  assert.equal(answer.status, 200);
  assert.equal(answer.field('content-type'), 'application/json');
  assert.deepEqual(JSON.parse(answer.text), {
    resource: RESOURCE,
    authorization_servers: [stand.issuer.url],
    scopes_supported: ['openid', 'microprofile-jwt'],
    bearer_methods_supported: ['header'],
    resource_name: 'The "projections"',
    resource_documentation: 'https://docs.example.com/',
  });
  const head = await stand.send({ target: `${PLACE}/main/projection`, method: 'HEAD' });
  assert.equal(head.status, 200);
  assert.equal(Number(head.field('content-length')), answer.bytes);
  assert.equal(stand.backend.requests.length, before);
});

test('of a resource that is a whole host it stands at the place itself, for that host only', async (t) => {
  const stand = await start(t);
  const answer = await stand.send({ target: PLACE, host: 'root.example.com' });
  assert.deepEqual(JSON.parse(answer.text), { resource: 'https://root.example.com/', bearer_methods_supported: ['header'] });
  assert.equal((await stand.send({ target: PLACE, host: 'api.example.com' })).status, 404);
});

test('the port of the scheme is no other host; another port is, and its requests are routed', async (t) => {
  const stand = await start(t);
  const metadata = (host) => stand.send({ target: PLACE, host });
  assert.equal((await metadata('ROOT.example.com:443')).status, 200);
  assert.equal((await metadata('root.example.com.')).status, 200);
  assert.equal((await metadata('root.example.com:8443')).status, 401);
  assert.equal((await metadata('root.example.com:80')).status, 401);
});

test('what is near it is routed like any other path; other methods are refused', async (t) => {
  const stand = await start(t);
  for (const target of [`${PLACE}/main`, `${PLACE}/main/projection/`, `${PLACE}/MAIN/projection`, `${PLACE}x`]) {
    assert.equal((await stand.send({ target })).status, 404, target);
  }
  const answer = await stand.send({ target: `${PLACE}/main/projection`, method: 'POST', body: 'x' });
  assert.equal(answer.status, 405);
  assert.equal(answer.field('allow'), 'GET, HEAD');
});

test('challenges of the route name it, those of others do not', async (t) => {
  const stand = await start(t);
  const challenge = async (request) => (await stand.send(request)).field('www-authenticate');
  assert.equal(await challenge({ target: '/main/projection' }),
    `Bearer realm="projection", resource_metadata="https://api.example.com${PLACE}/main/projection"`);
  assert.equal(await challenge({ target: '/main/projection/x', token: stand.issuer.token({ aud: 'z' }) }),
    `Bearer realm="projection", error="invalid_token", resource_metadata="https://api.example.com${PLACE}/main/projection"`);
  assert.equal(await challenge({ target: '/other/x' }), 'Bearer realm="other"');
});
