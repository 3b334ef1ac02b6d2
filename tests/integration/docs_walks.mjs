// SPDX-License-Identifier: Apache-2.0
// Goal: who follows the pages for a start gets what they say: each command runs as it is written and prints what stands below it.
// Method: harness/walk.mjs.
import assert from 'node:assert/strict';
import test from 'node:test';
import { blocksOf, walk } from './harness/walk.mjs';

test('the owner of an API brings the policy of the labs and gets 200 and 401', async (t) => {
  await walk(t, 'getting-started-api-owner.md');
});

test('the integrator protects an OData service and reads a refusal', async (t) => {
  await walk(t, 'getting-started-integrator.md');
});

test('the operator reloads, exchanges certificate and keys, and drains', async (t) => {
  const { services } = await walk(t, 'getting-started-operator.md');
  const ended = await services.serve.ended;
  assert.deepEqual(ended, { status: 0, signal: null });
});

test('a page that is walked has commands in it', () => {
  for (const who of ['api-owner', 'integrator', 'operator']) assert.ok(blocksOf(`getting-started-${who}.md`).length > 5, who);
});
