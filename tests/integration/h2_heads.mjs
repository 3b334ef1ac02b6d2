// SPDX-License-Identifier: Apache-2.0
// Attack: heads of HTTP/2 that mean something else once they are written as HTTP/1.1.  What is malformed resets its stream (RFC 9113
// 8.1.1), what is merely wrong is answered as in HTTP/1; neither reaches the backend, which takes nothing but clear messages, and the
// connection goes on.  Each row has neighbours that pass.
import assert from 'node:assert/strict';
import test from 'node:test';
import { CONTINUATION, DATA, END_HEADERS, END_STREAM, H2_LISTENER, HEADERS, block, connectH2, frame, request } from './harness/h2.mjs';
import { startStand } from './harness/stand.mjs';

const MALFORMED = { reset: 'PROTOCOL_ERROR' };
const more = (...fields) => request({}, fields);
const pseudo = (changes) => request(changes);
const post = (...fields) => request({ ':method': 'POST' }, fields);
const raw = (...fields) => fields;
const ORDERED = [[':method', 'GET'], [':scheme', 'http'], [':authority', 'api.test'], [':path', '/']];

// [what, fields, expected status or reset]
const TABLES = {
  'content-length against the DATA frames (H2.CL)': [
    ['3 for 3 bytes', post(['content-length', '3']), 200, 'abc'],
    ['none for 3 bytes', post(), 200, 'abc'],
    ['2 for 3 bytes', post(['content-length', '2']), MALFORMED, 'abc'],
    ['3 for 3 bytes and an empty frame', post(['content-length', '3']), 200, ['ab', 'c', '']],
    ['2 for 3 bytes, the last one by itself', post(['content-length', '2']), MALFORMED, ['ab', 'c']],
    ['4 for 3 bytes', post(['content-length', '4']), MALFORMED, 'abc'],
    ['0 for 3 bytes', post(['content-length', '0']), MALFORMED, 'abc'],
    ['3 for no body', post(['content-length', '3']), MALFORMED],
    ['0 for no body', post(['content-length', '0']), 200],
    ['twice the same', post(['content-length', '3'], ['content-length', '3']), MALFORMED, 'abc'],
    ['twice, different', post(['content-length', '3'], ['content-length', '4']), MALFORMED, 'abc'],
    ['no number', post(['content-length', '+3']), MALFORMED, 'abc'],
    ['more than 64 bits', post(['content-length', '18446744073709551619']), MALFORMED, 'abc'],
    ['a list', post(['content-length', '3, 3']), MALFORMED, 'abc'],
  ],
  'fields of a connection (H2.TE)': [
    ['transfer-encoding: chunked', post(['transfer-encoding', 'chunked']), MALFORMED, '0\r\n\r\n'],
    ['transfer-encoding: identity', post(['transfer-encoding', 'identity']), MALFORMED, 'abc'],
    ['transfer_encoding is another field', post(['transfer_encoding', 'chunked']), 200, 'abc'],
    ['connection', more(['connection', 'close']), MALFORMED],
    ['connection: authorization', more(['connection', 'authorization']), MALFORMED],
    ['keep-alive', more(['keep-alive', 'timeout=5']), MALFORMED],
    ['proxy-connection', more(['proxy-connection', 'keep-alive']), MALFORMED],
    ['upgrade', more(['upgrade', 'websocket']), MALFORMED],
    ['upgrade: h2c', more(['upgrade', 'h2c']), MALFORMED],
    ['te: gzip', more(['te', 'gzip']), MALFORMED],
    ['te: trailers, chunked', more(['te', 'trailers, chunked']), MALFORMED],
    ['te: trailers', more(['te', 'trailers']), 200],
  ],
  'bytes of values': [
    ['CR', more(['x-a', 'a\rb']), MALFORMED],
    ['LF', more(['x-a', 'a\nb']), MALFORMED],
    ['a line', more(['x-a', 'a\r\nx-injected: 1']), MALFORMED],
    ['a whole request', more(['x-a', 'a\r\n\r\nGET /other HTTP/1.1\r\nHost: x\r\n\r\n']), MALFORMED],
    ['NUL', more(['x-a', 'a\0b']), MALFORMED],
    ['DEL', more(['x-a', 'a\x7fb']), MALFORMED],
    ['a blank at the begin', more(['x-a', ' a']), MALFORMED],
    ['a blank at the end', more(['x-a', 'a ']), MALFORMED],
    ['a tab at the end', more(['x-a', 'a\t']), MALFORMED],
    ['a blank inside', more(['x-a', 'a b']), 200],
    ['nothing', more(['x-a', '']), 200],
    ['bytes above ASCII', more(['x-a', 'a\xe4b']), 200],
  ],
  'bytes of names': [
    ['upper case', more(['X-a', '1']), MALFORMED],
    ['upper case in authorization', more(['Authorization', 'Bearer x']), MALFORMED],
    ['a colon', more(['x:a', '1']), MALFORMED],
    ['a colon at the end', more(['transfer-encoding:', 'chunked']), MALFORMED],
    ['a blank', more(['x a', '1']), MALFORMED],
    ['a blank at the end', more(['content-length ', '3']), MALFORMED],
    ['CR LF', more(['x\r\nhost', '1']), MALFORMED],
    ['a line', more(['x-a: 1\r\nx-injected', '1']), MALFORMED],
    ['NUL', more(['x\0a', '1']), MALFORMED],
    ['nothing', more(['', '1']), MALFORMED],
    ['bytes above ASCII', more(['x-\xe4', '1']), MALFORMED],
    ['all that a token may have', more(["x!#$%&'*+-.^_`|~0", '1']), 200],
  ],
  'bytes of pseudo fields': [
    ['CR LF in :path', pseudo({ ':path': '/ HTTP/1.1\r\nx-injected: 1' }), MALFORMED],
    ['a blank in :path', pseudo({ ':path': '/a b' }), MALFORMED],
    ['no slash before :path', pseudo({ ':path': 'a' }), MALFORMED],
    ['an empty :path', pseudo({ ':path': '' }), MALFORMED],
    ['an absolute URL in :path', pseudo({ ':path': 'http://api.test/' }), MALFORMED],
    ['`*` in :path', pseudo({ ':path': '*' }), MALFORMED],
    ['`*` in :path of OPTIONS', pseudo({ ':path': '*', ':method': 'OPTIONS' }), 404],
    ['a fragment in :path', pseudo({ ':path': '/a#b' }), 400],
    ['a backslash in :path', pseudo({ ':path': '/a\\b' }), 400],
    ['bytes above ASCII in :path', pseudo({ ':path': '/\xe4' }), 400],
    ['dots in :path', pseudo({ ':path': '/a/%2e%2e/b' }), 400],
    ['a query in :path', pseudo({ ':path': '/a?b=c&d=%20' }), 200],
    ['CR LF in :method', pseudo({ ':method': 'GET / HTTP/1.1\r\nx-injected: 1\r\n\r\nGET' }), MALFORMED],
    ['a blank in :method', pseudo({ ':method': 'GET /other' }), MALFORMED],
    ['an empty :method', pseudo({ ':method': '' }), MALFORMED],
    ['a :method that nobody knows', pseudo({ ':method': 'FOO' }), 501],
    ['a :method in small letters', pseudo({ ':method': 'get' }), 501],
    ['TRACE', pseudo({ ':method': 'TRACE' }), 405],
    ['CONNECT', pseudo({ ':method': 'CONNECT', ':scheme': undefined, ':path': undefined, ':authority': 'api.test:443' }), 405],
    ['CONNECT with :path', pseudo({ ':method': 'CONNECT' }), MALFORMED],
    ['CONNECT with :protocol', pseudo({ ':method': 'CONNECT', ':protocol': 'websocket' }), MALFORMED],
    ['CR LF in :authority', pseudo({ ':authority': 'api.test\r\nx-injected: 1' }), MALFORMED],
    ['a blank in :authority', pseudo({ ':authority': 'api.test x' }), MALFORMED],
    ['user information in :authority', pseudo({ ':authority': 'user@api.test' }), [400, 'PROTOCOL_ERROR']],
    ['a path in :authority', pseudo({ ':authority': 'api.test/x' }), [400, 'PROTOCOL_ERROR']],
    ['a port in :authority', pseudo({ ':authority': 'api.test:8080' }), 200],
    ['CR LF in :scheme', pseudo({ ':scheme': 'http\r\nx: 1' }), MALFORMED],
    ['a blank in :scheme', pseudo({ ':scheme': 'http ' }), MALFORMED],
    [':scheme ftp', pseudo({ ':scheme': 'ftp' }), 400],
    [':scheme https', pseudo({ ':scheme': 'https' }), 200],
  ],
  'pseudo fields': [
    ['in any order', raw(...ORDERED), 200],
    ['no :method', pseudo({ ':method': undefined }), MALFORMED],
    ['no :scheme', pseudo({ ':scheme': undefined }), MALFORMED],
    ['no :path', pseudo({ ':path': undefined }), MALFORMED],
    [':method twice', more([':method', 'POST']).sort(([a], [b]) => (a < b ? -1 : 1)), MALFORMED],
    [':path twice', raw(...ORDERED, [':path', '/other']), MALFORMED],
    [':authority twice', raw(...ORDERED, [':authority', 'api.test']), MALFORMED],
    ['one that nobody knows', raw(...ORDERED, [':foo', '1']), MALFORMED],
    [':status', raw(...ORDERED, [':status', '200']), MALFORMED],
    ['behind a field', raw(...ORDERED.slice(0, 3), ['x-a', '1'], ORDERED[3]), MALFORMED],
  ],
  'host and :authority': [
    ['both, the same', more(['host', 'api.test']), 200],
    ['both, in other letters', more(['host', 'API.test']), 200],
    ['both, different', more(['host', 'other.test']), 400],
    ['both, different ports', more(['host', 'api.test:81']), 400],
    ['host alone', pseudo({ ':authority': undefined }).concat([['host', 'api.test']]), 200],
    ['neither', pseudo({ ':authority': undefined }), MALFORMED],
    ['host twice', pseudo({ ':authority': undefined }).concat([['host', 'api.test'], ['host', 'api.test']]), MALFORMED],
    ['an empty host', pseudo({ ':authority': undefined }).concat([['host', '']]), [400, 'PROTOCOL_ERROR']],
  ],
  expectations: [
    ['100-continue without a body', more(['expect', '100-continue']), 200],
    ['another one', more(['expect', 'tea']), 417],
  ],
};

