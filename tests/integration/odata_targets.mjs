// SPDX-License-Identifier: Apache-2.0
// Goal: whatever OData writes into a target reaches the service byte for byte.  A service splits the raw path at `/`
// before it decodes (OData 4.01 Part 2, 2), so one encoding changed on the way is another entity, or none.
import assert from 'node:assert/strict';
import test from 'node:test';
import { requestBytes } from './harness/client.mjs';
import { hasNginx, startNginx } from './harness/nginx.mjs';
import { startStand } from './harness/stand.mjs';

const PREFIX = '/main/ifsapplications/projection/';

// A filter by hundreds of keys, in a target of exactly this many bytes.
function longTarget(bytes) {
  const start = `${PREFIX}v1/PurchaseOrderHandling.svc/PurchaseOrderSet?$select=OrderNo,State&$filter=OrderNo%20eq%20'0'`;
  let target = start;
  for (let i = 1; target.length + 40 < bytes; i++) target += `%20or%20OrderNo%20eq%20'A%2F${100000 + i}'`;
  return target + '&'.padEnd(bytes - target.length, 'x');
}

// Behind the prefix: what a client may send, and must find unchanged.
const TARGETS = {
  'a service document': 'v1/CustomerHandling.svc',
  'a service document with its trailing slash': 'v1/CustomerHandling.svc/',
  'a trailing slash behind a set': 'v1/X.svc/CustomerInfoSet/',
  'metadata': 'v1/CustomerHandling.svc/$metadata',
  'metadata with its dollar encoded': 'v1/CustomerHandling.svc/%24metadata',
  'metadata as JSON': 'v1/X.svc/$metadata?$format=application/json;odata.metadata=minimal',
  'an OpenAPI document, version 2': 'v1/CustomerHandling.svc/$openapi?V2',
  'an OpenAPI document, version 3': 'v1/CustomerHandling.svc/$openapi?V3',
  'a batch': 'v1/CustomerHandling.svc/$batch',
  'a count': 'v1/X.svc/CustomerInfoSet/$count',
  'a count with a filter': "v1/X.svc/CustomerInfoSet/$count?$filter=startswith(Name,'A')",
  'a query by POST': 'v1/X.svc/CustomerInfoSet/$query',
  'a reference': "v1/X.svc/Set('1')/Lines/$ref?$id=../../Set('2')",
  'a raw value': "v1/X.svc/Set('1')/Name/$value",
  'all and entity': 'v1/X.svc/$all?$top=1',
  'a cross join': 'v1/X.svc/$crossjoin(Orders,Lines)?$expand=Orders',

  'a key': "v1/Reference.svc/Reference_FndUser(Identity='ALAIN')",
  'a number as key, and what hangs on it': 'v1/X.svc/HistoryLogDetailsSet(LogId=1)/HistoryLogAttributeArray',
  'several keys': "v1/X.svc/Lines(OrderNo='P10021',LineNo='1',RelNo='1',LineItemNo=0)",
  'a date as key': 'v1/X.svc/Rates(Currency=\'SEK\',ValidFrom=2024-02-29)',
  'a time as key': 'v1/X.svc/Log(At=2024-02-29T12:00:00.000Z)',
  'a time with an encoded plus': 'v1/X.svc/Log(At=2024-02-29T12:00:00%2B01:00)',
  'a guid as key': 'v1/X.svc/Set(3f2504e0-4f89-11d3-9a0c-0305e82c3301)',
  'an empty key': "v1/X.svc/Set('')",
  'an action': "v1/X.svc/Set(OrderNo='1')/IfsApp.PurchaseOrderHandling.PurchaseOrder_Release",
  'a function': "v1/X.svc/GetSomething(Param='a',N=1)",
  'a function by aliases': "v1/X.svc/GetSomething(Param=@p,N=@n)?@p='a%2Fb'&@n=1",
  'a media stream': 'v1/MediaLibraryAttachmentHandling.svc/MediaSet(1)/FileData',
  'parameters of segments': 'v1/X.svc/Set;v=1/Lines;a=b,c',

  'an encoded slash in a key': "v1/X.svc/Parts(PartNo='A%2FB')",
  'an encoded slash with a small digit': "v1/X.svc/Parts(PartNo='A%2fB')",
  'encoded slashes at both ends of a key': "v1/X.svc/Parts(PartNo='%2FA%2F')/Lines",
  'two encoded slashes in a row': "v1/X.svc/Parts(PartNo='A%2F%2FB')",
  'a slash that was not encoded': "v1/X.svc/Parts(PartNo='A/B')",
  'an encoded backslash': "v1/X.svc/Parts(PartNo='A%5CB')",
  'a path as key': "v1/X.svc/Files(Path='%2Fmain%2Fifsapplications%2Fprojection%2F')",
  'two dots in a key': "v1/X.svc/Parts(PartNo='..')",
  'two dots behind an encoded slash': "v1/X.svc/Parts(PartNo='A%2F..')",
  'an encoding encoded again': "v1/X.svc/Parts(PartNo='A%252FB')",
  'an encoded per cent': "v1/X.svc/Parts(PartNo='100%25')",
  'an encoded quote': 'v1/X.svc/Parts(PartNo=%27A%27)',
  'a doubled quote': "v1/X.svc/Names(Name='O''Neil')",
  'a doubled quote, encoded': 'v1/X.svc/Names(Name=%27O%27%27Neil%27)',
  'a doubled quote, half encoded': "v1/X.svc/Names(Name='O'%27Neil')",
  'encoded parentheses': 'v1/X.svc/Parts%28PartNo=%27A%27%29',
  'parentheses in a key': "v1/X.svc/Parts(PartNo='A(1)')",
  'an encoded semicolon': "v1/X.svc/Parts(PartNo='A%3BB')",
  'a semicolon': "v1/X.svc/Parts(PartNo='A;B')",
  'an encoded question mark and hash': "v1/X.svc/Parts(PartNo='A%3FB%23C')",
  'an encoded comma and equals': "v1/X.svc/Parts(A='1%2C2',B='3%3D4')",
  'a comma and equals': "v1/X.svc/Parts(A='1,2',B='3=4')",
  'a blank by %20': "v1/X.svc/Parts(PartNo='A%20B')",
  'a plus': "v1/X.svc/Parts(PartNo='A+B')",
  'an encoded plus': "v1/X.svc/Parts(PartNo='A%2BB')",
  'a star, bang, tilde, colon, at': "v1/X.svc/Parts(PartNo='*!~:@&$_-.')",
  'their encodings': "v1/X.svc/Parts(PartNo='%2A%21%7E%3A%40%26%24%5F%2D%2E')",
  'UTF-8': "v1/X.svc/Sites(Name='V%C3%A5rg%C3%A5rda')",
  'UTF-8 with small digits': "v1/X.svc/Sites(Name='V%c3%a5rg%c3%a5rda')",
  'UTF-8 of three and four bytes': "v1/X.svc/Sites(Name='%E2%82%AC%F0%9F%98%80')",
  'bytes that are no UTF-8': "v1/X.svc/Sites(Name='%E5')",
  'letters that need no encoding': "v1/X.svc/%50arts(PartNo='%41')",
  'an encoded dollar in a segment': 'v1/X.svc/Set/%24count',
  'a doubled slash': 'v1/X.svc//Set',
  'letter case': 'v1/x.SVC/SET?$TOP=1&$top=1',

  'an empty query': 'v1/X.svc/Set?',
  'an empty query behind a slash': 'v1/X.svc/Set/?',
  'a question mark in a query': 'v1/X.svc/Set?a?b',
  'empty parameters': 'v1/X.svc/Set?&&$top=1&&a=&=b&',
  'the order of parameters, repeated ones': 'v1/X.svc/Set?$top=2&$skip=1&$top=1&x=2&x=1',
  'an encoded dollar in the query': "v1/X.svc/Set?%24filter=A%20eq%20'1'&%24top=5",
  'a plain dollar in the query': "v1/X.svc/Set?$filter=A%20eq%20'1'&$top=5",
  'contains': "v1/X.svc/Set?$filter=contains(OrderNo,'97277')",
  'blanks by plus': "v1/X.svc/Set?$filter=A+eq+'1'+and+B+eq+2",
  'blanks by %20 and an encoded plus': "v1/X.svc/Set?$filter=A%20eq%20'1%2B1'",
  'encoded marks in a filter': 'v1/X.svc/Set?$filter=%28A%20eq%20%27O%27%27Neil%27%29%3B',
  'slashes and dots in the query': "v1/X.svc/Set?$filter=Lines/any(l:l/Qty%20gt%201)&x=/../..&y=%2e%2e%2f",
  'a nested expand': 'v1/X.svc/Set?$expand=Lines($select=Id,Qty;$filter=Qty%20gt%200;$orderby=Id%20desc;$top=5),Address',
  'a search with quotes': 'v1/X.svc/Set?$search="blue%20pump"%20AND%20NOT%20old',
  'an apply': 'v1/X.svc/Set?$apply=groupby((Site),aggregate(Qty%20with%20sum%20as%20Total))',
  'JSON in a parameter': 'v1/X.svc/Act(P=@p)?@p={"a":["b|c",1],"d":"%5C`^"}',
  'a format': 'v1/X.svc/Set?$format=application%2Fjson%3Bodata.metadata%3Dfull%3BIEEE754Compatible%3Dtrue',
  'a skip token in base64': 'v1/X.svc/Set?$skiptoken=WyIxIiwiQS9CIl0+/=%3D%3d',
  'a delta token': 'v1/X.svc/Set?$deltatoken=\'2024-02-29T12%3A00%3A00.000%2B01%3A00\'',
  'debug': 'v1/X.svc/Set?odata-debug=json',
  'UTF-8 in the query': "v1/X.svc/Set?$filter=Name%20eq%20'%C3%A5'",
  'line ends, encoded': "v1/X.svc/Set?$filter=Note%20eq%20'a%0D%0Ab%09c'",
};

