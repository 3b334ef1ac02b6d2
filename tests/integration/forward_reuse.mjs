// SPDX-License-Identifier: Apache-2.0
// Goal: connections are kept on both sides, answers stay with their requests, and a pooled connection that died under a
// request costs one safe resend, no more (RFC 9110 9.2.2).
import assert from 'node:assert/strict';
import test from 'node:test';
import { answerBytes } from './harness/backend.mjs';
import { requestBytes } from './harness/client.mjs';
import { startStand } from './harness/stand.mjs';

const echo = async (request, conn) => {
  if (await request.whole) conn.write(answerBytes({ body: request.target }));
};

test('one connection on either side carries many requests', async (t) => {
  const stand = await startStand(t, { handler: echo, config: { workers: 1 } });
  const client = await stand.connect();
  for (let i = 0; i < 20; i++) {
    client.write(requestBytes({ target: `/${i}`, token: stand.issuer.token(), method: i % 2 ? 'POST' : 'GET', body: i % 2 ? `body ${i}` : undefined }));
    assert.equal((await client.answer()).text, `/${i}`);
  }
  assert.equal(stand.backend.accepted, 1);
  assert.equal(stand.backend.requests[7].body.toString(), 'body 7');
  client.destroy();
});

test('pipelined requests are answered in their order', async (t) => {
  const stand = await startStand(t, { handler: echo });
  const client = await stand.connect();
  const token = stand.issuer.token();
  const many = Array.from({ length: 12 }, (_, i) => requestBytes({ target: `/${i}`, token: i === 5 ? undefined : token }));
  client.write(Buffer.concat(many));
  for (let i = 0; i < many.length; i++) {
    const answer = await client.answer();
    if (i === 5) assert.equal(answer.status, 401);
    else assert.equal(answer.text, `/${i}`);
  }
  assert.equal(stand.backend.requests.length, 11);
  client.destroy();
});

test('Connection: close is obeyed on either side', async (t) => {
  const stand = await startStand(t, {
    config: { workers: 1 },
    handler: async (request, conn) => {
      await request.whole;
      conn.write(answerBytes({ fields: request.target === '/last' ? { Connection: 'close' } : {} }));
      if (request.target === '/last') conn.end();
    },
  });
  const client = await stand.connect();
  const token = stand.issuer.token();
  client.write(requestBytes({ target: '/last', token }));
  assert.equal((await client.answer()).status, 200);
  client.write(requestBytes({ target: '/then', token, fields: { Connection: 'close' } }));
  assert.equal((await client.answer()).status, 200);
  await client.closing();
  assert.equal(stand.backend.accepted, 2, 'a closed connection was used again');
  client.destroy();
});

// A backend that answers the first request of a connection and ends the connection at the second, `deaths` times.
function mortal(deaths) {
  const seen = new Map();
  let left = deaths;
  return async (request, conn) => {
    const nth = (seen.get(conn) ?? 0) + 1;
    seen.set(conn, nth);
    await request.whole;
    if (request.target !== '/first' && left > 0) {
      left--;
      return conn.destroy();
    }
    return conn.write(answerBytes({ body: `${request.method} ${request.body}` }));
  };
}

test('a safe request is sent once more when its pooled connection died', async (t) => {
  const stand = await startStand(t, { handler: mortal(1), config: { workers: 1 } });
  assert.equal((await stand.get('/first')).status, 200);
  const answer = await stand.get('/second');
  assert.equal(answer.status, 200);
  assert.equal(stand.backend.accepted, 2);
  assert.equal(stand.backend.requests.length, 3);
});

test('it is sent once more, not twice', async (t) => {
  const stand = await startStand(t, { handler: mortal(5), config: { workers: 1 } });
  assert.equal((await stand.get('/first')).status, 200);
  assert.equal((await stand.get('/second')).status, 502);
  assert.equal(stand.backend.requests.length, 3);
});

test('a request that changes something is not sent again', async (t) => {
  const stand = await startStand(t, { handler: mortal(1), config: { workers: 1 } });
  assert.equal((await stand.get('/first')).status, 200);
  assert.equal((await stand.get('/second', { method: 'POST', body: 'pay' })).status, 502);
  assert.equal(stand.backend.requests.length, 2);
});

test('on a fresh connection nothing is sent again', async (t) => {
  const stand = await startStand(t, { handler: mortal(5), config: { workers: 1 } });
  assert.equal((await stand.get('/second')).status, 502);
  assert.equal(stand.backend.requests.length, 1);
});

test('bytes that nobody asked for on an idle backend connection never answer a request', async (t) => {
  const stand = await startStand(t, { handler: echo, config: { workers: 1 } });
  assert.equal((await stand.get('/one')).text, '/one');
  for (const socket of stand.backend.sockets) socket.write(answerBytes({ body: 'poison' }));
  assert.equal((await stand.get('/two')).text, '/two');
});
