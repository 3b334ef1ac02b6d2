// SPDX-License-Identifier: Apache-2.0
// Goal: on a listener with proxy_protocol the client is whom the header names, before TLS too; who sends none, or a wrong one, is
// closed without a word.  The attack: a client past the balancer, or one that makes itself somebody else.
import assert from 'node:assert/strict';
import test from 'node:test';
import { newAuthority } from './harness/certs.mjs';
import { connect, requestBytes, send } from './harness/client.mjs';
import { figure } from './harness/metrics.mjs';
import { documentOf, validate } from './harness/policies.mjs';
import { startStand } from './harness/stand.mjs';
import { startIssuer } from './harness/issuer.mjs';
import { until } from './harness/until.mjs';

const v1 = (client, to = '198.51.100.9') => Buffer.from(`PROXY TCP${client.includes(':') ? 6 : 4} ${client} ${to} 51234 443\r\n`);

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const v2 = (command, family, block) => Buffer.concat([signature, Buffer.from([0x20 | command, family, block.length >> 8, block.length & 255]), block]);
const tcp4 = Buffer.from([203, 0, 113, 7, 198, 51, 100, 9, 0xc8, 0x22, 1, 0xbb]);

const listeners = [{ bind: '127.0.0.1:0', proxy_protocol: true }];

async function proxied(t, more = {}) {
  const { config = {}, ...rest } = more;
  const stand = await startStand(t, { ...rest, config: { listeners, ...config } });
  const ask = (first, request = {}) => sendAfter(stand.gateway.port, first, { token: stand.issuer.token(), ...request });
  return { ...stand, ask };
}

async function sendAfter(port, first, request) {
  const client = await connect(port, { first, tls: request.tls });
  await client.write(requestBytes(request));
  const answer = await client.answer();
  client.destroy();
  return answer;
}

test('the client is whom the header names, in either version', async (t) => {
  const stand = await proxied(t);
  const cases = [
    [v1('203.0.113.7'), '203.0.113.7'],
    [v1('2001:db8::7', '2001:db8::9'), '2001:db8::7'],
    [v2(1, 0x11, tcp4), '203.0.113.7'],
    [v2(1, 0x11, Buffer.concat([tcp4, Buffer.from([4, 0, 3, 1, 2, 3])])), '203.0.113.7'],
    [v2(0, 0x00, Buffer.alloc(0)), '127.0.0.1'],
    [v2(1, 0x00, Buffer.alloc(0)), '-'],
    [Buffer.from('PROXY UNKNOWN\r\n'), '-'],
  ];
  for (const [first, client] of cases) {
    const count = stand.gateway.events('access').length;
    assert.equal((await stand.ask(first)).status, 200);
    assert.equal((await stand.gateway.event('access', count)).client, client);
  }
  assert.equal(stand.backend.requests[0].field('x-forwarded-for'), '203.0.113.7');
  assert.match(stand.backend.requests[0].field('forwarded'), /^for=203\.0\.113\.7;/);
  assert.match(stand.backend.requests[1].field('forwarded'), /^for="\[2001:db8::7\]";/);
  assert.match(stand.backend.requests[5].field('forwarded'), /^for=unknown;/);
});

test('a client of whom the header tells nothing is no peer on a unix socket: what it says of others is not believed', async (t) => {
  const stand = await proxied(t, { config: { trusted_proxies: ['unix:', '203.0.113.7'] } });
  const fields = { 'X-Forwarded-For': '192.0.2.6', 'X-Forwarded-Proto': 'https' };
  const cases = [
    [Buffer.from('PROXY UNKNOWN\r\n'), '-', 'http'],
    [v2(1, 0x00, Buffer.alloc(0)), '-', 'http'],
    [v2(1, 0x31, Buffer.alloc(216)), '-', 'http'],
    [v2(0, 0x00, Buffer.alloc(0)), '127.0.0.1', 'http'],
    [v1('203.0.113.7'), '192.0.2.6', 'https'],
  ];
  for (const [first, client, proto] of cases) {
    const count = stand.gateway.events('access').length;
    assert.equal((await stand.ask(first, { fields })).status, 200);
    assert.equal((await stand.gateway.event('access', count)).client, client);
    assert.equal(stand.backend.requests.at(-1).field('x-forwarded-proto'), proto);
  }
});