// The target of one request as it stood on the wire; reader and backend refuse to guess.
async function seenBy(stand, target) {
  const before = stand.backend.requests.length;
  const answer = await stand.get(target);
  assert.equal(answer?.status, 200, answer?.text);
  assert.equal(stand.backend.requests.length, before + 1);
  return stand.backend.requests[before].target;
}

test('targets reach the service byte for byte', async (t) => {
  const stand = await startStand(t, { route: { path: PREFIX } });
  for (const [name, rest] of Object.entries(TARGETS)) {
    await t.test(`${name}: ${rest}`, async () => assert.equal(await seenBy(stand, PREFIX + rest), PREFIX + rest));
  }
});

test('a rewrite changes the prefix and nothing behind it', async (t) => {
  for (const rewrite of ['/odata/', '/int/ifsapplications/projection/', '/']) {
    const stand = await startStand(t, { route: { path: PREFIX, rewrite } });
    await t.test(`to ${rewrite}`, async () => {
      for (const [name, rest] of Object.entries(TARGETS)) assert.equal(await seenBy(stand, PREFIX + rest), rewrite + rest, name);
    });
  }
});

test('the other channels of one host are routes of their own', async (t) => {
  const guarded = (name) => ({ name, path: `/${name}/ifsapplications/projection/`, backend: 'main', policy: 'none' });
  const stand = await startStand(t, { config: { routes: ['main', 'int', 'b2b'].map(guarded) } });
  for (const name of ['main', 'int', 'b2b']) {
    const target = `/${name}/ifsapplications/projection/v1/X.svc/Parts('A%2FB')?`;
    assert.equal(await seenBy(stand, target), target);
  }
  assert.equal((await stand.get('/other/ifsapplications/projection/v1/X.svc')).status, 404);
});

