// SPDX-License-Identifier: Apache-2.0
// Goal: a client reads why it was refused in the words of its own world: API Management's JSON, problem+json, or OData's.
// Method: one route a shape; every way to be refused on a route, to the byte; beside it the token that passes.
import assert from 'node:assert/strict';
import test from 'node:test';
import { connect, send } from './harness/client.mjs';
import { startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

const SHAPES = {
  apim: {
    type: 'application/json',
    body: (status, phrase, message) => JSON.stringify({ statusCode: status, message }),
  },
  'problem+json': {
    type: 'application/problem+json',
    body: (status, phrase, message) => JSON.stringify({ type: 'about:blank', title: phrase, status, detail: message }),
  },
  odata: {
    type: 'application/json',
    body: (status, phrase, message) => JSON.stringify({ error: { code: phrase.replaceAll(' ', ''), message } }),
  },
};

const routesOf = (issuer, more = {}) => Object.keys(SHAPES).map((shape) => ({
  name: shape,
  path: `/${shape}/`,
  methods: ['GET', 'HEAD', 'POST'],
  backend: 'main',
  errors: shape,
  validate_jwt: { openid_config: [{ url: issuer.configUrl }], audiences: ['api'], required_claims: [{ name: 'role', values: ['a'] }] },
  ...more,
}));

async function start(t, more) {
  const stand = await startStand(t);
  await stand.gateway.reload({ ...stand.config, routes: [...routesOf(stand.issuer, more), ...stand.config.routes] });
  return stand;
}

function isShaped(answer, shape, status, phrase, message) {
  assert.equal(answer.status, status);
  assert.equal(answer.text, SHAPES[shape].body(status, phrase, message));
  assert.equal(answer.field('content-type'), SHAPES[shape].type);
  assert.equal(answer.field('odata-version'), shape === 'odata' ? '4.0' : undefined);
}

test('each refusal of a route has the shape of the route', async (t) => {
  const stand = await start(t);
  const { issuer } = stand;
  for (const shape of Object.keys(SHAPES)) {
    const target = `/${shape}/x`;
    await t.test(`${shape}: no token`, async () => {
      const answer = await stand.send({ target });
      isShaped(answer, shape, 401, 'Unauthorized', 'JWT not present.');
      assert.equal(answer.field('www-authenticate'), `Bearer realm="${shape}"`);
    });
    await t.test(`${shape}: a token without the claim`, async () => {
      const answer = await stand.send({ target, token: issuer.token() });
      isShaped(answer, shape, 401, 'Unauthorized', 'JWT is missing required claims. Access denied.');
      assert.equal(answer.field('www-authenticate'), `Bearer realm="${shape}", error="invalid_token"`);
    });
    await t.test(`${shape}: another method`, async () => {
      const answer = await stand.send({ target, method: 'DELETE', token: issuer.token({ role: 'a' }) });
      isShaped(answer, shape, 405, 'Method Not Allowed', 'Method not allowed.');
    });
    await t.test(`${shape}: HEAD gets the same head and no body`, async () => {
      const answer = await stand.send({ target, method: 'HEAD' });
      assert.equal(answer.status, 401);
      assert.equal(answer.field('content-length'), String(SHAPES[shape].body(401, 'Unauthorized', 'JWT not present.').length));
      assert.equal(answer.text, '');
    });
    await t.test(`${shape}: the token with the claim passes`, async () => {
      const answer = await stand.send({ target, token: issuer.token({ role: 'a' }) });
      assert.equal(answer.status, 200);
      assert.equal(answer.field('odata-version'), undefined);
    });
  }
  await t.test('without a route it is API Management\'s', async () => {
    await stand.gateway.reload({ ...stand.config, routes: routesOf(issuer) });
    isShaped(await stand.send({ target: '/elsewhere' }), 'apim', 404, 'Not Found', 'Resource not found.');
  });
});

test('a backend that is not there is told of in the shape of the route', async (t) => {
  const stand = await start(t);
  const token = stand.issuer.token({ role: 'a' });
  await stand.backend.stop();
  for (const shape of Object.keys(SHAPES)) {
    isShaped(await stand.send({ target: `/${shape}/x`, token }), shape, 502, 'Bad Gateway', 'The backend could not be reached.');
  }
});

test('an exposed reason is the code of OData errors; messages of policies are escaped', async (t) => {
  const message = 'say "no" \\ to\nthat';
  const policy = (issuer) => ({ openid_config: [{ url: issuer.configUrl }], failed_validation_error_message: message, failed_validation_httpcode: 418 });
  const stand = await startStand(t);
  const routes = Object.keys(SHAPES).map((shape) => ({
    name: shape, path: `/${shape}/`, backend: 'main', errors: shape, expose_reason: true, realm: 'the "realm"', validate_jwt: policy(stand.issuer),
  }));
  await stand.gateway.reload({ ...stand.config, routes });
  for (const shape of Object.keys(SHAPES)) {
    const answer = await stand.send({ target: `/${shape}/x`, token: stand.issuer.token({ exp: 1000000000 }) });
    assert.equal(answer.status, 418);
    assert.equal(answer.field('www-authenticate'), 'Bearer realm="the \\"realm\\"", error="invalid_token", error_description="TokenExpired"');
    const body = JSON.parse(answer.text);
    if (shape === 'apim') assert.deepEqual(body, { statusCode: 418, message });
    if (shape === 'problem+json') assert.deepEqual(body, { type: 'about:blank', title: body.title, status: 418, detail: message });
    if (shape === 'odata') assert.deepEqual(body, { error: { code: 'TokenExpired', message } });
  }
});

test('missing keys: 503 in the shape of the route, without a challenge', async (t) => {
  const stand = await start(t);
  stand.issuer.goDown();
  const config = { ...stand.config, keys: { wait: '100ms' }, routes: routesOf({ configUrl: `${stand.issuer.url}/nowhere` }) };
  await stand.gateway.reload(config);
  for (const shape of Object.keys(SHAPES)) {
    const answer = await stand.send({ target: `/${shape}/x`, token: stand.issuer.token({ role: 'a' }) });
    isShaped(answer, shape, 503, 'Service Unavailable', 'The keys to check the token are not available.');
    assert.equal(answer.field('retry-after'), '5');
    assert.equal(answer.field('www-authenticate'), undefined);
  }
});

test('a body that is too large, and an expectation, are told in the shape of the route, however the body is sent', async (t) => {
  const stand = await start(t);
  await stand.gateway.reload({ ...stand.config, limits: { body: '16B' }, routes: routesOf(stand.issuer) });
  const token = stand.issuer.token({ role: 'a' });
  for (const shape of Object.keys(SHAPES)) {
    const post = (fields, body) => `POST /${shape}/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n${fields}\r\n\r\n${body}`;
    const told = async (bytes) => {
      const client = await connect(stand.gateway.port);
      await client.write(bytes);
      const answer = await client.answer();
      await client.closing();
      return answer;
    };
    isShaped(await told(post('Content-Length: 17', 'x'.repeat(17))), shape, 413, 'Content Too Large', 'The request body is too large.');
    isShaped(await told(post('Transfer-Encoding: chunked', '11\r\n01234567890123456\r\n0\r\n\r\n')), shape, 413, 'Content Too Large',
      'The request body is too large.');
    isShaped(await told(post('Expect: more', '')), shape, 417, 'Expectation Failed', 'The expectation cannot be met.');
    assert.equal((await stand.send({ target: `/${shape}/x`, method: 'POST', token, body: 'x'.repeat(16) })).status, 200);
  }
  const lines = await until('the lines', () => {
    const found = stand.gateway.events('access').filter(({ status }) => status === '413');
    return found.length === 6 && found;
  });
  const places = lines.map(({ route, path }) => `${route} ${path}`).sort();
  assert.deepEqual(places, Object.keys(SHAPES).flatMap((shape) => [`${shape} /${shape}/x`, `${shape} /${shape}/x`]).sort());
});

test('a malformed request on no route yet: the shape of API Management, closed', async (t) => {
  const stand = await start(t);
  const client = await connect(stand.gateway.port);
  await client.write('GET /odata/x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n');
  const answer = await client.answer();
  isShaped(answer, 'apim', 400, 'Bad Request', 'The request is malformed.');
  await client.closing();
  assert.equal((await send(stand.gateway.port, { target: '/odata/x', token: stand.issuer.token({ role: 'a' }) })).status, 200);
});