async function seen(client, fields, body) {
  const id = client.ask(fields, { end: body === undefined });
  const pieces = body === undefined ? [] : [body].flat();
  pieces.forEach((piece, i) => client.send(frame(DATA, i === pieces.length - 1 ? END_STREAM : 0, id, piece)));
  return client.answer(id);
}

function assertSo(answer, expected, told) {
  if (expected.reset) assert.equal(answer.code, expected.reset, told);
  else if (Array.isArray(expected)) assert.ok(expected.includes(answer.status) || expected.includes(answer.code), told);
  else assert.equal(answer.status, expected, told);
}

async function startPublic(t, options = {}) {
  return startStand(t, { route: { policy: 'none' }, config: { listeners: [H2_LISTENER] }, ...options });
}

// Tries the table that has the test's name.
async function tryTable(t) {
  const stand = await startPublic(t);
  const client = await connectH2(stand.gateway.port);
  for (const [what, fields, expected, body] of TABLES[t.name])
    await t.test(what, async () => {
      const before = stand.backend.requests.length;
      assertSo(await seen(client, fields, body), expected, client.told());
      assert.deepEqual(stand.backend.malformed, []);
      const got = stand.backend.requests.slice(before);
      if (expected === 200) {
        assert.equal(got.length, 1);
        assert.equal(got[0].body.toString(), [body ?? ''].flat().join(''));
        assert.ok(!got[0].has('x-injected'));
      } else {
        assert.deepEqual(got.filter(({ isWhole }) => isWhole), [], 'a whole request reached the backend');
      }
      client.ask();
      assert.equal((await client.answer(client.nextStream - 2)).status, 200, 'the connection goes on');
    });
  client.destroy();
}

