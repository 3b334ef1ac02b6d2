// SPDX-License-Identifier: Apache-2.0
// A client made of a bare socket: it sends exactly the bytes it is given and reads answers without forgiving anything.
import { createHash } from 'node:crypto';
import net from 'node:net';
import tls from 'node:tls';
import { within } from './until.mjs';
import { Reader, fieldLines, fieldsOf } from './reader.mjs';

const BODILESS = (status, method) => method === 'HEAD' || status === 204 || status === 304 || (status >= 100 && status < 200);

export class Answer {
  constructor(line, fields) {
    const match = /^HTTP\/1\.([01]) (\d{3}) ([^\r\n]*)$/.exec(line);
    if (!match) throw new Error(`no status line: ${JSON.stringify(line)}`);
    this.version = `1.${match[1]}`;
    this.status = Number(match[2]);
    this.phrase = match[3];
    this.fields = fields;
    this.interims = [];
    this.isWhole = false;
    this.bytes = 0;
    this.hash = createHash('sha256');
    this.chunks = [];
  }

  all(name) {
    return this.fields.filter(([n]) => n.toLowerCase() === name).map(([, value]) => value);
  }

  field(name) {
    return this.all(name)[0];
  }

  take(piece) {
    this.bytes += piece.length;
    this.hash.update(piece);
    if (this.bytes <= 1 << 20) this.chunks.push(piece);
  }

  get body() {
    return Buffer.concat(this.chunks);
  }

  get text() {
    return this.body.toString();
  }
}

export class Client {
  constructor(socket) {
    this.socket = socket;
    this.reader = new Reader(socket);
    this.closed = new Promise((resolve) => socket.once('close', resolve));
  }

  // Resolves when the bytes were handed to the kernel.
  write(bytes) {
    return new Promise((resolve) => this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes, resolve));
  }

  // The head of the next answer, interim or final; its body is not read yet.
  async head() {
    const lines = await this.reader.head();
    return lines && new Answer(lines[0], fieldsOf(lines.slice(1)));
  }

  // The next final answer with its body; undefined when the peer closed without one.  An answer cut short comes back
  // with isWhole false.
  async answer({ method = 'GET', limit_ms } = {}) {
    return within('an answer', this.#answer(method), limit_ms);
  }

  async #answer(method) {
    const interims = [];
    let answer = await this.head();
    while (answer && answer.status < 200) {
      interims.push(answer);
      answer = await this.head();
    }
    if (!answer) return undefined;
    answer.interims = interims;
    answer.framing = BODILESS(answer.status, method) ? 'none' : framingOf(answer);
    answer.isWhole = await this.reader.body(answer.framing, Number(answer.field('content-length')), (piece) => answer.take(piece));
    return answer;
  }

  // Waits until the gateway has closed; rejects when it does not.
  async closing(limit_ms) {
    await within('the close of the connection', this.reader.ended(), limit_ms);
  }

  end() {
    this.socket.end();
  }

  destroy() {
    this.socket.destroy();
  }
}

function framingOf(answer) {
  const coding = answer.all('transfer-encoding');
  const length = answer.all('content-length');
  if (coding.length + length.length > 1) throw new Error('an answer with two framings');
  if (coding.length === 1) {
    if (coding[0].toLowerCase() !== 'chunked') throw new Error(`an answer in the coding ${coding[0]}`);
    return 'chunked';
  }
  return length.length === 1 ? 'length' : 'close';
}

// A plain socket that has sent `first` before anything else is done with it.
async function begun(to, first) {
  const socket = net.connect(to);
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  await new Promise((resolve) => socket.write(first, resolve));
  return socket;
}

// Connects to a port of loopback, or to a unix socket by its path; `options.tls` are options of tls.connect, `options.first`
// bytes to send before TLS.
export async function connect(port, options = {}) {
  const to = typeof port === 'string' ? { path: port } : { port, host: '127.0.0.1' };
  const under = options.first && options.tls ? { socket: await begun(to, options.first), host: '127.0.0.1' } : to;
  const socket = options.tls ? tls.connect({ ...under, ...options.tls })
    : net.connect({ ...to, allowHalfOpen: true, noDelay: true });
  if (options.first && !options.tls) socket.write(options.first);
  await new Promise((resolve, reject) => {
    socket.once(options.tls ? 'secureConnect' : 'connect', resolve);
    socket.once('error', reject);
  });
  socket.on('error', () => {});
  return new Client(socket);
}

// The bytes of a request.  `fields` is { name: value or list }, or a list of [name, value]; it is sent after Host and
// Authorization.
export function requestBytes({ method = 'GET', target = '/', host = 'gateway.test', token, fields = {}, body } = {}) {
  const lines = [`${method} ${target} HTTP/1.1`];
  if (host !== null) lines.push(`Host: ${host}`);
  if (token !== undefined) lines.push(`Authorization: Bearer ${token}`);
  lines.push(...fieldLines(fields));
  const content = body === undefined ? Buffer.alloc(0) : Buffer.from(body);
  if (body !== undefined) lines.push(`Content-Length: ${content.length}`);
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), content]);
}

// One request on a connection of its own, and its answer.
export async function send(port, request = {}) {
  const client = await connect(port, request);
  try {
    await client.write(requestBytes(request));
    return await client.answer({ method: request.method, limit_ms: request.limit_ms });
  } finally {
    client.destroy();
  }
}
