// SPDX-License-Identifier: Apache-2.0
// Goal: bodies of any size pass both ways unchanged, in either framing, and the gateway holds only a small part of them.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import test from 'node:test';
import { answerBytes } from './harness/backend.mjs';
import { startStand } from './harness/stand.mjs';

const PIECE = randomBytes(64 << 10);
const PIECES = 1024; // 64 MiB
const TOTAL = PIECE.length * PIECES;
const DIGEST = (() => {
  const hash = createHash('sha256');
  for (let i = 0; i < PIECES; i++) hash.update(PIECE);
  return hash.digest('hex');
})();
const GROWTH_KB = 24 << 10;

async function writeAll(socket, isChunked) {
  for (let i = 0; i < PIECES && !socket.destroyed; i++) {
    if (isChunked) socket.write(`${PIECE.length.toString(16)}\r\n`);
    if (!socket.write(PIECE)) await once(socket, 'drain');
    if (isChunked) socket.write('\r\n');
  }
  if (isChunked) socket.write('0\r\n\r\n');
}

const framed = (isChunked) => (isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${TOTAL}`);

// Instrumented builds keep freed memory for themselves: there the bound would say nothing.
function assertSmall(before, after) {
  if (process.env.JWTGATE_SLOWNESS > 1) return;
  assert.ok(after.most - before.now < GROWTH_KB, `memory grew by ${after.most - before.now} kB`);
}

for (const isChunked of [false, true]) {
  const name = isChunked ? 'chunked' : 'of a known length';
  test(`64 MiB up, ${name}`, async (t) => {
    const stand = await startStand(t);
    await stand.get();
    const before = stand.gateway.memory();
    const client = await stand.connect();
    client.write(`PUT /up HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${stand.issuer.token()}\r\n${framed(isChunked)}\r\n\r\n`);
    await writeAll(client.socket, isChunked);
    assert.equal((await client.answer({ limit_ms: 30000 })).status, 200);
    const request = stand.backend.requests[1];
    assert.equal(request.bytes, TOTAL);
    assert.equal(request.hash.digest('hex'), DIGEST);
    assert.equal(request.framing, isChunked ? 'chunked' : 'length');
    assertSmall(before, stand.gateway.memory());
    client.destroy();
  });

  test(`64 MiB down, ${name}`, async (t) => {
    const stand = await startStand(t, {
      handler: async (request, conn) => {
        await request.whole;
        if (request.target !== '/down') return conn.write(answerBytes());
        conn.write(`HTTP/1.1 200 OK\r\n${framed(isChunked)}\r\n\r\n`);
        return writeAll(conn, isChunked);
      },
    });
    await stand.get();
    const before = stand.gateway.memory();
    const answer = await stand.get('/down', { limit_ms: 30000 });
    assert.equal(answer.isWhole, true);
    assert.equal(answer.bytes, TOTAL);
    assert.equal(answer.hash.digest('hex'), DIGEST);
    assertSmall(before, stand.gateway.memory());
  });
}
