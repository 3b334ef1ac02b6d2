// SPDX-License-Identifier: Apache-2.0
// Reads HTTP/1.1 from a socket as strictly as RFC 9112 is written.  Client and backend of the tests share it, so that
// whatever the gateway writes, to either side, is held to one rule.

const CRLF = '\r\n';

export class Malformed extends Error {}

// Fields from their lines; what two readers could take differently is refused.
export function fieldsOf(lines) {
  return lines.map((line) => {
    const match = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\0\r\n]*?)[ \t]*$/.exec(line);
    if (!match) throw new Malformed(`no field line: ${JSON.stringify(line)}`);
    return [match[1], match[2]];
  });
}

// The other way: the lines of { name: value or list }, or of a list of [name, value].
export function fieldLines(fields) {
  const pairs = Array.isArray(fields) ? fields : Object.entries(fields);
  return pairs.flatMap(([name, values]) => [values].flat().map((value) => `${name}: ${value}`));
}

export class Reader {
  #pieces = [];
  #have = 0;
  #isEnded = false;
  #wake = () => {};

  constructor(socket) {
    this.socket = socket;
    socket.on('data', (piece) => {
      this.#pieces.push(piece);
      this.#have += piece.length;
      if (this.#have > 1 << 20) socket.pause(); // until someone reads
      this.#wake();
    });
    for (const event of ['end', 'error', 'close']) {
      socket.on(event, () => {
        this.#isEnded = true;
        this.#wake();
      });
    }
  }

  // Bytes that arrived and were not read.
  get rest() {
    if (this.#pieces.length !== 1) this.#pieces = [Buffer.concat(this.#pieces)];
    return this.#pieces[0];
  }

  get isEnded() {
    return this.#isEnded;
  }

  async #more() {
    if (this.#isEnded) return false;
    this.socket.resume();
    await new Promise((resolve) => (this.#wake = resolve));
    return true;
  }

  #drop(count) {
    const rest = this.rest.subarray(count);
    this.#pieces = rest.length ? [rest] : [];
    this.#have = rest.length;
  }

  // Lines of the next head, without their ends; undefined when the peer ended before a first byte.
  async head() {
    for (;;) {
      const end = this.rest.indexOf(CRLF + CRLF);
      if (end >= 0) {
        const text = this.rest.subarray(0, end).toString('latin1');
        this.raw = Buffer.from(this.rest.subarray(0, end + 4));
        this.#drop(end + 4);
        if (/(^|[^\r])\n|\r(?!\n)|\0/.test(text)) throw new Malformed(`bare CR, LF or NUL: ${JSON.stringify(text)}`);
        return text.split(CRLF);
      }
      if (!(await this.#more()) && !this.rest.includes(CRLF + CRLF)) {
        if (this.#have === 0) return undefined;
        throw new Malformed(`ended within a head: ${JSON.stringify(this.rest.toString('latin1').slice(0, 200))}`);
      }
    }
  }

  async #line() {
    for (;;) {
      const end = this.rest.indexOf(CRLF);
      if (end >= 0) {
        const line = this.rest.subarray(0, end).toString('latin1');
        this.#drop(end + 2);
        return line;
      }
      if (!(await this.#more()) && !this.rest.includes(CRLF)) return undefined;
    }
  }

  // Hands `count` bytes on as they come; false when the peer ended before.
  async #bytes(count, take) {
    let left = count;
    while (left > 0) {
      if (this.#have === 0 && !(await this.#more()) && this.#have === 0) return false;
      const piece = this.#pieces.shift();
      if (piece === undefined) continue;
      const used = piece.subarray(0, left);
      if (used.length < piece.length) this.#pieces.unshift(piece.subarray(used.length));
      this.#have -= used.length;
      left -= used.length;
      if (used.length) take(used);
    }
    return true;
  }

  async #chunked(take) {
    for (;;) {
      const line = await this.#line();
      if (line === undefined) return false;
      if (!/^[0-9A-Fa-f]{1,12}$/.test(line)) throw new Malformed(`no chunk size: ${JSON.stringify(line)}`);
      const size = parseInt(line, 16);
      if (!(await this.#bytes(size, take))) return false;
      if (size > 0) {
        const after = await this.#line();
        if (after === undefined) return false;
        if (after !== '') throw new Malformed(`bytes after a chunk: ${JSON.stringify(after)}`);
        continue;
      }
      for (let trailer = await this.#line(); trailer !== ''; trailer = await this.#line()) {
        if (trailer === undefined) return false;
        this.trailers = [...(this.trailers ?? []), trailer];
      }
      return true;
    }
  }

  // Reads a body framed by 'none', 'length', 'chunked' or 'close'; true when it arrived whole.
  async body(framing, length, take) {
    switch (framing) {
      case 'none': return true;
      case 'length': return this.#bytes(length, take);
      case 'chunked': return this.#chunked(take);
      case 'close':
        while (await this.#bytes(1, take));
        return true;
      default: throw new Error(framing);
    }
  }

  // Resolves when the peer has closed its side; what still comes before is kept.
  async ended() {
    while (await this.#more());
  }
}
