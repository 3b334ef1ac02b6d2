// SPDX-License-Identifier: Apache-2.0
// Goal: one client can take so many connections and have so many tokens refused, and no more; others notice nothing.  The attack:
// guessing tokens, and holding all connections, from one address.
import assert from 'node:assert/strict';
import test from 'node:test';
import { connect, requestBytes } from './harness/client.mjs';
import { figure } from './harness/metrics.mjs';
import { startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

const from = (client) => Buffer.from(`PROXY TCP${client.includes(':') ? 6 : 4} ${client} ${client} 1 2\r\n`);
const proxied = [{ bind: '127.0.0.1:0', proxy_protocol: true }];

async function asks(stand, client, request) {
  const peer = await connect(stand.gateway.port, { first: from(client) });
  await peer.write(requestBytes(request));
  const answer = await peer.answer();
  return { peer, answer };
}

async function ask(stand, client, request) {
  const { peer, answer } = await asks(stand, client, request);
  peer.destroy();
  return answer;
}

test('so many connections of one address; the next is closed, that of another passes', async (t) => {
  const stand = await startStand(t, { config: { listeners: proxied, limits: { client_connections: 3 } } });
  const token = stand.issuer.token();
  const open = [];
  for (let i = 0; i < 3; i++) open.push((await asks(stand, '203.0.113.7', { token })).peer);
  assert.equal(await ask(stand, '203.0.113.7', { token }), undefined);
  assert.equal((await ask(stand, '203.0.113.8', { token })).status, 200);
  assert.equal(await figure(stand.gateway, 'jwtgate_client_connections_refused_total'), 1);
  assert.equal(await figure(stand.gateway, 'jwtgate_limit', { limit: 'client_connections' }), 3);
  open.pop().destroy();
  await until('room', async () => (await ask(stand, '203.0.113.7', { token }))?.status === 200);
  open.forEach((peer) => peer.destroy());
  await until('an empty table', async () => (await figure(stand.gateway, 'jwtgate_client_addresses')) === 0);
});

test('addresses of one IPv6 network are one client', async (t) => {
  const stand = await startStand(t, { config: { listeners: proxied, limits: { client_connections: 2 } } });
  const token = stand.issuer.token();
  const open = [];
  for (let i = 1; i <= 2; i++) open.push((await asks(stand, `2001:db8::${i}`, { token })).peer);
  assert.equal(await ask(stand, '2001:db8::ffff', { token }), undefined);
  assert.equal((await ask(stand, '2001:db8:0:1::1', { token })).status, 200);
  open.forEach((peer) => peer.destroy());
});

test('without a PROXY header the peer counts, from accepting on', async (t) => {
  const stand = await startStand(t, { config: { limits: { client_connections: 2 } } });
  const open = await Promise.all([stand.connect(), stand.connect()]);
  await until('both', async () => (await figure(stand.gateway, 'jwtgate_connections')) === 2);
  const third = await stand.connect();
  await third.closing();
  open[0].destroy();
  await until('room', async () => (await stand.get().catch(() => undefined))?.status === 200);
  open[1].destroy();
});

// A stand on which one address has used up its refusals.
async function barred(t, more = {}) {
  const { route, errors, ...config } = more;
  const stand = await startStand(t, { route, config: { listeners: proxied, limits: { client_refusals: 5 }, ...config } });
  const good = stand.issuer.token();
  assert.equal((await ask(stand, '203.0.113.7', { token: good })).status, 200);
  const statuses = [];
  for (let i = 0; i < 7; i++) statuses.push((await ask(stand, '203.0.113.7', { token: bad(stand, i) })).status);
  return { ...stand, good, statuses };
}

// A token whose signature is not right, another each time.
function bad(stand, number) {
  const [head, payload, signature] = stand.issuer.token({ jti: String(number) }).split('.');
  return `${head}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
}

test('past so many refused tokens an address gets 429, with when to come again', async (t) => {
  const stand = await barred(t, { route: { errors: 'problem+json' } });
  assert.deepEqual(stand.statuses, [401, 401, 401, 401, 401, 429, 429]);
  const answer = await ask(stand, '203.0.113.7', { token: bad(stand, 'x') });
  assert.equal(answer.status, 429);
  assert.match(answer.field('retry-after'), /^([1-9]|1[0-2])$/); // five a minute: one in twelve seconds
  assert.equal(answer.field('content-type'), 'application/problem+json');
  assert.equal(JSON.parse(answer.text).status, 429);
  assert.equal(answer.field('www-authenticate'), undefined);
  const access = stand.gateway.events('access');
  await until('the line', () => stand.gateway.events('access').some(({ reason }) => reason === 'TooManyRefusals'));
  assert.equal(access.filter(({ status }) => status === '429').every(({ client }) => client === '203.0.113.7'), true);
  assert.ok((await figure(stand.gateway, 'jwtgate_limit_hits_total', { limit: 'client_refusals' })) >= 3);
  assert.ok((await figure(stand.gateway, 'jwtgate_token_verdicts_total', { reason: 'TooManyRefusals' })) >= 3);
});

test('others are not barred, nor is who brings a token that is remembered as good; a new one has to wait', async (t) => {
  const stand = await barred(t, { workers: 1 }); // what is remembered is the worker's
  assert.equal((await ask(stand, '203.0.113.8', { token: stand.issuer.token({ jti: 'other' }) })).status, 200);
  assert.equal((await ask(stand, '203.0.113.7', { token: stand.good })).status, 200);
  assert.equal((await ask(stand, '203.0.113.7', { token: stand.issuer.token({ jti: 'new' }) })).status, 429);
  assert.equal((await ask(stand, '203.0.113.7', {})).status, 401, 'no token costs nothing');
});

test('what counts is malformed, or has no key or no right signature; expired, for others or missing does not', async (t) => {
  const stand = await startStand(t, { config: { listeners: proxied, limits: { client_refusals: 2 } } });
  const now = Math.floor(Date.now() / 1000);
  for (let i = 0; i < 4; i++) {
    assert.equal((await ask(stand, '203.0.113.7', {})).status, 401);
    assert.equal((await ask(stand, '203.0.113.7', { token: stand.issuer.token({ aud: 'other', jti: `a${i}` }) })).status, 401);
    assert.equal((await ask(stand, '203.0.113.7', { token: stand.issuer.token({ exp: now - 600, jti: `b${i}` }) })).status, 401);
  }
  assert.equal((await ask(stand, '203.0.113.7', { token: stand.issuer.token({ jti: 'good' }) })).status, 200);
  const statuses = [];
  for (const token of ['nonsense', 'a.b.c', 'more']) statuses.push((await ask(stand, '203.0.113.7', { token })).status);
  assert.deepEqual(statuses, [401, 401, 429]);
});

test('report-only routes neither count nor refuse', async (t) => {
  const stand = await barred(t, { route: { mode: 'report-only' } });
  assert.deepEqual([...new Set(stand.statuses)], [200]);
});

test('behind a trusted proxy the address that it tells counts', async (t) => {
  const stand = await startStand(t, { config: { trusted_proxies: ['127.0.0.1'], limits: { client_refusals: 1 } } });
  const get = (client, token) => stand.send({ token, fields: { 'X-Forwarded-For': client } });
  assert.equal((await get('203.0.113.7', bad(stand, 1))).status, 401);
  assert.equal((await get('203.0.113.7', bad(stand, 2))).status, 429);
  assert.equal((await get('203.0.113.8', bad(stand, 3))).status, 401);
});

test('without the limits nothing is counted', async (t) => {
  const stand = await startStand(t);
  for (let i = 0; i < 50; i++) assert.equal((await stand.send({ token: bad(stand, i) })).status, 401);
  assert.equal(await figure(stand.gateway, 'jwtgate_client_refusal_addresses'), 0);
});
