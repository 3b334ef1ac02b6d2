// SPDX-License-Identifier: Apache-2.0
// Attack: a backend, or who speaks through one, answers so that two readers see two messages: what cannot be framed in one way is a
// 502, its connection is not used again, and nothing that came behind becomes the answer to another request.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Malformed } from './harness/reader.mjs';
import { startStand } from './harness/stand.mjs';

const OK = 'HTTP/1.1 200 OK\r\n';
const POISON = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison';
const sized = (fields, body = 'hello') => `${OK}${fields}\r\n\r\n${body}`;
const chunked = (chunks, fields = 'Transfer-Encoding: chunked') => `${OK}${fields}\r\n\r\n${chunks}`;
const BROKEN = 'broken'; // 502, or a message that is plainly cut: part of the body may have gone on
const long = (count, of = 'a') => of.repeat(count);

// [name, bytes, what the client gets: a body that passes, 502, or BROKEN, { reuse: whether the connection may serve the next one }]
const CASES = {
  'status line': [
    ['plain', sized('Content-Length: 5'), 'hello', { reuse: true }],
    ['without a phrase', 'HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello', 'hello', { reuse: true }],
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello', 'hello'],
    ['another protocol', 'HTTQ/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', 502],
    ['small letters', 'http/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', 502],
    ['HTTP/1.2', 'HTTP/1.2 200 OK\r\nContent-Length: 5\r\n\r\nhello', 502],
    ['HTTP/2', 'HTTP/2 200 OK\r\nContent-Length: 5\r\n\r\nhello', 502],
    ['HTTP/0.9', 'hello\r\n\r\n', 502],
    ['two blanks', 'HTTP/1.1  200 OK\r\nContent-Length: 5\r\n\r\nhello', 502],
    ['a tab', 'HTTP/1.1\t200 OK\r\nContent-Length: 5\r\n\r\nhello', 502],
    ['no status', 'HTTP/1.1 OK\r\nContent-Length: 5\r\n\r\nhello', 502],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\nContent-Length: 5\r\n\r\nhello', 502],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\nContent-Length: 5\r\n\r\nhello', 502],
    ['a status below 100', 'HTTP/1.1 099 OK\r\nContent-Length: 5\r\n\r\nhello', 502],
    ['a status above 599', 'HTTP/1.1 600 OK\r\nContent-Length: 5\r\n\r\nhello', 502],
    ['a status with a sign', 'HTTP/1.1 +20 OK\r\nContent-Length: 5\r\n\r\nhello', 502],
    ['a bare LF behind it', 'HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\nhello', 502],
    ['a NUL in the phrase', 'HTTP/1.1 200 O\0K\r\nContent-Length: 5\r\n\r\nhello', 502],
    ['a bare CR in the phrase', 'HTTP/1.1 200 O\rK\r\nContent-Length: 5\r\n\r\nhello', 502],
    ['empty lines before it', '\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', 502],
  ],
  'Content-Length': [
    ['with a leading zero', sized('Content-Length: 05'), 'hello', { reuse: true }],
    ['with blanks around', sized('Content-Length: \t5 '), 'hello', { reuse: true }],
    ['twice, different', sized('Content-Length: 5\r\nContent-Length: 6'), 502],
    ['twice, equal', sized('Content-Length: 5\r\nContent-Length: 5'), 502],
    ['as a list', sized('Content-Length: 5, 5'), 502],
    ['with a sign', sized('Content-Length: +5'), 502],
    ['negative', sized('Content-Length: -1'), 502],
    ['in hex', sized('Content-Length: 0x5'), 502],
    ['with junk', sized('Content-Length: 5a'), 502],
    ['with a separator', sized('Content-Length: 0_5'), 502],
    ['empty', sized('Content-Length: '), 502],
    ['2^64 + 5', sized('Content-Length: 18446744073709551621'), 502],
    ['2^63', sized('Content-Length: 9223372036854775808'), 502],
    ['blank before the colon', sized('Content-Length : 5'), 502],
    ['folded', sized('Content-Length:\r\n 5'), 502],
  ],
  'Transfer-Encoding': [
    ['chunked', chunked('5\r\nhello\r\n0\r\n\r\n'), 'hello', { reuse: true }],
    ['letter case', chunked('5\r\nhello\r\n0\r\n\r\n', 'transfer-ENCODING: Chunked'), 'hello', { reuse: true }],
    ['beside Content-Length', chunked('5\r\nhello\r\n0\r\n\r\n', 'Content-Length: 5\r\nTransfer-Encoding: chunked'), 502],
    ['before Content-Length', chunked('5\r\nhello\r\n0\r\n\r\n', 'Transfer-Encoding: chunked\r\nContent-Length: 15'), 502],
    ['in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n', 502],
    ['twice', chunked('5\r\nhello\r\n0\r\n\r\n', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked'), 502],
    ['chunked, chunked', chunked('5\r\nhello\r\n0\r\n\r\n', 'Transfer-Encoding: chunked, chunked'), 502],
    ['gzip, chunked', chunked('5\r\nhello\r\n0\r\n\r\n', 'Transfer-Encoding: gzip, chunked'), 502],
    ['chunked, identity', chunked('5\r\nhello\r\n0\r\n\r\n', 'Transfer-Encoding: chunked, identity'), 502],
    ['identity', chunked('hello', 'Transfer-Encoding: identity'), 502],
    ['gzip', chunked('hello', 'Transfer-Encoding: gzip'), 502],
    ['xchunked', chunked('5\r\nhello\r\n0\r\n\r\n', 'Transfer-Encoding: xchunked'), 502],
    ['quoted', chunked('5\r\nhello\r\n0\r\n\r\n', 'Transfer-Encoding: "chunked"'), 502],
    ['an empty element', chunked('5\r\nhello\r\n0\r\n\r\n', 'Transfer-Encoding: ,chunked'), 502],
    ['empty', chunked('5\r\nhello\r\n0\r\n\r\n', 'Transfer-Encoding: '), 502],
    ['a vertical tab', chunked('5\r\nhello\r\n0\r\n\r\n', 'Transfer-Encoding: \x0bchunked'), 502],
    ['a high byte', chunked('5\r\nhello\r\n0\r\n\r\n', 'Transfer-Encoding: \xffchunked'), 502],
    ['blank before the colon', chunked('5\r\nhello\r\n0\r\n\r\n', 'Transfer-Encoding : chunked'), 502],
    ['folded', chunked('5\r\nhello\r\n0\r\n\r\n', 'Transfer-Encoding:\r\n chunked'), 502],
    ['behind a bare CR', chunked('5\r\nhello\r\n0\r\n\r\n', 'X: y\rTransfer-Encoding: chunked'), 502],
  ],
  chunks: [
    ['several', chunked('2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n'), 'hello', { reuse: true }],
    ['size in capitals with zeros', chunked('000A\r\nhellohello\r\n0\r\n\r\n'), 'hellohello', { reuse: true }],
    ['an extension', chunked('5;a=b;c="d"\r\nhello\r\n0\r\n\r\n'), 'hello', { reuse: true }],
    ['trailers, which stop here', chunked('5\r\nhello\r\n0\r\nX-Sum: 1\r\nContent-Length: 9\r\n\r\n'), 'hello', { reuse: true }],
    ['a size with 0x', chunked('0x5\r\nhello\r\n0\r\n\r\n'), BROKEN],
    ['an empty size', chunked('\r\nhello\r\n0\r\n\r\n'), BROKEN],
    ['a size that is none', chunked('hello\r\nhello\r\n0\r\n\r\n'), BROKEN],
    ['a size with a sign', chunked('+5\r\nhello\r\n0\r\n\r\n'), BROKEN],
    ['a size with a blank before', chunked(' 5\r\nhello\r\n0\r\n\r\n'), BROKEN],
    ['a size of 17 digits', chunked('10000000000000005\r\nhello\r\n0\r\n\r\n'), BROKEN],
    ['a size of 2^64 - 1', chunked('ffffffffffffffff\r\nhello\r\n0\r\n\r\n'), BROKEN],
    ['zeros without end', chunked(`${long(3000, '0')}5\r\nhello\r\n0\r\n\r\n`), BROKEN],
    ['a bare LF behind the size', chunked('5\nhello\r\n0\r\n\r\n'), BROKEN],
    ['a bare LF in an extension', chunked('5;a\nb\r\nhello\r\n0\r\n\r\n'), BROKEN],
    ['a bare CR in an extension', chunked('5;a\rb\r\nhello\r\n0\r\n\r\n'), BROKEN],
    ['a NUL in an extension', chunked('5;a\0b\r\nhello\r\n0\r\n\r\n'), BROKEN],
    ['an extension without end', chunked(`5;${long(3000)}\r\nhello\r\n0\r\n\r\n`), BROKEN],
    ['an extension without a semicolon', chunked('5 a\r\nhello\r\n0\r\n\r\n'), BROKEN],
    ['a bare LF behind the data', chunked('5\r\nhello\n0\r\n\r\n'), BROKEN],
    ['data too long', chunked('5\r\nhelloo\r\n0\r\n\r\n'), BROKEN],
    ['data too short', chunked('6\r\nhello\r\n0\r\n\r\n'), BROKEN],
    ['junk in place of the end', chunked('5\r\nhello\r\n0\r\nxx\r\n'), BROKEN],
    ['junk in place of the end, then silence', chunked('5\r\nhello\r\n0\r\nxx'), BROKEN, { closes: true }],
    ['a bare LF in a trailer', chunked('5\r\nhello\r\n0\r\nX: y\n\r\n'), BROKEN],
    ['a trailer that is no field', chunked('5\r\nhello\r\n0\r\nxyz\r\n\r\n'), BROKEN],
    ['trailers without end', chunked(`5\r\nhello\r\n0\r\n${long(2000, `X: ${long(60)}\r\n`)}\r\n`), BROKEN],
  ],
  fields: [
    ['an empty value', sized('X:\r\nContent-Length: 5'), 'hello', { reuse: true }],
    ['bytes beyond ASCII', sized('X: \xe9\r\nContent-Length: 5'), 'hello', { reuse: true }],
    ['a folded line', sized('X: y\r\n z\r\nContent-Length: 5'), 502],
    ['a line folded by a tab', sized('X: y\r\n\tz\r\nContent-Length: 5'), 502],
    ['white space before the first', sized(' X: y\r\nContent-Length: 5'), 502],
    ['NUL in a value', sized('X: a\0b\r\nContent-Length: 5'), 502],
    ['CR in a value', sized('X: a\rb\r\nContent-Length: 5'), 502],
    ['LF as the end of a line', sized('X: a\nContent-Length: 5'), 502],
    ['CR CR LF', sized('X: a\r\r\nContent-Length: 5'), 502],
    ['a control character in a value', sized('X: a\x01b\r\nContent-Length: 5'), 502],
    ['DEL in a name', sized('X\x7f: a\r\nContent-Length: 5'), 502],
    ['a blank in a name', sized('X Y: a\r\nContent-Length: 5'), 502],
    ['an empty name', sized(': a\r\nContent-Length: 5'), 502],
    ['no colon', sized('X\r\nContent-Length: 5'), 502],
    ['a bare LF as the empty line', `${OK}Content-Length: 5\r\n\nhello`, 502],
    ['the most that is read', sized(`X: ${long(60000)}\r\nContent-Length: 5`), 'hello', { reuse: true }],
    ['a field too large', sized(`X: ${long(70000)}\r\nContent-Length: 5`), 502],
    ['a head without end', OK + long(2000, `X: ${long(60)}\r\n`), 502],
    ['too many fields', sized(`${long(400, 'X: y\r\n')}Content-Length: 5`), 502],
  ],
  'interim answers': [
    ['one', `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${sized('Content-Length: 5')}`, 'hello', { reuse: true }],
    ['as many as are read', long(16, 'HTTP/1.1 102 Processing\r\n\r\n') + sized('Content-Length: 5'), 'hello', { reuse: true }],
    ['more than that', long(17, 'HTTP/1.1 102 Processing\r\n\r\n') + sized('Content-Length: 5'), 502],
    ['without end', long(5000, 'HTTP/1.1 100 Continue\r\n\r\n'), 502],
    ['101 unasked', `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n${sized('Content-Length: 5')}`, 502],
    ['with a body of its own', `HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\nhello${sized('Content-Length: 5')}`, 502],
    ['with two lengths', `HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n${sized('Content-Length: 5')}`, 502],
    ['malformed', `HTTP/1.1 103 Early Hints\r\nX : y\r\n\r\n${sized('Content-Length: 5')}`, 502],
  ],
  'what comes behind': [
    ['another answer, unasked', sized('Content-Length: 5') + POISON, 'hello'],
    ['another answer behind chunks', chunked('5\r\nhello\r\n0\r\n\r\n') + POISON, 'hello'],
    ['a byte', `${sized('Content-Length: 5')}x`, 'hello'],
    ['another answer behind 204', `HTTP/1.1 204 No Content\r\n\r\n${POISON}`, ''],
    ['a body behind 204', 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello', ''],
    ['chunks behind 304', 'HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n', ''],
  ],
  'cut short (the backend closes)': [
    ['until the close is a whole message', `${OK}\r\nhello`, 'hello', { closes: true }],
    ['nothing', '', 502, { closes: true }],
    ['within the status line', 'HTTP/1.1 20', 502, { closes: true }],
    ['within the head', `${OK}Content-Length: 5\r\n`, 502, { closes: true }],
    ['behind an interim answer', 'HTTP/1.1 103 Early Hints\r\n\r\n', 502, { closes: true }],
    ['within a body of known length', sized('Content-Length: 6'), BROKEN, { closes: true }],
    ['within a chunk', chunked('5\r\nhel'), BROKEN, { closes: true }],
    ['before the last chunk', chunked('5\r\nhello\r\n'), BROKEN, { closes: true }],
    ['before the end of the trailers', chunked('5\r\nhello\r\n0\r\nX: y\r\n'), BROKEN, { closes: true }],
    ['before the last empty line', chunked('5\r\nhello\r\n0\r\n'), BROKEN, { closes: true }],
  ],
};

// The first request is answered with the case, the others as they should be.
async function startAnswering(t) {
  let next;
  const stand = await startStand(t, { config: { workers: 1 }, handler: async (request, conn) => {
    await request.whole;
    if (request.target !== '/case') {
      conn.write(sized('Content-Length: 5', 'after'));
      return;
    }
    conn.write(Buffer.from(next.bytes, 'latin1'), () => next.closes && conn.end());
  } });
  return Object.assign(stand, { answerWith: (bytes, closes) => (next = { bytes, closes }) });
}

async function ask(stand, client) {
  client.write(`GET /case HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${stand.issuer.token()}\r\n\r\n`);
  try {
    return await client.answer();
  } catch (error) {
    if (error instanceof Malformed) return undefined; // the connection ended within the answer
    throw error;
  }
}

function assertAnswer(answer, expected) {
  if (expected === 502) {
    assert.equal(answer?.status, 502);
  } else if (expected === BROKEN) {
    assert.ok(!answer || answer.status === 502 || !answer.isWhole, `it looks whole: ${answer?.status} ${answer?.text}`);
  } else {
    assert.ok(answer.status === 200 || answer.bytes === 0);
    assert.deepEqual([answer.text, answer.isWhole], [expected, true]);
  }
}

const runs = (group) => async (t) => {
  const stand = await startAnswering(t);
  for (const [name, bytes, expected, { closes = false, reuse = false } = {}] of CASES[group]) {
    await t.test(name, async () => {
      stand.answerWith(bytes, closes);
      const first = await stand.connect();
      assertAnswer(await ask(stand, first), expected);
      first.destroy();
      const { connection } = stand.backend.requests.at(-1);
      const second = await stand.get('/after');
      assert.equal(second.text, 'after');
      const isReused = stand.backend.requests.at(-1).connection === connection;
      assert.equal(isReused, reuse, isReused ? 'its connection was used again' : 'its connection was given up');
      assert.deepEqual(stand.backend.malformed, []);
    });
  }
};

test('status line', runs('status line'));
test('Content-Length', runs('Content-Length'));
test('Transfer-Encoding', runs('Transfer-Encoding'));
test('chunks', runs('chunks'));
test('fields', runs('fields'));
test('interim answers', runs('interim answers'));
test('what comes behind', runs('what comes behind'));
test('cut short (the backend closes)', runs('cut short (the backend closes)'));

test('each case in single bytes comes to the same', async (t) => {
  let bytes;
  const stand = await startStand(t, { config: { workers: 1 }, handler: async (request, conn) => {
    await request.whole;
    for (let i = 0; i < bytes.length && !conn.destroyed; i++) {
      conn.write(Buffer.from(bytes[i], 'latin1'));
      await new Promise(setImmediate);
    }
  } });
  for (const [group, cases] of Object.entries(CASES)) {
    for (const [name, all, expected, { closes = false } = {}] of cases) {
      if (closes || all.length > 400 || group === 'what comes behind') continue;
      bytes = all;
      const client = await stand.connect();
      try {
        assertAnswer(await ask(stand, client), expected);
      } catch (error) {
        error.message = `${group}, ${name}: ${error.message}`;
        throw error;
      }
      client.destroy();
    }
  }
});
