// SPDX-License-Identifier: Apache-2.0
// Goal: the OData service answers as OData 4.0 and IFS Cloud do, alone and behind the gateway, where nothing of it is changed.
// Method: requests of a client that knows the protocol; the same ones directly and through a route with a scripted issuer.
import assert from 'node:assert/strict';
import http from 'node:http';
import test from 'node:test';
import { startDev } from './harness/dev.mjs';
import { awaitKeys, startGateway } from './harness/gateway.mjs';
import { startIssuer } from './harness/issuer.mjs';

const root = (channel) => `/${channel}/ifsapplications/projection/v1/CustomerOrders.svc`;
const JSON_TYPE = { 'Content-Type': 'application/json' };

// A request whose path goes out byte for byte: { status, headers, rawHeaders, text, json }.
function ask(base, method, path, { headers = {}, body } = {}) {
  const { hostname, port } = new URL(base);
  const payload = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const typed = payload !== body ? { ...JSON_TYPE, ...headers } : headers;
  return new Promise((resolve, reject) => {
    const request = http.request({ hostname, port, method, path, headers: typed, agent: false }, (response) => {
      const pieces = [];
      response.on('data', (piece) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () => {
        const bytes = Buffer.concat(pieces);
        const text = bytes.toString();
        const json = /json/.test(response.headers['content-type']) && text ? JSON.parse(text) : undefined;
        resolve({ status: response.statusCode, headers: response.headers, rawHeaders: response.rawHeaders, bytes, text, json });
      });
    });
    request.on('error', reject);
    request.end(payload);
  });
}

// A service of its own for a test; `at` prefixes the channel's root.
async function startService(t, channel = 'int') {
  const { url } = await startDev(t, ['odata', '--port', '0']);
  return client(url, channel);
}

const client = (url, channel, common = {}) => (method, path, options = {}) =>
  ask(url, method, root(channel) + path, { ...options, headers: { ...common, ...options.headers } });

const filtered = (text, more = '') => `/CustomerOrderSet?$filter=${encodeURIComponent(text)}&$select=OrderNo${more}`;
const keys = ({ json }) => json.value.map(({ OrderNo }) => OrderNo);

test('documents: service, metadata, answers name version and context', async (t) => {
  const { url } = await startDev(t, ['odata', '--port', '0']);
  const service = await ask(url, 'GET', `${root('main')}/`);
  assert.equal(service.headers['odata-version'], '4.0');
  assert.equal(service.json['@odata.context'], `${url}${root('main')}/$metadata`);
  assert.deepEqual(service.json.value.map(({ name }) => name), ['CustomerOrderSet', 'CustomerOrderLineSet', 'CustomerSet']);
  const metadata = await ask(url, 'GET', `${root('main')}/$metadata`);
  assert.equal(metadata.headers['content-type'], 'application/xml');
  for (const { name } of service.json.value) assert.ok(metadata.text.includes(`<EntitySet Name="${name}"`));
  assert.equal((await ask(url, 'GET', '/main/ifsapplications/projection/v1/Other.svc/')).status, 404);
  assert.equal((await ask(url, 'GET', '/healthz')).text, 'ok\n');
});

