// SPDX-License-Identifier: Apache-2.0
// Attack: the token in other places, in company, or judged once for another.
import assert from 'node:assert/strict';
import test from 'node:test';
import { requestBytes } from './harness/client.mjs';
import { startStand } from './harness/stand.mjs';
import { passesAll, refusesAll } from './harness/verdicts.mjs';

test('a token counts in its field alone, once, with its scheme', async (t) => {
  const stand = await startStand(t, { algs: ['ES256'] });
  const token = stand.issuer.token();
  const authorization = (...values) => ({ fields: { Authorization: values } });
  await refusesAll(t, stand, {
    'two fields, good and bad': authorization(`Bearer ${token}`, 'Bearer x.y.z'),
    'two fields, bad and good': authorization('Bearer x.y.z', `Bearer ${token}`),
    'two fields, both good': authorization(`Bearer ${token}`, `Bearer ${token}`),
    'a list': authorization(`Bearer ${token}, Bearer ${token}`),
    'two words': authorization(`Bearer ${token} ${token}`),
    'the scheme alone': authorization('Bearer'),
    'the scheme and a blank': authorization('Bearer '),
    'another scheme': authorization(`Basic ${token}`),
    'a longer scheme': authorization(`BearerX ${token}`),
    'no scheme': authorization(token),
    'in the query': { target: `/?access_token=${token}` },
    'in the body': { method: 'POST', fields: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: `access_token=${token}` },
    'in a cookie': { fields: { Cookie: `access_token=${token}; Authorization=${token}` } },
    'in another field': { fields: { 'X-Authorization': `Bearer ${token}`, 'Proxy-Authorization': `Bearer ${token}` } },
    'in a field with an underscore': { fields: { Authorization_: `Bearer ${token}`, HTTP_AUTHORIZATION: `Bearer ${token}` } },
  }, [400, 401]);
  await passesAll(t, stand, {
    'in Authorization': { token },
    'the scheme in other case': authorization(`bEARER ${token}`),
    'several blanks behind the scheme': authorization(`Bearer   ${token}`),
  });
});

test('a token in a trailer is none', async (t) => {
  const stand = await startStand(t, { algs: ['ES256'] });
  const token = stand.issuer.token();
  const ask = async (field, trailer) => {
    const client = await stand.connect();
    client.write(`POST / HTTP/1.1\r\nHost: x\r\n${field}Transfer-Encoding: chunked\r\nTrailer: Authorization\r\n\r\n3\r\nabc\r\n0\r\n${trailer}\r\n`);
    const { status } = await client.answer();
    client.destroy();
    return status;
  };
  assert.equal(await ask('', `Authorization: Bearer ${token}\r\n`), 401);
  assert.equal(stand.backend.requests.length, 0);
  assert.equal(await ask(`Authorization: Bearer ${token}\r\n`, ''), 200);
  assert.equal(await ask(`Authorization: Bearer ${token}\r\n`, 'Authorization: Bearer x.y.z\r\n'), 200, 'nor does one there spoil the one in its field');
});

test('naming the field in Connection does not drop it before the check', async (t) => {
  const stand = await startStand(t, { algs: ['ES256'] });
  await passesAll(t, stand, { 'a good token': { token: stand.issuer.token(), fields: { Connection: 'Authorization' } } });
  await refusesAll(t, stand, { 'no token': { fields: { Connection: 'Authorization' } } });
  assert.equal(stand.backend.requests[0].all('authorization').length, 1, 'the judged credential goes on');
});

test('each request of a connection is judged by its own token', async (t) => {
  const stand = await startStand(t, { algs: ['ES256'] });
  const client = await stand.connect();
  const ask = async (request) => {
    await client.write(requestBytes(request));
    return (await client.answer()).status;
  };
  const token = stand.issuer.token();
  assert.equal(await ask({ token }), 200);
  assert.equal(await ask({}), 401);
  assert.equal(await ask({ token }), 200);
  assert.equal(stand.backend.requests.length, 2);
  client.destroy();
});

test('what was judged for one token says nothing of its likes', async (t) => {
  const strict = { name: 'strict', path: '/strict', backend: 'main' };
  const stand = await startStand(t, { algs: ['ES256'] });
  const { issuer } = stand;
  const token = issuer.token();
  const [header, payload, signature] = token.split('.');
  const [, otherPayload, otherSignature] = issuer.token({ sub: 'other' }).split('.');
  await passesAll(t, stand, { first: token, again: token });
  await refusesAll(t, stand, {
    'another signature': `${header}.${payload}.${otherSignature}`,
    'another payload': `${header}.${otherPayload}.${signature}`,
    'another header': `${Buffer.from('{"alg":"ES256"}').toString('base64url')}.${payload}.${signature}`,
  });
  const guarded = { ...stand.config.routes[0].validate_jwt, required_claims: [{ name: 'role', values: ['admin'] }] };
  await stand.gateway.reload({ ...stand.config, routes: [...stand.config.routes, { ...strict, validate_jwt: guarded }] });
  await passesAll(t, stand, { 'the lenient route': token });
  await refusesAll(t, stand, { 'the same token on a stricter route': { target: '/strict', token } });
});
