// SPDX-License-Identifier: Apache-2.0
// Goal: frames, states of streams, header compression and flow control are held to RFC 9113 and RFC 7541: each row sends what a
// client may not, and names the error that the section demands; its neighbours are right and are answered.
import assert from 'node:assert/strict';
import test from 'node:test';
import { answerBytes } from './harness/backend.mjs';
import {
  ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, H2_LISTENER, HEADERS, PADDED, PING, PREFACE, PRIORITY, PUSH_PROMISE, RST_STREAM,
  SETTINGS, WINDOW_UPDATE, block, connectH2, frame, indexed, literal, remembered, request, settings, u32,
} from './harness/h2.mjs';
import { startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

const GET = block(request());
const POST = block(request({ ':method': 'POST' }));
const get = (id, more = 0) => frame(HEADERS, END_HEADERS | END_STREAM | more, id, GET);
const post = (id) => frame(HEADERS, END_HEADERS, id, POST);

// [section, what, frames, expected]: 200 on stream 1, { goaway: code }, or { reset: code } on stream 1.
const FRAMES = [
  ['4.1', 'a plain request', [get(1)], 200],
  ['4.1', 'an unknown type of frame is passed over', [frame(0x2a, 0xff, 0, 'x'), get(1)], 200],
  ['4.1', 'unknown flags are passed over', [get(1, 0x42)], 200],
  ['4.1', 'the reserved bit of a stream number is passed over', [frame(HEADERS, END_HEADERS | END_STREAM, 0x80000001, GET)], 200],
  ['4.2', 'a frame of 16384 bytes', [post(1), frame(DATA, END_STREAM, 1, 'a'.repeat(16384))], 200],
  ['4.2', 'a DATA frame of 16385 bytes', [post(1), frame(DATA, END_STREAM, 1, 'a'.repeat(16385))], { goaway: 'FRAME_SIZE_ERROR' }],
  ['4.2', 'a HEADERS frame of 16385 bytes', [frame(HEADERS, END_HEADERS, 1, 'a'.repeat(16385))], { goaway: 'FRAME_SIZE_ERROR' }],
  ['4.3', 'a block that cannot be decompressed', [frame(HEADERS, END_HEADERS | END_STREAM, 1, '\xff\xff\xff\xff\xff\xff')], { goaway: 'COMPRESSION_ERROR' }],
  ['4.3', 'another stream inside a block', [frame(HEADERS, 0, 1, GET), get(3)], { goaway: 'PROTOCOL_ERROR' }],
  ['4.3', 'PRIORITY inside a block', [frame(HEADERS, 0, 1, GET), frame(PRIORITY, 0, 1, [0, 0, 0, 0, 1])], { goaway: 'PROTOCOL_ERROR' }],
  ['5.1.1', 'an even stream number', [get(2)], { goaway: 'PROTOCOL_ERROR' }],
  ['5.1.1', 'a lower stream number than before', [get(1), get(5), get(3)], { goaway: 'PROTOCOL_ERROR' }],
  ['5.1', 'DATA on an idle stream', [frame(DATA, END_STREAM, 1, 'a')], { goaway: 'PROTOCOL_ERROR' }],
  ['5.1', 'RST_STREAM on an idle stream', [frame(RST_STREAM, 0, 1, u32(8))], { goaway: 'PROTOCOL_ERROR' }],
  ['5.1', 'WINDOW_UPDATE on an idle stream', [frame(WINDOW_UPDATE, 0, 1, u32(1))], { goaway: 'PROTOCOL_ERROR' }],
  ['5.1', 'CONTINUATION on an idle stream', [frame(CONTINUATION, END_HEADERS, 1, GET)], { goaway: 'PROTOCOL_ERROR' }],
  ['5.1', 'DATA after END_STREAM', [get(1), frame(DATA, END_STREAM, 1, 'a')], { either: 'STREAM_CLOSED' }],
  ['5.1', 'HEADERS after END_STREAM', [get(1), get(1)], { either: 'STREAM_CLOSED' }],
  ['5.1', 'CONTINUATION after END_HEADERS', [get(1), frame(CONTINUATION, END_HEADERS, 1, GET)], { goaway: 'PROTOCOL_ERROR' }],
  ['5.1', 'PRIORITY on an idle stream is no error', [frame(PRIORITY, 0, 7, [0, 0, 0, 0, 1]), get(1)], 200],
  ['6.1', 'DATA on stream 0', [frame(DATA, 0, 0, 'a')], { goaway: 'PROTOCOL_ERROR' }],
  ['6.1', 'padding is no part of the body', [post(1), frame(DATA, END_STREAM | PADDED, 1, '\x03abc\0\0\0')], 200],
  ['6.1', 'padding as long as the frame', [post(1), frame(DATA, END_STREAM | PADDED, 1, '\x04abc')], { goaway: 'PROTOCOL_ERROR' }],
  ['6.2', 'HEADERS on stream 0', [frame(HEADERS, END_HEADERS | END_STREAM, 0, GET)], { goaway: 'PROTOCOL_ERROR' }],
  ['6.2', 'padding longer than the HEADERS frame', [frame(HEADERS, END_HEADERS | END_STREAM | PADDED, 1, Buffer.concat([Buffer.from([255]), GET]))], { goaway: 'PROTOCOL_ERROR' }],
  ['6.3', 'PRIORITY on stream 0', [frame(PRIORITY, 0, 0, [0, 0, 0, 0, 1])], { goaway: 'PROTOCOL_ERROR' }],
  ['6.3', 'PRIORITY of another length', [frame(PRIORITY, 0, 1, [0, 0, 0, 1])], { goaway: 'FRAME_SIZE_ERROR' }],
  ['6.4', 'RST_STREAM on stream 0', [frame(RST_STREAM, 0, 0, u32(8))], { goaway: 'PROTOCOL_ERROR' }],
  ['6.4', 'RST_STREAM of another length', [post(1), frame(RST_STREAM, 0, 1, [0, 0, 8])], { goaway: 'FRAME_SIZE_ERROR' }],
  ['6.5', 'SETTINGS with ACK and a payload', [frame(SETTINGS, ACK, 0, '\0')], { goaway: 'FRAME_SIZE_ERROR' }],
  ['6.5', 'SETTINGS on a stream', [frame(SETTINGS, 0, 1)], { goaway: 'PROTOCOL_ERROR' }],
  ['6.5', 'SETTINGS of a length that is no multiple of 6', [frame(SETTINGS, 0, 0, '\0\0\0')], { goaway: 'FRAME_SIZE_ERROR' }],
  ['6.5.2', 'an unknown setting is passed over', [settings([0xff, 1]), get(1)], 200],
  ['6.5.2', 'ENABLE_PUSH of 2', [settings([2, 2])], { goaway: 'PROTOCOL_ERROR' }],
  ['6.5.2', 'INITIAL_WINDOW_SIZE of 2^31', [settings([4, 0x80000000])], { goaway: 'FLOW_CONTROL_ERROR' }],
  ['6.5.2', 'MAX_FRAME_SIZE of 16383', [settings([5, 16383])], { goaway: 'PROTOCOL_ERROR' }],
  ['6.5.2', 'MAX_FRAME_SIZE of 2^24', [settings([5, 1 << 24])], { goaway: 'PROTOCOL_ERROR' }],
  ['6.6', 'PUSH_PROMISE from a client', [post(1), frame(PUSH_PROMISE, END_HEADERS, 1, Buffer.concat([u32(2), GET]))], { goaway: 'PROTOCOL_ERROR' }],
  ['6.7', 'PING on a stream', [frame(PING, 0, 1, '12345678')], { goaway: 'PROTOCOL_ERROR' }],
  ['6.7', 'PING of another length', [frame(PING, 0, 0, '123456')], { goaway: 'FRAME_SIZE_ERROR' }],
  ['6.8', 'GOAWAY on a stream', [frame(GOAWAY, 0, 1, u32(0, 0))], { goaway: 'PROTOCOL_ERROR' }],
  ['6.8', 'GOAWAY ends nothing that is under way', [get(1), frame(GOAWAY, 0, 0, u32(0, 0))], 200],
  ['6.9', 'a window that grows by nothing', [frame(WINDOW_UPDATE, 0, 0, u32(0))], { goaway: 'PROTOCOL_ERROR' }],
  ['6.9', "a stream's window that grows by nothing", [post(1), frame(WINDOW_UPDATE, 0, 1, u32(0))], { goaway: 'PROTOCOL_ERROR' }],
  ['6.9', 'WINDOW_UPDATE of another length', [frame(WINDOW_UPDATE, 0, 0, [0, 0, 1])], { goaway: 'FRAME_SIZE_ERROR' }],
  ['6.9.1', 'a window above 2^31 - 1', [frame(WINDOW_UPDATE, 0, 0, u32(0x7fffffff))], { goaway: 'FLOW_CONTROL_ERROR' }],
  ['6.9.1', "a stream's window above 2^31 - 1", [post(1), frame(WINDOW_UPDATE, 0, 1, u32(0x7fffffff))], { reset: 'FLOW_CONTROL_ERROR' }],
  ['6.9.2', 'a setting that makes a window overflow', [post(1), frame(WINDOW_UPDATE, 0, 1, u32(0x7fff0000)), settings([4, 0x7fffffff])], { either: 'FLOW_CONTROL_ERROR' }],
  ['6.10', 'a block in two frames', [frame(HEADERS, END_STREAM, 1, GET.subarray(0, 9)), frame(CONTINUATION, END_HEADERS, 1, GET.subarray(9))], 200],
  ['6.10', 'CONTINUATION on stream 0', [frame(HEADERS, END_STREAM, 1, GET), frame(CONTINUATION, END_HEADERS, 0, '')], { goaway: 'PROTOCOL_ERROR' }],
  ['6.10', 'CONTINUATION of another stream', [frame(HEADERS, END_STREAM, 1, GET), frame(CONTINUATION, END_HEADERS, 3, '')], { goaway: 'PROTOCOL_ERROR' }],
  ['6.10', 'DATA in place of CONTINUATION', [frame(HEADERS, 0, 1, GET), frame(DATA, END_STREAM, 1, 'a')], { goaway: 'PROTOCOL_ERROR' }],
];

const head = (...parts) => [frame(HEADERS, END_HEADERS | END_STREAM, 1, Buffer.concat(parts))];
const again = (...parts) => frame(HEADERS, END_HEADERS | END_STREAM, 3, Buffer.concat(parts));
const PSEUDO = [indexed(2), indexed(6), indexed(4), literal([':authority', 'api.test'])];

// RFC 7541
const COMPRESSION = [
  ['2.3.3', 'fields of the static table', head(...PSEUDO), 200],
  ['2.3.3', 'a field of the dynamic table', [...head(...PSEUDO, remembered(['x-a', '1'])), again(...PSEUDO, indexed(62))], 200],
  ['2.3.3', 'an index that stands in no table', head(...PSEUDO, indexed(70)), { goaway: 'COMPRESSION_ERROR' }],
  ['6.1', 'index 0', head(...PSEUDO, indexed(0)), { goaway: 'COMPRESSION_ERROR' }],
  ['4.2', 'a smaller table at the begin of a block', head(Buffer.from([0x20]), ...PSEUDO), 200],
  ['4.2', 'a change of the table inside a block', head(...PSEUDO, Buffer.from([0x20])), { goaway: 'COMPRESSION_ERROR' }],
  ['6.3', 'a table larger than the setting', head(Buffer.from([0x3f, 0xff, 0xff, 0x03]), ...PSEUDO), { goaway: 'COMPRESSION_ERROR' }],
  ['5.2', 'a text longer than the block', head(...PSEUDO, Buffer.from([0, 1, 0x78, 0x7f])), { goaway: 'COMPRESSION_ERROR' }],
  ['5.2', 'Huffman padding of more than 7 bits', head(...PSEUDO, Buffer.from([0, 1, 0x78, 0x82, 0x1f, 0xff])), { goaway: 'COMPRESSION_ERROR' }],
  ['5.2', 'Huffman padding of zeros', head(...PSEUDO, Buffer.from([0, 1, 0x78, 0x81, 0x18])), { goaway: 'COMPRESSION_ERROR' }],
  ['5.2', 'the end of string symbol', head(...PSEUDO, Buffer.from([0, 1, 0x78, 0x84, 0xff, 0xff, 0xff, 0xff])), { goaway: 'COMPRESSION_ERROR' }],
  ['5.1', 'an index of more than 32 bits', head(...PSEUDO, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f])), { goaway: 'COMPRESSION_ERROR' }],
];

