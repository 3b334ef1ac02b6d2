// SPDX-License-Identifier: Apache-2.0
// Goal: bodies are opaque.  Batches, media and exports pass both ways byte for byte, however they are framed and however
// they come in pieces; hundreds of megabytes need no more memory than a small answer does.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import test from 'node:test';
import { gunzipSync } from 'node:zlib';
import { answerBytes } from './harness/backend.mjs';
import { requestBytes } from './harness/client.mjs';
import { hasNginx, startNginx } from './harness/nginx.mjs';
import { startStand } from './harness/stand.mjs';
import { scaled, until } from './harness/until.mjs';

const PREFIX = '/main/ifsapplications/projection/';
const BATCH = `${PREFIX}v1/CustomerHandling.svc/$batch`;
const MEDIA = `${PREFIX}v1/MediaLibraryAttachmentHandling.svc/MediaSet(1)/FileData`;
const LARGE = scaled(200 << 20);
const MEMORY_KB = 64 << 10;
const standWith = (t, more) => startStand(t, { ...more, route: { path: PREFIX, ...more?.route } });

// --- batches ---------------------------------------------------------------------------------------------------------

// All that could tempt somebody to read it: heads, framing, tokens, lone line ends, every byte there is.
const everyByte = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
const batchBody = (token) => Buffer.concat([Buffer.from(`a preamble\r
--batch_36522ad7-fc75-4b56-8c71-56071383e77b\r
Content-Type: application/http\r
Content-Transfer-Encoding: binary\r
\r
GET Set('A%2FB')?$select=Id HTTP/1.1\r
Host: elsewhere.example\r
Authorization: Bearer ${token}\r
Accept: application/json\r
\r
\r
--batch_36522ad7-fc75-4b56-8c71-56071383e77b\r
Content-Type: multipart/mixed; boundary=changeset_77162fcd\r
Content-Length: 3\r
\r
--changeset_77162fcd
Content-Type: application/http
Content-ID: 1

POST /main/ifsapplications/projection/v1/Other.svc/Set HTTP/1.1\r
Transfer-Encoding: chunked\r
\r
5\r
hello\r
0\r
\r
PATCH $1 HTTP/1.1\r
If-Match: $1\r
\r
{"Name":"Å","Bytes":"`), everyByte, Buffer.from(`"}\r
--changeset_77162fcd--\r
\r
--batch_36522ad7-fc75-4b56-8c71-56071383e77b--\r
GET /main/ifsapplications/projection/an-epilogue HTTP/1.1\r
Host: gateway.test\r
\r
`)]);

// A body as it is written: { bytes, before, field } where before[i] tells how much of the body stands before bytes[i].
function framed(body, isChunked) {
  if (!isChunked) return { bytes: body, before: Array.from({ length: body.length + 1 }, (_, i) => i), field: `Content-Length: ${body.length}` };
  const sizes = [1, 2, 15, 16, 17, 255, 300];
  const parts = [];
  const before = [];
  const line = (text, at) => {
    parts.push(Buffer.from(text));
    for (let i = 0; i < text.length; i++) before.push(at);
  };
  let at = 0;
  for (let nth = 0; at < body.length; nth++) {
    const data = body.subarray(at, at + sizes[nth % sizes.length]);
    line(`${data.length.toString(16)}\r\n`, at);
    parts.push(data);
    for (let i = 0; i < data.length; i++) before.push(at++);
    line('\r\n', at);
  }
  line('0\r\n\r\n', at);
  return { bytes: Buffer.concat(parts), before: [...before, at], field: 'Transfer-Encoding: chunked' };
}

// Places to cut: some everywhere, all of them around the first lines.
const cutsOf = ({ bytes }) => [...bytes.keys()].filter((i) => i < 12 || i % 41 === 0 || i > bytes.length - 8);

