// SPDX-License-Identifier: Apache-2.0
// Goal: the fields and statuses that OData lives by pass both ways as they were written: names, values, order and
// repetition.  A lost If-Match turns a guarded update into an overwrite, a changed ETag makes every later one fail, and a
// failure that is not the service's own sends the client the wrong way.
import assert from 'node:assert/strict';
import test from 'node:test';
import { answerBytes, startBackend } from './harness/backend.mjs';
import { requestBytes } from './harness/client.mjs';
import { startStand } from './harness/stand.mjs';

const PREFIX = '/main/ifsapplications/projection/';
const SERVICE = `${PREFIX}v1/CustomerHandling.svc/`;
const HOST = 'https://ifs.example.com';
const ETAG = 'W/"VzY6QUFBVGdiQUFFQUFBUUk0QUFBPT06MjAyNDAyMjkxMjAwMDA="';
const JSON_TYPE = 'application/json;odata.metadata=minimal;IEEE754Compatible=true;charset=utf-8';
const XSRF = '{9D1F6C3E-0B5B-4C8E-8F0B-2F1C6B5D7A11}';

// A message as it is written here: a method or status, then fields, then behind an empty line the body.
function message(text) {
  const [head, body] = text.replace(/\n {4}/g, '\n').split(/\n\n([^]*)/);
  const [first, ...lines] = head.split('\n');
  return { first, fields: lines.map((line) => /^([^:]+): ?(.*)$/.exec(line).slice(1)), body };
}

const ERROR = (code) => `{"error":{"code":"${code}","message":"Å \\"x\\"","details":[{"code":"1","message":"2","target":"Name"}],"innererror":{}}}`;
const CHANGED = ERROR('MI_MODIFIED_ERROR');

