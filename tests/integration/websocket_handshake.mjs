// SPDX-License-Identifier: Apache-2.0
// Attack: a handshake that only looks like one, or a 101 that nobody asked for, opens a tunnel to the backend past every later
// judgement.  A tunnel comes to be only where client, gateway and backend agree on it.
import assert from 'node:assert/strict';
import test from 'node:test';
import { requestBytes } from './harness/client.mjs';
import { startPolicies, validate } from './harness/policies.mjs';
import { startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';
import { KEY, acceptOf, handshake, switching } from './harness/websocket.mjs';

const BEHIND = 'GET /second HTTP/1.1\r\nHost: x\r\n\r\n'; // what a tunnel would carry past the judgement

// A stand whose backend answers with `answer` and then says nothing.
async function switchingStand(t, answer = switching(), more = {}) {
  const stand = await startStand(t, {
    route: { websocket: true },
    ...more,
    handler: async (request, conn) => {
      conn.write(Buffer.from(typeof answer === 'function' ? answer(request) : answer, 'latin1'));
      conn.once('end', () => conn.end());
      await new Promise((resolve) => conn.once('close', resolve));
    },
  });
  return stand;
}

async function ask(stand, { fields = handshake(), token = stand.issuer.token(), behind = '', ...request } = {}) {
  const client = await stand.connect();
  await client.write(Buffer.concat([requestBytes({ token, fields, ...request }), Buffer.from(behind)]));
  const head = await client.head();
  client.destroy();
  return head;
}

test('the 101 of the backend opens the tunnel; of hop-by-hop fields only the handshake\'s pass', async (t) => {
  const stand = await switchingStand(t, switching({ 'Sec-WebSocket-Protocol': 'chat', 'Keep-Alive': 'x', 'Content-Length': '5', 'X-More': '1' }));
  const head = await ask(stand, { fields: handshake({ Connection: 'keep-alive, X-Private, Upgrade', 'X-Private': '1', 'Keep-Alive': 'x',
    'Proxy-Connection': 'x', TE: 'trailers', 'Sec-WebSocket-Protocol': 'chat', 'Sec-WebSocket-Extensions': 'permessage-deflate' }) });
  assert.equal(head.status, 101);
  assert.equal(head.field('sec-websocket-accept'), acceptOf(KEY));
  assert.equal(head.field('sec-websocket-protocol'), 'chat');
  assert.equal(head.field('x-more'), '1');
  assert.deepEqual([head.all('upgrade'), head.all('connection')], [['websocket'], ['Upgrade']]);
  for (const name of ['content-length', 'keep-alive', 'transfer-encoding']) assert.equal(head.field(name), undefined, name);
  const request = await stand.backend.request();
  assert.deepEqual([request.all('upgrade'), request.all('connection')], [['websocket'], ['Upgrade']]);
  assert.equal(request.field('sec-websocket-key'), KEY);
  assert.equal(request.field('sec-websocket-extensions'), 'permessage-deflate');
  for (const name of ['x-private', 'keep-alive', 'proxy-connection', 'te']) assert.equal(request.field(name), undefined, name);
});

test('spellings that say the same: letter case, among other options of Connection', async (t) => {
  const stand = await switchingStand(t);
  for (const fields of [{ Upgrade: 'WebSocket' }, { Connection: 'UPGRADE' }, { Connection: 'keep-alive, upgrade' }]) {
    assert.equal((await ask(stand, { fields: handshake(fields) })).status, 101, JSON.stringify(fields));
  }
});

// Requests as if they had no Upgrade: the backend gets none, and its answer is an ordinary one.
const ORDINARY = {
  'another protocol': { fields: handshake({ Upgrade: 'h2c' }) },
  'two protocols': { fields: handshake({ Upgrade: 'websocket, h2c' }) },
  'two Upgrade fields': { fields: [...Object.entries(handshake()), ['Upgrade', 'websocket']] },
  'no Connection: upgrade': { fields: handshake({ Connection: 'keep-alive' }) },
  'no Upgrade': { fields: handshake({ Upgrade: undefined }) },
  'another method': { method: 'DELETE' },
};

for (const [name, request] of Object.entries(ORDINARY)) {
  test(`forwarded without Upgrade: ${name}`, async (t) => {
    const stand = await startStand(t, { route: { websocket: true } });
    assert.equal((await ask(stand, request)).status, 200);
    const seen = await stand.backend.request();
    assert.deepEqual([seen.field('upgrade'), seen.field('connection')], [undefined, undefined]);
  });
}

test('HTTP/1.0 has no Upgrade (RFC 9110 7.8)', async (t) => {
  const stand = await startStand(t, { route: { websocket: true } });
  const client = await stand.connect();
  const bytes = requestBytes({ token: stand.issuer.token(), fields: handshake() }).toString().replace('HTTP/1.1', 'HTTP/1.0');
  await client.write(bytes);
  assert.equal((await client.head()).status, 200);
  assert.equal((await stand.backend.request()).field('upgrade'), undefined);
  client.destroy();
});

test('a route without the key drops Upgrade as ever', async (t) => {
  for (const websocket of [undefined, false]) {
    const stand = await startStand(t, { route: websocket === undefined ? {} : { websocket } });
    assert.equal((await ask(stand)).status, 200);
    assert.equal((await stand.backend.request()).field('upgrade'), undefined);
  }
});

const MALFORMED = {
  'no key': handshake({ 'Sec-WebSocket-Key': undefined }),
  'a key of 15 bytes': handshake({ 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25j' }),
  'a key of other characters': handshake({ 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25j!Q==' }),
  'two keys': [...Object.entries(handshake()), ['Sec-WebSocket-Key', KEY]],
  'a key that Connection names': handshake({ Connection: 'Upgrade, Sec-WebSocket-Key' }),
  'no version': handshake({ 'Sec-WebSocket-Version': undefined }),
  'a version that is no number': handshake({ 'Sec-WebSocket-Version': '13, 8' }),
  'a version that Connection names': handshake({ Connection: 'Upgrade, Sec-WebSocket-Version' }),
};

for (const [name, fields] of Object.entries(MALFORMED)) {
  test(`400, and nothing at the backend: ${name}`, async (t) => {
    const stand = await switchingStand(t);
    const client = await stand.connect();
    await client.write(requestBytes({ token: stand.issuer.token(), fields }));
    assert.equal((await client.answer()).status, 400);
    await client.closing();
    assert.equal(stand.backend.requests.length, 0);
    client.destroy();
  });
}

test('a handshake with a body is 400', async (t) => {
  const stand = await switchingStand(t);
  for (const body of [{ 'Content-Length': '5' }, { 'Transfer-Encoding': 'chunked' }]) {
    assert.equal((await ask(stand, { fields: handshake(body) })).status, 400);
  }
  assert.equal(stand.backend.requests.length, 0);
});

test('a token that is refused opens nothing, and what came behind goes nowhere', async (t) => {
  const stand = await switchingStand(t);
  for (const token of [undefined, 'x.y.z', stand.issuer.token({ aud: 'other' })]) {
    const client = await stand.connect();
    await client.write(Buffer.concat([requestBytes({ fields: handshake(), ...(token && { token }) }), Buffer.from(BEHIND)]));
    assert.equal((await client.answer()).status, 401);
    assert.equal((await client.answer())?.status ?? 401, 401); // as the request that it is
    client.destroy();
  }
  assert.equal(stand.backend.requests.length, 0);
});

// RFC 6455 4.2.2: what no server that agrees would send.
const DISAGREEING = {
  'no accept': switching({ 'Sec-WebSocket-Accept': undefined }),
  'the accept of another key': switching({ 'Sec-WebSocket-Accept': acceptOf('AAAAAAAAAAAAAAAAAAAAAA==') }),
  'the key itself': switching({ 'Sec-WebSocket-Accept': KEY }),
  'two accepts': switching().replace('\r\n\r\n', `\r\nSec-WebSocket-Accept: ${acceptOf(KEY)}\r\n\r\n`),
  'no Upgrade': switching({ Upgrade: undefined }),
  'another protocol': switching({ Upgrade: 'h2c' }),
  'two protocols': switching({ Upgrade: 'websocket, h2c' }),
  'no Connection': switching({ Connection: undefined }),
  'Connection with another word': switching({ Connection: 'close' }),
  'an accept that Connection names': switching({ Connection: 'Upgrade, Sec-WebSocket-Accept' }),
};

for (const [name, answer] of Object.entries(DISAGREEING)) {
  test(`502 where the backend's 101 has ${name}`, async (t) => {
    const stand = await switchingStand(t, `${answer}raw bytes of a tunnel`);
    const client = await stand.connect();
    await client.write(Buffer.concat([requestBytes({ token: stand.issuer.token(), fields: handshake() }), Buffer.from(BEHIND)]));
    assert.equal((await client.answer()).status, 502);
    assert.equal((await client.answer())?.status ?? 401, 401);
    await until('the close at the backend', () => stand.backend.open === 0);
    assert.equal(stand.backend.requests.length, 1);
    client.destroy();
  });
}

test('a 101 to who did not ask is 502', async (t) => {
  const stand = await switchingStand(t);
  assert.equal((await stand.get()).status, 502);
  const plain = await switchingStand(t, switching(), { route: {} });
  assert.equal((await ask(plain)).status, 502);
});

test('another answer than 101 is an ordinary one, and what came behind is the next request', async (t) => {
  const stand = await startStand(t, { route: { websocket: true }, handler: async (request, conn) => {
    const isFirst = request.has('upgrade');
    conn.write(isFirst ? 'HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\nContent-Length: 3\r\n\r\nno\n'
      : 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes');
  } });
  const client = await stand.connect();
  await client.write(Buffer.concat([requestBytes({ token: stand.issuer.token(), fields: handshake({ 'Sec-WebSocket-Version': '8' }) }),
    requestBytes({ token: stand.issuer.token() }), Buffer.from(BEHIND)]));
  const first = await client.answer();
  assert.deepEqual([first.status, first.field('sec-websocket-version'), first.text], [426, '13', 'no\n']);
  assert.equal((await client.answer()).text, 'yes');
  assert.equal((await client.answer()).status, 401);
  client.destroy();
});

test('an interim answer before the 101 passes', async (t) => {
  const stand = await switchingStand(t, `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${switching()}`);
  const client = await stand.connect();
  await client.write(requestBytes({ token: stand.issuer.token(), fields: handshake() }));
  assert.equal((await client.head()).status, 103);
  assert.equal((await client.head()).status, 101);
  client.destroy();
});

test('bytes behind both heads belong to the tunnel', async (t) => {
  let got = '';
  const stand = await startStand(t, { route: { websocket: true }, handler: (request, conn) => new Promise((resolve) => {
    conn.removeAllListeners('data');
    conn.on('data', (piece) => (got += piece.toString('latin1')));
    conn.on('close', resolve);
    conn.write(Buffer.from(`${switching()}HTTP/1.1 200 OK\r\n\0raw`, 'latin1'));
  }) });
  const client = await stand.connect();
  await client.write(Buffer.concat([requestBytes({ token: stand.issuer.token(), fields: handshake() }), Buffer.from(BEHIND)]));
  assert.equal((await client.head()).status, 101);
  await until('what the backend sent', () => client.reader.rest.length >= 21);
  assert.equal(client.reader.rest.toString('latin1'), 'HTTP/1.1 200 OK\r\n\0raw');
  await until('what the client sent', () => got === BEHIND || stand.backend.malformed.length > 0);
  client.destroy();
});

test('a half-close is passed on, and the other direction stays open', async (t) => {
  for (const first of ['client', 'backend']) {
    let conn;
    let serverEnded = false;
    const stand = await startStand(t, { route: { websocket: true }, handler: (request, socket) => new Promise((resolve) => {
      conn = socket;
      socket.on('end', () => (serverEnded = true));
      socket.on('close', resolve);
      socket.write(switching());
    }) });
    const client = await stand.connect();
    await client.write(requestBytes({ token: stand.issuer.token(), fields: handshake() }));
    assert.equal((await client.head()).status, 101);
    if (first === 'client') {
      client.end();
      await until('the end at the backend', () => serverEnded);
      conn.end('after the end');
    } else {
      conn.end('before the end');
    }
    await client.closing();
    assert.match(client.reader.rest.toString(), /^(after|before) the end$/);
    if (first === 'backend') {
      client.write('after the end');
      client.end();
    }
    await until('the close at the backend', () => stand.backend.open === 0);
    const line = await stand.gateway.event('access');
    assert.deepEqual([line.status, line.end, line.reason], ['101', undefined, undefined]);
    client.destroy();
  }
});

test('a handshake is never sent twice: a fresh connection, and no second try', async (t) => {
  let count = 0;
  const stand = await startStand(t, { route: { websocket: true }, handler: (request, conn) => {
    count++;
    if (request.has('upgrade')) conn.destroy();
    else conn.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  } });
  assert.equal((await stand.get()).status, 200);
  assert.equal((await ask(stand)).status, 502);
  assert.equal(count, 2);
  assert.deepEqual(stand.backend.requests.map(({ connection }) => connection), [1, 2]);
});

const setHeader = (value) => `<set-header name="X-Set" exists-action="override"><value>${value}</value></set-header>`;

test('policies see the handshake and its answer as any other', async (t) => {
  const handler = async (request, conn) => {
    conn.write(switching({ 'Sec-WebSocket-Protocol': 'x' }));
    conn.once('end', () => conn.end());
    await new Promise((resolve) => conn.once('close', resolve));
  };
  const stand = await startPolicies(t, (issuer) => ({
    set: { inbound: `<base />${validate(issuer)}${setHeader('in')}`,
      outbound: `<base />${setHeader('out')}<set-header name="Sec-WebSocket-Protocol" exists-action="delete" />` },
    own: { inbound: `<base />${validate(issuer)}`, outbound: '<base /><return-response><set-status code="403" reason="No" /></return-response>' },
  }), { handler, routes: { set: { websocket: true }, own: { websocket: true } } });
  const set = await ask(stand, { target: '/set' });
  assert.deepEqual([set.status, set.field('x-set'), set.field('sec-websocket-protocol')], [101, 'out', undefined]);
  assert.equal((await stand.backend.request()).field('x-set'), 'in');
  assert.equal((await ask(stand, { target: '/own' })).status, 403);
  assert.equal((await ask(stand, { target: '/set', token: 'x.y.z' })).status, 401);
  await until('the close at the backend', () => stand.backend.open === 0);
  assert.equal(stand.backend.requests.length, 2);
});

test('report-only lets the handshake pass, and says what was refused', async (t) => {
  const stand = await switchingStand(t, switching(), { route: { websocket: true, mode: 'report-only' } });
  assert.equal((await ask(stand, { token: 'x.y.z' })).status, 101);
  const line = await stand.gateway.event('access');
  assert.deepEqual([line.status, line.mode, line.reason], ['101', 'report-only', 'JwtInvalid']);
});

test('a backend that does not answer the handshake is 504', async (t) => {
  const stand = await startStand(t, { route: { websocket: true }, backendMore: { timeouts: { response: '200ms' } }, handler: () => new Promise(() => {}) });
  assert.equal((await ask(stand)).status, 504);
});
