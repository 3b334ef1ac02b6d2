// SPDX-License-Identifier: Apache-2.0
// Goal: `jwtgate check` tells what fetching from a provider, or keeping its keys, would fail at; each beside a neighbour that is
// right.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { newAuthority } from './harness/certs.mjs';
import { completed, run, tempDir, writeFiles } from './harness/gateway.mjs';

const IDP = 'https://idp.example/realm';

// The lines of `check` for these entries and keys, each in JSON on a line of its own; the entries begin at line 2.
async function check(t, { providers = [], keys = {}, files = {}, prepare = () => {} }) {
  const dir = tempDir(t);
  const rest = completed({
    keys,
    backends: { main: { servers: ['http://127.0.0.1:1'] } },
    routes: [{ name: 'main', path: '/', backend: 'main', validate_jwt: { openid_config: [{ url: IDP }], audiences: ['api'] } }],
  });
  const lines = Object.entries(rest).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
  const text = ['providers:', ...providers.map((entry) => `  - ${JSON.stringify(entry)}`), ...lines].join('\n');
  writeFiles(dir, { ...files, 'gateway.yaml': text });
  prepare(dir);
  const result = await run(['check', '-c', path.join(dir, 'gateway.yaml')]);
  return { ...result, lines: result.stderr.replaceAll(`${dir}/`, '').split('\n').filter(Boolean) };
}

const authority = newAuthority({ after: (end) => test.after(end) });
const [leaf, other] = [authority.issue('gateway.example'), authority.issue('other.example')];
const secret = 'a passphrase that is asked of nobody';
const locked = execFileSync('openssl', ['pkey', '-in', leaf.keyFile, '-aes256', '-passout', `pass:${secret}`]);
const files = {
  'ca.pem': authority.ca,
  'cert.pem': leaf.cert,
  'key.pem': leaf.key,
  'both.pem': Buffer.concat([leaf.key, leaf.cert]),
  'other.key': other.key,
  'locked.key': locked,
  'broken.pem': readFileSync(authority.caFile, 'utf8').replace(/\n[A-Za-z0-9+/]{20}/, '\n!'),
  'empty.pem': '',
  'text.pem': 'no certificate at all\n',
};

test('entries that are right', async (t) => {
  const entries = [
    {}, { ca: 'ca.pem' }, { ca: authority.caFile }, { proxy: 'http://proxy.example:3128' },
    { client_certificate: 'cert.pem', client_key: 'key.pem' }, { client_certificate: 'both.pem' },
    { client_certificate: 'both.pem', client_key: 'both.pem' }, { validate_issuer_name: true, validate_endpoints: true },
  ];
  for (const entry of entries) {
    const result = await check(t, { providers: [{ url: IDP, ...entry }], files });
    assert.deepEqual([result.status, result.lines], [0, []], JSON.stringify(entry));
  }
});

test('entries that are wrong, with their place', async (t) => {
  const cases = [
    [{ url: 'http://idp.example/realm' }, 'url', /plain http to "idp.example"/],
    [{ url: 'idp.example' }, 'url', /no absolute URL/],
    [{ url: IDP, ca: 'nowhere.pem' }, 'ca', /nowhere\.pem/],
    [{ url: IDP, ca: 'key.pem' }, 'ca', /holds no PEM certificate/],
    [{ url: IDP, ca: 'empty.pem' }, 'ca', /holds no PEM certificate/],
    [{ url: IDP, ca: 'text.pem' }, 'ca', /holds no PEM certificate/],
    [{ url: IDP, ca: 'broken.pem' }, 'ca', /holds no PEM certificate/],
    [{ url: IDP, ca: '.' }, 'ca', /./],
    [{ url: IDP, client_key: 'key.pem' }, 'client_key', /"client_certificate", which is missing/],
    [{ url: IDP, client_certificate: 'cert.pem' }, 'client_certificate', /no PEM private key.*client_key/],
    [{ url: IDP, client_certificate: 'key.pem', client_key: 'key.pem' }, 'client_certificate', /holds no PEM certificate/],
    [{ url: IDP, client_certificate: 'cert.pem', client_key: 'cert.pem' }, 'client_key', /no PEM private key/],
    [{ url: IDP, client_certificate: 'cert.pem', client_key: 'other.key' }, 'client_key', /not that of "client_certificate"/],
    [{ url: IDP, client_certificate: 'cert.pem', client_key: 'locked.key' }, 'client_key', /needs no passphrase/],
    [{ url: IDP, proxy: 'https://proxy.example:3128' }, 'proxy', /http:\/\/HOST:PORT/],
    [{ url: IDP, proxy: 'http://proxy.example' }, 'proxy', /http:\/\/HOST:PORT/],
    [{ url: IDP, proxy: 'http://me:hidden@proxy.example:3128' }, 'proxy', /without user/],
  ];
  for (const [entry, key, why] of cases) {
    const { status, lines } = await check(t, { providers: [entry], files });
    const column = `  - ${JSON.stringify(entry)}`.indexOf(`"${key}":`) + `"${key}":`.length + 1;
    assert.equal(status, 1, JSON.stringify(entry));
    const line = lines.find((one) => one.startsWith(`gateway.yaml:2:${column}: error: `));
    assert.ok(line && why.test(line), `${JSON.stringify(entry)}:\n${lines.join('\n')}`);
    assert.ok(!lines.some((one) => one.includes('hidden') || one.includes(secret)), 'a secret is shown');
  }
});

