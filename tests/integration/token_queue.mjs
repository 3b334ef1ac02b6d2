// SPDX-License-Identifier: Apache-2.0
// Goal: tokens that must be verified wait in a line when many come at once; each gets the verdict that it deserves, who goes away
// is taken out of the line, and those with remembered tokens do not wait in it.
// Method: connections are opened first, then all ask in the same moment, with one worker.
import assert from 'node:assert/strict';
import test from 'node:test';
import { requestBytes } from './harness/client.mjs';
import { startStand } from './harness/stand.mjs';
import { within } from './harness/until.mjs';

const MANY = 60; // a turn verifies eight

const spoilt = (token) => token.slice(0, -8) + (token.at(-8) === 'A' ? 'B' : 'A') + token.slice(-7);

async function askTogether(stand, tokens) {
  const clients = await Promise.all(tokens.map(() => stand.connect()));
  clients.forEach((client, i) => client.socket.write(requestBytes({ target: '/', token: tokens[i] })));
  return clients;
}

async function statuses(clients) {
  const answers = await Promise.all(clients.map((client) => client.answer()));
  clients.forEach((client) => client.destroy());
  return answers.map((answer) => answer?.status);
}

test('each of many new tokens gets its own verdict', async (t) => {
  const stand = await startStand(t, { config: { workers: 1 } });
  const tokens = Array.from({ length: MANY }, (_, i) => (i % 3 === 0 ? spoilt : String)(stand.issuer.token({ jti: `t${i}` })));
  const got = await statuses(await askTogether(stand, tokens));
  assert.deepEqual(got, tokens.map((_, i) => (i % 3 === 0 ? 401 : 200)));
});

test('the same new token from many is good for all of them', async (t) => {
  const stand = await startStand(t, { config: { workers: 1 } });
  const token = stand.issuer.token({ jti: 'shared' });
  assert.deepEqual(new Set(await statuses(await askTogether(stand, Array(MANY).fill(token)))), new Set([200]));
});

test('clients that go away while they wait leave the others as they were', async (t) => {
  const stand = await startStand(t, { config: { workers: 1 } });
  const tokens = Array.from({ length: MANY }, (_, i) => stand.issuer.token({ jti: `g${i}` }));
  const clients = await askTogether(stand, tokens);
  clients.filter((_, i) => i % 2 === 0).forEach((client) => client.socket.resetAndDestroy());
  assert.deepEqual(new Set(await statuses(clients.filter((_, i) => i % 2 === 1))), new Set([200]));
  assert.equal((await stand.get()).status, 200);
});

test('a drain ends only after those in the line were answered', async (t) => {
  const stand = await startStand(t, { config: { workers: 1 } });
  const clients = await askTogether(stand, Array.from({ length: MANY }, (_, i) => stand.issuer.token({ jti: `d${i}` })));
  await clients[0].head();
  stand.gateway.signal('SIGTERM');
  const answers = await Promise.all(clients.slice(1).map((client) => client.answer()));
  assert.deepEqual(new Set(answers.map((answer) => answer?.status)), new Set([200]));
  clients.forEach((client) => client.destroy());
  assert.deepEqual(await within('the end', stand.gateway.ended), { status: 0, signal: null });
});
