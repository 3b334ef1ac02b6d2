// SPDX-License-Identifier: Apache-2.0
// Goal: the admin listener tells probes the truth: alive, ready, and why not.
import assert from 'node:assert/strict';
import test from 'node:test';
import { send } from './harness/client.mjs';
import { startIssuer } from './harness/issuer.mjs';
import { startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

const ask = (stand, target, more) => send(stand.gateway.adminPort, { target, host: `127.0.0.1:${stand.gateway.adminPort}`, ...more });

test('/livez and /readyz with keys', async (t) => {
  const stand = await startStand(t);
  assert.equal((await ask(stand, '/livez')).status, 200);
  const ready = await until('readiness', async () => {
    const answer = await ask(stand, '/readyz');
    return answer.status === 200 && answer;
  });
  assert.match(ready.field('content-type'), /^application\/json\b/);
  const body = JSON.parse(ready.text);
  assert.equal(body.ready, true);
  assert.ok(ready.text.endsWith('}\n'), 'a shell\'s prompt stands below it');
  assert.equal('draining' in body, false);
  assert.deepEqual(body.issuers.map(({ url }) => url), [stand.issuer.configUrl]);
});

test('/readyz without keys says which issuer and why, and turns by itself', async (t) => {
  const issuer = await startIssuer(t);
  issuer.goDown();
  const stand = await startStand(t, { issuer, config: { keys: { cooldown: '100ms' } } });
  const answer = await ask(stand, '/readyz');
  assert.equal(answer.status, 503);
  const body = JSON.parse(answer.text);
  assert.equal(body.ready, false);
  assert.equal(body.issuers[0].url, issuer.configUrl);
  await until('the reason', async () => JSON.parse((await ask(stand, '/readyz')).text).issuers[0].error);
  assert.equal((await ask(stand, '/livez')).status, 200);
  issuer.comeBack();
  await until('readiness', async () => (await ask(stand, '/readyz')).status === 200, 20000);
});

test('stale keys are ready keys', async (t) => {
  const stand = await startStand(t);
  await stand.get();
  stand.issuer.goDown();
  assert.equal((await ask(stand, '/readyz')).status, 200);
});

test('other paths and methods', async (t) => {
  const stand = await startStand(t);
  assert.equal((await ask(stand, '/nothing')).status, 404);
  const posted = await ask(stand, '/livez', { method: 'POST', body: '' });
  assert.equal(posted.status, 405);
  assert.match(posted.field('allow'), /GET/);
  assert.equal((await ask(stand, '/livez', { method: 'HEAD' })).bytes, 0);
});

test('admin: off opens no listener', async (t) => {
  const stand = await startStand(t, { config: { admin: 'off' } });
  assert.equal(stand.gateway.adminPort, undefined);
  assert.equal((await stand.get()).status, 200);
});

test('routes of clients are not on the admin listener, nor its pages on theirs', async (t) => {
  const stand = await startStand(t);
  assert.equal((await send(stand.gateway.adminPort, { target: '/x', token: stand.issuer.token(), host: 'localhost' })).status, 404);
  assert.equal((await stand.send({ target: '/metrics' })).status, 401);
});