// What a client asks and a service answers; both must arrive as they stand here.
const TALKS = {
  'reading an entity': [`GET
    Accept: ${JSON_TYPE}
    OData-MaxVersion: 4.0
    OData-Version: 4.0
    Accept-Language: sv-SE, en;q=0.5, *;q=0.1
    Accept-Encoding: gzip, deflate;q=0`, `200
    Content-Type: ${JSON_TYPE}
    OData-Version: 4.0
    ETag: ${ETAG}
    Cache-Control: no-store, no-cache
    Vary: Accept, Accept-Language

    {"@odata.etag":"W/\\"x=\\""}`],

  'a read that is still good': [`GET
    If-None-Match: ${ETAG}, "strong", W/""
    If-Modified-Since: Thu, 29 Feb 2024 12:00:00 GMT`, `304
    ETag: ${ETAG}
    OData-Version: 4.0`],

  'a page, and the wish for its size': [`GET
    Prefer: odata.maxpagesize=50, return=minimal
    Prefer: odata.include-annotations="*,-display.*"
    Isolation: snapshot
    OData-Isolation: snapshot`, `200
    Preference-Applied: odata.maxpagesize=50
    Preference-Applied: odata.include-annotations="*,-display.*"

    {"value":[],"@odata.nextLink":"${HOST}${SERVICE}Set?$skiptoken=1"}`],

  'an update without If-Match gets none': [`PATCH
    Content-Type: application/json

    {"Name":"x"}`, `201
    Location: ${HOST}${SERVICE}Set('A%2FB')
    ETag: ${ETAG}

    {}`],

  'an update guarded by an ETag': [`PATCH
    If-Match: ${ETAG}
    Content-Type: ${JSON_TYPE}
    Prefer: return=representation

    {"Name":"Å"}`, `200
    ETag: W/"next=="
    Preference-Applied: return=representation

    {"Name":"Å"}`],

  'an update guarded by any ETag': ['PATCH\nIf-Match: *\n\n{}', '204\nOData-Version: 4.0'],

  'an update guarded by several': [`PUT
    If-Match: ${ETAG}, W/"b,=", "c"
    If-Match: W/"d"

    {}`, '204'],

  'a creation that answers nothing': [`POST
    Prefer: return=minimal
    Slug: a%20name; "x"

    {}`, `204
    OData-EntityId: ${HOST}${SERVICE}Set('A%2FB')
    Location: ${HOST}${SERVICE}Set('A%2FB')
    Preference-Applied: return=minimal
    ETag: ${ETAG}`],

  'a creation with relative links': ['POST\n\n{}', `201
    Location: Set('A%2FB')
    Content-Location: /x?y=
    OData-EntityId: Set('%C3%A5')

    {}`],

  'a deletion': [`DELETE\nIf-Match: ${ETAG}`, '204\nOData-Version: 4.0'],
  'a stale ETag': ['PATCH\nIf-Match: W/"old="\n\n{}', `412\nOData-Version: 4.0\n\n${ERROR('ODP_PRECONDITION_FAILED')}`],
  'a missing ETag': ['PATCH\n\n{}', `428\n\n${ERROR('ODP_MISSING_PRECONDITION')}`],
  'an object locked by another': ['PATCH\n\n{}', `423\n\n${ERROR('ODP_LOCKED')}`],
  'an object changed meanwhile, told by 500': [`PATCH\nIf-Match: ${ETAG}\n\n{}`, `500\nContent-Type: application/json\n\n${CHANGED}`],
  'what the service does not do': ['GET', `501\n\n${ERROR('ODP_NOT_IMPLEMENTED')}`],
  'what the database refuses': ['POST\n\n{}', `500\n\n${ERROR('DATABASE_ERROR')}`],
  'what is not there': ['GET', `404\n\n${ERROR('ODP_RESOURCE_NOTFOUND')}`],
  'a body of the wrong type': ['POST\nContent-Type: text/plain\n\nx', `400\n\n${ERROR('ODP_DESERIALIZATION_ERROR')}`],
  'another method': ['DELETE', '405\nAllow: GET, PATCH\n\nno'],
  'a refusal of the service itself': ['GET', '401\nWWW-Authenticate: Bearer realm="ifs/auth"\nWWW-Authenticate: Basic realm="x"\n\nlogin'],
  'the way to the login page': ['GET', `302\nLocation: ${HOST}/auth?redirect_uri=https%3A%2F%2Fifs.example.com%2F`],
  'too many requests': ['GET', '429\nRetry-After: 7\n\nx'],
  'a service that is away for a while': ['POST\n\n{}', '503\nRetry-After: 120\n\n<h1>Maintenance</h1>'],
  'a gateway behind the gateway': ['GET', '502\n\nupstream'],

  'the first read sets cookies': ['GET', `200
    Set-Cookie: XSRF-TOKEN=${XSRF}; Path=/; Secure
    Set-Cookie: JSESSIONID={a b};Path=/main;HttpOnly
    Set-Cookie: x="1,2"; Expires=Thu, 29 Feb 2024 12:00:00 GMT`],

  'a write shows them, and is refused': [`POST
    Cookie: XSRF-TOKEN=${XSRF}; JSESSIONID={a b}
    X-XSRF-TOKEN: ${XSRF}
    Cookie: x="1,2"; y=

    {}`, `403
    Set-Cookie: a=1
    X-Between: 1
    set-cookie: a=2

    ${ERROR('CSRF_ERROR')}`],

  'work that takes long': [`POST
    Prefer: respond-async, wait=10

    {}`, `202
    Location: ${HOST}${PREFIX}monitor/1?x=%2F
    Retry-After: 5
    Preference-Applied: respond-async`],

  'the end of that work': ['GET\nAccept: application/http', `200
    AsyncResult: 412
    Content-Type: application/http
    Content-Transfer-Encoding: binary

    HTTP/1.1 412 No\r\nContent-Length: 2\r\n\r\n{}`],

  'a batch': [`POST
    Content-Type: multipart/mixed; boundary="batch (36522ad7)=_?,"
    Accept: multipart/mixed
    Prefer: odata.continue-on-error

    --x--`, `200
    Content-Type: multipart/mixed;boundary=b'_()+,-./:=?

    --y--`],

  'a part of a file': [`GET
    Range: bytes=0-3,-1
    If-Range: ${ETAG}`, `206
    Content-Range: bytes 0-3/9
    Accept-Ranges: bytes

    abcd`],

  'a file': ['GET', `200
    Content-Type: application/octet-stream
    Content-Disposition: attachment; filename="a;b.bin"; filename*=UTF-8''%e2%82%ac
    Content-Language: sv
    Content-MD5: Q2hlY2s=

    \0\r\n\r\n\x01`],

  'a coding that nobody opens': ['POST\nContent-Encoding: gzip\n\n\x1f\x08', '200\nContent-Encoding: br\n\n\x1f\x08'],

  'fields that nobody knows': [`GET
    X-IFS-Odd: a
    x-ifs-ODD: b,c
    X-Empty:
    X-IFS-Odd: "quoted  blanks"
    SAP-ContextId: x=y;z
    !#$%&'*+.^\`|~9: a name of all marks
    X_Under_Score: 1
    User-Agent: Flow/6.1 (x; y)
    Referer: https://a/b?c
    traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
    Origin: null`, `200
    X-Odd: 1
    x-ODD: 2, 3
    X-Empty:
    Server: Oracle/1 (x)
    X-Powered-By: y
    Strict-Transport-Security: max-age=1
    Access-Control-Allow-Origin: *
    Link: </a>; rel="b", </c>
    Date: Thu, 29 Feb 2024 12:00:00 GMT

    x`],

  'bytes beyond ASCII in a value': ['GET\nX-Name: V\xe5rg\xe5rda \xc3\xa5', '200\nX-Name: V\xe5rg\xe5rda \xc3\xa5\n\nx'],

  'the version before': [`GET
    DataServiceVersion: 2.0
    MaxDataServiceVersion: 3.0;NetFx
    X-CSRF-Token: Fetch`, `200
    DataServiceVersion: 2.0
    X-CSRF-Token: abc==

    {"d":{}}`],
};

