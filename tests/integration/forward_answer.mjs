// SPDX-License-Identifier: Apache-2.0
// Goal: what of an answer reaches the client: status, fields and body as the backend gave them, framed afresh.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startStand } from './harness/stand.mjs';
import { hasNginx, startNginx } from './harness/nginx.mjs';
import { connect } from './harness/client.mjs';

// A stand whose backend answers with these bytes, then ends the connection if told.
const answering = (t, bytes, { isLast = false } = {}) => startStand(t, {
  handler: async (request, conn) => {
    await request.whole;
    conn.write(Buffer.from(bytes, 'latin1'));
    if (isLast) conn.end();
  },
});

test('status and fields pass; repeated fields stay apart', async (t) => {
  const stand = await answering(t, 'HTTP/1.1 418 Short and stout\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2; Path=/\r\nOData-Version: 4.0\r\n'
    + 'Content-Type: application/json;odata.metadata=minimal\r\nETag: W/"x"\r\nContent-Length: 2\r\n\r\n{}');
  const answer = await stand.get();
  assert.equal(answer.status, 418);
  assert.deepEqual(answer.all('set-cookie'), ['a=1', 'b=2; Path=/']);
  assert.equal(answer.field('odata-version'), '4.0');
  assert.equal(answer.field('content-type'), 'application/json;odata.metadata=minimal');
  assert.equal(answer.field('etag'), 'W/"x"');
  assert.equal(answer.text, '{}');
  assert.equal(answer.framing, 'length');
});

test('hop-by-hop fields of the backend stop at the gateway', async (t) => {
  const stand = await answering(t, 'HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Private\r\nX-Private: 1\r\nKeep-Alive: timeout=9\r\nProxy-Connection: x\r\n'
    + 'Upgrade: h2c\r\nX-Kept: 2\r\nContent-Length: 0\r\n\r\n');
  const answer = await stand.get();
  for (const name of ['x-private', 'keep-alive', 'proxy-connection', 'upgrade']) assert.equal(answer.field(name), undefined, name);
  assert.equal(answer.field('x-kept'), '2');
});

test('a chunked answer arrives whole, without its extensions', async (t) => {
  const stand = await answering(t, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n6\r\n world\r\n0\r\n\r\n');
  const answer = await stand.get();
  assert.equal(answer.framing, 'chunked');
  assert.equal(answer.isWhole, true);
  assert.equal(answer.text, 'hello world');
});

test('an answer that ends with its connection reaches the client with an end of its own', async (t) => {
  for (const head of ['HTTP/1.1 200 OK\r\n\r\n', 'HTTP/1.0 200 OK\r\n\r\n']) {
    const stand = await answering(t, `${head}until the end`, { isLast: true });
    const answer = await stand.get();
    assert.equal(answer.framing, 'chunked');
    assert.equal(answer.isWhole, true);
    assert.equal(answer.text, 'until the end');
  }
});

test('answers without a body keep the connection in step: HEAD, 204, 304', async (t) => {
  const heads = {
    '/head': 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n',
    '/head-chunked': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    '/204': 'HTTP/1.1 204 No Content\r\n\r\n',
    '/304': 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 1000\r\n\r\n',
  };
  const stand = await startStand(t, { handler: (request, conn) => conn.write(heads[request.target] ?? 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nafter') });
  const client = await stand.connect();
  const ask = async (method, target) => {
    client.write(`${method} ${target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${stand.issuer.token()}\r\n\r\n`);
    return client.answer({ method });
  };
  for (const [target, status] of [['/head', 200], ['/head-chunked', 200], ['/204', 204], ['/304', 304]]) {
    assert.equal((await ask(target.startsWith('/head') ? 'HEAD' : 'GET', target)).status, status, target);
    assert.equal((await ask('GET', '/after')).text, 'after', `after ${target}`);
  }
  client.destroy();
});

test('the length of a HEAD answer is told', async (t) => {
  const stand = await answering(t, 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n');
  const answer = await stand.get('/', { method: 'HEAD' });
  assert.equal(answer.field('content-length'), '1000');
  assert.equal(answer.bytes, 0);
});

test('interim answers pass to HTTP/1.1 clients, an unasked 100 does not', async (t) => {
  const stand = await answering(t, 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  const answer = await stand.get();
  assert.equal(answer.text, 'ok');
  assert.deepEqual(answer.interims.map(({ status }) => status), [103]);
});

test('the phrase of the status is the backend\'s, unless it has none or one that cannot be sent on', async (t) => {
  const phrases = { ' MI_MODIFIED error \u00e5': 'MI_MODIFIED error \u00e5', ' ': 'Internal Server Error', '': 'Internal Server Error',
    [` ${'x'.repeat(300)}`]: 'Internal Server Error' };
  for (const [sent, told] of Object.entries(phrases)) {
    const stand = await answering(t, Buffer.from(`HTTP/1.1 500${sent}\r\nContent-Length: 0\r\n\r\n`, 'latin1'));
    const answer = await stand.get();
    assert.deepEqual([answer.status, answer.phrase], [500, told]);
  }
});

test('an HTTP/1.0 client gets an answer that it can read', async (t) => {
  const stand = await answering(t, 'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n');
  const client = await connect(stand.gateway.port);
  client.write(`GET / HTTP/1.0\r\nHost: x\r\nAuthorization: Bearer ${stand.issuer.token()}\r\n\r\n`);
  const answer = await client.answer();
  assert.deepEqual(answer.interims, []);
  assert.equal(answer.field('transfer-encoding'), undefined);
  assert.equal(answer.text, 'hello');
  await client.closing();
  client.destroy();
});

test('nginx as the backend', { skip: !hasNginx }, async (t) => {
  const nginx = await startNginx(t, 'location / { root html; }', { 'a.txt': 'plain', 'big.bin': 'x'.repeat(3 << 20) });
  const stand = await startStand(t, { backend: nginx });
  const client = await stand.connect();
  const ask = async (line) => {
    const method = line.split(' ')[0];
    client.write(`${line} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${stand.issuer.token()}\r\n\r\n`);
    return client.answer({ method });
  };
  assert.equal((await ask('GET /a.txt')).text, 'plain');
  assert.equal((await ask('HEAD /big.bin')).field('content-length'), String(3 << 20));
  assert.equal((await ask('GET /big.bin')).bytes, 3 << 20);
  assert.equal((await ask('GET /missing')).status, 404);
  assert.equal((await ask('GET /a.txt')).text, 'plain');
  client.destroy();
});
