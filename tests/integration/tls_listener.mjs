// SPDX-License-Identifier: Apache-2.0
// Goal: a listener with TLS gives each client the certificate of the name it asks for and nothing unsound, and HTTP behind it is
// what it is on a plain one: whole where it says so, cut where it was cut.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';
import tls from 'node:tls';
import { promisify } from 'node:util';
import { answerBytes } from './harness/backend.mjs';
import { newAuthority } from './harness/certs.mjs';
import { requestBytes, send } from './harness/client.mjs';
import { tempDir } from './harness/gateway.mjs';
import { meet, pairOf, startSecure } from './harness/tls.mjs';
import { until, within } from './harness/until.mjs';

const run = promisify(execFile);

async function start(t, more = {}) {
  const authority = newAuthority(t);
  const stand = await startSecure(t, authority, { section: pairOf(authority.issue('gateway.test', '127.0.0.1')), ...more });
  return { authority, ...stand };
}

test('the certificate is that of the name which a client asks for', async (t) => {
  const authority = newAuthority(t);
  const section = { ...pairOf(authority.issue('gateway.test')), certificates: [pairOf(authority.issue('other.test', '*.wild.test'))] };
  const stand = await startSecure(t, authority, { section });
  const named = async (servername) => {
    const { socket } = await meet(stand.gateway.port, { rejectUnauthorized: false, ...(servername && { servername }) });
    const { subjectaltname } = socket.getPeerCertificate();
    socket.destroy();
    return subjectaltname;
  };
  assert.match(await named('gateway.test'), /gateway/);
  assert.match(await named('OTHER.test'), /other/);
  assert.match(await named('a.wild.test'), /other/);
  assert.match(await named('a.b.wild.test'), /gateway/);
  assert.match(await named('unknown.test'), /gateway/);
  assert.match(await named(undefined), /gateway/);
});

test('TLS 1.2 with AEAD or 1.3, nothing older; 1.3 alone where that is said', async (t) => {
  const stand = await start(t);
  const strict = await start(t, { section: undefined, listener: { tls: { ...pairOf(stand.authority.issue('gateway.test')), min_version: '1.3' } } });
  const at = (version, more = {}) => ({ minVersion: version, maxVersion: version, rejectUnauthorized: false, ...more });
  const old = await stand.meet(at('TLSv1.1', { ciphers: 'DEFAULT@SECLEVEL=0' }));
  assert.match(String(old.error), /protocol version|unsupported/i);
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    const { socket } = await stand.meet(at(version));
    assert.equal(socket.getProtocol(), version);
    socket.destroy();
  }
  assert.ok((await stand.meet(at('TLSv1.2', { ciphers: 'ECDHE-ECDSA-AES256-SHA384' }))).error);
  assert.ok((await strict.meet(at('TLSv1.2'))).error);
  (await strict.meet(at('TLSv1.3'))).socket.destroy();
});

test('ALPN: one of ours, none where none was asked, and a refusal where all are strange', async (t) => {
  const stand = await start(t, { listener: { http2: 'off' } });
  for (const [offered, chosen] of [[['http/1.1'], 'http/1.1'], [['foo', 'http/1.1'], 'http/1.1'], [['h2', 'http/1.1'], 'http/1.1'], [undefined, false]]) {
    const { socket } = await stand.meet({ ALPNProtocols: offered });
    assert.equal(socket.alpnProtocol, chosen);
    socket.destroy();
  }
  const { error } = await stand.meet({ ALPNProtocols: ['foo'] });
  assert.match(String(error), /no application protocol/);
  const { error: alone } = await stand.meet({ ALPNProtocols: ['h2'] });
  assert.match(String(alone), /no application protocol/);
});

test('the backend is told of https', async (t) => {
  const stand = await start(t);
  assert.equal((await stand.send({ fields: { 'X-Forwarded-Proto': 'http' } })).status, 200);
  assert.deepEqual(stand.backend.requests[0].all('x-forwarded-proto'), ['https']);
  assert.match(stand.backend.requests[0].field('forwarded'), /proto=https/);
});