// What a proxy says of itself, and what it frames anew.
const OF_THE_PROXY = /^(host|authorization|via|forwarded|x-forwarded-(for|proto|host)|x-request-id|content-length|transfer-encoding)$/i;
const withoutProxy = (fields) => fields.filter(([name]) => !OF_THE_PROXY.test(name));

const TARGET = `${SERVICE}Set('A%2FB')`;

function read([asked, answered]) {
  const request = message(asked);
  const answer = message(answered);
  return {
    request: { method: request.first, target: TARGET, fields: request.fields, body: request.body },
    answer: { status: Number(answer.first), fields: answer.fields, body: answer.body },
  };
}

// What the service saw and what the client got, held against what the other side wrote.
function assertCarried({ request, answer }, seen, got) {
  assert.deepEqual([seen.method, seen.target], [request.method, TARGET]);
  assert.deepEqual(withoutProxy(seen.fields), request.fields);
  assert.deepEqual(seen.body, Buffer.from(request.body ?? ''));
  assert.equal(got.status, answer.status);
  const hasDate = answer.fields.some(([name]) => name === 'Date');
  assert.deepEqual(withoutProxy(got.fields).filter(([name]) => hasDate || name !== 'Date'), answer.fields);
  assert.ok(got.isWhole);
  assert.deepEqual(got.body, Buffer.from(answer.body ?? ''));
}

test('fields, statuses and bodies pass both ways as they were written', async (t) => {
  const stand = await startStand(t, { route: { path: PREFIX } });
  for (const [name, texts] of Object.entries(TALKS)) {
    await t.test(name, async () => {
      const talk = read(texts);
      const before = stand.backend.requests.length;
      stand.backend.answer(talk.answer);
      const got = await stand.get(TARGET, talk.request);
      assert.equal(stand.backend.requests.length, before + 1, 'it was not sent exactly once');
      assertCarried(talk, stand.backend.requests[before], got);
    });
  }
});