test('keys are taken from the raw path: what is decoded once too often or too rarely is another entity', async (t) => {
  const call = await startService(t);
  const cases = [
    ["('A%2FB')", 'A/B'], ["(OrderNo='A%2FB')", 'A/B'], ["('A%252FB')", 'A%2FB'], ['(%27A%2fB%27)', 'A/B'], ["('A%27%27B')", "A'B"],
    ["('A''B')", "A'B"], ["('A%20B')", 'A B'], ["('A+B')", 'A+B'], ["('A%2BB')", 'A+B'], ["('%C3%85-1')", 'Å-1'],
    ['%28%27P10001%27%29', 'P10001'],
  ];
  for (const [key, orderNo] of cases) {
    const { status, json } = await call('GET', `/CustomerOrderSet${key}`);
    assert.equal(status, 200, key);
    assert.equal(json.OrderNo, orderNo);
  }
  const refused = [["('A/B')", 400], ["('A'B')", 400], ["('none')", 404], ["('P10001')/", 404], ['(1)', 400], ['()', 400], ["('%C3')", 400],
    ["(OrderNo='A',OrderNo='A')", 400], ["(Note='A')", 400], ["('P10001'", 400], ["('P10001')x", 400]];
  for (const [key, status] of refused) {
    const answer = await call('GET', `/CustomerOrderSet${key}`);
    assert.equal(answer.status, status, key);
    assert.equal(answer.json.error.code, status === 404 ? 'ODP_RESOURCE_NOTFOUND' : 'ODP_BAD_REQUEST');
    assert.deepEqual(answer.json.error.details, []);
  }
  for (const line of ["(OrderNo='A%2FB',LineNo=2)", "(LineNo=2,OrderNo='A%2FB')"])
    assert.equal((await call('GET', `/CustomerOrderLineSet${line}`)).json.PartNo, 'NUT-1');
  assert.equal((await call('GET', "/CustomerOrderLineSet('A%2FB')")).status, 400);
  assert.equal((await call('GET', '//CustomerOrderSet')).status, 404);
  assert.equal((await call('GET', '/CustomerOrderSet/')).status, 404);
});

test('$filter', async (t) => {
  const call = await startService(t);
  const cases = [
    ["OrderNo eq 'A/B'", ['A/B']], ["OrderNo eq 'A''B'", ["A'B"]], ["startswith(OrderNo,'A') and not endswith(OrderNo,'B')", []],
    ["contains(tolower(CustomerName),'å')", ['Å-1']], ['Amount lt 1', ['A B', 'Å-1']], ['Amount ge 120', ['A+B', 'P10012']],
    ['Priority eq null and Amount gt 0', ['A+B']], ["Confirmed and Amount gt 60 or OrderNo eq 'A B'", ['A B', 'P10008', 'P10010', 'P10012']],
    ["Confirmed and (Amount gt 110 or OrderNo eq 'A B')", ['P10012']], ['not (Amount gt -2)', []], ['length(OrderNo) eq 6 and Amount le 10', ['P10001']],
    ['Amount eq 5.15e1', ['A/B']], ["Note ne null and Priority lt 2", ['A/B']], ['true and Amount eq -1', ['A B']],
  ];
  for (const [filter, expected] of cases) assert.deepEqual(keys(await call('GET', filtered(filter))), expected, filter);
  const refused = [['Amount', 400], ['Amount eq', 400], ["Amount eq 'x'", 400], ['(Amount eq 1', 400], ['Amount eq 1)', 400], ['Nothing eq 1', 400],
    ["contains(OrderNo)", 400], ['Amount eq 1,2', 400], ["OrderNo eq 'x", 400], ['contains(Amount,1)', 400], ['Amount eq 1 Amount', 501],
    ['Amount add 1 eq 2', 501], ["indexof(OrderNo,'A') eq 1", 501], ['(', 400], ['('.repeat(65) + 'true' + ')'.repeat(65), 400]];
  for (const [filter, status] of refused) {
    const answer = await call('GET', filtered(filter));
    assert.equal(answer.status, status, filter);
    assert.equal(answer.json.error.code, status === 501 ? 'ODP_NOT_IMPLEMENTED' : 'ODP_BAD_REQUEST');
  }
  const deep = '('.repeat(60) + "OrderNo eq 'A/B'" + ')'.repeat(60);
  assert.deepEqual(keys(await call('GET', filtered(deep))), ['A/B']);
  const hundreds = Array.from({ length: 400 }, (_, i) => `OrderNo eq 'P${10000 + i}'`).join(' or ');
  assert.equal(keys(await call('GET', filtered(hundreds))).length, 12);
});

