// SPDX-License-Identifier: Apache-2.0
// Goal: POST /explain says of a token what `jwtgate explain` says, by the routes and keys that the gateway has now, and leaves nothing
// of it behind.
import assert from 'node:assert/strict';
import test from 'node:test';
import { send } from './harness/client.mjs';
import { assertRefused, post } from './harness/console.mjs';
import { failed } from './harness/explaining.mjs';
import { run } from './harness/gateway.mjs';
import { startIssuer } from './harness/issuer.mjs';
import { policyOf, startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

// The usual stand with three routes.
async function stand(t) {
  const issuer = await startIssuer(t);
  return startStand(t, {
    issuer,
    config: {
      routes: [
        { name: 'main', path: '/', backend: 'main', validate_jwt: policyOf(issuer) },
        { name: 'orders', path: '/orders/', backend: 'main', validate_jwt: policyOf(issuer, { audiences: ['orders'] }) },
        { name: 'open', path: '/open/', backend: 'main', policy: 'none' },
      ],
    },
  });
}

test('a token is judged as the command judges it, with the keys that the gateway has', async (t) => {
  const { gateway, issuer } = await stand(t);
  const token = issuer.token();
  const passed = await post(gateway, '/explain', { route: 'main', token });
  assert.equal(passed.status, 200, passed.text);
  assert.equal(passed.answer.field('cache-control'), 'no-store');
  assert.deepEqual([passed.json.schema, passed.json.verdict, passed.json.reason, passed.json.status], [1, 'pass', null, 200]);
  assert.equal(passed.json.key.provider, issuer.configUrl);
  const at = passed.json.at;
  const command = await run(['explain', '--json', '-c', `${gateway.dir}/gateway.yaml`, '--route', 'main', '--at', String(at)], { input: token });
  assert.deepEqual(passed.json, JSON.parse(command.stdout));
  const refused = await post(gateway, '/explain', { route: 'orders', token });
  assert.deepEqual([refused.json.verdict, refused.json.reason, failed(refused.json)], ['refuse', 'TokenAudienceNotAllowed', ['audience']]);
});

test('keys that rotated in are known as soon as the gateway has them', async (t) => {
  const { gateway, issuer } = await stand(t);
  issuer.rotate();
  const token = issuer.token();
  assert.equal((await post(gateway, '/explain', { route: 'main', token })).json.reason, 'TokenSignatureKeyNotFound');
  await until('the new key', async () => {
    return (await send(gateway.port, { token })).status === 200;
  });
  assert.equal((await post(gateway, '/explain', { route: 'main', token })).json.verdict, 'pass');
});

test('what was pasted is stripped of `Bearer ` and blanks; nothing else is made of it', async (t) => {
  const { gateway, issuer } = await stand(t);
  const token = issuer.token();
  for (const pasted of [token, `Bearer ${token}`, ` \r\n\tbearer  ${token}\n`]) {
    assert.equal((await post(gateway, '/explain', { route: 'main', token: pasted })).json.verdict, 'pass', pasted.slice(0, 9));
  }
  assert.equal((await post(gateway, '/explain', { route: 'main', token: `Basic ${token}` })).json.reason, 'JwtInvalid');
  assertRefused(await post(gateway, '/explain', { route: 'main', token: ' Bearer \n' }), 400, /there is no token/);
  assertRefused(await post(gateway, '/explain', { route: 'main', token: '' }), 400, /there is no token/);
});

test('at: seconds or RFC 3339; another time, another verdict', async (t) => {
  const { gateway, issuer } = await stand(t);
  const token = issuer.token({ exp: 2000000000 });
  const verdict = async (at) => (await post(gateway, '/explain', { route: 'main', token, at })).json;
  assert.equal((await verdict(1999999999)).verdict, 'pass');
  assert.equal((await verdict('1999999999')).verdict, 'pass');
  assert.equal((await verdict(2000000000)).reason, 'TokenExpired');
  assert.equal((await verdict('2033-05-18T03:33:20Z')).at, 2000000000);
  assert.equal((await verdict(null)).verdict, 'pass');
  for (const at of ['tomorrow', -1, 1.5, 1e30, true]) {
    assertRefused(await post(gateway, '/explain', { route: 'main', token, at }), 400, /"at"/);
  }
});

test('bad input is told, unknown routes and members are', async (t) => {
  const { gateway, issuer } = await stand(t);
  const token = issuer.token();
  assertRefused(await post(gateway, '/explain', { route: 'mian', token }), 404, /no route "mian"/);
  assertRefused(await post(gateway, '/explain', { route: 'open', token }), 400, /public: it asks for no token/);
  assertRefused(await post(gateway, '/explain', { route: 'main' }), 400, /"token" is missing/);
  assertRefused(await post(gateway, '/explain', { token }), 400, /"route" is missing/);
  assertRefused(await post(gateway, '/explain', { route: 'main', token, tokne: 1 }), 400, /unknown member "tokne"/);
  assertRefused(await post(gateway, '/explain', { route: 7, token }), 400, /"route" must be a text/);
  for (const body of ['', '{', '[]', '"x"', '{"route":"main","route":"main","token":"x"}', '{"token":[[[[[]]]]]}']) {
    assertRefused(await post(gateway, '/explain', body), 400, /body/);
  }
});

test('all routes at once, in their order', async (t) => {
  const { gateway, issuer } = await stand(t);
  const { json } = await post(gateway, '/explain/all', { token: `Bearer ${issuer.token()}` });
  assert.deepEqual(json, {
    schema: 1,
    results: [
      { route: 'main', verdict: 'pass', reason: null, status: 200, check: null },
      { route: 'orders', verdict: 'refuse', reason: 'TokenAudienceNotAllowed', status: 401, check: 'audience' },
      { route: 'open', verdict: 'public', reason: null, status: 200, check: null },
    ],
  });
  const garbage = await post(gateway, '/explain/all', { token: 'x', at: 1 });
  assert.deepEqual(garbage.json.results.map(({ reason }) => reason), ['JwtInvalid', 'JwtInvalid', null]);
  assertRefused(await post(gateway, '/explain/all', { token: 'x', route: 'main' }), 400, /unknown member "route"/);
  assertRefused(await post(gateway, '/explain/all', {}), 400, /"token" is missing/);
});

test('policies of more than one step: the same meaning as the command', async (t) => {
  const choose = (issuer) => `<policies><inbound><choose>
    <when condition="@(context.Request.Method == &quot;GET&quot;)">
      <validate-jwt header-name="Authorization"><openid-config url="${issuer.configUrl}"/><audiences><audience>api</audience></audiences></validate-jwt>
    </when><otherwise>
      <validate-jwt header-name="Authorization"><openid-config url="${issuer.configUrl}"/><audiences><audience>other</audience></audiences></validate-jwt>
    </otherwise></choose></inbound></policies>`;
  const issuer = await startIssuer(t);
  const { gateway } = await startStand(t, { issuer, route: { policy: 'choose.xml' }, files: { 'choose.xml': choose(issuer) } });
  const token = issuer.token();
  const said = (await post(gateway, '/explain', { route: 'main', token })).json;
  const command = await run(['explain', '--json', '-c', `${gateway.dir}/gateway.yaml`, '--route', 'main', '--at', String(said.at)], { input: token });
  assert.deepEqual(said, JSON.parse(command.stdout));
  assert.equal(said.verdict, 'pass');
  assert.match(said.notes[0], /alternatives/);
});