test('content-length against the DATA frames (H2.CL)', tryTable);
test('fields of a connection (H2.TE)', tryTable);
test('bytes of values', tryTable);
test('bytes of names', tryTable);
test('bytes of pseudo fields', tryTable);
test('pseudo fields', tryTable);
test('host and :authority', tryTable);
test('expectations', tryTable);

test('what goes on is written afresh', async (t) => {
  const stand = await startPublic(t);
  const client = await connectH2(stand.gateway.port);
  const got = async (fields) => {
    assert.equal((await seen(client, fields)).status, 200);
    return stand.backend.requests.at(-1);
  };

  await t.test('path and query byte for byte, one Host, Via with the version', async () => {
    const request = await got(pseudo({ ':path': '/a%20b//c?x=%2F&y' }));
    assert.equal(request.target, '/a%20b//c?x=%2F&y');
    assert.match(request.field('via'), /2\.0 jwtgate$/);
    assert.equal(request.field('x-forwarded-host'), 'api.test');
    assert.equal(request.framing, 'none');
  });

  await t.test('several cookie fields are one', async () => {
    assert.deepEqual((await got(more(['cookie', 'a=1'], ['x-a', '1'], ['cookie', 'b=2'], ['cookie', 'c=3']))).all('cookie'), ['a=1; b=2; c=3']);
    assert.deepEqual((await got(more(['cookie', 'a=1; b=2']))).all('cookie'), ['a=1; b=2']);
  });

  await t.test('te stays here', async () => assert.ok(!(await got(more(['te', 'trailers']))).has('te')));

  await t.test('trailers are checked and dropped', async () => {
    const id = client.ask(post(['trailer', 'x-sum']), { end: false });
    client.send(frame(DATA, 0, id, 'abc'), frame(HEADERS, END_HEADERS | END_STREAM, id, block([['x-sum', '1'], ['authorization', 'x']])));
    assert.equal((await client.answer(id)).status, 200);
    const request = stand.backend.requests.at(-1);
    assert.equal(request.body.toString(), 'abc');
    assert.ok(!request.has('x-sum') && !request.has('trailer') && !request.has('authorization'));
  });

  const BAD_TRAILERS = [
    ['a pseudo field', [[':path', '/other']], END_STREAM],
    ['a field of a connection', [['transfer-encoding', 'chunked']], END_STREAM],
    ['upper case', [['X-Sum', '1']], END_STREAM],
    ['no END_STREAM', [['x-sum', '1']], 0],
  ];
  for (const [what, fields, flag] of BAD_TRAILERS)
    await t.test(`trailers with ${what} reset the stream`, async () => {
      const id = client.ask(post(), { end: false });
      client.send(frame(DATA, 0, id, 'abc'), frame(HEADERS, END_HEADERS | flag, id, block(fields)));
      assert.equal((await client.answer(id)).code, 'PROTOCOL_ERROR');
      assert.ok(stand.backend.requests.at(-1).isWhole !== true);
    });
  client.destroy();
});

