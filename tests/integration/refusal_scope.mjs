// SPDX-License-Identifier: Apache-2.0
// Goal: with insufficient_scope: 403 a good token that lacks a required claim is told so (RFC 6750 3.1), and nothing else is;
// who asks beforehand is told the same status.
import assert from 'node:assert/strict';
import test from 'node:test';
import { post } from './harness/console.mjs';
import { run } from './harness/gateway.mjs';
import { now } from './harness/keys.mjs';
import { startStand } from './harness/stand.mjs';

const CLAIMS = { required_claims: [{ name: 'scp', separator: ' ', values: ['write'] }], typ: 'Bearer' };
const GOOD = { scp: 'read write', typ: 'Bearer' };

test('403 where only required claims failed, 401 elsewhere', async (t) => {
  const stand = await startStand(t, { route: { insufficient_scope: 403, realm: 'api' }, policy: CLAIMS });
  const { issuer } = stand;
  const told = async (token) => {
    const before = stand.backend.requests.length;
    const answer = await stand.send({ token });
    assert.equal(stand.backend.requests.length, before);
    return [answer.status, answer.field('www-authenticate'), JSON.parse(answer.text).statusCode];
  };
  const lacking = [403, 'Bearer realm="api", error="insufficient_scope"', 403];
  const invalid = [401, 'Bearer realm="api", error="invalid_token"', 401];
  assert.deepEqual(await told(issuer.token({ ...GOOD, scp: 'read' })), lacking);
  assert.deepEqual(await told(issuer.token({ typ: 'Bearer' })), lacking);
  assert.deepEqual(await told(issuer.token({ scp: 'read', typ: 'Bearer', aud: 'other' })), invalid);
  assert.deepEqual(await told(issuer.token({ scp: 'read', typ: 'Bearer', exp: now() - 5 })), invalid);
  assert.deepEqual(await told(issuer.token({ ...GOOD, typ: 'Refresh' })), invalid);
  assert.deepEqual(await told(issuer.token({ ...GOOD, scp: 'read' }, { header: { alg: 'none' } })), invalid);
  assert.deepEqual(await told(undefined), [401, 'Bearer realm="api"', 401]);
  assert.equal((await stand.send({ token: issuer.token(GOOD) })).status, 200);
});

test('401 is the default, and the policy\'s own code stands', async (t) => {
  const stand = await startStand(t, { policy: { ...CLAIMS, failed_validation_httpcode: 400 } });
  const token = stand.issuer.token({ ...GOOD, scp: 'read' });
  const answer = await stand.send({ token });
  assert.equal(answer.status, 400);
  assert.equal(answer.field('www-authenticate'), 'Bearer realm="main", error="invalid_token"');
  await stand.gateway.reload({ ...stand.config, routes: [{ ...stand.config.routes[0], insufficient_scope: 403 }] });
  assert.equal((await stand.send({ token })).status, 403);
});

test('explain tells the status that a request gets', async (t) => {
  const stand = await startStand(t, { route: { insufficient_scope: 403 }, policy: CLAIMS });
  const { gateway, issuer } = stand;
  const explain = async (token, ...args) => (await run(['explain', ...args, '-c', `${gateway.dir}/gateway.yaml`], { input: token })).stdout;
  for (const [status, token] of [
    [403, issuer.token({ ...GOOD, scp: 'read' })],
    [401, issuer.token({ ...GOOD, scp: 'read', exp: now() - 5 })],
    [200, issuer.token(GOOD)],
  ]) {
    const one = (await post(gateway, '/explain', { route: 'main', token })).json;
    const all = (await post(gateway, '/explain/all', { token })).json;
    const told = [(await stand.send({ token })).status, one.status, all.results[0].status, JSON.parse(await explain(token, '--json')).status];
    assert.deepEqual(told, [status, status, status, status]);
    const line = (await explain(token)).split('\n')[0];
    assert.match(line, status === 200 ? /^pass on route main/ : new RegExp(`^refuse \\w+ \\(${status}\\) on route main: `));
  }
});
