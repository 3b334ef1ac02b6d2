// SPDX-License-Identifier: Apache-2.0
// Goal: a route set to report-only lets pass what it would refuse, says so in the log, and counts it by reason; all that is
// not the token's matter is refused as ever.
import assert from 'node:assert/strict';
import test from 'node:test';
import { connect, send } from './harness/client.mjs';
import { forge, now } from './harness/keys.mjs';
import { startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

const lastLine = (stand, count) => until(`${count} access lines`, () => {
  const lines = stand.gateway.events('access');
  return lines.length >= count && lines.at(-1);
});

async function counted(stand, reason, mode = 'report-only') {
  const { text } = await send(stand.gateway.adminPort, { target: '/metrics', host: 'localhost' });
  const line = new RegExp(`^jwtgate_token_verdicts_total\\{route="main",reason="${reason}",mode="${mode}"\\} (\\d+)$`, 'm').exec(text);
  return line ? Number(line[1]) : 0;
}

test('what would be refused passes, is logged with its reason, and counted', async (t) => {
  const stand = await startStand(t, { route: { mode: 'report-only' } });
  const { issuer } = stand;
  const forged = forge({ alg: 'RS256', kid: issuer.key.kid }, issuer.claims(), () => Buffer.alloc(256, 1));
  const cases = {
    TokenNotPresent: undefined,
    TokenAudienceNotAllowed: issuer.token({ aud: 'other' }),
    TokenExpired: issuer.token({ exp: now() - 5 }),
    TokenSignatureInvalid: forged,
    TokenIssuerNotAllowed: issuer.token({ iss: 'https://other.example' }),
    JwtInvalid: 'abc',
  };
  let lines = 0;
  for (const [reason, token] of Object.entries(cases)) {
    await t.test(reason, async () => {
      const answer = await stand.send({ token });
      assert.equal(answer.status, 200);
      assert.equal(stand.backend.requests.at(-1).field('authorization'), token === undefined ? undefined : `Bearer ${token}`);
      const line = await lastLine(stand, ++lines);
      assert.deepEqual([line.mode, line.reason, line.status], ['report-only', reason, '200']);
      assert.ok(line.check, 'the failed check is named');
      assert.equal(await counted(stand, reason), 1);
      assert.equal(await counted(stand, reason, 'enforce'), 0);
    });
  }
  await t.test('a token that passes is no report', async () => {
    assert.equal((await stand.get()).status, 200);
    const line = await lastLine(stand, ++lines);
    assert.deepEqual([line.mode, line.reason], [undefined, undefined]);
    assert.equal(await counted(stand, 'None'), 1);
  });
});

test('malformed requests, other methods, broken limits are refused as ever', async (t) => {
  const stand = await startStand(t, { route: { mode: 'report-only', methods: ['GET'] }, config: { limits: { target: '1KiB' } } });
  const before = stand.backend.requests.length;
  assert.equal((await stand.send({ method: 'POST', body: 'x' })).status, 405);
  assert.equal((await stand.send({ target: `/${'a'.repeat(2000)}` })).status, 414);
  assert.equal((await stand.send({ target: '/a/../b' })).status, 400);
  assert.equal((await stand.send({ fields: { 'X-HTTP-Method': 'DELETE' } })).status, 400);
  const client = await connect(stand.gateway.port);
  await client.write('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n');
  assert.equal((await client.answer()).status, 400);
  client.destroy();
  assert.equal(stand.backend.requests.length, before);
  assert.equal((await stand.send({})).status, 200);
});

test('of several credentials none was judged, and none goes on', async (t) => {
  const stand = await startStand(t, { route: { mode: 'report-only' } });
  const token = stand.issuer.token();
  assert.equal((await stand.send({ token, fields: { Authorization: 'Basic eDp5' } })).status, 200);
  assert.equal(stand.backend.requests.at(-1).has('authorization'), false);
  assert.equal((await stand.send({ token: `${token}, Bearer ${token}` })).status, 200);
  assert.equal(stand.backend.requests.at(-1).has('authorization'), false);
  assert.equal((await stand.send({ fields: { Authorization: 'Digest username="a", realm="b"' } })).status, 200);
  assert.equal(stand.backend.requests.at(-1).field('authorization'), 'Digest username="a", realm="b"');
});

test('so it is with tokens in the query: of two none goes on, of one that is wrong nothing is taken out', async (t) => {
  const stand = await startStand(t, { route: { mode: 'report-only' }, policy: { query_parameter_name: 'token', header_name: undefined } });
  const token = stand.issuer.token();
  assert.equal((await stand.send({ target: `/a?x=1&token=${token}&y=2&tok%65n=abc` })).status, 200);
  assert.equal(stand.backend.requests.at(-1).target, '/a?x=1&y=2');
  assert.equal((await stand.send({ target: '/a?x=1&token=abc' })).status, 200);
  assert.equal(stand.backend.requests.at(-1).target, '/a?x=1&token=abc');
});

test('missing keys: passes after the bounded wait', async (t) => {
  const stand = await startStand(t, { route: { mode: 'report-only' }, config: { keys: { wait: '200ms', cooldown: '100ms' } }, hasKeys: false,
    policy: { openid_config: [{ url: 'http://127.0.0.1:9/' }] } });
  const answer = await stand.get();
  assert.equal(answer.status, 200);
  const line = await lastLine(stand, 1);
  assert.deepEqual([line.mode, line.reason, line.status], ['report-only', 'OpenIdConfigUnavailable', '200']);
});

test('a backend that is not there is not hidden by the report', async (t) => {
  const stand = await startStand(t, { route: { mode: 'report-only' } });
  await stand.backend.stop();
  assert.equal((await stand.send({})).status, 502);
  const line = await lastLine(stand, 1);
  assert.deepEqual([line.reason, line.end], ['TokenNotPresent', 'BackendUnreachable']);
});

test('the same token is refused again once the route enforces', async (t) => {
  const stand = await startStand(t, { route: { mode: 'report-only' } });
  const token = stand.issuer.token({ aud: 'other' });
  assert.equal((await stand.send({ token })).status, 200);
  await stand.gateway.reload({ ...stand.config, routes: [{ ...stand.config.routes[0], mode: 'enforce' }] });
  assert.equal((await stand.send({ token })).status, 401);
});