test('on one connection one talk leaves nothing behind for the next', async (t) => {
  const stand = await startStand(t, { route: { path: PREFIX }, config: { workers: 1 } });
  const client = await stand.connect();
  const token = stand.issuer.token();
  for (const texts of Object.values(TALKS)) {
    const talk = read(texts);
    stand.backend.answer(talk.answer);
    client.write(requestBytes({ ...talk.request, token }));
    assertCarried(talk, await stand.backend.request(stand.backend.requests.length), await client.answer(talk.request));
  }
  assert.equal(stand.backend.accepted, 1);
  client.destroy();
});

test('the token goes on byte for byte, in the field it came in', async (t) => {
  const stand = await startStand(t, { route: { path: PREFIX } });
  const token = stand.issuer.token();
  for (const field of [['Authorization', `Bearer ${token}`], ['authorization', `bearer ${token}`], ['AUTHORIZATION', `BEARER ${token}`]]) {
    const before = stand.backend.requests.length;
    assert.equal((await stand.send({ target: SERVICE, fields: [['X-Before', '1'], field, ['X-After', '2']] })).status, 200, field[0]);
    const seen = stand.backend.requests[before].fields;
    assert.deepEqual(seen.filter(([name]) => /^authorization$/i.test(name)), [field]);
  }
});

test('Basic is not let through beside a token, nor in its place', async (t) => {
  const stand = await startStand(t, { route: { path: PREFIX } });
  const token = stand.issuer.token();
  const basic = ['Authorization', 'Basic SUZTQVBQOnB3'];
  for (const fields of [[basic], [['Authorization', `Bearer ${token}`], basic], [basic, ['Authorization', `Bearer ${token}`]]]) {
    const answer = await stand.send({ target: SERVICE, fields });
    assert.ok([400, 401].includes(answer.status), String(answer.status));
  }
  assert.equal(stand.backend.requests.length, 0);
  assert.equal((await stand.send({ target: SERVICE, token })).status, 200);
});

test('a method without a body stays one; an empty body stays empty', async (t) => {
  const stand = await startStand(t, { route: { path: PREFIX } });
  const none = ['POST', 'PATCH', 'DELETE', 'GET'].map((method) => [method, undefined, 'none']);
  const sized = [['POST', ''], ['PATCH', ''], ['DELETE', 'x'], ['GET', 'x']].map((one) => [...one, 'length']);
  for (const [method, body, framing] of [...none, ...sized]) {
    const before = stand.backend.requests.length;
    assert.equal((await stand.get(SERVICE, { method, body })).status, 200);
    assert.equal(stand.backend.requests[before].framing, framing, `${method} ${body}`);
  }
});

test('HEAD tells what GET would: length, ETag, and no body', async (t) => {
  const stand = await startStand(t, { route: { path: PREFIX } });
  stand.backend.handler = (_, conn) => conn.write(`HTTP/1.1 200 OK\r\nETag: ${ETAG}\r\nContent-Length: 123456789012\r\n\r\n`);
  const answer = await stand.get(SERVICE, { method: 'HEAD' });
  assert.deepEqual([answer.field('etag'), answer.field('content-length'), answer.bytes], [ETAG, '123456789012', 0]);
});

test('heads of 60 KB pass both ways: a long token, two long cookies, as many set', async (t) => {
  const stand = await startStand(t, { route: { path: PREFIX } });
  const cookies = ['a', 'b'].map((name) => ['Cookie', `${name}=${name.repeat(20000)}`]);
  const set = ['a', 'b', 'c'].map((name) => ['Set-Cookie', `${name}=${name.repeat(18000)}; Path=/`]);
  stand.backend.answer({ fields: set, body: 'x' });
  const token = stand.issuer.token({ groups: Array.from({ length: 500 }, (_, i) => `ROLE_${i}_OF_MANY`) });
  assert.ok(token.length > 10000 && token.length < 16384, String(token.length));
  const answer = await stand.get(`${SERVICE}Set?$filter=${'x'.repeat(8000)}`, { token, fields: cookies });
  assert.equal(answer.status, 200);
  assert.deepEqual(withoutProxy(stand.backend.requests[0].fields), cookies);
  assert.equal(stand.backend.requests[0].field('authorization'), `Bearer ${token}`);
  assert.deepEqual(withoutProxy(answer.fields).filter(([name]) => name !== 'Date'), set);
});

