// SPDX-License-Identifier: Apache-2.0
// A client of HTTP/2 that sends any frames it is told to, right or wrong, and records what comes back.
//
// Heads are written as literals without Huffman code; of answers only the status is read, since the gateway is asked for an empty
// dynamic table.  Whole clients (Node, curl, nghttp) are tried in h2_peers.mjs.
import net from 'node:net';
import { until } from './until.mjs';

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
export const DATA = 0, HEADERS = 1, PRIORITY = 2, RST_STREAM = 3, SETTINGS = 4, PUSH_PROMISE = 5, PING = 6, GOAWAY = 7,
  WINDOW_UPDATE = 8, CONTINUATION = 9;
export const END_STREAM = 1, ACK = 1, END_HEADERS = 4, PADDED = 8;
export const CODES = ['NO_ERROR', 'PROTOCOL_ERROR', 'INTERNAL_ERROR', 'FLOW_CONTROL_ERROR', 'SETTINGS_TIMEOUT', 'STREAM_CLOSED',
  'FRAME_SIZE_ERROR', 'REFUSED_STREAM', 'CANCEL', 'COMPRESSION_ERROR', 'CONNECT_ERROR', 'ENHANCE_YOUR_CALM'];

export function u32(...numbers) {
  const bytes = Buffer.alloc(4 * numbers.length);
  numbers.forEach((number, i) => bytes.writeUInt32BE(number, 4 * i));
  return bytes;
}

export function frame(type, flags, stream, payload = '') {
  const body = Buffer.from(payload, 'latin1');
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, body]);
}

// A setting is [identifier, value].
export const settings = (...entries) =>
  frame(SETTINGS, 0, 0, Buffer.concat(entries.map(([id, value]) => Buffer.concat([Buffer.from([id >> 8, id & 255]), u32(value)]))));

// RFC 7541 5.1
function integer(value, prefix, first = 0) {
  const most = (1 << prefix) - 1;
  if (value < most) return Buffer.from([first | value]);
  const bytes = [first | most];
  for (value -= most; value >= 128; value >>= 7) bytes.push((value & 127) | 128);
  return Buffer.from([...bytes, value]);
}

const text = (value) => {
  const bytes = Buffer.from(value, 'latin1');
  return Buffer.concat([integer(bytes.length, 7), bytes]);
};

// RFC 7541 6.2.2: a literal that is not indexed.
export const literal = ([name, value]) => Buffer.concat([Buffer.from([0]), text(name), text(value)]);
// RFC 7541 6.2.1: one that is, to be named by `indexed` later.
export const remembered = ([name, value]) => Buffer.concat([Buffer.from([0x40]), text(name), text(value)]);
export const indexed = (index) => integer(index, 7, 0x80);
export const block = (fields) => Buffer.concat(fields.map(literal));

// The fields of a plain request; `changes` replaces pseudo fields (undefined: left out), `more` come behind.
export function request(changes = {}, more = []) {
  const pseudo = { ':method': 'GET', ':scheme': 'http', ':path': '/', ':authority': 'api.test', ...changes };
  return [...Object.entries(pseudo).filter(([, value]) => value !== undefined), ...more];
}

const INDEXED_STATUS = { 8: 200, 9: 204, 10: 206, 11: 304, 12: 400, 13: 404, 14: 500 };
const DIGITS = { '00000': 0, '00001': 1, '00010': 2, '011001': 3, '011010': 4, '011011': 5, '011100': 6, '011101': 7, '011110': 8,
  '011111': 9 };

