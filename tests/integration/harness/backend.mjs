// SPDX-License-Identifier: Apache-2.0
// A backend made of a bare socket: it records exactly what reached it and answers as the test says.
import { createHash } from 'node:crypto';
import net from 'node:net';
import { Malformed, Reader, fieldLines, fieldsOf } from './reader.mjs';
import { until } from './until.mjs';

class Received {
  constructor(lines, raw) {
    const match = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e]+) HTTP\/1\.([01])$/.exec(lines[0]);
    if (!match) throw new Malformed(`no request line: ${JSON.stringify(lines[0])}`);
    [this.line, this.method, this.target] = match;
    this.raw = raw;
    this.fields = fieldsOf(lines.slice(1));
    this.bytes = 0;
    this.hash = createHash('sha256');
    this.chunks = [];
    this.framing = this.#framing();
  }

  #framing() {
    const coding = this.all('transfer-encoding');
    const length = this.all('content-length');
    if (this.all('host').length !== 1) throw new Malformed('not exactly one Host');
    if (coding.length + length.length > 1) throw new Malformed('two framings');
    if (coding.length === 1 && coding[0] !== 'chunked') throw new Malformed(`coding ${coding[0]}`);
    if (length.length === 1 && !/^\d+$/.test(length[0])) throw new Malformed(`length ${length[0]}`);
    return coding.length ? 'chunked' : length.length ? 'length' : 'none';
  }

  all(name) {
    return this.fields.filter(([n]) => n.toLowerCase() === name).map(([, value]) => value);
  }

  field(name) {
    return this.all(name)[0];
  }

  has(name) {
    return this.all(name).length > 0;
  }

  take(piece) {
    this.bytes += piece.length;
    this.hash.update(piece);
    if (this.bytes <= 1 << 20) this.chunks.push(piece);
  }

  get body() {
    return Buffer.concat(this.chunks);
  }
}

// `fields` is { name: value or list }, or a list of [name, value] where the order of repeated names matters.
export function answerBytes({ status = 200, phrase = 'OK', fields = {}, body = '' } = {}) {
  const lines = [`HTTP/1.1 ${status} ${phrase}`];
  lines.push(...fieldLines(fields));
  const content = Buffer.from(body);
  if (status !== 204 && status !== 304) lines.push(`Content-Length: ${content.length}`);
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), content]);
}

// The default: the whole request is read, then answered.
async function plain(request, conn) {
  if (request.has('expect')) conn.write('HTTP/1.1 100 Continue\r\n\r\n');
  if (await request.whole) conn.write(answerBytes({ fields: { 'Content-Type': 'text/plain' }, body: 'ok' }));
}

class Backend {
  // Heads in the order of their arrival; what was malformed; connections ever accepted.
  requests = [];
  malformed = [];
  accepted = 0;
  sockets = new Set();
  handler = plain;

  constructor() {
    this.server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#serve(socket));
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  // Open connections of this moment.
  get open() {
    return this.sockets.size;
  }

  // The n-th request (from 0), once its head is there.
  request(n = 0) {
    return until(`request ${n} at the backend`, () => this.requests[n]);
  }

  answer(answer) {
    this.handler = async (request, conn) => {
      if (await request.whole) conn.write(answerBytes(answer));
    };
  }

  async #serve(socket) {
    this.accepted++;
    this.sockets.add(socket);
    socket.id = this.accepted;
    socket.on('error', () => {});
    socket.on('close', () => this.sockets.delete(socket));
    const reader = new Reader(socket);
    try {
      while (await this.#one(socket, reader));
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.malformed.push(error.message);
    }
    if (reader.rest.length > 0) this.malformed.push(`left over: ${JSON.stringify(reader.rest.toString('latin1').slice(0, 200))}`);
    socket.end();
  }

  async #one(socket, reader) {
    const lines = await reader.head();
    if (!lines) return false;
    const request = new Received(lines, reader.raw);
    request.socket = socket;
    request.connection = socket.id;
    request.whole = reader.body(request.framing, Number(request.field('content-length')), (piece) => request.take(piece));
    request.whole.then((whole) => (request.isWhole = whole), () => {});
    this.requests.push(request);
    await this.handler(request, socket);
    return (await request.whole) && !socket.destroyed;
  }

  listen(port = 0) {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', () => {
        this.port = this.server.address().port;
        resolve(this);
      });
    });
  }

  // Closes every connection that is open now; the port stays.
  dropAll() {
    for (const socket of this.sockets) socket.destroy();
  }

  async stop() {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.dropAll();
    await closed;
  }
}

export async function startBackend(t, handler) {
  const backend = await new Backend().listen();
  if (handler) backend.handler = handler;
  t.after(() => backend.stop());
  return backend;
}