// The head of a request whose body is written by the test; `fields` are lines.
function headOf(method, target, token, ...fields) {
  const lines = [`${method} ${target} HTTP/1.1`, 'Host: x', ...fields];
  if (token) lines.push(`Authorization: Bearer ${token}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

for (const isChunked of [false, true]) {
  const name = isChunked ? 'chunked' : 'of a known length';

  test(`a batch ${name} reaches the service byte for byte, wherever it is cut`, async (t) => {
    const stand = await standWith(t);
    const token = stand.issuer.token();
    const body = batchBody(token);
    const message = framed(body, isChunked);
    const client = await stand.connect();
    for (const cut of cutsOf(message)) {
      const nth = stand.backend.requests.length;
      client.write(headOf('POST', BATCH, token, 'Content-Type: multipart/mixed;boundary=b', message.field));
      client.write(message.bytes.subarray(0, cut));
      const request = await stand.backend.request(nth);
      await until(`${message.before[cut]} bytes of the body`, () => request.bytes === message.before[cut]);
      client.write(message.bytes.subarray(cut));
      assert.equal((await client.answer()).status, 200);
      assert.equal(request.framing, isChunked ? 'chunked' : 'length');
      assert.deepEqual(request.body, body, `cut at ${cut}`);
    }
    assert.deepEqual(stand.backend.malformed, []);
    assert.equal(stand.backend.requests.length, cutsOf(message).length);
    client.destroy();
  });

  test(`the answer to a batch ${name} reaches the client byte for byte, wherever it is cut`, async (t) => {
    const body = batchBody('x');
    const message = framed(body, isChunked);
    let cut;
    let isCutSeen;
    const stand = await standWith(t, {
      handler: async (request, conn) => {
        await request.whole;
        conn.write(`HTTP/1.1 200 OK\r\nContent-Type: multipart/mixed; boundary=b\r\nOData-Version: 4.0\r\n${message.field}\r\n\r\n`);
        conn.write(message.bytes.subarray(0, cut));
        await until('the first piece at the client', () => isCutSeen());
        conn.write(message.bytes.subarray(cut));
      },
    });
    const client = await stand.connect();
    const token = stand.issuer.token();
    for (cut of cutsOf(message)) {
      let answer;
      isCutSeen = () => answer?.bytes === message.before[cut];
      client.write(requestBytes({ method: 'POST', target: BATCH, token, body: '--b--' }));
      answer = await client.head();
      await client.reader.body(isChunked ? 'chunked' : 'length', body.length, (piece) => answer.take(piece));
      assert.deepEqual(answer.body, body, `cut at ${cut}`);
      assert.equal(answer.field('content-type'), 'multipart/mixed; boundary=b');
    }
    client.destroy();
  });
}

test('an answer that ends with its connection is not altered either', async (t) => {
  const body = batchBody('x');
  const stand = await standWith(t, {
    handler: async (request, conn) => {
      await request.whole;
      conn.write('HTTP/1.1 200 OK\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n');
      conn.write(body);
      conn.end();
    },
  });
  const answer = await stand.get(BATCH, { method: 'POST', body: '--b--' });
  assert.ok(answer.isWhole);
  assert.deepEqual(answer.body, body);
});

// Attack: requests in the body of a request that is refused, or behind one that passes, taken for requests.
test('what stands in a batch is no request of the connection, passed or refused', async (t) => {
  const stand = await standWith(t);
  const token = stand.issuer.token();
  const inner = requestBytes({ target: `${PREFIX}smuggled`, token });
  const after = requestBytes({ target: `${PREFIX}after`, token });
  for (const [given, status] of [[token, 200], [undefined, 401], [`${token}x`, 401]]) {
    for (const isChunked of [false, true]) {
      const client = await stand.connect();
      const message = framed(inner, isChunked);
      client.write(Buffer.concat([Buffer.from(headOf('POST', BATCH, given, message.field)), message.bytes, after]));
      assert.equal((await client.answer()).status, status);
      const second = await client.answer(); // a refused one may end the connection
      if (status === 200 || second) assert.equal(second.status, 200);
      client.destroy();
    }
  }
  for (const { target } of stand.backend.requests) assert.ok([BATCH, `${PREFIX}after`].includes(target), target);
  assert.equal(stand.backend.requests.filter(({ target }) => target === BATCH).length, 2);
});

// --- large and slow --------------------------------------------------------------------------------------------------

const PIECE = randomBytes(64 << 10);

// A body of this many bytes, no two pieces alike.
function* pieces(total) {
  for (let at = 0; at < total; at += PIECE.length) {
    const piece = Buffer.from(PIECE.subarray(0, Math.min(PIECE.length, total - at)));
    if (piece.length >= 6) piece.writeUIntBE(at, 0, 6);
    yield piece;
  }
}

function digestOf(total) {
  const hash = createHash('sha256');
  for (const piece of pieces(total)) hash.update(piece);
  return hash.digest('hex');
}

async function writeBody(socket, total, isChunked) {
  for (const piece of pieces(total)) {
    if (socket.destroyed) return;
    if (isChunked) socket.write(`${piece.length.toString(16)}\r\n`);
    const isFull = !socket.write(piece);
    if (isChunked) socket.write('\r\n');
    if (isFull) await once(socket, 'drain');
  }
  if (isChunked) socket.write('0\r\n\r\n');
}

const framing = (total, isChunked) => (isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${total}`);

async function put(stand, total, isChunked) {
  const client = await stand.connect();
  client.write(headOf('PUT', MEDIA, stand.issuer.token(), framing(total, isChunked)));
  await writeBody(client.socket, total, isChunked);
  const answer = await client.answer({ limit_ms: 30000 });
  client.destroy();
  return answer;
}

// Instrumented builds keep freed memory for themselves: there the bound would say nothing.
function assertSmall(stand) {
  if (process.env.JWTGATE_SLOWNESS > 1) return;
  const { most } = stand.gateway.memory();
  assert.ok(most < MEMORY_KB, `${most} kB were in use`);
}

test('200 MB up to nginx and down again', { skip: !hasNginx }, async (t) => {
  const nginx = await startNginx(t, 'location / { root html; dav_methods PUT; create_full_put_path on; }');
  const stand = await standWith(t, { backend: nginx });
  assert.ok((await put(stand, LARGE, true)).status < 300);
  const answer = await stand.get(MEDIA, { limit_ms: 30000 });
  assert.equal(answer.status, 200);
  assert.ok(answer.isWhole);
  assert.equal(answer.bytes, LARGE);
  assert.equal(answer.hash.digest('hex'), digestOf(LARGE));
  assertSmall(stand);
});

test('200 MB up of a known length, and down in chunks', async (t) => {
  const stand = await standWith(t, {
    handler: async (request, conn) => {
      await request.whole;
      if (request.method === 'PUT') return conn.write(answerBytes({ status: 201, body: request.hash.digest('hex') }));
      conn.write(`HTTP/1.1 200 OK\r\n${framing(LARGE, true)}\r\n\r\n`);
      return writeBody(conn, LARGE, true);
    },
  });
  const digest = digestOf(LARGE);
  assert.equal((await put(stand, LARGE, false)).text, digest);
  assert.equal(stand.backend.requests[0].bytes, LARGE);
  const answer = await stand.get(MEDIA, { limit_ms: 30000 });
  assert.deepEqual([answer.isWhole, answer.bytes, answer.hash.digest('hex')], [true, LARGE, digest]);
  assertSmall(stand);
});

test('a service that answers while it still reads: both directions at once', async (t) => {
  const total = scaled(24 << 20);
  const stand = await standWith(t, {
    handler: (request, conn) => {
      conn.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n`);
      request.take = (piece) => {
        conn.write(`${piece.length.toString(16)}\r\n`);
        conn.write(piece);
        conn.write('\r\n');
      };
      request.whole.then(() => conn.write('0\r\n\r\n'));
    },
  });
  const client = await stand.connect();
  client.write(headOf('POST', BATCH, stand.issuer.token(), framing(total, true)));
  const writing = writeBody(client.socket, total, true);
  const answer = await client.answer({ method: 'POST', limit_ms: 30000 });
  await writing;
  assert.deepEqual([answer.isWhole, answer.bytes, answer.hash.digest('hex')], [true, total, digestOf(total)]);
  client.destroy();
});

// Whether the writer of this flow has come to a stand, looked at again and again.
function standstill(flow) {
  let last = -1;
  let same = 0;
  return () => {
    same = flow.bytesWritten - flow.writableLength === last ? same + 1 : 0;
    last = flow.bytesWritten - flow.writableLength;
    return same >= 20;
  };
}

test('a client that stops reading again and again gets every byte', async (t) => {
  const total = scaled(48 << 20);
  const slice = total >> 2;
  let conn;
  const stand = await standWith(t, {
    handler: (_, socket) => {
      conn = socket;
      socket.write(`HTTP/1.1 200 OK\r\n${framing(total, false)}\r\n\r\n`);
      writeBody(socket, total, false);
    },
  });
  const client = await stand.connect();
  client.write(requestBytes({ target: MEDIA, token: stand.issuer.token() }));
  const answer = await client.head();
  for (let at = 0; at < total; at += slice) {
    await until('the service to come to a stand', standstill(conn));
    assert.ok(await client.reader.body('length', Math.min(slice, total - at), (piece) => answer.take(piece)));
  }
  assert.deepEqual([answer.bytes, answer.hash.digest('hex')], [total, digestOf(total)]);
  assertSmall(stand);
  client.destroy();
});

test('a service that reads late gets every byte', async (t) => {
  const total = scaled(48 << 20);
  const stand = await standWith(t, {
    handler: async (request, conn) => {
      conn.pause();
      await until('the client to come to a stand', standstill(client.socket));
      conn.resume();
      if (await request.whole) conn.write(answerBytes({ body: request.hash.digest('hex') }));
    },
  });
  const client = await stand.connect();
  client.write(headOf('PUT', MEDIA, stand.issuer.token(), framing(total, true)));
  const writing = writeBody(client.socket, total, true);
  assert.equal((await client.answer({ limit_ms: 30000 })).text, digestOf(total));
  await writing;
  assertSmall(stand);
  client.destroy();
});

// Writes in small pieces of odd sizes, each in a turn of its own.
async function dribble(socket, bytes) {
  for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7 + 3) % 1531 || 1) {
    socket.write(bytes.subarray(at, at + size));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

for (const isChunked of [false, true]) {
  test(`writers on both sides that dribble, ${isChunked ? 'in chunks' : 'by length'}`, async (t) => {
    const total = scaled(512 << 10);
    const body = Buffer.concat([...pieces(total)]);
    const message = framed(body, isChunked);
    const stand = await standWith(t, {
      handler: async (request, conn) => {
        const answer = Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${message.field}\r\n\r\n`), message.bytes]);
        if (await request.whole) await dribble(conn, answer);
      },
    });
    const client = await stand.connect();
    const head = headOf('PUT', MEDIA, stand.issuer.token(), message.field);
    const writing = dribble(client.socket, Buffer.concat([Buffer.from(head), message.bytes]));
    const answer = await client.answer({ limit_ms: 30000 });
    await writing;
    assert.ok(answer.isWhole);
    assert.ok(stand.backend.requests[0].body.equals(body), 'the upload was altered');
    assert.ok(answer.body.equals(body), 'the download was altered');
    client.destroy();
  });
}

