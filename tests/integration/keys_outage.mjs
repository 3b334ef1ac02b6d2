// SPDX-License-Identifier: Apache-2.0
// Goal: an outage of the provider is ridden out: known keys go on serving, and a start without the provider heals by
// itself.
import assert from 'node:assert/strict';
import test from 'node:test';
import { send } from './harness/client.mjs';
import { startIssuer } from './harness/issuer.mjs';
import { policyOf, startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

test('requests go on while the provider is down', async (t) => {
  const stand = await startStand(t, { config: { keys: { cooldown: '100ms' } } });
  assert.equal((await stand.get()).status, 200);
  stand.issuer.goDown();
  for (let i = 0; i < 10; i++) assert.equal((await stand.get(`/${i}`)).status, 200);
});

test('a start without the provider answers 503 with Retry-After, then recovers by itself', async (t) => {
  const issuer = await startIssuer(t);
  issuer.goDown();
  const stand = await startStand(t, { issuer, config: { keys: { cooldown: '100ms', wait: '200ms' } } });
  const answer = await stand.get();
  assert.equal(answer.status, 503);
  assert.equal(answer.field('retry-after'), '5');
  assert.equal(JSON.parse(answer.text).statusCode, 503);
  assert.equal(stand.backend.requests.length, 0);

  issuer.comeBack();
  await until('the recovery', async () => (await stand.get()).status === 200, 20000);
});

test('without keys a request that no key could save is refused all the same', async (t) => {
  const issuer = await startIssuer(t);
  issuer.goDown();
  const stand = await startStand(t, { issuer, config: { keys: { wait: '100ms' } } });
  assert.equal((await stand.send({})).status, 401);
  assert.equal((await stand.send({ token: 'not.a.token' })).status, 401);
});

test('a provider that hangs holds up only those who need it, and no longer than keys.wait', async (t) => {
  const [hanging, sound] = [await startIssuer(t), await startIssuer(t)];
  hanging.discovery = () => {};
  const route = (name, issuer) => ({ name, path: `/${name}`, backend: 'main', validate_jwt: policyOf(issuer) });
  const stand = await startStand(t, {
    issuer: sound,
    hasKeys: false,
    config: { keys: { wait: '300ms', timeout: '30s' }, routes: [route('sound', sound), route('hanging', hanging)] },
  });
  const started = Date.now();
  const late = stand.send({ target: '/hanging', token: hanging.token() });
  assert.equal((await stand.get('/sound')).status, 200);
  assert.equal((await late).status, 503);
  assert.ok(Date.now() - started < 5000, 'the wait was not bounded');
});

test('requests parked for a fetch pass together when it ends', async (t) => {
  const stand = await startStand(t, { algs: ['ES256'], config: { keys: { wait: '5s' } } });
  await stand.get();
  const held = [];
  stand.issuer.jwks = (_, response) => held.push(response);
  stand.issuer.rotate();
  const parked = Array.from({ length: 5 }, () => stand.get());
  await until('the fetch', () => held.length === 1);
  held[0].writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(stand.issuer.keySet()));
  assert.deepEqual((await Promise.all(parked)).map(({ status }) => status), [200, 200, 200, 200, 200]);
  assert.equal(held.length, 1);
});

test('keys.parked is of the gateway: its workers together let no more wait', async (t) => {
  const [LIMIT, CLIENTS] = [4, 60];
  const stand = await startStand(t, { algs: ['ES256'], config: { workers: 2, keys: { wait: '60s', timeout: '60s', parked: LIMIT } } });
  const ask = async (target) => (await send(stand.gateway.adminPort, { target, host: 'localhost' })).text;
  const held = [];
  stand.issuer.jwks = (_, response) => held.push(response);
  stand.issuer.rotate();
  let answered = 0;
  const asked = Array.from({ length: CLIENTS }, () => stand.get().then((answer) => ((answered += 1), answer.status)));
  await until('all but those that wait to be refused', () => answered === CLIENTS - LIMIT);
  const metrics = await ask('/metrics');
  for (const line of [`jwtgate_requests_parked ${LIMIT}`, `jwtgate_limit{limit="parked"} ${LIMIT}`]) assert.ok(metrics.includes(`\n${line}\n`), line);
  const { limits } = JSON.parse(await ask('/status'));
  assert.deepEqual(limits.find(({ name }) => name === 'parked'), { name: 'parked', limit: LIMIT, used: LIMIT });
  held[0].writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(stand.issuer.keySet()));
  const statuses = await Promise.all(asked);
  assert.deepEqual([200, 401].map((status) => statuses.filter((each) => each === status).length), [LIMIT, CLIENTS - LIMIT]);
});