test('interim answers pass before the final one, with their fields', async (t) => {
  const stand = await startStand(t, {
    route: { path: PREFIX },
    handler: async (request, conn) => {
      await request.whole;
      conn.write('HTTP/1.1 102 Processing\r\n\r\n');
      conn.write('HTTP/1.1 103 Early Hints\r\nLink: </a>;rel=preload\r\nLink: </b>\r\n\r\n');
      conn.write('HTTP/1.1 102 Processing\r\nX-Progress: 50\r\n\r\n');
      conn.write(answerBytes({ status: 201, fields: { ETag: ETAG }, body: '{}' }));
    },
  });
  for (const method of ['POST', 'GET']) {
    const answer = await stand.get(SERVICE, { method, body: method === 'POST' ? '{}' : undefined });
    const links = [['Link', '</a>;rel=preload'], ['Link', '</b>']];
    const found = answer.interims.map(({ status, fields }) => [status, fields]);
    assert.deepEqual(found, [[102, []], [103, links], [102, [['X-Progress', '50']]]]);
    assert.deepEqual([answer.status, answer.field('etag'), answer.text], [201, ETAG, '{}']);
  }
});

// The service's own failures are answers like any other: the client decides what comes next.
const FAILURES = [
  [500, CHANGED], [500, ''], [502, 'x'], [503, ERROR('BUSY'), { 'Retry-After': '0' }], [504, 'x'], [429, 'x', { 'Retry-After': '0' }], [408, ''],
];

test('a failure that the service tells is never asked for again, of this server or another', async (t) => {
  const other = await startBackend(t);
  const backend = await startBackend(t);
  const stand = await startStand(t, { backend, route: { path: PREFIX }, config: { workers: 1 }, backendMore: { servers: [backend.url, other.url] } });
  const count = () => backend.requests.length + other.requests.length;
  for (const method of ['POST', 'PATCH', 'PUT', 'DELETE', 'GET']) {
    for (const [status, body, fields = {}] of FAILURES) {
      for (const isLast of [false, true]) {
        const handler = async (request, conn) => {
          await request.whole;
          conn.write(answerBytes({ status, body, fields: { ...fields, ...(isLast ? { Connection: 'close' } : {}) } }));
          if (isLast) conn.end();
        };
        backend.handler = other.handler = handler;
        const before = count();
        const answer = await stand.get(SERVICE, { method, body: method === 'GET' ? undefined : '{"a":1}' });
        assert.deepEqual([answer.status, answer.text], [status, body], method);
        assert.equal(count(), before + 1, `${method} ${status}`);
      }
    }
  }
});

test('a write whose connection breaks before an answer is 502 and not sent again', async (t) => {
  const stand = await startStand(t, { route: { path: PREFIX }, config: { workers: 1 } });
  for (const method of ['POST', 'PATCH']) {
    stand.backend.answer({ body: 'warm' });
    assert.equal((await stand.get(SERVICE)).text, 'warm');
    stand.backend.handler = async (request, conn) => {
      await request.whole;
      conn.destroy();
    };
    const before = stand.backend.requests.length;
    assert.equal((await stand.get(SERVICE, { method, body: '{}' })).status, 502);
    assert.equal(stand.backend.requests.length, before + 1, method);
  }
});

test('a service that builds links finds the address that the client used', async (t) => {
  for (const [how, seen] of [['client', 'ifs.example.com'], [undefined, undefined]]) {
    const stand = await startStand(t, { route: { path: PREFIX }, backendMore: how ? { host_header: how } : {} });
    await stand.get(SERVICE, { host: 'ifs.example.com:8443' });
    const [request] = stand.backend.requests;
    assert.equal(request.field('host'), seen ? `${seen}:8443` : new URL(stand.backend.url).host);
    assert.equal(request.field('x-forwarded-host'), 'ifs.example.com:8443');
    assert.equal(request.field('x-forwarded-proto'), 'http');
    assert.match(request.field('forwarded'), /host="ifs\.example\.com:8443"/);
  }
});
