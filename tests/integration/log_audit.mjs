// SPDX-License-Identifier: Apache-2.0
// Goal: each refused token has one line, with all that is needed to explain it, and nothing in it can pass for another line.
import assert from 'node:assert/strict';
import test from 'node:test';
import { forge, now } from './harness/keys.mjs';
import { startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

const PARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

const untilLines = (stand, event, count) => until(`${count} of ${event}`, () => {
  const found = stand.gateway.events(event);
  return found.length >= count && found;
});

test('a refusal tells which check failed, of which token, of whom', async (t) => {
  const stand = await startStand(t, { config: { log: { audit: 'on' } } });
  const token = stand.issuer.token({ exp: now() - 100, sub: 'alice.in.clear', jti: 'jti-in-clear' });
  await stand.send({ method: 'DELETE', target: '/orders/1?secret=x', token, fields: { traceparent: PARENT, 'X-Request-Id': 'r-1' } });
  const [line] = await untilLines(stand, 'refused', 1);
  const [access] = await untilLines(stand, 'access', 1);
  assert.deepEqual([line.route, line.reason, line.check, line.status], ['main', 'TokenExpired', 'exp', '401']);
  assert.deepEqual([line.iss, line.kid], [stand.issuer.claims().iss, stand.issuer.key.kid]);
  assert.deepEqual([line.method, line.path, line.client, line.level], ['DELETE', '/orders/1', '127.0.0.1', 'notice']);
  assert.deepEqual([line.request_id, line.trace_id, line.parent_id], ['r-1', PARENT.slice(3, 35), PARENT.slice(36, 52)]);
  for (const key of ['expected', 'found']) assert.ok(line[key], key);
  for (const key of ['sub_hash', 'jti_hash', 'token_hash']) assert.match(line[key], /^[\w-]{12}$/);
  for (const key of Object.keys(line).filter((each) => !['event', 'level', 'time'].includes(each)))
    assert.equal(access[key], line[key], `the access line has ${key} too`);
  assert.doesNotMatch(stand.gateway.output, /in.clear|secret/);
});

test('auto writes it where no access line does', async (t) => {
  const stand = await startStand(t);
  const reloaded = async (log) => {
    await stand.gateway.reload({ ...stand.config, log });
    stand.gateway.addresses();
  };
  await stand.send({ target: '/a' });
  await untilLines(stand, 'access', 1);
  await reloaded({ access: false });
  await stand.send({ target: '/b' });
  await untilLines(stand, 'refused', 1);
  await reloaded({ level: 'error' });
  await stand.send({ target: '/c' });
  await untilLines(stand, 'refused', 2);
  await reloaded({ access: false, audit: 'off' });
  await stand.send({ target: '/d' });
  await reloaded({ audit: 'on' });
  await stand.send({ target: '/e' });
  await untilLines(stand, 'refused', 3);
  assert.deepEqual(stand.gateway.events('refused').map((line) => line.path), ['/b', '/c', '/e']);
  assert.deepEqual((await untilLines(stand, 'access', 2)).map((line) => line.path), ['/a', '/e']);
});

test('what passes, and what is refused for another reason than its token, has none', async (t) => {
  const stand = await startStand(t, { route: { path: '/in' }, config: { log: { audit: 'on' } } });
  await stand.get('/in');
  await stand.get('/out');
  await untilLines(stand, 'access', 2);
  await stand.send({ target: '/in/last' });
  const [line] = await untilLines(stand, 'refused', 1);
  assert.equal(line.path, '/in/last');
});

test('a token that was let pass in report-only mode has one', async (t) => {
  const stand = await startStand(t, { route: { mode: 'report-only' }, config: { log: { access: false } } });
  assert.equal((await stand.send({ target: '/a', token: stand.issuer.token({ aud: 'other' }) })).status, 200);
  const [line] = await untilLines(stand, 'refused', 1);
  assert.deepEqual([line.mode, line.reason, line.status, line.check], ['report-only', 'TokenAudienceNotAllowed', '200', 'audience']);
});

test('hostile values stay inside one JSON object', async (t) => {
  const stand = await startStand(t, { config: { log: { audit: 'on', format: 'json' } } });
  const nasty = ['x"\n{"event":"forged"}\r\n', '\u001b[31m\u001b]0;t\u0007', '\u2028\u2029\u202e', '\u{1f600}'.repeat(100), '\\', '\u0000\u007f\u009b', 'é'.repeat(300)];
  for (const value of nasty) {
    await stand.send({ token: stand.issuer.token({ iss: value, aud: value, sub: value, jti: value }) });
    await stand.send({ token: forge({ alg: 'RS256', kid: value }, stand.issuer.claims(), () => Buffer.alloc(256, 1)) });
  }
  // Bytes that are no UTF-8 come as raw bytes of a field or a path.
  await stand.send({ target: '/%ff%fe%0a"', fields: { 'X-Request-Id': '\xff\xfe', traceparent: '\xc3\x28' } });
  await untilLines(stand, 'refused', nasty.length * 2 + 1);
  const lines = stand.gateway.output.split('\n').slice(0, -1).filter((line) => line.includes('"refused"') || line.includes('"access"'));
  for (const line of lines) {
    const read = JSON.parse(line);
    assert.ok(['refused', 'access'].includes(read.event));
    assert.equal(typeof read.status, 'number');
    assert.match(read.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    if (read.event === 'access') assert.equal(typeof read.ms, 'number');
    assert.match(line, /^[\x20-\x7e]*$/);
  }
  assert.ok(lines.some((line) => JSON.parse(line).iss === 'é'.repeat(100) + '...'), 'text in UTF-8 is kept');
  assert.deepEqual(stand.gateway.events('forged'), []);
});
