// SPDX-License-Identifier: Apache-2.0
// Goal: a backend that believes X-User hears it from the gateway alone.
// The attack: a client sends the header itself, in every spelling some backend takes for it, on judged, public, refused,
// OPTIONS, report-only and unrouted paths.
import assert from 'node:assert/strict';
import test from 'node:test';
import { connect } from './harness/client.mjs';
import { startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

const HEADERS = { 'X-User': 'upn', 'X-Groups': { claim: 'groups', join: 'csv' }, 'X-Roles': { path: 'realm_access/roles' } };
const FORGED = [
  ['X-User', 'evil'], ['x-user', 'evil'], ['X_User', 'evil'], ['x_USER', 'evil'], ['X-USER', 'evil'],
  ['X-Groups', 'evil'], ['X_GROUPS', 'evil'], ['x-roles', 'evil'], ['X_Roles', 'evil'],
  ['X.User', 'evil'], ['x~groups', 'evil'], ["X'Roles", 'evil'],
];
const IDENTITY = /^x[^a-z0-9](user|groups|roles)$/i;

async function start(t) {
  const stand = await startStand(t);
  const [main] = stand.config.routes;
  const routes = [
    { ...main, name: 'who', path: '/who', claims_to_headers: HEADERS },
    { ...main, name: 'plain', path: '/plain' },
    { ...main, name: 'watched', path: '/watched', mode: 'report-only', claims_to_headers: HEADERS },
    { name: 'open', path: '/open', backend: 'main', policy: 'none' },
  ];
  await stand.gateway.reload({ ...stand.config, routes });
  return stand;
}

// The identity headers of the last request that reached the backend.
function arrived(stand) {
  const request = stand.backend.requests.at(-1);
  return request.fields.filter(([name]) => IDENTITY.test(name));
}

test('a judged token sets its headers, whatever the client says in their place', async (t) => {
  const stand = await start(t);
  const token = stand.issuer.token({ upn: 'jörg', groups: ['a', 'b,c'], realm_access: { roles: ['r'] } });
  for (const fields of [[], FORGED, [...FORGED, ['Connection', 'X-User, X-Groups']]]) {
    const answer = await stand.get('/who', { token, fields });
    assert.equal(answer.status, 200);
    assert.deepEqual(arrived(stand), [['X-User', 'j%C3%B6rg'], ['X-Groups', 'a,b%2Cc'], ['X-Roles', 'r']]);
  }
  // The same token again, from the memory of verified signatures.
  await stand.get('/who', { token });
  assert.deepEqual(arrived(stand), [['X-User', 'j%C3%B6rg'], ['X-Groups', 'a,b%2Cc'], ['X-Roles', 'r']]);
});

test('an absent claim sets no header, and the client\'s is gone all the same', async (t) => {
  const stand = await start(t);
  await stand.get('/who', { token: stand.issuer.token({ upn: null, groups: [], realm_access: {} }), fields: FORGED });
  assert.deepEqual(arrived(stand), []);
  await stand.get('/who', { token: stand.issuer.token({ upn: '', groups: 'one' }), fields: FORGED });
  assert.deepEqual(arrived(stand), [['X-User', ''], ['X-Groups', 'one']]);
});

test('no other path lets them through: other routes, public ones, OPTIONS, a chunked body with trailers', async (t) => {
  const stand = await start(t);
  const token = stand.issuer.token({ upn: 'right' });
  for (const request of [{ target: '/plain', token }, { target: '/open' }, { target: '/open', method: 'OPTIONS' }, { target: '/plain', method: 'OPTIONS', token }]) {
    const before = stand.backend.requests.length;
    assert.equal((await stand.send({ ...request, fields: FORGED })).status, 200);
    assert.equal(stand.backend.requests.length, before + 1);
    assert.deepEqual(arrived(stand), [], JSON.stringify(request));
  }
  const client = await connect(stand.gateway.port);
  await client.write(`POST /open HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: X-User\r\n\r\n1\r\na\r\n0\r\nX-User: evil\r\n\r\n`);
  assert.equal((await client.answer()).status, 200);
  client.destroy();
  assert.doesNotMatch(stand.backend.requests.at(-1).raw.toString('latin1'), /evil/);
});

test('a refused request reaches nobody, whatever it says it is', async (t) => {
  const stand = await start(t);
  const before = stand.backend.requests.length;
  assert.equal((await stand.send({ target: '/who', fields: FORGED })).status, 401);
  assert.equal((await stand.send({ target: '/nowhere', fields: FORGED })).status, 404);
  assert.equal(stand.backend.requests.length, before);
});

test('report-only: only a token that truly passes sets them', async (t) => {
  const stand = await start(t);
  await stand.get('/watched', { token: stand.issuer.token({ upn: 'right' }), fields: FORGED });
  assert.deepEqual(arrived(stand), [['X-User', 'right']]);
  await stand.get('/watched', { token: stand.issuer.token({ upn: 'wrong', aud: 'other' }), fields: FORGED });
  assert.deepEqual(arrived(stand), []);
  await stand.send({ target: '/watched', fields: FORGED });
  assert.deepEqual(arrived(stand), []);
});

test('a claim with control bytes is refused, not shortened; one with a blank passes', async (t) => {
  const stand = await start(t);
  for (const upn of ['a\r\nX-Admin: yes', 'a\u0000b', 'a\tb', 'a\u007fb', ['good', 'a\nb']]) {
    const before = stand.backend.requests.length;
    const answer = await stand.get('/who', { token: stand.issuer.token({ upn }) });
    assert.equal(answer.status, 401, JSON.stringify(upn));
    assert.equal(JSON.parse(answer.text).message, 'A claim value is not allowed. Access denied.');
    assert.equal(stand.backend.requests.length, before);
  }
  await stand.get('/watched', { token: stand.issuer.token({ upn: 'a\nb' }), fields: FORGED });
  assert.deepEqual(arrived(stand), []);
  assert.equal((await stand.get('/who', { token: stand.issuer.token({ upn: 'a b' }) })).status, 200);
  assert.deepEqual(arrived(stand), [['X-User', 'a b']]);
});

test('the log of such a claim says what is wrong, and no hash of somebody who is not meant', async (t) => {
  const stand = await start(t);
  const [main] = stand.config.routes;
  await stand.gateway.reload({ ...stand.config, routes: [{ ...main, claims_to_headers: { 'X-User': 'sub' } }] });
  assert.equal((await stand.get('/', { token: stand.issuer.token({ sub: 'a\nb' }) })).status, 401);
  const line = await until('the line', () => stand.gateway.events('access').at(-1));
  assert.deepEqual([line.reason, line.check, line.expected, line.found],
    ['TokenClaimValueNotAllowed', 'claim:sub', 'a text without control characters, for a header', undefined]);
});

test('different texts stay different: encodings, commas and blanks cannot be played against each other', async (t) => {
  const stand = await start(t);
  const values = ['a,b', 'a%2Cb', 'a%252Cb', 'é', '%C3%A9', ' a', 'a', 'a ', '%20a', '100%', '%', '%4', '\u2028', '😀'];
  const seen = new Set();
  for (const value of values) {
    await stand.get('/who', { token: stand.issuer.token({ groups: [value] }) });
    const [[name, text]] = arrived(stand);
    assert.equal(name, 'X-Groups');
    assert.match(text, /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/);
    assert.equal(text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (code) => decodeURIComponent(code)), value);
    seen.add(text);
  }
  assert.equal(seen.size, values.length);
});
