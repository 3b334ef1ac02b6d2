// SPDX-License-Identifier: Apache-2.0
// Goal: the console sends a request through the gateway's own listeners, plain, TLS, PROXY protocol or unix, and sees all of the answer.
// Attack: what is posted would split the request, name another place, or grow without end.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { answerBytes } from './harness/backend.mjs';
import { newAuthority } from './harness/certs.mjs';
import { assertRefused, look, post } from './harness/console.mjs';
import { tempDir } from './harness/gateway.mjs';
import { startStand } from './harness/stand.mjs';
import { pairOf } from './harness/tls.mjs';

const sent = async (stand, request) => {
  const { status, json, text } = await post(stand.gateway, '/send', { method: 'GET', target: '/', ...request });
  assert.equal(status, 200, text);
  return json;
};
// The same for answers of more bytes than the usual client keeps.
const sentWhole = async ({ gateway }, request) => {
  const response = await fetch(`http://127.0.0.1:${gateway.adminPort}/send`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ method: 'GET', ...request }),
  });
  return response.json();
};
const fieldOf = ({ fields }, name) => fields.find(([n]) => n.toLowerCase() === name)?.[1];

test('with a token that passes the backend answers, without one the gateway refuses', async (t) => {
  const stand = await startStand(t);
  const token = stand.issuer.token();
  const passed = await sent(stand, {
    method: 'POST', target: '/a/b?c=%20d', host: 'api.example.com', fields: [['X-One', '1'], ['x-one', 'ä'], ['X-Empty', '']], body: 'héllo', token,
  });
  assert.deepEqual(Object.keys(passed), ['status', 'reason_phrase', 'fields', 'body', 'truncated', 'ms']);
  assert.deepEqual([passed.status, passed.reason_phrase, passed.truncated], [200, 'OK', false]);
  const seen = stand.backend.requests.at(-1);
  assert.deepEqual([seen.method, seen.target, seen.all('x-one').length], ['POST', '/a/b?c=%20d', 2]);
  assert.equal(Buffer.concat(seen.chunks).toString(), 'héllo');
  assert.equal(seen.field('content-type'), undefined);
  const refused = await sent(stand, { target: '/a', token: undefined });
  assert.equal(refused.status, 401);
  assert.match(fieldOf(refused, 'www-authenticate'), /^Bearer/);
  assert.match(refused.body, /JWT not present/);
  assert.equal((await sent(stand, { token: ` Bearer ${token}\n` })).status, 200);
  assert.equal((await sent(stand, { fields: [['Authorization', `Bearer ${token}`]] })).status, 200);
  assert.equal((await sent(stand, { method: 'HEAD', token })).status, 200);
  assert.equal((await sent(stand, { target: '/a/../b', token })).status, 400); // as it stands: the gateway is asked what it makes of it
});

test('each kind of listener is reached, with the name that was asked for', async (t) => {
  const authority = newAuthority(t);
  const socket = path.join(tempDir(t), 'gateway.sock');
  const stand = await startStand(t, {
    config: {
      listeners: [
        { bind: '127.0.0.1:0' }, { bind: '0.0.0.0:0' }, { bind: '127.0.0.1:0', proxy_protocol: true }, { bind: `unix:${socket}` },
        { bind: '127.0.0.1:0', tls: { ...pairOf(authority.issue('one.test')), certificates: [pairOf(authority.issue('two.test'))] } },
      ],
    },
    backendMore: { host_header: 'client' },
  });
  const { json } = await look(stand.gateway, '/console/settings');
  assert.equal(json.needs_token, false);
  assert.equal(json.sign_in, false);
  assert.match(json.version, /^\d+\.\d+/);
  assert.deepEqual(json.providers, [stand.issuer.configUrl]);
  assert.deepEqual(json.listeners.map(({ tls }) => tls), [false, false, false, false, true]);
  assert.equal(json.listeners[3].address, `unix:${socket}`);
  const token = stand.issuer.token();
  for (const { address, tls } of json.listeners) {
    for (const host of tls ? ['one.test', 'two.test:8443', 'else.test'] : ['one.test:99']) {
      assert.equal((await sent(stand, { listener: address, host, token })).status, 200, `${address} ${host}`);
      assert.equal(stand.backend.requests.at(-1).field('host'), host);
    }
    assert.equal((await sent(stand, { listener: address, token })).status, 200, address);
  }
});