test('credentials', async (t) => {
  const stand = await startStand(t, { config: { listeners: [H2_LISTENER] } });
  const client = await connectH2(stand.gateway.port);
  const status = async (...fields) => (await seen(client, more(...fields))).status;
  const good = ['authorization', `Bearer ${stand.issuer.token()}`];

  await t.test('one token passes', async () => assert.equal(await status(good), 200));
  await t.test('none is refused', async () => assert.equal(await status(), 401));
  await t.test('several authorization fields are refused', async () => {
    assert.ok([400, 401].includes(await status(good, good)));
    assert.ok([400, 401].includes(await status(good, ['authorization', 'Bearer x'])));
    assert.ok([400, 401].includes(await status(['authorization', 'Bearer x'], good)));
  });
  await t.test('each stream is judged by its own token', async () => {
    const [first, second, third] = [client.ask(more(good)), client.ask(), client.ask(more(good))];
    const statuses = await Promise.all([first, second, third].map(async (id) => (await client.answer(id)).status));
    assert.deepEqual(statuses, [200, 401, 200]);
  });
  await t.test('a token in a trailer does not count', async () => {
    const id = client.ask(post(), { end: false });
    client.send(frame(DATA, 0, id, 'abc'), frame(HEADERS, END_HEADERS | END_STREAM, id, block([good])));
    assert.equal((await client.answer(id)).status, 401);
  });
  assert.equal(stand.backend.requests.length, 3);
  client.destroy();
});

test('limits are those of HTTP/1, and answered', async (t) => {
  const limits = { head: '8KiB', field: '2KiB', fields: 20, target: '1KiB', body: '4KiB' };
  const stand = await startPublic(t, { config: { listeners: [H2_LISTENER], limits } });
  const client = await connectH2(stand.gateway.port);
  const many = (count) => Array.from({ length: count }, (_, i) => [`x-${i}`, '1']);
  const wide = (count) => Array.from({ length: count }, (_, i) => [`x-${i}`, 'a'.repeat(1000)]);
  const ROWS = [
    ['a target as long as it may be', pseudo({ ':path': `/${'a'.repeat(1023)}` }), 200],
    ['a target one byte longer', pseudo({ ':path': `/${'a'.repeat(1024)}` }), 414],
    ['a target and a head too long', pseudo({ ':path': `/${'a'.repeat(9000)}` }), 414],
    ['a field as long as it may be', more(['x-a', 'a'.repeat(2048 - 7)]), 200],
    ['a field one byte longer', more(['x-a', 'a'.repeat(2048 - 6)]), 431],
    ['as many fields as there may be', more(...many(20)), 200],
    ['one more', more(...many(21)), 431],
    ['a head below the limit', more(...wide(7)), 200],
    ['a head above it', more(...wide(8)), 431],
    ['a body below the limit', post(), 200, 'a'.repeat(4096)],
    ['a body above it', post(), 413, 'a'.repeat(4097)],
    ['a body announced as above it', post(['content-length', '4097']), 413, 'a'.repeat(4097)],
  ];
  for (const [what, fields, expected, body] of ROWS)
    await t.test(what, async () => assert.equal((await seen(client, fields, body)).status, expected));

  await t.test('a head in several frames', async () => {
    const bytes = block(more(...wide(8)));
    const id = client.nextStream;
    client.nextStream += 2;
    client.send(frame(HEADERS, END_STREAM, id, bytes.subarray(0, 5000)), frame(CONTINUATION, END_HEADERS, id, bytes.subarray(5000)));
    assert.equal((await client.answer(id)).status, 431);
  });

  await t.test('trailers above the limit', async () => {
    const id = client.ask(post(), { end: false });
    client.send(frame(DATA, 0, id, 'abc'), frame(HEADERS, END_HEADERS | END_STREAM, id, block(wide(9))));
    assert.equal((await client.answer(id)).status, 431);
  });
  client.destroy();
});
