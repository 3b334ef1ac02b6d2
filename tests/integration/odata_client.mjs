// SPDX-License-Identifier: Apache-2.0
// Goal: a client of OData that is not ours (npm odata) works through the gateway as it does without, with tokens of a
// provider that is not ours (npm oidc-provider): it reads, writes under ETags, pages, batches, and understands refusals.
import assert from 'node:assert/strict';
import test from 'node:test';
import { ORequest, o } from 'odata';
import { startDev } from './harness/dev.mjs';
import { startProvider } from './harness/provider.mjs';
import { startStand } from './harness/stand.mjs';

const PATH = (channel) => `/${channel}/ifsapplications/projection/`;
const ROOT = (channel) => `${PATH(channel)}v1/CustomerOrders.svc/`;
const AUDIENCE = 'api://calc';

// The service behind the gateway, and clients for it.
async function start(t) {
  const provider = await startProvider(t);
  const { url } = await startDev(t, ['odata', '--port', '0']);
  const guarded = (channel) => ({
    name: channel,
    path: PATH(channel),
    backend: 'main',
    errors: 'odata',
    validate_jwt: { openid_config: [{ url: provider.configUrl }], audiences: [AUDIENCE] },
  });
  const stand = await startStand(t, { issuer: provider, backend: { url }, config: { routes: [guarded('int'), guarded('main')] } });
  const token = await provider.token();
  const base = `http://127.0.0.1:${stand.gateway.port}`;
  const service = (fields = {}, channel = 'int') => {
    const json = { 'Authorization': `Bearer ${token}`, 'Content-Type': 'application/json', 'Accept': 'application/json' };
    const headers = () => new Headers({ ...json, ...fields });
    const batch = { boundaryPrefix: 'batch_', changsetBoundaryPrefix: 'changeset_', endpoint: '$batch', useChangset: false, useRelativeURLs: true };
    return o(`${base}${ROOT(channel)}`, { headers: headers(), batch: { ...batch, headers: headers() } });
  };
  return { ...stand, provider, token, base, direct: `${url}${ROOT('int')}`, service };
}

const keyOf = (orderNo) => `CustomerOrderSet(OrderNo='${encodeURIComponent(orderNo.replaceAll("'", "''"))}')`;
const order = (orderNo, more = {}) => ({ OrderNo: orderNo, CustomerName: 'Åsa O\'Neil', Amount: 12.5, Priority: 1, ...more });

// What the client throws where the service, or the gateway, said no.
async function refused(promise, status, code) {
  const answer = await promise.then(() => assert.fail('it passed'), (thrown) => thrown);
  assert.equal(answer.status, status, String(answer.stack ?? answer.status));
  assert.equal(answer.headers.get('odata-version'), '4.0');
  const { error } = await answer.json();
  assert.equal(error.code, code);
  assert.equal(typeof error.message, 'string');
  return answer;
}

test('lists: $filter, $orderby, $top, $count', async (t) => {
  const { service, direct, token } = await start(t);
  for (let i = 0; i < 5; i++) await service().post('CustomerOrderSet', order(`L${i}`, { Amount: i * 10, Note: 'list' })).query();
  const query = { $filter: "Note eq 'list' and Amount gt 5", $orderby: 'Amount desc', $top: 3, $select: 'OrderNo,Amount' };
  assert.deepEqual((await service().get('CustomerOrderSet').query(query)).map(({ OrderNo }) => OrderNo), ['L4', 'L3', 'L2']);
  const answer = await service().get('CustomerOrderSet').fetch({ ...query, $count: true });
  const { value, '@odata.count': count } = await answer.json();
  assert.deepEqual([value.length, count], [3, 4]);
  assert.equal(answer.headers.get('odata-version'), '4.0');
  // The same of the service itself, without the gateway.
  const there = await o(direct, { headers: new Headers({ Authorization: `Bearer ${token}` }) }).get('CustomerOrderSet').query(query);
  assert.deepEqual(there.map(({ OrderNo }) => OrderNo), value.map(({ OrderNo }) => OrderNo));
  assert.equal(String(await (await service().get('CustomerOrderSet/$count').fetch({ $filter: "Note eq 'list'" })).text()).trim(), '5');
});