test('no other place is asked', async (t) => {
  const stand = await startStand(t);
  const before = stand.backend.requests.length;
  for (const listener of [`127.0.0.1:${stand.gateway.adminPort}`, new URL(stand.backend.url).host, 'example.com:80', '']) {
    assertRefused(await post(stand.gateway, '/send', { method: 'GET', target: '/', listener }), 400, /no listener/);
  }
  // A name elsewhere is only what Host says.
  assert.equal((await sent(stand, { host: 'localhost:1', token: stand.issuer.token() })).status, 200);
  assert.equal(stand.backend.requests.length, before + 1);
});

test('what is not the sender\'s to say is refused', async (t) => {
  const stand = await startStand(t);
  const refuse = async (more, pattern) => assertRefused(await post(stand.gateway, '/send', { method: 'GET', target: '/', ...more }), 400, pattern);
  for (const name of ['Connection', 'transfer-encoding', 'Upgrade', 'TE', 'Content-Length', 'Host', 'Expect', 'Proxy-Authorization', 'Keep-Alive']) {
    await refuse({ fields: [[name, 'x']] }, /not yours to send/);
  }
  await refuse({ fields: [['X-A', 'b\r\nX-B: c']] }, /line breaks/);
  await refuse({ fields: [['X-A\r\nX-B', 'c']] }, /no name of a field/);
  await refuse({ fields: [['', 'c']] }, /no name of a field/);
  await refuse({ fields: [['X-A']] }, /list of \[name, value\]/);
  await refuse({ fields: [['X-A', 'b', 'c']] }, /list of \[name, value\]/);
  await refuse({ fields: { 'X-A': 'b' } }, /"fields" must be a list/);
  await refuse({ fields: Array.from({ length: 65 }, () => ['X-A', 'b']) }, /more than 64/);
  await refuse({ fields: [['X-A', 'b'.repeat(40000)]] }, /at most 32768/);
  await refuse({ fields: [['Authorization', 'x']], token: 'y' }, /one of them/);
  await refuse({ token: 'a\nb' }, /"token"/);
  for (const method of ['', 'GET ', 'G\r\nE', 'CONNECT', 'x'.repeat(33)]) await refuse({ method }, /"method"/);
  for (const target of ['', 'http://x/', '/ HTTP/1.1', '/\r\n', '/ä', '/#f']) await refuse({ target }, /"target"/);
  for (const host of ['', 'a b', 'a/b', 'a@b', 'a\r\nb']) await refuse({ host }, /"host"/);
  await refuse({ url: 'http://x/' }, /unknown member "url"/);
  assert.equal(stand.backend.requests.length, 0);
  assert.equal((await sent(stand, { fields: [['X-A', 'b'.repeat(20000)]], token: stand.issuer.token() })).status, 200);
});

test('bodies that are no text, and bodies without end', async (t) => {
  const bytes = Buffer.from([0, 255, 254, 10]);
  const big = `${'x'.repeat((1 << 20) - 1)}é and more`;
  const bodies = { '/bytes': bytes, '/exact': 'x'.repeat(1 << 20), '/big': big };
  const stand = await startStand(t, { handler: (request, conn) => conn.write(answerBytes({ body: bodies[request.target] })) });
  const token = stand.issuer.token();
  const binary = await sent(stand, { target: '/bytes', token });
  assert.deepEqual([binary.body, binary.body_base64, binary.truncated], [undefined, bytes.toString('base64'), false]);
  const exact = await sentWhole(stand, { target: '/exact', token });
  assert.deepEqual([exact.body.length, exact.truncated], [1 << 20, false]);
  const cut = await sentWhole(stand, { target: '/big', token });
  assert.deepEqual([cut.body, cut.truncated, cut.body_base64], ['x'.repeat((1 << 20) - 1), true, undefined]);
});
