// SPDX-License-Identifier: Apache-2.0
// The modules of the console's page that know no page: times in words, base64url, JSON as it was written, tokens, routes.
import assert from 'node:assert/strict';
import test from 'node:test';
import { bytesOf, textOf } from '../../src/admin/console/base64url.js';
import { indented, items, member, members } from '../../src/admin/console/json.js';
import { difference, fieldsOf, hostFor, routeOf } from '../../src/admin/console/routes.js';
import { fromField, inUtc, inWords, iso, isMoment, looksLikeMilliseconds, span } from '../../src/admin/console/time.js';
import { opened, pasted, textMember } from '../../src/admin/console/token.js';

const part = (text) => Buffer.from(text).toString('base64url');

test('words never say more than has passed or is left', () => {
  const cases = [
    [0, 'now'], [0.9, 'now'], [1, 'in 1 second'], [59.9, 'in 59 seconds'], [60, 'in 1 minute'], [599, 'in 9 minutes'], [600, 'in 10 minutes'],
    [-1, '1 second ago'], [-3599, '59 minutes ago'], [-3600, '1 hour ago'], [-7300, '2 hours ago'], [86400 * 3, 'in 3 days'],
    [31557600 * 2, 'in 2 years'],
  ];
  for (const [apart, words] of cases) assert.equal(inWords(1000 + apart, 1000), words);
});

test('moments are written in UTC, and what no calendar holds is none', () => {
  assert.equal(inUtc(1769846400), '2026-01-31 08:00:00 UTC');
  assert.equal(inUtc(1769846400.75), '2026-01-31 08:00:00 UTC');
  assert.equal(iso(0), '1970-01-01T00:00:00Z');
  assert.ok(isMoment(8.64e12) && !isMoment(8.65e12) && !isMoment('7') && !isMoment(NaN));
  assert.ok(looksLikeMilliseconds(1769846400000, 1769846400) && !looksLikeMilliseconds(1769846400, 1769846400));
  assert.equal(fromField(''), undefined);
  assert.equal(fromField('2026-01-31T08:00:00Z'), 1769846400);
  assert.deepEqual([span(0), span(4.4), span(1500), span(90e3), span(7200e3)], ['under 1 ms', '4 ms', '1.5 s', '1 min', '2 h']);
});

test('base64url is read strictly', () => {
  assert.equal(textOf('w6R-_w'.slice(0, 3)), 'ä');
  assert.equal(textOf(''), '');
  assert.deepEqual([...bytesOf('__-_')], [255, 255, 191]);
  for (const [text, why] of [['a', /1 characters/], ['ab+/', /"\+" at 3/], ['abc=', /"="/], ['ab c', /" "/], ['_w', /UTF-8/]]) {
    assert.throws(() => textOf(text), why);
  }
});

test('JSON keeps digits, order and names that stand twice', () => {
  const text = ' {"n" : 12345678901234567890, "a":[1,{"s":"q\\"]\\\\"}, []],"e":{},"n":-1.50,"t":"x,y:{"} ';
  assert.deepEqual(members(text), [
    ['n', '12345678901234567890'], ['a', '[1,{"s":"q\\"]\\\\"}, []]'], ['e', '{}'], ['n', '-1.50'], ['t', '"x,y:{"'],
  ]);
  assert.equal(member(text, 'n'), '-1.50');
  assert.equal(member(text, 'x'), undefined);
  assert.deepEqual(items('[1, [2,3], "a", null]'), ['1', '[2,3]', '"a"', 'null']);
  for (const empty of ['[]', '{}', '7', '"{"']) assert.deepEqual([items(empty), members(empty)], [[], []]);
  assert.equal(indented('{"a":[1,{}],"b":""}'), '{\n  "a": [\n    1,\n    {}\n  ],\n  "b": ""\n}');
  assert.deepEqual(JSON.parse(indented(text)), JSON.parse(text));
});

test('JSON of any depth and size is laid out', () => {
  const deep = '['.repeat(100000) + ']'.repeat(100000);
  assert.equal(indented(deep).replace(/\s/g, ''), deep);
  const wide = JSON.stringify(Array.from({ length: 50000 }, (_, i) => ({ i, s: '\\"'.repeat(3) })));
  assert.deepEqual(JSON.parse(indented(wide)), JSON.parse(wide));
  assert.equal(items(wide).length, 50000);
});

test('a token is found in what people paste', () => {
  for (const text of ['a.b.c', ' a.b.c\n', 'Bearer a.b.c', 'bearer   a.b.c', 'Authorization: Bearer a.b.c', 'DPoP a.b.c']) {
    assert.equal(pasted(text), 'a.b.c');
  }
});

test('a token is opened as far as it can be read', () => {
  assert.deepEqual(opened(`${part('{"alg":"x"}')}.${part('{"a":1}')}.`), { kind: 'signed', header: '{"alg":"x"}', claims: '{"a":1}' });
  assert.deepEqual(opened(`${part('{"alg":"x"}')}....`), { kind: 'encrypted', header: '{"alg":"x"}' });
  assert.match(opened('opaque').trouble, /this has 1/);
  assert.match(opened('a.b.c.d.e.f.g').trouble, /this has more/);
  const half = opened(`${part('{"alg":"x"}')}.${part('[]')}.x`);
  assert.equal(half.header, '{"alg":"x"}');
  assert.match(half.trouble, /claims cannot be read: it holds no JSON object/);
  assert.equal(textMember('{"kid":"k"}', 'kid'), 'k');
  assert.equal(textMember('{"kid":7}', 'kid'), undefined);
  assert.equal(textMember(undefined, 'kid'), undefined);
});

test('a request gets to the route with the closest host, then the longest path', () => {
  const routes = [
    { name: 'all', path: '/' }, { name: 'a', path: '/a' }, { name: 'below', path: '/a/b/' },
    { name: 'wild', hosts: ['*.example.com'], path: '/' }, { name: 'exact', hosts: ['api.example.com'], path: '/x/' },
  ];
  const cases = [
    ['', '/', 'all'], ['', '/a', 'a'], ['', '/a?q', 'a'], ['', '/ab', 'all'], ['', '/a/b', 'a'], ['', '/a/b/c', 'below'],
    ['www.example.com', '/a', 'wild'], ['example.com', '/a', 'a'], ['API.example.com:443', '/x/y', 'exact'], ['api.example.com', '/x', 'wild'],
  ];
  for (const [host, target, name] of cases) assert.equal(routeOf(routes, host, target)?.name, name, `${host}${target}`);
  assert.equal(routeOf([routes[4]], '', '/x/'), undefined);
  assert.deepEqual(routes.map(hostFor), ['', '', '', 'www.example.com', 'api.example.com']);
});

test('fields are lines of a name and a value', () => {
  assert.deepEqual(fieldsOf('Accept: a/b\n\n X-A:  b: c \r\nX-A:'), [['Accept', 'a/b'], ['X-A', 'b: c'], ['X-A', '']]);
  for (const text of ['Accept', ': x', 'a b: c', 'Accept: a\nnothing']) assert.throws(() => fieldsOf(text), /Line \d/);
});

test('texts that are nearly the same are told apart where they differ', () => {
  assert.deepEqual(difference('https://a.example/', 'https://a.example'), [['https://a.example', '/', ''], ['https://a.example', '', '']]);
  assert.deepEqual(difference('tenant-a/v2', 'tenant-b/v2'), [['tenant-', 'a', '/v2'], ['tenant-', 'b', '/v2']]);
  assert.equal(difference('same', 'same'), undefined);
  assert.equal(difference('Orders.Read', 'nothing'), undefined);
});