async function assertSo(client, expected) {
  if (expected === 200) {
    assert.equal((await client.answer(1)).status, 200, client.told());
  } else if (expected.goaway) {
    assert.equal((await client.goaway()).code, expected.goaway, client.told());
    await client.closing();
  } else if (expected.reset) {
    assert.equal((await client.reset(1)).code, expected.reset, client.told());
    client.ask(request(), { id: 101 });
    assert.equal((await client.answer(101)).status, 200, 'the connection goes on');
  } else {
    const isError = (one) => (one.type === RST_STREAM || one.type === GOAWAY) && one.code !== 'NO_ERROR';
    assert.equal((await client.frame('an error', isError)).code, expected.either, client.told());
  }
}

async function runTable(t, rfc, table) {
  const stand = await startStand(t, { route: { policy: 'none' }, config: { listeners: [H2_LISTENER] } });
  for (const [section, what, frames, expected] of table)
    await t.test(`RFC ${rfc} ${section}: ${what}`, async () => {
      const client = await connectH2(stand.gateway.port);
      client.send(...frames);
      await assertSo(client, expected);
      client.destroy();
    });
}

test('frames and states of streams', (t) => runTable(t, 9113, FRAMES));
test('header compression', (t) => runTable(t, 7541, COMPRESSION));

