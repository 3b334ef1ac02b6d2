// SPDX-License-Identifier: Apache-2.0
// Goal: what of a request reaches the backend: everything that is the client's business, nothing that belongs to one
// connection (RFC 9110 7.6.1), and the truth about who asked.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startStand } from './harness/stand.mjs';

test('fields pass unchanged, in their order, repeated ones too', async (t) => {
  const stand = await startStand(t);
  const fields = { Accept: 'application/json;odata.metadata=minimal', 'If-Match': 'W/"1"', 'X-Multi': ['a', 'b, c', ''], Prefer: 'return=representation', 'x-CaSe': 'Kept' };
  const answer = await stand.get('/', { fields });
  assert.equal(answer.status, 200);
  const { fields: seen } = stand.backend.requests[0];
  const wanted = Object.entries(fields).flatMap(([name, values]) => [values].flat().map((value) => [name.toLowerCase(), value]));
  const names = new Set(wanted.map(([name]) => name));
  assert.deepEqual(seen.map(([name, value]) => [name.toLowerCase(), value]).filter(([name]) => names.has(name)), wanted);
});

test('hop-by-hop fields, and those that Connection names, stop at the gateway', async (t) => {
  const stand = await startStand(t);
  await stand.get('/', {
    fields: {
      Connection: ['X-Private, keep-alive', 'X-More'], 'X-Private': '1', 'X-More': '2', 'Keep-Alive': 'timeout=9', 'Proxy-Connection': 'keep-alive',
      'Proxy-Authorization': 'Basic eDp5', TE: 'trailers, deflate', Trailer: 'X-Sum', Upgrade: 'h2c', 'HTTP2-Settings': 'AAMAAABkAAQAAP__', 'X-Kept': '3',
    },
  });
  const [request] = stand.backend.requests;
  for (const name of ['x-private', 'x-more', 'keep-alive', 'proxy-connection', 'proxy-authorization', 'trailer', 'upgrade', 'transfer-encoding']) {
    assert.equal(request.has(name), false, name);
  }
  assert.doesNotMatch(request.field('te') ?? '', /deflate/);
  assert.doesNotMatch(request.field('connection') ?? '', /x-private|upgrade/i);
  assert.equal(request.field('x-kept'), '3');
});

test('Connection cannot name away what the gateway sets or needs', async (t) => {
  const stand = await startStand(t);
  const token = stand.issuer.token();
  const names = 'Host, Authorization, Content-Length, X-Forwarded-For, X-Forwarded-Proto, X-Request-Id, Via';
  const answer = await stand.send({ method: 'POST', token, fields: { Connection: names }, body: 'hello' });
  assert.equal(answer.status, 200);
  const [request] = stand.backend.requests;
  for (const name of ['host', 'x-forwarded-for', 'x-forwarded-proto', 'x-request-id', 'via']) assert.equal(request.all(name).length, 1, name);
  assert.equal(request.field('authorization'), `Bearer ${token}`);
  assert.equal(request.body.toString(), 'hello');
});

test('X-Forwarded-*, Forwarded, Via and X-Request-Id tell who asked', async (t) => {
  const stand = await startStand(t);
  await stand.get('/', { host: 'api.example.com' });
  const [request] = stand.backend.requests;
  assert.equal(request.field('x-forwarded-for'), '127.0.0.1');
  assert.equal(request.field('x-forwarded-proto'), 'http');
  assert.equal(request.field('x-forwarded-host'), 'api.example.com');
  assert.match(request.field('forwarded'), /for="?127\.0\.0\.1/);
  assert.match(request.field('forwarded'), /proto=http/);
  assert.match(request.field('forwarded'), /host="?api\.example\.com/);
  assert.match(request.field('via'), /^1\.1 \S/);
  assert.match(request.field('x-request-id'), /^\S{8,}$/);
});

test('what an untrusted client claims of itself is overwritten', async (t) => {
  const stand = await startStand(t);
  const claims = { 'X-Forwarded-For': '10.9.9.9', 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'evil.example', Forwarded: 'for=10.9.9.9;host=evil.example' };
  await stand.get('/', { fields: claims });
  const [request] = stand.backend.requests;
  for (const name of Object.keys(claims)) {
    assert.equal(request.all(name.toLowerCase()).length, 1, name);
    assert.doesNotMatch(request.field(name.toLowerCase()), /10\.9\.9\.9|evil|https/, name);
  }
});

test('Host names the backend, the client, or what is configured', async (t) => {
  for (const [how, wanted] of [[undefined, (stand) => new URL(stand.backend.url).host], ['client', () => 'api.example.com'], ['inner.example', () => 'inner.example']]) {
    const stand = await startStand(t, { backendMore: how ? { host_header: how } : {} });
    await stand.get('/', { host: 'api.example.com' });
    assert.equal(stand.backend.requests[0].field('host'), wanted(stand), how);
  }
});

test('forward_token false keeps the credential from the backend, true hands on the judged one alone', async (t) => {
  const hidden = await startStand(t, { route: { forward_token: false } });
  await hidden.get();
  assert.equal(hidden.backend.requests[0].has('authorization'), false);
  const shown = await startStand(t);
  const token = shown.issuer.token();
  await shown.send({ token });
  assert.deepEqual(shown.backend.requests[0].all('authorization'), [`Bearer ${token}`]);
});

test('where the token comes in another field, Authorization does not go on unjudged', async (t) => {
  const stand = await startStand(t, { policy: { header_name: 'X-Token' } });
  const answer = await stand.send({ fields: { 'X-Token': stand.issuer.token(), Authorization: 'Basic eDp5' } });
  assert.equal(answer.status, 200);
  const [request] = stand.backend.requests;
  assert.equal(request.has('authorization'), false);
  assert.equal(request.has('x-token'), true);
});
