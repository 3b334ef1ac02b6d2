// SPDX-License-Identifier: Apache-2.0
// Goal: a request's W3C trace context reaches the backend as it came, and the log; one that is none reaches neither.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT_ID = '00f067aa0ba902b7';
const PARENT = `00-${TRACE_ID}-${PARENT_ID}-01`;

// What the backend got, and the access line.
async function meet(stand, fields, request = {}) {
  const target = `/${stand.count = (stand.count ?? 0) + 1}`;
  await stand.get(target, { fields, ...request });
  const got = stand.backend.requests.find((each) => each.target === target);
  const line = await until('the access line', () => stand.gateway.events('access').find((each) => each.path === target));
  return { got, line };
}

test('a valid context goes on as it came', async (t) => {
  const stand = await startStand(t);
  const { got, line } = await meet(stand, [['Tracestate', 'rojo=1'], ['TraceParent', PARENT], ['tracestate', 'congo=2, x@y=3']]);
  assert.deepEqual(got.all('traceparent'), [PARENT]);
  assert.deepEqual(got.all('tracestate'), ['rojo=1', 'congo=2, x@y=3']);
  assert.deepEqual([line.trace_id, line.parent_id], [TRACE_ID, PARENT_ID]);
  const later = `cc-${TRACE_ID}-${PARENT_ID}-01-what-the-future-brings`;
  const higher = await meet(stand, { traceparent: later });
  assert.deepEqual(higher.got.all('traceparent'), [later]);
  assert.equal(higher.line.trace_id, TRACE_ID);
});

test('an invalid one is dropped with its state, and the request passes', async (t) => {
  const stand = await startStand(t);
  const cases = [
    { tracestate: 'a=1' },
    { traceparent: PARENT.toUpperCase(), tracestate: 'a=1' },
    { traceparent: `ff${PARENT.slice(2)}`, tracestate: 'a=1' },
    { traceparent: `00-${'0'.repeat(32)}-${PARENT_ID}-01`, tracestate: 'a=1' },
    { traceparent: `${PARENT}-x`, tracestate: 'a=1' },
    { traceparent: [PARENT, PARENT], tracestate: 'a=1' },
    { traceparent: '', tracestate: 'a=1' },
    { connection: 'traceparent', traceparent: PARENT, tracestate: 'a=1' },
  ];
  for (const fields of cases) {
    const { got, line } = await meet(stand, fields);
    assert.deepEqual([got.all('traceparent'), got.all('tracestate')], [[], []], JSON.stringify(fields));
    assert.deepEqual([line.status, line.trace_id, line.parent_id], ['200', undefined, undefined]);
  }
});

test('a state of more than 32 members is dropped alone', async (t) => {
  const stand = await startStand(t);
  const members = (count) => Array.from({ length: count }, (_, i) => `k${i}=v`).join(',');
  const full = await meet(stand, { traceparent: PARENT, tracestate: [members(30), members(2)] });
  assert.deepEqual(full.got.all('tracestate'), [members(30), members(2)]);
  const over = await meet(stand, { traceparent: PARENT, tracestate: [members(31), members(2)] });
  assert.deepEqual([over.got.all('traceparent'), over.got.all('tracestate')], [[PARENT], []]);
});

test('without one nothing begins, unless trace: start', async (t) => {
  const stand = await startStand(t);
  const none = await meet(stand, {});
  assert.deepEqual([none.got.all('traceparent'), none.line.trace_id], [[], undefined]);
  await stand.gateway.reload({ ...stand.config, log: { trace: 'start' } });
  stand.gateway.addresses();
  const seen = new Set();
  for (const fields of [{}, { traceparent: 'nonsense', tracestate: 'a=1' }, {}]) {
    const { got, line } = await meet(stand, fields);
    const [, traceId, parentId] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-01$/.exec(got.field('traceparent'));
    assert.deepEqual([line.trace_id, line.parent_id], [traceId, parentId]);
    assert.deepEqual(got.all('tracestate'), []);
    seen.add(traceId);
  }
  assert.equal(seen.size, 3);
  const kept = await meet(stand, { traceparent: PARENT });
  assert.deepEqual(kept.got.all('traceparent'), [PARENT]);
});

test('of a refused request the log has trace and request id all the same', async (t) => {
  const stand = await startStand(t);
  await stand.send({ target: '/refused', fields: { traceparent: PARENT, 'X-Request-Id': 'client-1' } });
  await stand.send({ target: '/bad-id', fields: { 'X-Request-Id': 'a b"c' } });
  const line = (target) => until(target, () => stand.gateway.events('access').find((each) => each.path === target));
  const refused = await line('/refused');
  assert.deepEqual([refused.trace_id, refused.request_id, refused.status], [TRACE_ID, 'client-1', '401']);
  assert.equal((await line('/bad-id')).request_id, undefined);
});