test('a target of 16 KB with hundreds of keys passes; one byte above limits.target is 414', async (t) => {
  const stand = await startStand(t, { route: { path: PREFIX }, config: { limits: { target: '20KiB' } } });
  for (const bytes of [8000, 16 << 10, 20 << 10]) {
    const target = longTarget(bytes);
    assert.equal(target.length, bytes);
    assert.equal(await seenBy(stand, target), target);
  }
  const before = stand.backend.requests.length;
  assert.equal((await stand.get(longTarget((20 << 10) + 1))).status, 414);
  assert.equal(stand.backend.requests.length, before);
});

test('a target of 16 KB that comes a little at a time passes as well', async (t) => {
  const stand = await startStand(t, { route: { path: PREFIX } });
  const target = longTarget(16 << 10);
  const client = await stand.connect();
  const bytes = requestBytes({ target, token: stand.issuer.token() });
  for (let at = 0; at < bytes.length; at += 997) await client.write(bytes.subarray(at, at + 997));
  assert.equal((await client.answer()).status, 200);
  assert.equal(stand.backend.requests[0].target, target);
  client.destroy();
});

test('many targets on one connection do not touch each other', async (t) => {
  const stand = await startStand(t, { route: { path: PREFIX, rewrite: '/odata/' }, config: { workers: 1 } });
  const rests = Object.values(TARGETS);
  const client = await stand.connect();
  const token = stand.issuer.token();
  client.write(Buffer.concat(rests.map((rest) => requestBytes({ target: PREFIX + rest, token }))));
  for (const rest of rests) assert.equal((await client.answer())?.status, 200, rest);
  assert.deepEqual(stand.backend.requests.map(({ target }) => target), rests.map((rest) => `/odata/${rest}`));
  client.destroy();
});