test('RFC 9113 3.4: the preface', async (t) => {
  const stand = await startStand(t, { route: { policy: 'none' }, config: { listeners: [H2_LISTENER] } });
  const { port } = stand.gateway;

  await t.test('in single bytes', async () => {
    const client = await connectH2(port, { hello: '', acks: false });
    for (const byte of Buffer.concat([PREFACE, settings(), get(1)])) {
      client.send([byte]);
      await new Promise(setImmediate);
    }
    assert.equal((await client.answer(1)).status, 200);
    client.destroy();
  });

  await t.test('without SETTINGS behind it', async () => {
    const client = await connectH2(port, { hello: Buffer.concat([PREFACE, get(1)]) });
    assert.equal((await client.goaway()).code, 'PROTOCOL_ERROR');
    await client.closing();
  });

  await t.test('SETTINGS come first from the gateway, and are acknowledged', async () => {
    const client = await connectH2(port);
    await client.frame('SETTINGS with ACK', ({ type, flags }) => type === SETTINGS && flags === ACK);
    assert.equal(client.frames[0].type, SETTINGS);
    const found = new Map();
    for (let at = 0; at < client.frames[0].payload.length; at += 6)
      found.set(client.frames[0].payload.readUInt16BE(at), client.frames[0].payload.readUInt32BE(at + 2));
    assert.deepEqual([...found], [[3, 100], [4, 131072], [6, 65536], [9, 1]]);
    client.destroy();
  });

  for (const [what, bytes] of [['another ending', 'PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n'], ['a request for PRI', 'PRI / HTTP/1.1\r\nHost: x\r\n\r\n']])
    await t.test(`${what} is HTTP/1, and refused`, async () => {
      const client = await stand.connect();
      client.write(bytes);
      assert.ok([400, 501, 505].includes((await client.answer()).status));
      client.destroy();
    });

  await t.test('a request of HTTP/1 on the same listener', async () => assert.equal((await stand.get()).status, 200));
});

