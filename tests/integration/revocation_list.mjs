// SPDX-License-Identifier: Apache-2.0
// Goal: a list of revoked tokens is in force a second after it was written, whatever was remembered of them; a broken one changes
// nothing and is told.
import assert from 'node:assert/strict';
import { appendFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { send } from './harness/client.mjs';
import { run, tempDir, writeFiles } from './harness/gateway.mjs';
import { now } from './harness/keys.mjs';
import { startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

const FILE = 'revoked.yaml';

async function startListed(t, revoked = [], options = {}) {
  const files = { [FILE]: { revoked } };
  const stand = await startStand(t, { config: { revocation: FILE }, files, ...options });
  const file = path.join(stand.gateway.dir, FILE);
  return {
    ...stand,
    file,
    // As it should be done: written aside, then put in its place.
    list: (entries) => {
      writeFileSync(`${file}.new`, typeof entries === 'string' ? entries : JSON.stringify({ revoked: entries }));
      renameSync(`${file}.new`, file);
    },
    status: async (token) => (await stand.send({ token })).status,
    metrics: async () => (await send(stand.gateway.adminPort, { target: '/metrics', host: 'localhost' })).text,
  };
}

test('each member means what it says', async (t) => {
  const stand = await startListed(t);
  const { issuer } = stand;
  const iat = now() - 10;
  const token = issuer.token({ jti: 't1', sub: 'ann', iat });
  const other = issuer.token({ jti: 't2', sub: 'bob', iat: iat + 5 });
  const cases = {
    jti: [{ jti: 't1' }, 'claim:jti'],
    sub: [{ sub: 'ann' }, 'claim:sub'],
    'sub and time': [{ sub: 'ann', issued_before: iat + 1 }, 'claim:sub'],
    'sub and issuer': [{ sub: 'ann', iss: issuer.url }, 'claim:sub'],
    time: [{ issued_before: new Date((iat + 1) * 1000).toISOString() }, 'claim:iat'],
    'issuer and time': [{ iss: issuer.url, issued_before: iat + 1 }, 'claim:iat'],
  };
  const none = async () => {
    stand.list([]);
    await until('nothing in force', async () => (await stand.status(token)) === 200);
  };
  for (const [name, [entry, check]] of Object.entries(cases)) {
    await none();
    stand.list([entry]);
    await until(`${name} in force`, async () => (await stand.status(token)) === 401);
    assert.equal(await stand.status(other), 200, name);
    assert.equal(stand.gateway.events('revoked').at(-1).route, 'main');
    await until('the access line', () => stand.gateway.events('access').some((event) => event.check === check));
  }
  for (const entry of [{ kid: issuer.key.kid }, { iss: issuer.url }]) {
    await none();
    stand.list([entry]);
    await until('all refused', async () => (await stand.status(token)) === 401 && (await stand.status(other)) === 401);
  }
});

test('a key that the header does not name is revoked as well', async (t) => {
  const stand = await startListed(t, [{ kid: 'RS256-1' }]);
  assert.equal(await stand.status(stand.issuer.token({}, { header: { kid: undefined } })), 401);
  stand.list([{ kid: 'another' }]);
  await until('the other list', async () => (await stand.status(stand.issuer.token({}, { header: { kid: undefined } }))) === 200);
});

test('a remembered token is refused, and told of without its names', async (t) => {
  const stand = await startListed(t);
  const token = stand.issuer.token({ jti: 'the-very-token', sub: 'ann@example.com' });
  for (let i = 0; i < 8; i++) assert.equal(await stand.status(token), 200);
  stand.list([{ jti: 'nobody' }, { jti: 'the-very-token' }]);
  const told = await stand.gateway.event('revocation-loaded');
  assert.equal(told.entries, '2');
  await until('the refusal', async () => (await stand.status(token)) === 401);
  for (let i = 0; i < 8; i++) assert.equal(await stand.status(token), 401);
  const event = stand.gateway.events('revoked')[0];
  assert.equal(event.kid, stand.issuer.key.kid);
  assert.equal(event.iss, stand.issuer.url);
  assert.equal(event.line, '1');
  assert.match(event.sub_hash, /^[\w-]{12}$/);
  assert.match(event.jti_hash, /^[\w-]{12}$/);
  assert.doesNotMatch(stand.gateway.output, /ann@example|the-very-token/);
  assert.equal((await stand.send({ token })).field('www-authenticate'), 'Bearer realm="main", error="invalid_token"');
  assert.match(await stand.metrics(), /^jwtgate_revocation_hits_total \d+$/m);
  assert.match(await stand.metrics(), /^jwtgate_revocation_entries 2$/m);
});

test('a broken list leaves the last good one in force', async (t) => {
  const stand = await startListed(t, [{ sub: 'someone' }]);
  const token = stand.issuer.token();
  assert.equal(await stand.status(token), 401);
  stand.list('revoked: [ { jit: x } ]');
  const failed = await stand.gateway.event('revocation-failed');
  assert.equal(failed.line, '1');
  assert.match(failed.error, /jit/);
  assert.equal(await stand.status(token), 401);
  assert.match(await stand.metrics(), /^jwtgate_revocation_stale 1$/m);
  rmSync(stand.file);
  await stand.gateway.event('revocation-failed', 1);
  assert.equal(await stand.status(token), 401);
  stand.list([]);
  await until('the empty list', async () => (await stand.status(token)) === 200);
  assert.match(await stand.metrics(), /^jwtgate_revocation_stale 0$/m);
});

test('a list that grows in its place is read', async (t) => {
  const stand = await startListed(t);
  writeFileSync(stand.file, 'revoked:\n  - jti: a\n');
  await stand.gateway.event('revocation-loaded');
  const token = stand.issuer.token({ jti: 'b' });
  assert.equal(await stand.status(token), 200);
  appendFileSync(stand.file, '  - jti: b\n');
  await until('the new entry', async () => (await stand.status(token)) === 401);
});

test('a reload brings another list, or none', async (t) => {
  const stand = await startListed(t, [{ sub: 'someone' }]);
  const token = stand.issuer.token();
  assert.equal(await stand.status(token), 401);
  await stand.gateway.reload({ ...stand.config, revocation: 'other.yaml' }, { 'other.yaml': { revoked: [{ jti: 'x' }] } });
  assert.equal(await stand.status(token), 200);
  assert.equal(await stand.status(stand.issuer.token({ jti: 'x' })), 401);
  await stand.gateway.reload({ ...stand.config, revocation: 'broken.yaml' }, { 'broken.yaml': 'revoked: {}' });
  assert.match(stand.gateway.output, /broken\.yaml:1:\d+: error: /);
  assert.equal(await stand.status(stand.issuer.token({ jti: 'x' })), 401);
  const { revocation, ...without } = stand.config;
  assert.equal(revocation, FILE);
  await stand.gateway.reload(without);
  assert.equal(await stand.status(stand.issuer.token({ jti: 'x' })), 200);
});

test('report-only tells of a revoked token and lets it pass', async (t) => {
  const stand = await startListed(t, [{ sub: 'someone' }], { route: { mode: 'report-only' } });
  assert.equal(await stand.status(stand.issuer.token()), 200);
  assert.equal((await stand.gateway.event('revoked')).mode, 'report-only');
});

test('without its list there is no gateway', async (t) => {
  const config = (name) => ({
    listeners: [{ bind: '127.0.0.1:0' }],
    backends: { b: { servers: ['http://127.0.0.1:1'] } },
    routes: [{ name: 'r', path: '/', backend: 'b', policy: 'none' }],
    revocation: name,
  });
  const check = async (name, text) => {
    const dir = tempDir(t);
    writeFiles(dir, { 'gateway.yaml': config(name), ...(text === undefined ? {} : { [name]: text }) });
    return run(['check', '-c', 'gateway.yaml'], { cwd: dir });
  };
  const missing = await check('nowhere.yaml');
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /gateway\.yaml:\d+:\d+: error: .*nowhere\.yaml/);
  const broken = await check('broken.yaml', 'revoked:\n  - {}\n');
  assert.equal(broken.status, 1);
  assert.match(broken.stderr, /broken\.yaml:2:5: error: an entry that says nothing would mean every token/);
  assert.equal((await check('good.yaml', 'revoked: []\n')).status, 0);
});