// nginx tells what it read; its own limits for a line are raised.
test('nginx, asked through the gateway, saw the same target', { skip: !hasNginx }, async (t) => {
  const nginx = await startNginx(t, `
    large_client_header_buffers 4 64k;
    merge_slashes off;
    location / { default_type text/plain; return 200 $request_uri; }`);
  const stand = await startStand(t, { backend: nginx, route: { path: PREFIX } });
  const rests = [...Object.values(TARGETS), longTarget(16 << 10).slice(PREFIX.length)];
  for (const rest of rests) assert.equal((await stand.get(PREFIX + rest)).text, PREFIX + rest);
});

// What is no part of the promise: the gateway would have to guess.  Each has a neighbour in TARGETS that passes.
const REFUSED = {
  'a dot segment': 'v1/X.svc/../Y.svc/Set',
  'a single dot': 'v1/./X.svc/Set',
  'an encoded dot segment': 'v1/X.svc/%2e%2E/Y.svc/Set',
  'a dot segment between encoded slashes': "v1/X.svc/Parts(PartNo='A%2F..%2FB')",
  'a dot segment between encoded backslashes': "v1/X.svc/Parts(PartNo='A%5C..%5CB')",
  'a dot segment with a parameter': 'v1/X.svc/..;v=1/Y.svc',
  'a null byte': "v1/X.svc/Parts(PartNo='A%00')",
  'a half encoding': "v1/X.svc/Parts(PartNo='A%2')",
  'an encoding that is none': "v1/X.svc/Set?$filter=A%20eq%20'100%'",
  'a hash': 'v1/X.svc/Set#x',
  'a backslash': "v1/X.svc/Parts(PartNo='A\\B')",
  'a blank': "v1/X.svc/Set?$filter=A eq '1'",
  'a letter beyond ASCII': "v1/X.svc/Sites(Name='V\xe5rg\xe5rda')",
};

test('what two readers could take for two things is 400, and nothing of it reaches the service', async (t) => {
  const stand = await startStand(t, { route: { path: PREFIX } });
  for (const [name, rest] of Object.entries(REFUSED)) {
    await t.test(name, async () => {
      assert.equal((await stand.get(PREFIX + rest))?.status, 400);
      assert.equal(stand.backend.requests.length, 0);
    });
  }
});

test('a path that is another route once decoded or merged is 400; its neighbour passes', async (t) => {
  const route = (name, path) => ({ name, path, backend: 'main', policy: 'none' });
  const routes = [route('all', PREFIX), route('secret', `${PREFIX}v1/Secret.svc/`)];
  const stand = await startStand(t, { config: { routes } });
  const refused = [
    'v1%2FSecret.svc/Set', 'v1/%53ecret.svc/Set', 'v1/Secret%2Esvc/Set', 'v1/Secret.svc%2FSet', 'v1//Secret.svc/Set', 'v1/Secret.svc;v=1/Set',
  ].map((rest) => PREFIX + rest);
  const prefixes = ['//main/', '/main//', '/%6Dain/', '/main%2F'].map((start) => `${start}ifsapplications/projection/v1/X.svc`);
  for (const target of [...refused, ...prefixes]) assert.equal((await stand.get(target)).status, 400, target);
  assert.equal(stand.backend.requests.length, 0);
  const passed = ['v1/Secret.svc/Set%2FA', 'v1/Secret.svc//Set', "v1/X.svc/Set('v1%2FSecret.svc%2FSet')", 'v1/X.svc//Set', 'v1/Open.svc;v=1/Set'];
  for (const rest of passed) assert.equal(await seenBy(stand, PREFIX + rest), PREFIX + rest);
});