function digitsOf(bytes) {
  let code = '', digits = '';
  for (const bit of [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')) {
    code += bit;
    if (!(code in DIGITS)) continue;
    digits += DIGITS[code];
    code = '';
  }
  return Number(digits);
}

// The status that a block of an answer begins with.
function statusOf(bytes) {
  let at = 0;
  while ((bytes[at] & 0xe0) === 0x20) at++; // the table's size
  if (bytes[at] & 0x80) return INDEXED_STATUS[bytes[at] & 0x7f];
  const isCoded = bytes[at + 1] & 0x80;
  const value = bytes.subarray(at + 2, at + 2 + (bytes[at + 1] & 0x7f));
  return isCoded ? digitsOf(value) : Number(value.toString('latin1'));
}

class Connection {
  frames = [];
  isClosed = false;
  rest = Buffer.alloc(0);
  nextStream = 1;

  constructor(socket) {
    this.socket = socket;
    socket.on('data', (bytes) => this.#take(bytes)).on('error', () => {}).on('close', () => (this.isClosed = true));
    socket.on('end', () => (this.isEnded = true));
  }

  #take(bytes) {
    this.rest = Buffer.concat([this.rest, bytes]);
    while (this.rest.length >= 9 && this.rest.length >= 9 + this.rest.readUIntBE(0, 3)) {
      const length = this.rest.readUIntBE(0, 3);
      const [type, flags, stream] = [this.rest[3], this.rest[4], this.rest.readUInt32BE(5)];
      this.#note({ type, flags, stream, payload: this.rest.subarray(9, 9 + length) });
      this.rest = this.rest.subarray(9 + length);
    }
  }

  #note(one) {
    if (one.type === SETTINGS && !(one.flags & ACK) && this.acks !== false) this.send(frame(SETTINGS, ACK, 0));
    if (one.type === RST_STREAM) one.code = CODES[one.payload.readUInt32BE(0)];
    if (one.type === GOAWAY) Object.assign(one, { last: one.payload.readUInt32BE(0), code: CODES[one.payload.readUInt32BE(4)] });
    if (one.type === HEADERS) one.status = statusOf(one.payload);
    this.frames.push(one);
  }

  send(...parts) {
    if (!this.socket.destroyed) this.socket.write(Buffer.concat(parts.map((part) => Buffer.from(part))));
    return this;
  }

  // Sends a request's head; returns its stream.
  ask(fields = request(), { end = true, id = this.nextStream } = {}) {
    this.nextStream = id + 2;
    this.send(frame(HEADERS, END_HEADERS | (end ? END_STREAM : 0), id, block(fields)));
    return id;
  }

  of(stream, type) {
    return this.frames.filter((one) => one.stream === stream && (type === undefined || one.type === type));
  }

  // Waits for a frame that is so.
  frame(what, isSo, limit_ms) {
    return until(what, () => {
      const found = this.frames.find(isSo);
      if (!found && this.isClosed) throw new Error(`closed before ${what}: ${this.told()}`);
      return found;
    }, limit_ms);
  }

  told() {
    return this.frames.map(({ type, stream, flags, code, status }) => `${type}/${stream}/${flags}${code ? ` ${code}` : ''}${status ? ` ${status}` : ''}`).join(', ');
  }

  goaway(limit_ms) {
    return this.frame('GOAWAY', ({ type }) => type === GOAWAY, limit_ms);
  }

  reset(stream, limit_ms) {
    return this.frame(`RST_STREAM on ${stream}`, (one) => one.type === RST_STREAM && one.stream === stream, limit_ms);
  }

  // The end of a stream: { status, body, code } with the code of a reset, if it came to that.
  async answer(stream, limit_ms) {
    const isEnd = (one) => one.stream === stream && (one.type === RST_STREAM || ((one.type === DATA || one.type === HEADERS) && one.flags & END_STREAM));
    const last = await this.frame(`the answer on ${stream}`, isEnd, limit_ms);
    const head = this.of(stream, HEADERS).find(({ status }) => status >= 200);
    const body = Buffer.concat(this.of(stream, DATA).map(({ payload }) => payload));
    return { status: head?.status, body, code: last.code };
  }

  // A PING that comes back says that all before it was read.
  async read() {
    const mark = Buffer.from(`ping${String(this.frames.length).padStart(4, '0')}`);
    this.send(frame(PING, 0, 0, mark));
    await this.frame('the answer to PING', (one) => one.type === PING && one.flags & ACK && one.payload.equals(mark));
  }

  closing(limit_ms) {
    return until('the end of the connection', () => this.isClosed || this.isEnded, limit_ms);
  }

  destroy() {
    this.socket.destroy();
  }
}

// Connects and says hello, unless told otherwise.
export async function connectH2(port, { hello = Buffer.concat([PREFACE, settings([1, 0])]), ...more } = {}) {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return Object.assign(helloH2(socket, hello), more);
}

// The same on a socket that is there.
export function helloH2(socket, hello = Buffer.concat([PREFACE, settings([1, 0])])) {
  const connection = new Connection(socket);
  connection.send(hello);
  return connection;
}

// A listener that takes it without TLS.
export const H2_LISTENER = { bind: '127.0.0.1:0', http2: 'prior-knowledge' };