test('all that is wrong is told in one run', async (t) => {
  const entry = { url: IDP, ca: 'nowhere.pem', proxy: 'proxy', client_certificate: 'nowhere.pem', client_key: 'nowhere.pem' };
  const { lines } = await check(t, { providers: [entry, { url: 'idp' }], files });
  assert.equal(lines.filter((line) => line.startsWith('gateway.yaml:2:')).length, 4, lines.join('\n'));
  assert.equal(lines.filter((line) => line.startsWith('gateway.yaml:3:')).length, 1, lines.join('\n'));
});

test('one entry for a provider, which a policy names', async (t) => {
  for (const url of [IDP, `${IDP}/`, `${IDP}/.well-known/openid-configuration`]) {
    assert.deepEqual((await check(t, { providers: [{ url }] })).lines, []);
    const { status, lines } = await check(t, { providers: [{ url: IDP }, { url }] });
    assert.equal(status, 1);
    assert.match(lines[0], /^gateway\.yaml:3:\d+: error: another entry is for the same provider/);
  }
  const { status, lines } = await check(t, { providers: [{ url: `${IDP}s` }] });
  assert.equal(status, 0);
  assert.match(lines[0], /^gateway\.yaml:2:\d+: warning: no policy names this provider/);
});

test('plain http and proxies', async (t) => {
  const providers = [{ url: 'http://127.0.0.1:1/', proxy: 'http://proxy.example:3128' }];
  assert.match((await check(t, { providers })).lines[0], /^gateway\.yaml:2:\d+: error: plain http through a proxy elsewhere/);
  assert.equal((await check(t, { providers, keys: { allow_http: true } })).status, 0);
  assert.equal((await check(t, { providers: [{ url: 'http://127.0.0.1:1/', proxy: 'http://127.0.0.1:3128' }] })).status, 0);
});

test('a store is a directory that only we can write', async (t) => {
  const cases = [
    ['kept', (dir) => mkdirSync(`${dir}/kept`, { mode: 0o700 }), undefined],
    ['nowhere', () => {}, /No such file/],
    ['gateway.yaml', () => {}, /Not a directory/],
    ['', () => {}, /is a directory/],
    ['open', (dir) => { mkdirSync(`${dir}/open`); chmodSync(`${dir}/open`, 0o777); }, /written by group or others.*0700/],
    ['shared', (dir) => { mkdirSync(`${dir}/shared`); chmodSync(`${dir}/shared`, 0o770); }, /written by group or others/],
  ];
  if (process.getuid() !== 0) cases.push(['closed', (dir) => mkdirSync(`${dir}/closed`, { mode: 0o500 }), /cannot be written/]);
  for (const [store, prepare, why] of cases) {
    const { status, lines } = await check(t, { keys: { store }, prepare });
    assert.equal(status, why ? 1 : 0, lines.join('\n'));
    if (why) assert.match(lines[0], new RegExp(`^gateway\\.yaml:\\d+:\\d+: error: .*${why.source}`));
  }
});