test('PING is answered with its content, at once', async (t) => {
  const stand = await startStand(t, { route: { policy: 'none' }, config: { listeners: [H2_LISTENER] } });
  const client = await connectH2(stand.gateway.port);
  await client.read();
  client.destroy();
});

for (const acks of [false, true]) {
  const when = acks ? 'also by a client that knows it' : 'before the client knows it';
  test(`RFC 9113 5.1.2: more streams at the same time than limits.streams are refused, ${when}`, async (t) => {
    const held = [];
    const stand = await startStand(t, {
      route: { policy: 'none' },
      config: { listeners: [H2_LISTENER], limits: { streams: 3 } },
      handler: (request, conn) => void held.push(conn),
    });
    const client = await connectH2(stand.gateway.port, { acks });
    const told = await client.frame('SETTINGS', ({ type, flags }) => type === SETTINGS && !(flags & ACK));
    assert.equal(told.payload.readUInt32BE(2), 3);
    await client.read();
    for (const id of [1, 3, 5, 7]) client.ask(request(), { id });
    assert.equal((await client.reset(7)).code, 'REFUSED_STREAM');
    await client.read();
    assert.equal(client.frames.filter(({ type }) => type === RST_STREAM).length, 1);
    await until('the others at the backend', () => held.length === 3);
    held[0].write(answerBytes());
    await until('an answer', () => [1, 3, 5].some((id) => client.of(id, HEADERS).length > 0));
    await client.read();
    client.ask(request(), { id: 9 }); // there is room again
    await until('it at the backend', () => held.length === 4);
    client.destroy();
  });
}
