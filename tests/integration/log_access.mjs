// SPDX-License-Identifier: Apache-2.0
// Goal: one line a request, with what an operator asks for and nothing that must not be written: no query, no token, and no
// byte that would make a second line.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startStand } from './harness/stand.mjs';
import { connect } from './harness/client.mjs';
import { until } from './harness/until.mjs';

const accessLines = (stand, count) => until(`${count} access lines`, () => {
  const lines = stand.gateway.lines(/^event=access |"event":"access"/);
  return lines.length >= count && lines;
});

test('one line for each request, refused ones too', async (t) => {
  const stand = await startStand(t);
  await stand.get('/orders/1?secret=value', { method: 'POST', body: 'x' });
  await stand.send({ target: '/refused?secret=value' });
  await stand.send({ target: '/expired', token: stand.issuer.token({ exp: 1000000000 }) });
  const lines = await accessLines(stand, 3);
  assert.equal(lines.length, 3);
  // Workers write by themselves, so the order of lines is not that of the requests.
  const [passed, missing, expired] = ['/orders/1', '/refused', '/expired'].map((path) => lines.find((line) => line.includes(`path=${path} `)));
  assert.match(passed, /\bmethod=POST\b/);
  assert.match(passed, /\bpath=\/orders\/1(\s|$)/);
  assert.match(passed, /\bstatus=200\b/);
  assert.match(passed, /\broute=main\b/);
  assert.match(missing, /\bstatus=401\b/);
  assert.match(missing, /\breason=TokenNotPresent\b/);
  assert.match(expired, /\breason=TokenExpired\b/);
  assert.doesNotMatch(lines.join('\n'), /secret|value/);
});

test('the request id of the line is the one that the backend got', async (t) => {
  const stand = await startStand(t);
  await stand.get();
  const id = stand.backend.requests[0].field('x-request-id');
  const [line] = await accessLines(stand, 1);
  assert.ok(line.includes(id), line);
});

test('sub is not written in clear', async (t) => {
  const stand = await startStand(t);
  await stand.send({ token: stand.issuer.token({ sub: 'alice.in.clear@example.com' }) });
  await stand.send({ token: stand.issuer.token({ sub: 'alice.in.clear@example.com', aud: 'other' }) });
  await accessLines(stand, 2);
  assert.doesNotMatch(stand.gateway.output, /alice\.in\.clear/);
});

test('foreign bytes are escaped and cut: a line stays a line', async (t) => {
  const stand = await startStand(t);
  const nasty = 'x"\n event=forged \u001b[31m\r\nevent=forged';
  await stand.send({ token: stand.issuer.token({ aud: nasty, iss: nasty }) });
  await stand.send({ token: stand.issuer.token({ aud: 'a'.repeat(5000) }) });
  const client = await connect(stand.gateway.port);
  client.write('GET /%0aevent=forged HTTP/1.1\r\nHost: x\r\nUser-Agent: \u001b[31m\r\n\r\n'.replace('\u001b', '\t'));
  await client.answer();
  client.destroy();
  const lines = await accessLines(stand, 3);
  assert.deepEqual(stand.gateway.lines(/^\s*event=forged/), []);
  assert.doesNotMatch(stand.gateway.output, /\u001b/);
  for (const line of lines) assert.ok(line.length < 2000, `${line.length} characters`);
});

test('format json gives one object a line', async (t) => {
  const stand = await startStand(t, { config: { log: { format: 'json' } } });
  await stand.get('/a"b?x=1');
  const lines = await accessLines(stand, 1);
  const line = JSON.parse(lines[0]);
  assert.equal(line.status, 200);
  assert.equal(line.path, '/a"b');
});

test('access: false turns the stream off and nothing else', async (t) => {
  const stand = await startStand(t, { config: { log: { access: false } } });
  await stand.get();
  await stand.gateway.reload({ ...stand.config, log: { access: true } });
  await stand.get('/second');
  const lines = await accessLines(stand, 1);
  assert.equal(lines.length, 1);
  assert.match(lines[0], /\/second/);
});
