// SPDX-License-Identifier: Apache-2.0
// Goal: `jwtgate check` tells what a route gives away: report-only routes, and headers that a client could still forge.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { run, tempDir, writeFiles } from './harness/gateway.mjs';

const routes = (more) => `listeners: [ { bind: "127.0.0.1:8080" } ]
backends: { main: { servers: ["http://127.0.0.1:9001"] } }
routes:
  - name: main
    path: /
    backend: main
    validate_jwt: { openid_config: ["https://idp.example.com/"], audiences: [api] }
${more}
  - { name: open, path: /open, backend: main, policy: none }
`;

async function check(t, text) {
  const dir = tempDir(t);
  writeFiles(dir, { 'gateway.yaml': text });
  const result = await run(['check', '-c', path.join(dir, 'gateway.yaml')]);
  return { ...result, lines: result.stderr.split('\n').filter(Boolean).map((line) => line.replace(/^.*?gateway\.yaml:/, '')) };
}

test('each report-only and each public route is a note', async (t) => {
  const result = await check(t, routes('    mode: report-only'));
  assert.equal(result.status, 0);
  assert.deepEqual(result.lines.map((line) => line.replace(/: .*?route/, ': route')), [
    '8:11: route "main" is report-only: what its policy refuses passes all the same',
    '9:55: route "open" is public: no token is asked for',
  ]);
});

test('who makes headers of claims is told which others can be forged', async (t) => {
  const result = await check(t, routes('    claims_to_headers: { X-User: upn, Remote_User: sub }'));
  assert.equal(result.status, 0, result.stderr);
  const [note] = result.lines.filter((line) => line.includes('forge'));
  assert.match(note, /^8:\d+: note: /);
  assert.match(note, /X-Forwarded-User, /);
  assert.doesNotMatch(note, /X-User,|\bRemote-User, X-Remote/);
  const without = await check(t, routes(''));
  assert.deepEqual(without.lines.filter((line) => line.includes('forge')), []);
});

test('names and claims that cannot be meant are errors where they stand', async (t) => {
  const faults = {
    'claims_to_headers: { "X User": upn }': 'no header name',
    'claims_to_headers: { Authorization: upn }': 'meaning of its own',
    'claims_to_headers: { X_Forwarded_For: upn }': 'meaning of its own',
    'claims_to_headers: { cookie: upn }': 'meaning of its own',
    'claims_to_headers: { X-User: upn, X_USER: sub }': 'twice',
    'claims_to_headers: { X-User: { join: csv } }': 'give "claim"',
    'claims_to_headers: { X-User: { claim: a, path: b } }': 'give "claim"',
    'claims_to_headers: { X-User: "" }': 'is empty',
    'claims_to_headers: { X-User: { path: /realm_access/roles } }': 'separated by /',
    'claims_to_headers: { X-User: { path: "" } }': 'separated by /',
    'claims_to_headers: { X-User: [upn] }': 'made of a claim',
    'claims_to_headers: { X-User: { claim: a, join: tabs } }': 'csv',
    'realm: ""': 'is empty',
    'realm: "å"': 'printable ASCII',
    'realm: "a\\tb"': 'printable ASCII',
    'mode: report': 'report-only',
    'errors: json': 'problem+json',
    'insufficient_scope: 402': '403',
    'resource_metadata: { resource: "http://api.example.com/" }': 'https URL',
    'resource_metadata: { resource: "https://api.example.com/?a" }': 'no query',
    'resource_metadata: { resource: "https://api.example.com/", authorization_servers: [idp] }': 'authorization server',
    'resource_metadata: { resource: "https://api.example.com/a/../b" }': 'dot segment',
    'resource_metadata: { authorization_servers: ["https://idp.example.com"] }': 'required',
  };
  for (const [line, words] of Object.entries(faults)) {
    await t.test(line, async (inner) => {
      const result = await check(inner, routes(`    ${line}`));
      assert.equal(result.status, 1);
      const errors = result.lines.filter((text) => text.includes(': error: '));
      assert.equal(errors.length, 1, result.stderr);
      assert.match(errors[0], /^8:\d+: /);
      assert.ok(errors[0].includes(words), errors[0]);
    });
  }
});

test('a header is either made of a claim or holds a token, on all routes together', async (t) => {
  const token = (name) => routes('    claims_to_headers: { X-User: upn }').replace('policy: none',
    `validate_jwt: { header_name: ${name}, openid_config: ["https://idp.example.com/"], audiences: [api] }`);
  const result = await check(t, token('x_user'));
  assert.equal(result.status, 1);
  const errors = result.lines.filter((line) => line.includes(': error: '));
  assert.deepEqual(errors, ['8:26: error: "X-User" is where route "open" reads its token from']);
  assert.equal((await check(t, token('X-Users'))).status, 0);
  const own = await check(t, routes('    claims_to_headers: { X-Token: upn }').replace('{ openid', '{ header_name: X-Token, openid'));
  assert.match(own.stderr, /8:26: error: "X-Token" is where route "main" reads its token from/);
});

test('a public route has no claims, and says nothing of tokens', async (t) => {
  const text = routes('').replace('policy: none', 'policy: none, claims_to_headers: { X-User: upn }');
  const result = await check(t, text);
  assert.equal(result.status, 1);
  assert.ok(result.lines.some((line) => /^9:\d+: error: a public route judges no token/.test(line)), result.stderr);
  const warned = await check(t, routes('').replace('policy: none', 'policy: none, mode: report-only'));
  assert.equal(warned.status, 0);
  assert.ok(warned.lines.some((line) => /warning: "mode" has no effect/.test(line)), warned.stderr);
});
