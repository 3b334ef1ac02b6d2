// SPDX-License-Identifier: Apache-2.0
// Goal: SIGHUP takes the new configuration whole or not at all, and no request notices.
import assert from 'node:assert/strict';
import test from 'node:test';
import { answerBytes } from './harness/backend.mjs';
import { connect, requestBytes } from './harness/client.mjs';
import { startIssuer } from './harness/issuer.mjs';
import { policyOf, startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

test('a new configuration is taken by new requests', async (t) => {
  const stand = await startStand(t);
  assert.equal((await stand.get('/new/x')).status, 200);
  const [route] = stand.config.routes;
  await stand.gateway.reload({ ...stand.config, routes: [{ ...route, path: '/new/', rewrite: '/taken/' }] });
  assert.equal((await stand.get('/new/x')).status, 200);
  assert.equal(stand.backend.requests[1].target, '/taken/x');
  assert.equal((await stand.get('/old')).status, 404);
});

test('a bad configuration changes nothing and is told', async (t) => {
  const stand = await startStand(t);
  const [route] = stand.config.routes;
  await stand.gateway.reload({ ...stand.config, routes: [{ ...route, path: '/new/' }, { ...route, name: 'b', backend: 'nowhere' }] });
  assert.match(stand.gateway.output, /gateway\.yaml:\d+:\d+.*nowhere/);
  assert.equal((await stand.get('/old')).status, 200);
  await stand.gateway.reload('routes: [');
  assert.equal((await stand.get('/old')).status, 200);
  await stand.gateway.reload(stand.config);
  assert.equal((await stand.get('/old')).status, 200);
});

test('a request under way ends with the configuration that it began with', async (t) => {
  const held = [];
  const stand = await startStand(t, {
    handler: async (request, conn) => {
      if (request.target !== '/held') conn.write(answerBytes());
      else held.push(conn);
    },
  });
  const late = stand.get('/held', { method: 'POST', body: 'x' });
  await until('the request', () => held.length === 1);
  const [route] = stand.config.routes;
  await stand.gateway.reload({ ...stand.config, routes: [{ ...route, methods: ['GET'], path: '/other/' }] });
  held[0].write(answerBytes({ body: 'late' }));
  const answer = await late;
  assert.equal(answer.status, 200);
  assert.equal(answer.text, 'late');
});

test('reloads under load lose no request, and an unchanged provider is not asked anew each time', async (t) => {
  const stand = await startStand(t);
  const token = stand.issuer.token();
  let isOver = false;
  const statuses = [];
  const run = async () => {
    const client = await connect(stand.gateway.port);
    while (!isOver) {
      client.write(requestBytes({ token }));
      const answer = await client.answer();
      assert.ok(answer, 'a kept connection was lost');
      statuses.push(answer.status);
    }
    client.destroy();
  };
  const runs = Array.from({ length: 4 }, run);
  await until('load', () => statuses.length > 20);
  for (let i = 0; i < 8; i++) await stand.gateway.reload(stand.config);
  const mark = statuses.length;
  await until('load after the reloads', () => statuses.length > mark + 50);
  isOver = true;
  await Promise.all(runs);
  assert.deepEqual([...new Set(statuses)], [200]);
  assert.ok(stand.issuer.counts.jwks < 8, `the key set was fetched ${stand.issuer.counts.jwks} times`);
});

test('a provider that a reload brings has its keys fetched', async (t) => {
  const stand = await startStand(t);
  const other = await startIssuer(t, 'ES256');
  const [route] = stand.config.routes;
  assert.equal((await stand.send({ token: other.token() })).status, 401);
  await stand.gateway.reload({ ...stand.config, routes: [{ ...route, validate_jwt: policyOf(other) }] });
  assert.equal((await stand.send({ token: other.token() })).status, 200);
  assert.equal((await stand.get()).status, 401);
});
