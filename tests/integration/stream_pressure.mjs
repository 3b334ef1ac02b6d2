// SPDX-License-Identifier: Apache-2.0
// Goal: a side that does not read stops the side that writes; the gateway never holds what lies between.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

const PIECE = Buffer.alloc(64 << 10, 7);
const TOTAL = 256 << 20;
const HELD_MAX = 48 << 20; // the kernel's buffers of two connections, far above the gateway's own share

// Writes up to TOTAL bytes, as fast as they are taken; `stuck` tells that nothing is taken any more.
function pour(socket) {
  const flow = { sent: 0, isOver: false };
  const more = () => {
    while (flow.sent < TOTAL && !socket.destroyed) {
      flow.sent += PIECE.length;
      if (!socket.write(PIECE)) return socket.once('drain', more);
    }
    flow.isOver = true;
    return undefined;
  };
  more();
  let last = -1;
  let same = 0;
  flow.stuck = () => {
    same = flow.sent === last ? same + 1 : 0;
    last = flow.sent;
    return same >= 40;
  };
  return flow;
}

function assertHeldBack(stand, flow, before) {
  assert.ok(flow.sent < HELD_MAX, `${flow.sent} bytes were taken from the writer`);
  if (process.env.JWTGATE_SLOWNESS > 1) return;
  const grown = stand.gateway.memory().now - before.now;
  assert.ok(grown < 8 << 10, `memory grew by ${grown} kB`);
}

test('a client that does not read holds back the backend', async (t) => {
  let flow;
  const stand = await startStand(t, {
    handler: (_, conn) => {
      conn.write(`HTTP/1.1 200 OK\r\nContent-Length: ${TOTAL}\r\n\r\n`);
      flow = pour(conn);
    },
  });
  const before = stand.gateway.memory();
  const client = await stand.connect();
  client.socket.pause();
  client.write(`GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${stand.issuer.token()}\r\n\r\n`);
  await until('the backend to be stuck', () => flow?.stuck());
  assertHeldBack(stand, flow, before);
  client.destroy();
  await until('the end of the backend connection', () => stand.backend.open === 0);
});

test('a backend that does not read holds back the client', async (t) => {
  const stand = await startStand(t, { handler: (_, conn) => conn.pause() });
  const before = stand.gateway.memory();
  const client = await stand.connect();
  client.write(`PUT / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${stand.issuer.token()}\r\nContent-Length: ${TOTAL}\r\n\r\n`);
  const flow = pour(client.socket);
  await until('the client to be stuck', () => flow.stuck());
  assertHeldBack(stand, flow, before);
  client.destroy();
  for (const socket of stand.backend.sockets) socket.resume();
  await until('the end of the backend connection', () => stand.backend.open === 0);
  assert.equal(stand.backend.requests[0].isWhole, false, 'a broken message was ended as if it were whole');
});