test('a header that comes byte by byte is read as one that comes at once', async (t) => {
  const stand = await proxied(t);
  for (const first of [v1('203.0.113.7'), v2(1, 0x11, tcp4)]) {
    const client = await connect(stand.gateway.port);
    for (const byte of first) {
      await client.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.write(requestBytes({ token: stand.issuer.token() }));
    assert.equal((await client.answer()).status, 200);
    client.destroy();
  }
});

test('without a right header a connection is closed, not answered, told and counted', async (t) => {
  const stand = await proxied(t);
  const wrong = [
    requestBytes({ token: stand.issuer.token() }),
    Buffer.from('PROXY TCP4 203.0.113.7 198.51.100.9 51234\r\n'),
    Buffer.from('PROXY TCP4 203.0.113.7 198.51.100.9 051234 443\r\n'),
    v2(2, 0x11, tcp4),
    v2(1, 0x11, tcp4.subarray(1)),
    Buffer.from([0x16, 3, 1, 0, 5]),
  ];
  for (const first of wrong) {
    const client = await connect(stand.gateway.port, { first });
    assert.equal(await client.answer(), undefined);
    client.destroy();
  }
  assert.equal(stand.backend.requests.length, 0);
  const told = await stand.gateway.event('proxy-header-refused');
  assert.equal(told.peer, '127.0.0.1');
  assert.match(told.error, /^PROXY header: /);
  assert.equal(await figure(stand.gateway, 'jwtgate_proxy_headers_refused_total'), wrong.length);
  assert.equal((await stand.ask(v1('203.0.113.7'))).status, 200);
});

test('a header has to come within timeouts.head', async (t) => {
  const stand = await proxied(t, { config: { timeouts: { head: '300ms', drain: '2s' } } });
  for (const first of [undefined, v1('203.0.113.7').subarray(0, 20)]) {
    const client = await connect(stand.gateway.port, { first });
    assert.equal(await client.answer(), undefined);
    client.destroy();
  }
  assert.equal(await figure(stand.gateway, 'jwtgate_proxy_headers_refused_total'), 2);
});

test('ip-filter goes by the address that the header names', async (t) => {
  const issuer = await startIssuer(t, 'RS256');
  const inbound = `${validate(issuer)}<ip-filter action="allow"><address>203.0.113.7</address></ip-filter>`;
  const stand = await proxied(t, { issuer, route: { policy: 'p.xml' }, files: { 'p.xml': documentOf({ inbound }) } });
  assert.equal((await stand.ask(v1('203.0.113.7'))).status, 200);
  assert.equal((await stand.ask(v1('203.0.113.8'))).status, 403);
  assert.equal((await stand.ask(v2(0, 0, Buffer.alloc(0)))).status, 403);
  assert.equal((await stand.ask(Buffer.from('PROXY UNKNOWN\r\n'))).status, 403);
});

test('the header comes before TLS', async (t) => {
  const authority = newAuthority(t);
  const leaf = authority.issue('127.0.0.1');
  const tls = { certificate: leaf.certFile, key: leaf.keyFile };
  const stand = await proxied(t, { config: { listeners: [{ ...listeners[0], tls }] } });
  const options = { ca: authority.ca, ALPNProtocols: ['http/1.1'] };
  for (const first of [v1('203.0.113.7'), v2(1, 0x11, tcp4)]) {
    const count = stand.gateway.events('access').length;
    assert.equal((await stand.ask(first, { tls: options })).status, 200);
    assert.equal((await stand.gateway.event('access', count)).client, '203.0.113.7');
  }
  await assert.rejects(send(stand.gateway.port, { tls: options }));
});

test('a listener without proxy_protocol takes such a header for the malformed request that it is', async (t) => {
  const stand = await startStand(t);
  const answer = await sendAfter(stand.gateway.port, v1('203.0.113.7'), { token: stand.issuer.token() });
  assert.equal(answer.status, 400);
  assert.equal((await stand.get()).status, 200);
});

test('a reload can ask for the header, for connections from then on', async (t) => {
  const stand = await startStand(t);
  const kept = await stand.connect();
  await kept.write(requestBytes({ token: stand.issuer.token() })); // an answer says that it was accepted before
  assert.equal((await kept.answer()).status, 200);
  await stand.gateway.reload({ ...stand.config, listeners });
  await until('the header to be asked for', async () => (await sendAfter(stand.gateway.port, v1('203.0.113.7'), { token: stand.issuer.token() }))?.status === 200);
  await kept.write(requestBytes({ token: stand.issuer.token() }));
  assert.equal((await kept.answer()).status, 200);
  kept.destroy();
});