test('what nginx makes of documents and media passes: gzip, ranges, conditions', { skip: !hasNginx }, async (t) => {
  const metadata = `<edmx:Edmx>${Array.from({ length: 40000 }, (_, i) => `<Property Name="Å${i}" Type="Edm.String"/>`).join('\n')}</edmx:Edmx>`;
  const nginx = await startNginx(t, `rewrite .* /metadata.xml break; root html; types { application/xml xml; }
    gzip on; gzip_proxied any; gzip_types application/xml;`, { 'metadata.xml': metadata });
  const stand = await standWith(t, { backend: nginx });
  const ask = (fields) => stand.get(`${PREFIX}v1/X.svc/$metadata`, { fields });
  const packed = await ask({ 'Accept-Encoding': 'gzip' });
  assert.equal(packed.field('content-encoding'), 'gzip');
  assert.equal(gunzipSync(packed.body).toString(), metadata);
  const plain = await ask({});
  assert.equal(plain.field('content-encoding'), undefined);
  assert.equal(plain.hash.digest('hex'), createHash('sha256').update(metadata).digest('hex'));
  const part = await ask({ Range: 'bytes=1000000-1000099' });
  assert.equal(part.status, 206);
  assert.deepEqual(part.body, Buffer.from(metadata).subarray(1000000, 1000100));
  const fresh = await ask({ 'If-None-Match': plain.field('etag') });
  assert.deepEqual([fresh.status, fresh.bytes], [304, 0]);
  assert.equal((await ask({ 'If-Match': '"another"' })).status, 412);
  assert.equal((await ask({ 'If-Match': plain.field('etag') })).status, 200);
});