test('plain HTTP on the port is told so, and what is neither is closed', async (t) => {
  const stand = await start(t);
  const answer = await send(stand.gateway.port);
  assert.equal(answer.status, 400);
  assert.match(answer.text, /HTTPS/);
  const socket = net.connect(stand.gateway.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write('SSH-2.0-x\r\n'.repeat(3));
  socket.resume();
  await within('the close', once(socket, 'close'));
  assert.equal(stand.backend.requests.length, 0);
  await stand.gateway.event('handshake-failed');
  assert.equal((await stand.send()).status, 200);
});

test('a handshake that takes too long is over, one that is slow is not', async (t) => {
  const stand = await start(t, { config: { timeouts: { head: '1s', drain: '2s' } } });
  const silent = net.connect(stand.gateway.port, '127.0.0.1');
  silent.on('error', () => {});
  const half = net.connect(stand.gateway.port, '127.0.0.1');
  half.on('error', () => {});
  half.write(Buffer.from('160301', 'hex'));
  await Promise.all([silent, half].map((socket) => (socket.resume(), within('the close', once(socket, 'close')))));
  // A client hello byte by byte, through a relay.
  const relay = net.createServer((from) => {
    const to = net.connect(stand.gateway.port, '127.0.0.1');
    to.setNoDelay(true);
    to.pipe(from);
    from.on('data', async (piece) => {
      for (let i = 0; i < piece.length; i += 40) {
        to.write(piece.subarray(i, i + 40));
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    for (const socket of [from, to]) socket.on('error', () => {}).on('close', () => (from.destroy(), to.destroy()));
  });
  await new Promise((resolve) => relay.listen(0, '127.0.0.1', resolve));
  t.after(() => relay.close());
  const { socket } = await meet(relay.address().port, { ca: stand.authority.ca, servername: 'gateway.test' });
  socket.destroy();
});

const hashOf = (bytes) => createHash('sha256').update(bytes).digest('hex');

test('large bodies pass both ways, one request after the other on a connection', async (t) => {
  const large = randomBytes(5 << 20);
  const stand = await start(t, {
    handler: async (request, conn) => {
      if (await request.whole) conn.write(answerBytes({ fields: { 'X-Hash': request.hash.digest('hex') }, body: large }));
    },
  });
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    const client = await stand.connect({ minVersion: version, maxVersion: version });
    for (let i = 0; i < 3; i++) {
      client.write(requestBytes({ method: 'POST', body: large }));
      const answer = await client.answer();
      assert.ok(answer, `${version} ${i}: ${stand.gateway.output}`);
      assert.equal(answer.status, 200);
      assert.equal(answer.field('x-hash'), hashOf(large));
      assert.equal(answer.hash.digest('hex'), hashOf(large));
    }
    client.destroy();
  }
});

test('requests that come in one record are all answered, and those in pieces too', async (t) => {
  const stand = await start(t);
  const client = await stand.connect();
  client.write(Buffer.concat([0, 1, 2, 3].map((i) => requestBytes({ target: `/${i}` }))));
  for (let i = 0; i < 4; i++) assert.equal((await client.answer()).status, 200);
  for (const byte of requestBytes({ target: '/slow', method: 'POST', body: 'x'.repeat(50) })) client.write(Buffer.from([byte]));
  assert.equal((await client.answer()).status, 200);
  assert.deepEqual(stand.backend.requests.map(({ target }) => target), ['/0', '/1', '/2', '/3', '/slow']);
  client.destroy();
});

// HTTP/1.0 without a length: only close_notify tells a whole answer from half of one.
async function untilEnd(stand, options = {}) {
  const socket = tls.connect({ port: stand.gateway.port, host: '127.0.0.1', ca: stand.authority.ca, servername: 'gateway.test', ...options });
  const seen = { bytes: 0, hasEnd: false, error: undefined };
  socket.on('data', (piece) => (seen.bytes += piece.length));
  socket.on('end', () => (seen.hasEnd = true));
  socket.on('error', (error) => (seen.error = error));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await once(socket, 'secureConnect');
  socket.write('GET / HTTP/1.0\r\nHost: gateway.test\r\n\r\n');
  await within('the close', closed);
  return seen;
}

test('an answer that was cut does not end like a whole one', async (t) => {
  let isCut = false;
  const stand = await start(t, {
    handler: async (request, conn) => {
      conn.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n' + 'x'.repeat(4096) + '\r\n');
      setTimeout(() => (isCut ? conn.destroy() : conn.write('0\r\n\r\n')), 20);
    },
  });
  const whole = await untilEnd(stand);
  assert.ok(whole.hasEnd && !whole.error, 'a whole answer ends in good order');
  isCut = true;
  const cut = await untilEnd(stand);
  assert.ok(cut.bytes > 0);
  assert.ok(!cut.hasEnd || cut.error, 'a cut one does not');
});

test('a client that ends its side is still answered', async (t) => {
  const stand = await start(t, { handler: async (request, conn) => setTimeout(() => conn.write(answerBytes({ body: 'late' })), 50) });
  const socket = tls.connect({ port: stand.gateway.port, host: '127.0.0.1', ca: stand.authority.ca, servername: 'gateway.test', allowHalfOpen: true });
  let text = '';
  socket.setEncoding('latin1').on('data', (piece) => (text += piece));
  await once(socket, 'secureConnect');
  socket.end(requestBytes());
  await within('the close', once(socket, 'close'));
  assert.match(text, /^HTTP\/1\.1 200 OK\r\n[^]*late$/);
});

test('a client that goes without close_notify has its whole request served, and costs nothing else', async (t) => {
  const stand = await start(t);
  const client = await stand.connect();
  client.write(requestBytes());
  assert.equal((await client.answer()).status, 200);
  client.destroy();
  assert.equal((await stand.send()).status, 200);
});

test('curl finds nothing strange', async (t) => {
  const stand = await start(t);
  const file = path.join(tempDir(t), 'large');
  writeFileSync(file, randomBytes(3 << 20));
  const at = ['-sS', '--cacert', stand.authority.caFile, '--resolve', `gateway.test:${stand.gateway.port}:127.0.0.1`, '-w', ' %{http_code} %{num_connects}'];
  const url = `https://gateway.test:${stand.gateway.port}/`;
  for (const more of [['--http1.1'], ['--http1.0'], ['--tls-max', '1.2'], ['--tlsv1.3']]) {
    const { stdout } = await run('curl', [...at, ...more, '-T', file, url]);
    assert.match(stdout, /^ok 200 1$/, more.join(' '));
  }
  const { stdout } = await run('curl', [...at, '--http1.1', url, url]);
  assert.match(stdout, /^ok 200 1ok 200 0$/);
});

// Tickets are read by any worker: of many connections some meet another one than the first did.
test('sessions are resumed whichever worker a client meets, and across a reload', async (t) => {
  const stand = await start(t, { config: { workers: 4 } });
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    const options = { minVersion: version, maxVersion: version };
    const first = await stand.meet(options);
    assert.equal(first.socket.isSessionReused(), false);
    let session = await until('a session', () => first.sessions.at(-1) ?? first.socket.getSession());
    for (let i = 0; i < 16; i++) {
      if (i === 8) await stand.gateway.reload({ ...stand.config, workers: 4 });
      const next = await stand.meet({ ...options, session });
      assert.equal(next.socket.isSessionReused(), true, `${version} ${i}`);
      next.socket.destroy();
    }
    first.socket.destroy();
  }
  const { text } = await send(stand.gateway.adminPort, { target: '/metrics', host: 'localhost' });
  assert.match(text, /jwtgate_tls_handshakes_total\{result="full"\} 2\n/);
  assert.match(text, /jwtgate_tls_handshakes_total\{result="resumed"\} 32\n/);
});

test('half a head on TLS is 408 as ever', async (t) => {
  const stand = await start(t, { config: { timeouts: { head: '500ms', drain: '2s' } } });
  const client = await stand.connect();
  await client.write('GET / HTTP/1.1\r\nHo');
  assert.equal((await client.answer()).status, 408);
  await client.closing();
});

// CVE-2011-1473: each renegotiation costs the server more than the client.
test('renegotiation is refused, and the connection before it works', async (t) => {
  const stand = await start(t);
  const { socket } = await stand.meet({ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' });
  const result = await within('the refusal', new Promise((resolve) => {
    socket.once('error', resolve);
    socket.once('close', () => resolve(new Error('closed')));
    socket.renegotiate({}, (error) => resolve(error ?? undefined));
  }));
  assert.ok(result instanceof Error, String(result));
  socket.destroy();
});
