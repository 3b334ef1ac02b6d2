// SPDX-License-Identifier: Apache-2.0
// Goal: a backend that is away, silent or talks nonsense costs its own requests an honest 502 or 504 and nobody else's.
import assert from 'node:assert/strict';
import test from 'node:test';
import { answerBytes, startBackend } from './harness/backend.mjs';
import { startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

const messageOf = (answer) => JSON.parse(answer.text).message;

test('a backend that is away: 502, and 200 again when it is back', async (t) => {
  const backend = await startBackend(t);
  await backend.stop();
  const stand = await startStand(t, { backend });
  const answer = await stand.get();
  assert.equal(answer.status, 502);
  assert.equal(JSON.parse(answer.text).statusCode, 502);
  assert.equal(messageOf(answer), 'The backend could not be reached.');
  await backend.listen(backend.port);
  assert.equal((await stand.get()).status, 200);
});

test('a second server takes over when the first cannot be reached', async (t) => {
  const away = await startBackend(t);
  await away.stop();
  const backend = await startBackend(t);
  const stand = await startStand(t, { backend, backendMore: { servers: [away.url, backend.url] } });
  for (let i = 0; i < 4; i++) assert.equal((await stand.get(`/${i}`)).status, 200);
});

test('a backend that does not answer in time: 504, and its connection is not used again', async (t) => {
  const stand = await startStand(t, {
    config: { workers: 1 },
    backendMore: { timeouts: { response: '200ms' } },
    handler: async (request, conn) => {
      if (request.target === '/slow') return undefined;
      await request.whole;
      return conn.write(answerBytes());
    },
  });
  const answer = await stand.get('/slow');
  assert.equal(answer.status, 504);
  assert.equal(messageOf(answer), 'The backend did not answer in time.');
  assert.equal((await stand.get('/quick')).status, 200);
  assert.notEqual(stand.backend.requests[1].connection, stand.backend.requests[0].connection);
});

test('a client that resets its connection frees the backend connection', async (t) => {
  const stand = await startStand(t, { handler: () => {} });
  const client = await stand.connect();
  client.write(`GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${stand.issuer.token()}\r\n\r\n`);
  const request = await stand.backend.request();
  client.socket.resetAndDestroy();
  await until('the end of the backend connection', () => request.socket.destroyed || request.socket.readableEnded);
});

const NONSENSE = {
  'no HTTP': 'SSH-2.0-OpenSSH_9.2\r\n\r\n',
  'another version': 'HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n',
  'a status of two digits': 'HTTP/1.1 99 What\r\nContent-Length: 0\r\n\r\n',
  'two lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!',
  'a length with a sign': 'HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello',
  'length and coding': 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'an unknown coding': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
  'NUL in a value': 'HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n',
  'a bare CR in a value': 'HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: x\r\nContent-Length: 0\r\n\r\n',
  'a blank before the colon': 'HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n',
  'a line without a colon': 'HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 0\r\n\r\n',
  'a head without an end': `HTTP/1.1 200 OK\r\n${`X-Fill: ${'x'.repeat(1000)}\r\n`.repeat(2000)}`,
  'a switch of protocols that nobody asked for': 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n',
};

test('an answer that cannot be framed: 502, and its connection is not used again', async (t) => {
  let bytes = '';
  const stand = await startStand(t, {
    config: { workers: 1 },
    backendMore: { timeouts: { response: '5s' } },
    handler: async (request, conn) => {
      await request.whole;
      conn.write(request.target === '/bad' ? bytes : answerBytes());
    },
  });
  for (const [name, nonsense] of Object.entries(NONSENSE)) {
    await t.test(name, async () => {
      bytes = nonsense;
      const answer = await stand.get('/bad');
      assert.equal(answer?.status, 502, answer?.text);
      const { connection } = stand.backend.requests.at(-1);
      assert.equal((await stand.get('/good')).status, 200);
      assert.notEqual(stand.backend.requests.at(-1).connection, connection);
    });
  }
});

test('interim answers without end are ended: the wait for the answer is bounded', async (t) => {
  const stand = await startStand(t, {
    backendMore: { timeouts: { response: '300ms' } },
    handler: (_, conn) => {
      const drip = setInterval(() => conn.write('HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n'), 10);
      conn.once('close', () => clearInterval(drip));
      conn.once('end', () => clearInterval(drip));
    },
  });
  assert.ok([502, 504].includes((await stand.get()).status));
});

test('a chunk that is none cuts the answer: never a clean end', async (t) => {
  const stand = await startStand(t, {
    handler: async (request, conn) => {
      await request.whole;
      conn.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxyz\r\n\r\n0\r\n\r\n');
    },
  });
  const answer = await stand.get();
  assert.ok(answer.status === 502 || !answer.isWhole);
});

test('bytes behind an answer end the backend connection, not the answer', async (t) => {
  const stand = await startStand(t, {
    config: { workers: 1 },
    handler: async (request, conn) => {
      await request.whole;
      conn.write(Buffer.concat([answerBytes({ body: 'first' }), answerBytes({ body: 'second' })]));
    },
  });
  for (let i = 0; i < 3; i++) assert.equal((await stand.get(`/${i}`)).text, 'first');
  assert.equal(stand.backend.accepted, 3);
});