test('keys that need encoding name one entity each', async (t) => {
  const { service } = await start(t);
  assert.equal((await service().get(keyOf('A/B')).query()).Note, 'a slash within the key');
  assert.notEqual((await service().get(keyOf('A%2FB')).query()).Note, 'a slash within the key');
  const keys = ['/', '%2F', '%2f', "O'Neil", "''", 'A B ', 'A+B ', '100%', 'Vårgårda', 'A;B', '(1)', 'a=b,c', '$1?#&', '/A/', '\\x', '..', '€😀'];
  for (const key of keys) await service().post('CustomerOrderSet', order(key, { Note: `of ${key}` })).query();
  for (const key of keys) {
    const found = await service().get(keyOf(key)).query();
    assert.deepEqual([found.OrderNo, found.Note], [key, `of ${key}`]);
    const [filtered, ...others] = await service().get('CustomerOrderSet').query({ $filter: `OrderNo eq '${key.replaceAll("'", "''")}'` });
    assert.deepEqual([filtered.Note, others], [`of ${key}`, []], key);
  }
});

test('create, change under an ETag, be refused with a stale one, delete', async (t) => {
  const { service, base } = await start(t);
  const created = await service({ Prefer: 'return=representation' }).post('CustomerOrderSet', order('E/1')).fetch({});
  assert.equal(created.status, 201);
  assert.ok(created.headers.get('location').startsWith(`${base}${ROOT('int')}`), created.headers.get('location'));
  const first = created.headers.get('etag');
  assert.match(first, /^W\/".+"$/);
  assert.equal((await created.json())['@odata.etag'], first);
  const changed = await service({ 'If-Match': first, 'Prefer': 'return=minimal' }).patch(keyOf('E/1'), { Amount: 99 }).fetch({});
  assert.equal(changed.status, 204);
  await refused(service({ 'If-Match': first }).patch(keyOf('E/1'), { Amount: 1 }).query(), 412, 'ODP_PRECONDITION_FAILED');
  await refused(service().patch(keyOf('E/1'), { Amount: 1 }).query(), 428, 'ODP_MISSING_PRECONDITION');
  const found = await service().get(keyOf('E/1')).query();
  assert.equal(found.Amount, 99);
  assert.notEqual(found['@odata.etag'], first);
  await refused(service({ 'If-Match': first }).delete(keyOf('E/1')).query(), 412, 'ODP_PRECONDITION_FAILED');
  assert.equal((await service({ 'If-Match': found['@odata.etag'] }).delete(keyOf('E/1')).fetch({})).status, 204);
  await refused(service().get(keyOf('E/1')).query(), 404, 'ODP_RESOURCE_NOTFOUND');
});

test('pages: the links lead back through the gateway', async (t) => {
  const { service, base } = await start(t);
  for (let i = 0; i < 7; i++) await service().post('CustomerOrderSet', order(`P${i}`, { Note: "it's / 1+1" })).query();
  const paged = { Prefer: 'odata.maxpagesize=3' };
  const found = [];
  const query = { $filter: "Note eq 'it''s / 1+1'", $orderby: 'OrderNo', $count: true };
  let answer = await service(paged).get('CustomerOrderSet').fetch(query);
  assert.match(answer.headers.get('preference-applied'), /odata\.maxpagesize=3/);
  let pages = 0;
  for (let link; ; pages++) {
    const page = await answer.json();
    assert.ok(page['@odata.context'].startsWith(`${base}${ROOT('int')}$metadata`), page['@odata.context']);
    found.push(...page.value.map(({ OrderNo }) => OrderNo));
    link = page['@odata.nextLink'];
    if (!link) break;
    assert.ok(link.startsWith(`${base}${ROOT('int')}CustomerOrderSet?`), link);
    const next = service(paged);
    answer = await next.request(new ORequest(link, { ...next.config, method: 'GET' })).fetch({});
  }
  assert.deepEqual(found, ['P0', 'P1', 'P2', 'P3', 'P4', 'P5', 'P6']);
  assert.equal(pages, 2);
});

test('a batch of reads and writes, one request under one token', async (t) => {
  const { service } = await start(t);
  const batch = (fields, orderNo) => service(fields).post('CustomerOrderSet', order(orderNo))
    .get(keyOf('A/B')).get(keyOf('nobody')).get(keyOf(orderNo)).batch();
  const statuses = (answers) => answers.map(({ status }) => status);
  // A service ends at the first failure, unless it is asked to go on (OData 4.0 Part 1, 11.7.2).
  assert.deepEqual(statuses(await batch({}, 'B/1')), [201, 200, 404]);
  const answers = await batch({ Prefer: 'odata.continue-on-error' }, 'B/2');
  assert.deepEqual(statuses(answers), [201, 200, 404, 200]);
  assert.equal(answers[1].body.Note, 'a slash within the key');
  assert.equal(answers[2].body.error.code, 'ODP_RESOURCE_NOTFOUND');
  assert.equal(answers[3].body.OrderNo, 'B/2');
});

