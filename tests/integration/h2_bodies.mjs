// SPDX-License-Identifier: Apache-2.0
// Goal: each stream of a connection has its own pace.  A body goes on as fast as its backend takes it and no faster than the client's
// window lets an answer out, memory stays bounded, the other streams go on, and an answer that breaks off never looks complete.
import assert from 'node:assert/strict';
import test from 'node:test';
import { answerBytes } from './harness/backend.mjs';
import {
  DATA, END_HEADERS, END_STREAM, H2_LISTENER, HEADERS, PREFACE, RST_STREAM, WINDOW_UPDATE, connectH2, frame, request, settings, u32,
} from './harness/h2.mjs';
import { startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

const config = { listeners: [H2_LISTENER], workers: 1 };
const startPublic = (t, more = {}) => startStand(t, { route: { policy: 'none' }, config, ...more });
const post = (more = []) => request({ ':method': 'POST' }, more);
const openWindows = (bytes) => [settings([4, bytes]), frame(WINDOW_UPDATE, 0, 0, u32(bytes))];

// Sends as much of a body as the windows allow, until they stay shut; returns how much that was.
class Uploader {
  constructor(client, id) {
    Object.assign(this, { client, id, sent: 0 });
  }

  // What may be sent: the announced windows, and what was given back since.
  get room() {
    const given = (stream) => this.client.of(stream, WINDOW_UPDATE).reduce((sum, { payload }) => sum + payload.readUInt32BE(0), 0);
    return Math.min(131072 + given(this.id), 65535 + given(0)) - this.sent;
  }

  async fill(most = Infinity) {
    let quiet = 0;
    while (quiet < 40 && this.sent < most) {
      const size = Math.min(16384, this.room, most - this.sent);
      quiet = size > 0 ? 0 : quiet + 1;
      if (size > 0) this.client.send(frame(DATA, 0, this.id, Buffer.alloc(size, 97)));
      this.sent += Math.max(size, 0);
      await new Promise((resolve) => setTimeout(resolve, quiet > 0 ? 5 : 0));
    }
    return this.sent;
  }

  end() {
    this.client.send(frame(DATA, END_STREAM, this.id, ''));
  }
}

test('a backend that does not read shuts the window of its stream, and no other', async (t) => {
  const stuck = [];
  const stand = await startPublic(t, {
    handler: async (req, conn) => {
      if (req.target === '/stuck') {
        conn.pause();
        stuck.push(conn);
      }
      if (await req.whole) conn.write(answerBytes({ body: 'ok' }));
    },
  });
  const client = await connectH2(stand.gateway.port);
  await client.read();
  const id = client.ask(request({ ':method': 'POST', ':path': '/stuck' }), { end: false });
  await stand.backend.request();
  const memory = stand.gateway.memory();
  const upload = new Uploader(client, id);
  const taken = await upload.fill();
  assert.ok(taken > 131072, `${taken} bytes`);
  assert.ok(taken < 24 << 20, `${taken} bytes, most of them in the kernel`);
  if (!(process.env.JWTGATE_SLOWNESS > 1)) assert.ok(stand.gateway.memory().now - memory.now < 2048);

  assert.equal((await client.answer(client.ask())).status, 200);
  const other = client.ask(post(), { end: false });
  client.send(frame(DATA, END_STREAM, other, 'abc'));
  assert.equal((await client.answer(other)).status, 200);

  stuck[0].resume();
  await upload.fill(taken + (1 << 20));
  upload.end();
  assert.equal((await client.answer(id)).status, 200);
  assert.equal(stand.backend.requests[0].bytes, upload.sent);
  client.destroy();
});

test('windows are given back as bytes are taken: a body of many windows arrives whole', async (t) => {
  const stand = await startPublic(t);
  const client = await connectH2(stand.gateway.port);
  await client.read();
  const id = client.ask(post([['content-length', String(8 << 20)]]), { end: false });
  const upload = new Uploader(client, id);
  await upload.fill(8 << 20);
  upload.end();
  assert.equal((await client.answer(id)).status, 200);
  assert.equal(stand.backend.requests[0].bytes, 8 << 20);
  assert.equal(stand.backend.requests[0].framing, 'length');
  client.destroy();
});

test('more than a window is a flow control error', async (t) => {
  const stand = await startPublic(t, { handler: (_, conn) => conn.pause() });
  const client = await connectH2(stand.gateway.port);
  await client.read();
  const id = client.ask(post(), { end: false });
  // Far more than the kernel holds for the backend.
  for (let i = 0; i < 2000; i++)
    client.send(frame(DATA, 0, id, Buffer.alloc(16384)));
  const isError = (one) => (one.type === RST_STREAM && one.stream === id) || one.type === 7;
  assert.equal((await client.frame('an error', isError)).code, 'FLOW_CONTROL_ERROR');
  client.destroy();
});

test("the client's windows hold back the backend, stream by stream", async (t) => {
  const body = Buffer.alloc(4 << 20, 98);
  const stand = await startPublic(t);
  stand.backend.answer({ body });
  const client = await connectH2(stand.gateway.port, { hello: Buffer.concat([PREFACE, settings([1, 0], [4, 0])]) });
  await client.read();
  const [held, open] = [client.ask(), client.ask()];
  await until('both heads', () => client.of(held, HEADERS).length + client.of(open, HEADERS).length === 2);
  await client.read();
  assert.deepEqual([client.of(held, DATA), client.of(open, DATA)], [[], []]);
  client.send(frame(WINDOW_UPDATE, 0, open, u32(8 << 20)), frame(WINDOW_UPDATE, 0, 0, u32(16 << 20)));
  assert.equal((await client.answer(open)).body.length, body.length);
  assert.deepEqual(client.of(held, DATA), []);
  client.send(frame(WINDOW_UPDATE, 0, held, u32(10)));
  await until('ten bytes', () => client.of(held, DATA).reduce((sum, { payload }) => sum + payload.length, 0) === 10);
  client.send(frame(WINDOW_UPDATE, 0, held, u32(8 << 20)));
  assert.ok((await client.answer(held)).body.equals(body));
  client.destroy();
});

test('streams get equal shares, also where the client asks for others', async (t) => {
  const body = Buffer.alloc(1 << 20, 99);
  const stand = await startPublic(t);
  stand.backend.answer({ body });
  const client = await connectH2(stand.gateway.port, { hello: Buffer.concat([PREFACE, settings([1, 0], [4, 1 << 24])]) });
  await client.read();
  const ids = ['u=0', 'u=7', 'u=3, i'].map((priority) => client.ask(request({}, [['priority', priority]])));
  await until('the heads', () => ids.every((id) => client.of(id, HEADERS).length === 1));
  client.send(frame(WINDOW_UPDATE, 0, 0, u32(1 << 24)));
  for (const id of ids) assert.equal((await client.answer(id)).body.length, body.length);
  const ends = ids.map((id) => client.frames.findIndex((one) => one.stream === id && one.type === DATA && one.flags & END_STREAM));
  const total = client.frames.filter(({ type }) => type === DATA).length;
  const firstEnd = Math.min(...ends);
  const before = client.frames.slice(0, firstEnd).filter(({ type }) => type === DATA).length;
  assert.ok(before > 0.6 * total, `the first stream ended after ${before} of ${total} frames`);
  client.destroy();
});

test('a hundred requests at once are answered, each with its own', async (t) => {
  const stand = await startPublic(t, {
    handler: async (req, conn) => {
      if (await req.whole) conn.write(answerBytes({ body: `${req.target} ${req.body}` }));
    },
  });
  const client = await connectH2(stand.gateway.port);
  const ids = Array.from({ length: 100 }, (_, i) => {
    const id = client.ask(request({ ':method': 'POST', ':path': `/${i}` }), { end: false });
    client.send(frame(DATA, END_STREAM, id, `body ${i}`));
    return id;
  });
  for (const [i, id] of ids.entries()) assert.equal((await client.answer(id)).body.toString(), `/${i} body ${i}`);
  client.destroy();
});

test('an answer that breaks off is reset, and does not end', async (t) => {
  const CUTS = {
    'of a known length': 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf',
    chunked: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n',
  };
  for (const [what, bytes] of Object.entries(CUTS))
    await t.test(what, async (t2) => {
      const stand = await startPublic(t2, {
        handler: async (req, conn) => {
          await req.whole;
          conn.write(req.target === '/cut' ? bytes : answerBytes({}), () => req.target === '/cut' && setTimeout(() => conn.destroy(), 20));
        },
      });
      const client = await connectH2(stand.gateway.port);
      const id = client.ask(request({ ':path': '/cut' }));
      const { status, code } = await client.answer(id);
      assert.deepEqual([status, code], [200, 'INTERNAL_ERROR']);
      assert.ok(!client.of(id, DATA).some(({ flags }) => flags & END_STREAM));
      assert.equal((await client.answer(client.ask())).status, 200, 'the connection goes on');
      client.destroy();
    });
});

test('answers without a body', async (t) => {
  const stand = await startPublic(t, {
    handler: async (req, conn) => {
      await req.whole;
      if (req.method === 'HEAD') return conn.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n');
      const status = Number(req.target.slice(1));
      return conn.write(status === 200 ? 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n' : `HTTP/1.1 ${status} X\r\n\r\n`);
    },
  });
  const client = await connectH2(stand.gateway.port);
  const ROWS = [['HEAD', '/', 200], ['GET', '/204', 204], ['GET', '/304', 304], ['GET', '/200', 200]];
  for (const [method, path, expected] of ROWS) {
    const id = client.ask(request({ ':method': method, ':path': path }));
    const { status, body, code } = await client.answer(id);
    assert.deepEqual([status, body.length, code], [expected, 0, undefined]);
    assert.equal(client.of(id).length, 1, 'the head ends the stream');
  }
  client.destroy();
});

test('an answer before the request is whole: it comes whole, then the client is told to stop', async (t) => {
  const stand = await startPublic(t, { handler: (_, conn) => conn.write(answerBytes({ status: 403, body: 'no' })) });
  const client = await connectH2(stand.gateway.port);
  const id = client.ask(post(), { end: false });
  client.send(frame(DATA, 0, id, 'begin'));
  assert.equal((await client.reset(id)).code, 'NO_ERROR');
  const [head, ...rest] = client.of(id).filter(({ type }) => type !== WINDOW_UPDATE);
  assert.equal(head.status, 403);
  assert.ok(rest.some(({ type, flags }) => type === DATA && flags & END_STREAM));
  client.send(frame(DATA, END_STREAM, id, 'more, that was on the way'));
  await client.read();
  client.destroy();
});

test('a refusal of the token does not wait for the body', async (t) => {
  const stand = await startStand(t, { config });
  const client = await connectH2(stand.gateway.port);
  const id = client.ask(post(), { end: false });
  assert.equal((await client.reset(id)).code, 'NO_ERROR');
  assert.equal(client.of(id, HEADERS)[0].status, 401);
  assert.equal(stand.backend.requests.length, 0);
  client.destroy();
});

test('expect: 100-continue is answered before the body is sent, once the token passed', async (t) => {
  const stand = await startStand(t, { config });
  const client = await connectH2(stand.gateway.port);
  const good = [['authorization', `Bearer ${stand.issuer.token()}`], ['expect', '100-continue']];
  const id = client.ask(post(good), { end: false });
  await until('100', () => client.of(id, HEADERS).length > 0);
  assert.equal(client.of(id, HEADERS)[0].status, 100);
  client.send(frame(DATA, END_STREAM, id, 'abc'));
  assert.equal((await client.answer(id)).status, 200);
  const refused = client.ask(post([['expect', '100-continue']]), { end: false });
  await client.reset(refused);
  assert.deepEqual(client.of(refused, HEADERS).map(({ status }) => status), [401]);
  client.destroy();
});

test('interim answers of the backend go on', async (t) => {
  const stand = await startPublic(t, {
    handler: async (req, conn) => {
      await req.whole;
      conn.write('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n');
      conn.write(answerBytes({ body: 'ok' }));
    },
  });
  const client = await connectH2(stand.gateway.port);
  const id = client.ask();
  assert.equal((await client.answer(id)).body.toString(), 'ok');
  assert.deepEqual(client.of(id, HEADERS).map(({ status, flags }) => [status, flags & END_STREAM]), [[103, 0], [200, 0]]);
  client.destroy();
});

test('a stream that the client resets ends at the backend too; the others go on', async (t) => {
  const stand = await startPublic(t, {
    handler: async (req, conn) => {
      if (req.target === '/') return conn.write(answerBytes({ body: 'ok' }));
      return conn.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n');
    },
  });
  const client = await connectH2(stand.gateway.port);
  const [cancelled, unsent, other] = [
    client.ask(request({ ':path': '/endless' })),
    client.ask(request({ ':method': 'POST', ':path': '/upload' }), { end: false }),
    client.ask(),
  ];
  await until('the first bytes', () => client.of(cancelled, DATA).length > 0 && stand.backend.requests.length === 3);
  assert.equal((await client.answer(other)).status, 200);
  client.send(frame(RST_STREAM, 0, cancelled, u32(8)), frame(RST_STREAM, 0, unsent, u32(8)));
  await until('the end of both', () => stand.backend.open <= 1);
  assert.ok(!stand.backend.requests.find(({ target }) => target === '/upload').isWhole);
  assert.equal((await client.answer(client.ask())).status, 200);
  client.destroy();
});

test('slow clients', async (t) => {
  const timeouts = { drain: '2s', head: '300ms', idle: '400ms', body: '400ms' };
  const stand = await startPublic(t, { config: { ...config, timeouts } });
  stand.backend.answer({ body: 'x'.repeat(100000) });
  const { port } = stand.gateway;

  await t.test('a zero window held open resets the stream', async () => {
    const client = await connectH2(port, { hello: Buffer.concat([PREFACE, settings([1, 0], [4, 0])]) });
    const id = client.ask();
    assert.equal((await client.reset(id)).code, 'CANCEL');
    client.destroy();
  });

  await t.test('also that of the connection', async () => {
    const client = await connectH2(port, { hello: Buffer.concat([PREFACE, settings([1, 0], [4, 1 << 20])]) });
    const id = client.ask();
    assert.equal((await client.reset(id)).code, 'CANCEL');
    assert.equal(client.of(id, DATA).reduce((sum, { payload }) => sum + payload.length, 0), 65535);
    client.destroy();
  });

  await t.test('one that opens goes on', async () => {
    const client = await connectH2(port, { hello: Buffer.concat([PREFACE, ...openWindows(1 << 20)]) });
    assert.equal((await client.answer(client.ask())).body.length, 100000);
    client.destroy();
  });

  await t.test('a body that does not come is answered 408', async () => {
    const client = await connectH2(port);
    const id = client.ask(post(), { end: false });
    assert.equal((await client.answer(id)).status, 408);
    client.destroy();
  });

  await t.test('also one whose length came but not its end', async () => {
    const client = await connectH2(port);
    const id = client.ask(post([['content-length', '3']]), { end: false });
    client.send(frame(DATA, 0, id, 'abc'));
    assert.equal((await client.answer(id)).status, 408);
    client.destroy();
  });

  await t.test('a head that does not come ends the connection', async () => {
    const client = await connectH2(port, { acks: false });
    client.send(frame(HEADERS, END_STREAM, 1, 'a'));
    assert.equal((await client.goaway()).code, 'NO_ERROR');
    await client.closing();
    client.destroy();
  });

  await t.test('nor may the preface wait', async () => {
    const client = await connectH2(port, { hello: PREFACE.subarray(0, 20) });
    await client.closing();
    client.destroy();
  });

  await t.test('a connection without requests is ended', async () => {
    const client = await connectH2(port);
    const { code, last } = await client.goaway();
    assert.deepEqual([code, last], ['NO_ERROR', 0]);
    await client.closing();
    client.destroy();
  });
});
