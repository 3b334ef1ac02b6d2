// SPDX-License-Identifier: Apache-2.0
// Goal: a policy on `sub` refuses somebody, and the log tells two people apart without naming either.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

test('a sub that a policy refuses is logged as its hash', async (t) => {
  const policy = { required_claims: [{ name: 'sub', values: ['nobody'] }] };
  const stand = await startStand(t, { policy });
  for (const sub of ['alice.in.clear', 'bob.in.clear', 'alice.in.clear'])
    assert.equal((await stand.send({ token: stand.issuer.token({ sub }) })).status, 401);
  const lines = await until('three access lines', () => {
    const found = stand.gateway.lines(/^event=access /);
    return found.length >= 3 && found;
  });
  const hashes = lines.map((line) => /check=claim:sub expected=nobody found=(\S{12}) /.exec(line)?.[1]);
  assert.ok(hashes.every(Boolean), lines.join('\n'));
  assert.equal(new Set(hashes).size, 2);
  assert.doesNotMatch(stand.gateway.output, /in\.clear/);
});