test('a change set is one thing to the service', async (t) => {
  const { service } = await start(t);
  const send = (...orders) => {
    const client = service();
    client.config.batch.useChangset = true;
    orders.forEach((one) => client.post('CustomerOrderSet', one));
    return client.batch();
  };
  await send(order('S/1'), order('S/2'));
  for (const orderNo of ['S/1', 'S/2']) assert.equal((await service().get(keyOf(orderNo)).query()).OrderNo, orderNo);
  const [answer] = await send(order('S/3'), order('S/1'));
  assert.deepEqual([answer.status, answer.body.error.code], [409, 'ODP_DUPLICATE']);
  await refused(service().get(keyOf('S/3')).query(), 404, 'ODP_RESOURCE_NOTFOUND');
});

test('an action that the service wants sent again: its 500 reaches the client, which sends it again', async (t) => {
  const { service } = await start(t);
  const action = `${keyOf('A/B')}/IfsApp.CustomerOrders.CustomerOrder_Confirm`;
  await refused(service().post(action, {}).query(), 500, 'MI_MODIFIED_ERROR');
  assert.equal((await service().post(action, {}).query()).Confirmed, true);
});

test('a method in a field is heeded by the service where the route names no methods, and refused where it does', async (t) => {
  const { service, gateway, config } = await start(t);
  const rename = (note) => service({ 'X-HTTP-Method': 'PATCH', 'If-Match': '*' }).post(keyOf('A/B'), { Note: note }).query();
  assert.equal((await rename('renamed')).Note, 'renamed');
  await gateway.reload({ ...config, routes: config.routes.map((route) => ({ ...route, methods: ['GET', 'POST'] })) });
  await refused(rename('again'), 400, 'BadRequest');
  assert.equal((await service().get(keyOf('A/B')).query()).Note, 'renamed');
});

test('media and documents', async (t) => {
  const { service, base, token } = await start(t);
  await service().post('CustomerOrderSet', order('M/1')).query();
  const bytes = new Uint8Array(300000).map((_, i) => (i * 31) % 256);
  const { '@odata.etag': etag } = await service().get(keyOf('M/1')).query();
  // Its own put() would make JSON of bytes.
  const url = `${base}${ROOT('int')}${keyOf('M/1')}/Attachment`;
  const headers = { 'Authorization': `Bearer ${token}`, 'Content-Type': 'application/x-odd; v=1', 'If-Match': etag };
  const sender = service();
  assert.equal((await sender.request(new ORequest(url, { method: 'PUT', headers, body: bytes })).fetch({})).status, 204);
  const answer = await service().get(`${keyOf('M/1')}/Attachment`).fetch({});
  assert.equal(answer.headers.get('content-type'), 'application/x-odd; v=1');
  assert.deepEqual(new Uint8Array(await answer.arrayBuffer()), bytes);
  const metadata = await service({ Accept: 'application/xml' }).get('$metadata').fetch({});
  assert.match(await metadata.text(), /<edmx:Edmx .*EntityType Name="CustomerOrder"/s);
});

test('where the service wants its cookie and token back, they come back', async (t) => {
  const { service } = await start(t);
  const read = await service({ 'X-XSRF-TOKEN': 'fetch' }, 'main').get('CustomerOrderSet').fetch({ $top: 1 });
  const cookies = read.headers.getSetCookie();
  const xsrf = cookies.map((one) => /^XSRF-TOKEN=([^;]*)/.exec(one)?.[1]).find((value) => value);
  assert.ok(xsrf, `no XSRF-TOKEN in ${JSON.stringify(cookies)}`);
  await refused(service({}, 'main').post('CustomerOrderSet', order('C/1')).query(), 403, 'CSRF_ERROR');
  const cookie = cookies.map((one) => one.split(';')[0]).join('; ');
  const written = await service({ 'Cookie': cookie, 'X-XSRF-TOKEN': xsrf }, 'main').post('CustomerOrderSet', order('C/1')).fetch({});
  assert.equal(written.status, 201);
});

test('a refusal of the gateway is an error of OData to the client', async (t) => {
  const { service, provider } = await start(t);
  assert.ok(Array.isArray(await service().get('CustomerOrderSet').query()));
  const wrong = await provider.token({ audience: 'other' });
  for (const authorization of [`Bearer ${wrong}`, 'Bearer no.token.atall', '']) {
    const answer = await refused(service({ Authorization: authorization }).get('CustomerOrderSet').query(), 401, 'Unauthorized');
    assert.match(answer.headers.get('www-authenticate'), /^Bearer realm="int"/);
    assert.match(answer.headers.get('content-type'), /^application\/json\b/);
  }
  const batch = service({ Authorization: `Bearer ${wrong}` });
  await refused(batch.get('CustomerOrderSet').post('CustomerOrderSet', order('R')).batch(), 401, 'Unauthorized');
  await refused(service().get(keyOf('R')).query(), 404, 'ODP_RESOURCE_NOTFOUND');
});
