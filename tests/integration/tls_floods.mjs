// SPDX-License-Identifier: Apache-2.0
// Attack: a client sends new keys (KeyUpdate) without end. OpenSSL reads on through them within one call, so that one connection would hold
// a worker, and all who are served by it, for as long as it likes.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { newAuthority } from './harness/certs.mjs';
import { send } from './harness/client.mjs';
import { BINARY } from './harness/gateway.mjs';
import { pairOf, startSecure } from './harness/tls.mjs';
import { within } from './harness/until.mjs';

const HELPER = path.join(path.dirname(BINARY), '..', 'tests', 'tls_updates');
const run = promisify(execFile);
const updates = async (stand, count) => (await within('the client', run(HELPER, [String(stand.gateway.port), String(count)]))).stdout.trim();

async function start(t) {
  const authority = newAuthority(t);
  return startSecure(t, authority, { section: pairOf(authority.issue('gateway.test')), config: { workers: 1, admin: { bind: '127.0.0.1:0' } } });
}

const floods = async (stand) => {
  const { text } = await send(stand.gateway.adminPort, { target: '/metrics', host: 'localhost' });
  return Number(/^jwtgate_tls_floods_total (\d+)$/m.exec(text)[1]);
};

test('a client may have new keys, and its request behind them is answered', async (t) => {
  const stand = await start(t);
  for (const count of [0, 1, 20]) assert.equal(await updates(stand, count), '200', String(count));
  assert.equal(await floods(stand), 0);
});

test('new keys without end close the connection, and the others of the worker are served meanwhile', async (t) => {
  const stand = await start(t);
  let isOver = false;
  const flood = Promise.all([1, 2, 3, 4].map(async () => {
    for (let i = 0; i < 5; i++) assert.equal(await updates(stand, 50_000_000), 'ended');
  })).finally(() => (isOver = true));
  let served = 0;
  for (; !isOver || served < 5; served++) assert.equal((await within('an answer', stand.send())).status, 200);
  await flood;
  assert.equal(await floods(stand), 20);
  const event = await stand.gateway.event('tls-flood');
  assert.equal(event.client, '127.0.0.1');
});