test('$select, $orderby, $top, $skip, $count, $format', async (t) => {
  const call = await startService(t);
  const sorted = await call('GET', '/CustomerOrderSet?$orderby=Priority%20desc,OrderNo&$top=3&$skip=1&$select=OrderNo,Priority&$count=true');
  assert.deepEqual(keys(sorted), ["A'B", 'A%2FB', 'P10002']);
  assert.equal(sorted.json['@odata.count'], 18);
  assert.match(sorted.json['@odata.context'], /#CustomerOrderSet\(OrderNo,Priority\)$/);
  assert.deepEqual(Object.keys(sorted.json.value[0]).sort(), ['@odata.etag', 'OrderNo', 'Priority']);
  assert.equal((await call('GET', '/CustomerOrderSet/$count?$filter=Confirmed%20eq%20true')).text, '8');
  const bare = await call('GET', "/CustomerOrderSet('A%2FB')?$select=Note", { headers: { Accept: 'application/json;odata.metadata=none' } });
  assert.deepEqual(bare.json, { Note: 'a slash within the key' });
  const full = await call('GET', "/CustomerOrderSet('A%2FB')?$format=application/json;odata.metadata=full");
  assert.match(full.json['@odata.id'], /CustomerOrderSet\(OrderNo='A%2FB'\)$/);
  assert.equal((await call('GET', "/CustomerOrderSet('A%2FB')", { headers: { Accept: 'text/html' } })).status, 406);
  const refused = [['$top=-1', 400], ['$top=1&$top=2', 400], ['$nothing=1', 400], ['$expand=CustomerOrderLineArray', 501], ['$search=x', 501],
    ['$count=yes', 400], ['$select=Nothing', 400], ['$orderby=Nothing', 400], ['$orderby=tolower(Note)', 501], ['$filter=Note%20eq%20@p', 400],
    ['@p=1', 501], ['$filter=%zz', 400], ['custom=1&odata-debug=json', 200], ['$top=0', 200], ['', 200]];
  for (const [query, status] of refused) assert.equal((await call('GET', `/CustomerOrderSet?${query}`)).status, status, query);
  assert.equal((await call('GET', "/CustomerOrderSet('A%2FB')?$top=1")).status, 400);
});

test('pages: nextLink leads through all, each once', async (t) => {
  const { url } = await startDev(t, ['odata', '--port', '0']);
  const query = '$filter=startswith(OrderNo,%27P%27)&$select=OrderNo&$skip=1&$top=10&$count=true';
  let target = `${root('int')}/CustomerOrderSet?${query}`;
  const found = [];
  for (let page = 0; target; page++) {
    const headers = page === 0 ? { Prefer: 'respond-async, odata.maxpagesize="4"' } : {};
    const answer = await ask(url, 'GET', target, { headers });
    if (page === 0) assert.equal(answer.headers['preference-applied'], 'odata.maxpagesize=4');
    assert.equal(answer.json['@odata.count'], 12);
    found.push(...keys(answer));
    const next = answer.json['@odata.nextLink'];
    if (next) assert.ok(next.startsWith(`${url}${root('int')}/CustomerOrderSet?${query}&$skiptoken=`), next);
    target = next?.slice(url.length);
  }
  assert.deepEqual(found, Array.from({ length: 10 }, (_, i) => `P${10002 + i}`));
});

test('writes: versions, preconditions, what comes back', async (t) => {
  const call = await startService(t);
  const created = await call('POST', '/CustomerOrderSet', { body: { OrderNo: "N/1 'ö'", Amount: 1.5, '@odata.type': '#X' } });
  assert.equal(created.status, 201);
  assert.match(created.headers.location, /\/CustomerOrderSet\(OrderNo='N%2F1%20%27%27%C3%B6%27%27'\)$/);
  assert.equal(created.headers['odata-entityid'], created.headers.location);
  assert.match(created.headers.etag, /^W\/"[A-Za-z0-9+/]+=="$/);
  assert.equal(created.json['@odata.etag'], created.headers.etag);
  const path = created.headers.location.slice(created.headers.location.indexOf('/CustomerOrderSet'));
  assert.deepEqual((await call('GET', path)).json, created.json);
  assert.equal((await call('POST', '/CustomerOrderSet', { body: { OrderNo: "N/1 'ö'" } })).status, 409);

  const patch = (ifMatch, body, headers = {}) =>
    call('PATCH', path, { headers: { ...(ifMatch && { 'If-Match': ifMatch }), ...headers }, body });
  const bare = await patch(undefined, { Note: 'x' });
  assert.deepEqual([bare.status, bare.json.error.code], [428, 'ODP_MISSING_PRECONDITION']);
  const changed = await patch(created.headers.etag, { Note: 'x', OrderNo: 'other' });
  assert.deepEqual([changed.status, changed.json.Note, changed.json.OrderNo, changed.json.Amount], [200, 'x', "N/1 'ö'", 1.5]);
  assert.equal((await patch(created.headers.etag, { Note: 'y' })).status, 412);
  assert.equal((await patch(`W/"other", ${changed.headers.etag}`, { Note: 'y' })).status, 200);
  const minimal = await patch('*', { Note: null }, { Prefer: 'return=minimal' });
  assert.deepEqual([minimal.status, minimal.headers['preference-applied'], minimal.text], [204, 'return=minimal', '']);
  assert.equal(minimal.headers['odata-entityid'], created.headers.location);
  assert.equal((await call('GET', `${path}/Note`)).status, 204);
  assert.equal((await call('GET', `${path}/Amount`)).json.value, 1.5);
  assert.equal((await call('DELETE', path)).status, 428);
  assert.equal((await call('DELETE', path, { headers: { 'If-Match': changed.headers.etag } })).status, 412);
  assert.equal((await call('DELETE', path, { headers: { 'If-Match': minimal.headers.etag } })).status, 204);
  assert.equal((await call('GET', path)).status, 404);
  const quiet = await call('POST', '/CustomerOrderSet', { body: { OrderNo: 'Q' }, headers: { Prefer: 'return=minimal' } });
  assert.equal(quiet.status, 204);
  assert.match(quiet.headers['odata-entityid'], /\(OrderNo='Q'\)$/);
});

test('bodies that are none are refused, and nothing is changed', async (t) => {
  const call = await startService(t);
  const post = (body, headers = JSON_TYPE) => call('POST', '/CustomerOrderSet', { body, headers });
  const cases = ['', '[]', '{', '{"OrderNo":"a","OrderNo":"b"}', '{"OrderNo":1}', '{"Amount":1}', '{"OrderNo":"a","Nothing":1}', '{"OrderNo":"a","Amount":"1"}',
    '{"OrderNo":"a","Priority":1.5}', '{"OrderNo":"a","Priority":3000000000}', '{"OrderNo":"a","Confirmed":null}', '{"OrderNo":"a","Amount":1e999}',
    '{"OrderNo":"a\\u0000"}', `{"OrderNo":"${'a'.repeat(101)}"}`, '{"OrderNo":"a","Note":{}}', '[[[[[[[[[[[[[[[['];
  for (const body of cases) {
    const { status, json } = await post(body);
    assert.deepEqual([status, json.error.code], [400, 'ODP_DESERIALIZATION_ERROR'], body);
  }
  assert.equal((await post('{"OrderNo":"a"}', { 'Content-Type': 'text/plain' })).json.error.code, 'ODP_DESERIALIZATION_ERROR');
  assert.equal((await call('GET', '/CustomerOrderSet/$count')).text, '18');
  assert.equal((await post(`{"OrderNo":"${'ö'.repeat(100)}","Priority":-2147483648}`)).status, 201);
});

test('PATCH without If-Match is an upsert on one set only', async (t) => {
  const call = await startService(t);
  const made = await call('PATCH', "/CustomerSet('C%209')", { body: { Name: 'Nine' } });
  assert.deepEqual([made.status, made.json.CustomerNo, made.json.Name], [201, 'C 9', 'Nine']);
  const updated = await call('PATCH', "/CustomerSet('C%209')", { body: { Country: 'SE' } });
  assert.deepEqual([updated.status, updated.json.Name, updated.json.Country], [200, 'Nine', 'SE']);
  const guarded = (key, ifMatch) => call('PATCH', `/CustomerSet('${key}')`, { body: { Country: 'NO' }, headers: { 'If-Match': ifMatch } });
  assert.equal((await guarded('C%209', made.headers.etag)).status, 412);
  assert.equal((await guarded('C%209', updated.headers.etag)).status, 200);
  assert.equal((await guarded('C%2010', '*')).status, 404);
  assert.equal((await call('PATCH', "/CustomerOrderSet('none')", { body: {} })).status, 404);
});

test('media: bytes and type as they were put', async (t) => {
  const call = await startService(t);
  const bytes = Buffer.from(Array.from({ length: 100000 }, (_, i) => i % 256));
  const path = "/CustomerOrderSet('A%2FB')/Attachment";
  assert.equal((await call('GET', path)).status, 204);
  const put = await call('PUT', path, { body: bytes, headers: { 'Content-Type': 'image/x-odd; v="1"' } });
  assert.equal(put.status, 204);
  const got = await call('GET', path);
  assert.ok(got.bytes.equals(bytes));
  assert.equal(got.headers['content-type'], 'image/x-odd; v="1"');
  assert.equal(got.headers.etag, put.headers.etag);
  const { json } = await call('GET', "/CustomerOrderSet('A%2FB')");
  assert.match(json['Attachment@odata.mediaReadLink'], /\(OrderNo='A%2FB'\)\/Attachment$/);
  assert.equal(json['Attachment@odata.mediaContentType'], 'image/x-odd; v="1"');
  assert.equal((await call('PATCH', path, { body: bytes })).status, 428);
  assert.equal((await call('PATCH', path, { body: 'x', headers: { 'If-Match': put.headers.etag } })).status, 204);
  assert.equal((await call('GET', path)).headers['content-type'], 'application/octet-stream');
  assert.equal((await call('PUT', path, { body: Buffer.alloc((4 << 20) + 1) })).json.error.code, 'ODP_TOO_LARGE');
  assert.equal((await call('DELETE', path, { headers: { 'If-Match': '*' } })).status, 204);
  assert.equal((await call('GET', path)).status, 204);
});

test('the action fails once as IFS Cloud does, then does it', async (t) => {
  const call = await startService(t);
  const path = "/CustomerOrderSet('A%2FB')/IfsApp.CustomerOrders.CustomerOrder_Confirm";
  for (let round = 0; round < 2; round++) {
    const first = await call('POST', path, { body: {} });
    assert.deepEqual([first.status, first.json.error.code], [500, 'MI_MODIFIED_ERROR']);
    const second = await call('POST', path, { body: {} });
    assert.deepEqual([second.status, second.json.Confirmed], [200, true]);
  }
});

test('405 names what is allowed; methods may be tunnelled', async (t) => {
  const call = await startService(t);
  const cases = [['PUT', '/CustomerOrderSet', 'GET, HEAD, POST'], ['POST', "/CustomerOrderSet('A%2FB')", 'GET, HEAD, PATCH, DELETE'],
    ['GET', '/$batch', 'POST'], ['DELETE', '/$metadata', 'GET, HEAD']];
  for (const [method, path, allow] of cases) {
    const answer = await call(method, path);
    assert.deepEqual([answer.status, answer.headers.allow, answer.json.error.code], [405, allow, 'ODP_METHOD_NOT_ALLOWED']);
  }
  assert.equal((await call('OPTIONS', '/$metadata')).headers.allow, 'GET, HEAD');
  const tunnel = (headers) => call('POST', "/CustomerSet('C100')", { body: { Country: 'DK' }, headers });
  assert.equal((await tunnel({ 'X-HTTP-Method': 'PATCH' })).json.Country, 'DK');
  assert.equal((await tunnel({ 'X-HTTP-Method': 'PATCH', 'X-HTTP-Method-Override': 'DELETE' })).status, 400);
});

// --- CSRF ---

const cookiesOf = ({ headers }) => headers['set-cookie'].map((cookie) => cookie.split(';')[0]);
const tokenOf = (cookies) => cookies.find((cookie) => cookie.startsWith('XSRF-TOKEN=')).slice('XSRF-TOKEN='.length);

test('main and b2b want the token of the cookie for writes, int does not', async (t) => {
  const { url } = await startDev(t, ['odata', '--port', '0']);
  for (const channel of ['main', 'b2b']) {
    const call = client(url, channel);
    const first = await call('GET', '/');
    const cookies = cookiesOf(first);
    const token = tokenOf(cookies);
    assert.equal(cookies.length, 3);
    assert.match(token, /^\{[0-9A-F-]{36}\}$/);
    const patch = (headers) => call('PATCH', "/CustomerSet('C100')", { body: { Country: 'DK' }, headers });
    const cookie = cookies.join('; ');
    for (const headers of [{}, { Cookie: cookie }, { 'X-XSRF-TOKEN': token }, { Cookie: cookie, 'X-XSRF-TOKEN': token.slice(1, -1) }]) {
      const { status, json } = await patch(headers);
      assert.deepEqual([status, json.error.code], [403, 'CSRF_ERROR']);
    }
    assert.equal((await patch({ Cookie: cookie, 'X-XSRF-TOKEN': token })).status, 200);
    assert.equal((await call('GET', '/', { headers: { Cookie: cookie } })).headers['set-cookie'], undefined);
  }
  const int = client(url, 'int');
  assert.equal((await int('GET', '/')).headers['set-cookie'], undefined);
  assert.equal((await int('PATCH', "/CustomerSet('C100')", { body: {} })).status, 200);
});

// --- $batch ---

const httpPart = (request, contentId) =>
  ['Content-Type: application/http', 'Content-Transfer-Encoding: binary', ...(contentId ? [`Content-ID: ${contentId}`] : []), '', request].join('\r\n');
const jsonRequest = (line, body, ...fields) =>
  [`${line} HTTP/1.1`, 'Content-Type: application/json', ...fields, '', JSON.stringify(body)].join('\r\n');
const getRequest = (target) => `GET ${target} HTTP/1.1\r\nAccept: application/json\r\n\r\n`;
const multipart = (boundary, parts) => parts.map((part) => `--${boundary}\r\n${part}\r\n`).join('') + `--${boundary}--\r\n`;
const changeSet = (boundary, parts) => `Content-Type: multipart/mixed; boundary=${boundary}\r\n\r\n${multipart(boundary, parts)}`;
const postBatch = (call, parts, headers = {}) =>
  call('POST', '/$batch', { body: multipart('b_1', parts), headers: { 'Content-Type': 'multipart/mixed;boundary=b_1', ...headers } });

// The parts of an answer, change sets as arrays.
function readBatch(type, text) {
  const boundary = /boundary=(\S+)/.exec(type)[1];
  const pieces = text.split(`--${boundary}`);
  assert.match(pieces.at(-1), /^--\r\n/);
  return pieces.slice(1, -1).map((piece) => {
    const [head, ...rest] = piece.split('\r\n\r\n');
    const inner = /Content-Type: (multipart\/mixed.*)/.exec(head);
    if (inner) return readBatch(inner[1], rest.join('\r\n\r\n'));
    const body = rest.slice(1).join('\r\n\r\n').replace(/\r\n$/, '');
    const fields = Object.fromEntries(rest[0].split('\r\n').slice(1).map((line) => line.split(/: (.*)/s, 2).map((s) => s)));
    return { status: Number(/HTTP\/1\.1 (\d+)/.exec(rest[0])[1]), id: /Content-ID: (\S+)/.exec(head)?.[1], fields, json: body ? JSON.parse(body) : undefined };
  });
}
const partsOf = (answer) => readBatch(answer.headers['content-type'], answer.text);

const orderAndLine = [
  httpPart(jsonRequest('POST CustomerOrderSet', { OrderNo: 'B/1' }), 1),
  httpPart(jsonRequest('PATCH $1', { Note: 'from the batch' }, 'If-Match: $1'), 2),
  httpPart(jsonRequest(`POST ${root('int')}/CustomerOrderLineSet`, { OrderNo: 'B/1', LineNo: 1 }), 3),
];

test('$batch: requests by themselves and a change set, with references', async (t) => {
  const call = await startService(t);
  const answer = await postBatch(call, [
    httpPart(getRequest("CustomerOrderSet('A%2FB')?$select=OrderNo")), changeSet('c1', orderAndLine),
    httpPart(getRequest("CustomerOrderSet('B%2F1')/CustomerOrderLineArray/$count").replace('application/json', '*/*')),
  ]);
  assert.equal(answer.status, 200);
  const [read, changes, count] = partsOf(answer);
  assert.deepEqual([read.status, read.json.OrderNo], [200, 'A/B']);
  assert.deepEqual(changes.map(({ status, id }) => [status, id]), [[201, '1'], [200, '2'], [201, '3']]);
  assert.equal(changes[1].json.Note, 'from the batch');
  assert.match(changes[0].fields.Location, /CustomerOrderSet\(OrderNo='B%2F1'\)$/);
  assert.equal(count.json, 1);
});

test('$batch: a change set is done as a whole or not at all', async (t) => {
  const call = await startService(t);
  const broken = [...orderAndLine, httpPart(jsonRequest("PATCH CustomerOrderSet('none')", {}, 'If-Match: *'), 4)];
  const parts = [changeSet('c1', broken), httpPart(getRequest('CustomerOrderSet/$count'))];
  const answer = await postBatch(call, parts);
  const [failed, ...rest] = partsOf(answer);
  assert.deepEqual([failed.status, failed.id, rest.length], [404, '4', 0]);
  assert.equal((await call('GET', "/CustomerOrderSet('B%2F1')")).status, 404);
  assert.equal((await call('GET', '/CustomerOrderLineSet/$count')).text, '3');
  const on = await postBatch(call, [changeSet('c1', broken), changeSet('c2', orderAndLine)], { Prefer: 'odata.continue-on-error' });
  const [again, done] = partsOf(on);
  assert.deepEqual([again.status, done.map(({ status }) => status)], [404, [201, 200, 201]]);
  assert.equal((await call('GET', "/CustomerOrderSet('B%2F1')")).json.Note, 'from the batch');
});

test('$batch: what is malformed is refused whole', async (t) => {
  const call = await startService(t);
  const good = httpPart(getRequest('CustomerOrderSet'));
  const nested = changeSet('c1', [changeSet('c2', orderAndLine)]);
  const refused = [[good.replace('application/http', 'text/plain')], [httpPart('GET')], [changeSet('c1', [good])], [nested],
    [httpPart('GET / HTTP/1.1\r\nContent-Length: 9\r\n\r\nx')], [httpPart('GET / HTTP/1.1\r\nno field\r\n\r\n')], Array(201).fill(good)];
  for (const parts of refused) {
    const answer = await postBatch(call, parts);
    assert.deepEqual([answer.status, answer.json.error.code], [400, 'ODP_BAD_REQUEST'], parts[0]);
  }
  const cut = multipart('b_1', [good]).replace('--b_1--', '');
  assert.equal((await call('POST', '/$batch', { body: cut, headers: { 'Content-Type': 'multipart/mixed;boundary=b_1' } })).status, 400);
  for (const type of ['multipart/mixed', 'application/json', 'multipart/mixed;boundary="a b"'])
    assert.equal((await call('POST', '/$batch', { body: cut, headers: { 'Content-Type': type } })).status, 400);
  const elsewhere = await postBatch(call, [httpPart(getRequest('/int/other')), httpPart(getRequest('$batch'))], { Prefer: 'continue-on-error' });
  assert.deepEqual(partsOf(elsewhere).map(({ status }) => status), [404, 405]);
});

// --- behind the gateway ---

async function startGuarded(t) {
  const backend = await startDev(t, ['odata', '--port', '0']);
  const issuer = await startIssuer(t);
  const gateway = await startGateway(t, {
    backends: { ifs: { servers: [backend.url] } },
    routes: [{ name: 'projections', path: '/main/ifsapplications/projection/', backend: 'ifs',
      validate_jwt: { openid_config: [{ url: issuer.configUrl }], audiences: ['api'] } }],
  });
  await awaitKeys(gateway);
  const url = `http://127.0.0.1:${gateway.port}`;
  return { url, call: client(url, 'main', { Authorization: `Bearer ${issuer.token()}` }) };
}

test('behind the gateway nothing of it is lost: keys, versions, cookies, links, batches', async (t) => {
  const { url, call } = await startGuarded(t);
  const order = await call('GET', "/CustomerOrderSet('A%2FB')");
  assert.equal(order.json.OrderNo, 'A/B');
  assert.equal((await call('GET', "/CustomerOrderSet('A%252FB')")).json.OrderNo, 'A%2FB');
  assert.equal(order.json['@odata.context'], `${url}${root('main')}/$metadata#CustomerOrderSet/$entity`);
  assert.equal(order.headers.etag, order.json['@odata.etag']);
  assert.equal((await ask(url, 'GET', `${root('main')}/CustomerOrderSet`)).status, 401);

  const cookies = cookiesOf(order);
  assert.equal(cookies.length, 3);
  const session = { Cookie: cookies.join('; '), 'X-XSRF-TOKEN': tokenOf(cookies) };
  const patch = (headers) => call('PATCH', "/CustomerOrderSet('A%2FB')", { body: { Note: 'by way of' }, headers });
  assert.equal((await patch({ 'If-Match': order.headers.etag })).json.error.code, 'CSRF_ERROR');
  assert.equal((await patch(session)).json.error.code, 'ODP_MISSING_PRECONDITION');
  assert.equal((await patch({ ...session, 'If-Match': order.headers.etag })).json.Note, 'by way of');
  assert.equal((await patch({ ...session, 'If-Match': order.headers.etag })).status, 412);

  const page = await call('GET', '/CustomerOrderSet?$select=OrderNo', { headers: { Prefer: 'odata.maxpagesize=3', Cookie: session.Cookie } });
  assert.equal(page.headers['preference-applied'], 'odata.maxpagesize=3');
  assert.ok(page.json['@odata.nextLink'].startsWith(`${url}${root('main')}/CustomerOrderSet?$select=OrderNo&$skiptoken=`));
  const made = await call('POST', '/CustomerOrderSet', { body: { OrderNo: 'G 1' }, headers: session });
  assert.equal(made.headers.location, `${url}${root('main')}/CustomerOrderSet(OrderNo='G%201')`);

  const inMain = orderAndLine.map((part) => part.replace(root('int'), root('main')));
  const [changes, read] = partsOf(await postBatch(call, [changeSet('c1', inMain), httpPart(getRequest("CustomerOrderSet('B%2F1')"))], session));
  assert.deepEqual(changes.map(({ status }) => status), [201, 200, 201]);
  assert.equal(read.json.Note, 'from the batch');
  assert.equal((await postBatch(call, [httpPart(getRequest('CustomerOrderSet'))])).json.error.code, 'CSRF_ERROR');

  const media = Buffer.from(Array.from({ length: 300000 }, (_, i) => (i * 7) % 256));
  const attachment = "/CustomerOrderSet('A%2FB')/Attachment";
  assert.equal((await call('PUT', attachment, { body: media, headers: { ...session, 'Content-Type': 'image/png' } })).status, 204);
  assert.ok((await call('GET', attachment)).bytes.equals(media));
  const action = () => call('POST', "/CustomerOrderSet('A%2FB')/IfsApp.CustomerOrders.CustomerOrder_Confirm", { body: {}, headers: session });
  assert.deepEqual([(await action()).json.error.code, (await action()).status], ['MI_MODIFIED_ERROR', 200]);
});
