// SPDX-License-Identifier: Apache-2.0
// Goal: `jwtgate check --online` says of every provider what it saw, and what is wrong with it where a policy names it; exit 1 only
// where there are no usable keys.
// Method: each finding on one provider, beside a healthy one of which nothing may be said.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { newAuthority } from './harness/certs.mjs';
import { certifiedKey } from './harness/entra.mjs';
import { completed, run, tempDir, writeFiles } from './harness/gateway.mjs';
import { startIssuer } from './harness/issuer.mjs';
import { newKey } from './harness/keys.mjs';
import { startSecureIssuer } from './harness/secure_issuer.mjs';

const json = (body, headers = {}) => (_, response) =>
  response.writeHead(200, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body()));

const routeOf = (name, url, more = {}) => ({
  name,
  path: `/${name}/`,
  backend: 'main',
  validate_jwt: { openid_config: [{ url }], audiences: ['api'], ...more },
});

// Checks a configuration of these routes; blocks by URL, problems as { place, kind, text }.
async function check(t, routes, config = {}, options = ['--online']) {
  const dir = tempDir(t);
  const file = path.join(dir, 'gateway.yaml');
  const whole = completed({ backends: { main: { servers: ['http://127.0.0.1:9'] } }, ...config, routes });
  writeFiles(dir, { 'gateway.yaml': whole });
  const result = await run(['check', '-c', file, ...options]);
  const problems = result.stderr.split('\n').filter(Boolean).map((line) => {
    const [, name, at, kind, text] = /^(.*?):(\d+:\d+): (error|warning|note): (.+)$/.exec(line) ?? assert.fail(line);
    assert.equal(name, file);
    return { at, kind, text };
  });
  const parts = result.stdout.split('\n\n');
  const summary = parts.pop();
  const blocks = Object.fromEntries(parts.map((part) => [part.split('\n')[0], part]));
  return { ...result, problems, blocks, summary, text: JSON.stringify(whole, null, 2) };
}

// The line of the configuration (as it is written for tests) where the n-th policy names its provider.
const lineOf = (text, n) => text.split('\n').flatMap((line, i) => (line.includes('"url": ') ? [i + 1] : []))[n];

test('a healthy provider: its block, no problem, exit 0', async (t) => {
  const issuer = await startIssuer(t, 'ES256');
  issuer.keys = [...issuer.keys, newKey('RS256', 'enc-1', { use: 'enc' }), newKey('RS256', 'r1', { alg: 'RS256' })];
  issuer.jwks = json(() => issuer.keySet(), { 'Cache-Control': 'public, max-age=600', Age: '7' });
  const result = await check(t, [routeOf('a', issuer.url), routeOf('b', issuer.configUrl)]);
  assert.equal(result.status, 0, result.stderr);
  assert.deepEqual(result.problems, []);
  assert.match(result.summary, /gateway\.yaml: ok: 2 routes, 1 backend, 0 warnings\n$/);
  assert.deepEqual(Object.keys(result.blocks), [issuer.configUrl], 'both routes name one provider');
  const block = result.blocks[issuer.configUrl];
  assert.match(block, /^ {2}routes +a, b$/m);
  assert.match(block, new RegExp(`^ {2}issuer +${issuer.url}$`, 'm'));
  assert.match(block, /^ {2}document +\d+ bytes in \d+ ms, no word on how long/m);
  assert.match(block, new RegExp(`^ {2}key set +${issuer.url}/jwks$`, 'm'));
  assert.match(block, /^ +\d+ bytes in \d+ ms, may be kept for 600 s, is 7 s old$/m);
  assert.match(block, /^ {2}refresh +every 600 s/m);
  assert.match(block, /^ {2}keys +ES256-1: EC 256 bits, ES256, thumbprint [\w-]{43}$/m);
  assert.match(block, /^ +r1: RSA 2048 bits, RS256, thumbprint [\w-]{43}$/m);
  assert.match(block, /^ {2}not used +enc-1: .*enc/m);
  assert.match(block, /^ {2}clock +agrees with ours$/m);
  assert.deepEqual(issuer.counts, { discovery: 1, jwks: 1, other: 0 });
});

test('without --online nothing is fetched and nothing of providers is said', async (t) => {
  const issuer = await startIssuer(t, 'ES256');
  const result = await check(t, [routeOf('a', issuer.url)], {}, []);
  assert.equal(result.status, 0);
  assert.deepEqual(result.blocks, {});
  assert.deepEqual(issuer.counts, { discovery: 0, jwks: 0, other: 0 });
});

test('an unhealthy provider beside a healthy one', async (t) => {
  const twice = newKey('ES256', 'twin', { alg: 'ES256' });
  const weak = { kty: 'RSA', kid: 'weak', n: Buffer.alloc(128, 0xab).toString('base64url'), e: 'AQAB' };
  // What makes the issuer ill; then kind and words of the problem, and words of the block.
  const cases = {
    'the document is missing': [(one) => (one.discovery = (_, response) => response.writeHead(404).end()),
      'error', /no usable keys: discovery document: answered 404/, /failed after \d+ ms: answered 404/],
    'the document is no JSON': [(one) => (one.discovery = json(() => 'x')), 'error', /no usable keys: discovery document/, /none usable/],
    'the document names no key set': [(one) => (one.document = () => ({ issuer: one.url })), 'error', /jwks_uri is missing/, /none usable/],
    'the key set fails': [(one) => (one.jwks = (_, response) => response.writeHead(500).end()),
      'error', /no usable keys: key set .*answered 500/, /failed after \d+ ms: answered 500/],
    'the key set is empty': [(one) => (one.keys = []), 'error', /no usable keys: key set/, /none usable/],
    'no key can be used': [(one) => (one.keys = [{ jwk: weak }]), 'error', /no usable keys: key set .*1024/, /none usable/],
    'another issuer than the URL': [(one) => (one.document = () => ({ issuer: 'https://else.example', jwks_uri: `${one.url}/jwks` })),
      'warning', /"https:\/\/else\.example" is not the authority of the URL/, /issuer +https:\/\/else\.example/],
    'two keys of one kid': [(one) => (one.keys = [newKey('ES256', 'twin', { alg: 'ES256' }), twice]),
      'warning', /2 keys have the kid "twin"/, /twin: EC/],
    'a clock ahead': [(one) => (one.jwks = (_, response) => {
      response.sendDate = false;
      response.writeHead(200, { Date: new Date(Date.now() + 120000).toUTCString() }).end(JSON.stringify(one.keySet()));
    }), 'warning', /clock is 1(19|20) s ahead of ours/, /clock +1(19|20) s ahead/],
  };
  for (const [name, [spoil, kind, words, shown]] of Object.entries(cases)) {
    await t.test(name, async (inner) => {
      const [good, bad] = [await startIssuer(inner, 'ES256'), await startIssuer(inner, 'ES256')];
      spoil(bad);
      const result = await check(inner, [routeOf('good', good.url), routeOf('bad', bad.url)]);
      assert.equal(result.status, kind === 'error' ? 1 : 0, result.stderr);
      assert.equal(result.problems.length, 1, result.stderr);
      const [problem] = result.problems;
      assert.equal(problem.kind, kind);
      assert.match(problem.text, words);
      assert.equal(Number(problem.at.split(':')[0]), lineOf(result.text, 1), 'the place of the second URL');
      assert.match(result.blocks[bad.configUrl], shown);
      assert.match(result.blocks[good.configUrl], /^ {2}keys +ES256-1: /m);
      assert.match(result.summary, kind === 'error' ? /: 1 error, 0 warnings\n$/ : /: ok: .* 1 warning\n$/);
    });
  }
});

test('a provider that is not there is an error, also where it never answers', async (t) => {
  const issuer = await startIssuer(t, 'ES256');
  issuer.discovery = () => {};
  const gone = await startIssuer(t, 'ES256');
  await gone.stop();
  const result = await check(t, [routeOf('hangs', issuer.url), routeOf('gone', gone.url)], { keys: { timeout: '300ms' } });
  assert.equal(result.status, 1);
  assert.deepEqual(result.problems.map(({ kind }) => kind), ['error', 'error']);
  assert.match(result.problems[0].text, /in time/);
});

test('what its entry in providers demands is held to', async (t) => {
  const issuer = await startIssuer(t, 'ES256');
  const providers = [{ url: issuer.url, validate_issuer_name: true }];
  const routes = [routeOf('a', issuer.url)];
  assert.equal((await check(t, routes, { providers })).status, 0);
  issuer.document = () => ({ issuer: 'https://else.example', jwks_uri: `${issuer.url}/jwks` });
  const result = await check(t, routes, { providers });
  assert.equal(result.status, 1);
  assert.equal(result.problems.length, 1, result.stderr);
  assert.match(result.problems[0].text, /no usable keys: discovery document: .*not the authority/);
});

test('a listed issuer that is nearly the one of the document is likely a slip', async (t) => {
  const issuer = await startIssuer(t, 'ES256');
  const listed = async (value) => (await check(t, [routeOf('a', issuer.url, { issuers: [value] })])).problems;
  assert.deepEqual(await listed(issuer.url), []);
  assert.deepEqual(await listed('https://sts.example/other/'), []);
  const [problem] = await listed(`${issuer.url}/`);
  assert.equal(problem.kind, 'warning');
  assert.match(problem.text, /held to the letter/);
});

test('a template that nothing narrows takes every tenant', async (t) => {
  const issuer = await startIssuer(t, 'ES256');
  issuer.document = () => ({ issuer: 'https://login.example.com/{tenantid}/v2.0', jwks_uri: `${issuer.url}/jwks` });
  const narrow = await check(t, [routeOf('a', issuer.url)]);
  assert.deepEqual(narrow.problems, []);
  const wide = await check(t, [routeOf('a', issuer.url), routeOf('wide', issuer.url, { audiences: undefined })]);
  assert.equal(wide.status, 0);
  const warnings = wide.problems.filter(({ kind }) => kind === 'warning');
  assert.equal(warnings.length, 1, wide.stderr);
  assert.match(warnings[0].text, /every tenant there is, and nothing on route "wide"/);
});

test('the certificate of a key tells its end', async (t) => {
  const issuer = await startIssuer(t, 'ES256');
  const key = certifiedKey(tempDir(t)); // for five days
  const { kty, kid, x5c, n, e } = key;
  issuer.keys = [{ jwk: { kty, kid, x5c, n, e, use: 'sig' } }];
  const result = await check(t, [routeOf('a', issuer.url)]);
  assert.equal(result.status, 0);
  assert.match(result.problems[0].text, /certificate of key ".*" has [45] days left/);
  assert.match(result.blocks[issuer.configUrl], /certificate ends \d{4}-\d\d-\d\dT\S+, [45] days left/);
});

test('by TLS: who the server showed to be, and how long', async (t) => {
  const authority = newAuthority(t, 'Test CA'); // for two days
  const issuer = await startSecureIssuer(t, authority.issue('127.0.0.1'));
  const routes = [routeOf('a', issuer.url)];
  const result = await check(t, routes, { providers: [{ url: issuer.url, ca: authority.caFile }] });
  assert.equal(result.status, 0, result.stderr);
  assert.match(result.blocks[issuer.configUrl], /^ {2}TLS +CN ?= ?127\.0\.0\.1, issued by CN ?= ?Test CA, ends \S+, [12] days? left$/m);
  assert.ok(result.problems.every(({ kind, text }) => kind === 'warning' && /of the server has [12] days? left/.test(text)), result.stderr);
  assert.equal(result.problems.length, 1, 'one server, one warning');
  const untrusted = await check(t, routes);
  assert.equal(untrusted.status, 1);
  assert.match(untrusted.problems[0].text, /certificate is not trusted.*: its authority is not among those trusted$/);
  const elsewhere = await startSecureIssuer(t, authority.issue('other.example'));
  const misnamed = await check(t, [routeOf('a', elsewhere.url)], { providers: [{ url: elsewhere.url, ca: authority.caFile }] });
  assert.equal(misnamed.status, 1);
  assert.match(misnamed.problems[0].text, /or not for this name [^:]*: ca in providers, else the system's\)$/);
});

test('our certificate is shown where the provider asks for it', async (t) => {
  const authority = newAuthority(t);
  const ours = authority.issue('gateway.example');
  const tls = { ca: authority.ca, requestCert: true, rejectUnauthorized: true };
  const issuer = await startSecureIssuer(t, authority.issue('127.0.0.1'), { tls });
  const entry = { url: issuer.url, ca: authority.caFile };
  const routes = [routeOf('a', issuer.url)];
  assert.equal((await check(t, routes, { providers: [entry] })).status, 1);
  const shown = { ...entry, client_certificate: ours.certFile, client_key: ours.keyFile };
  assert.equal((await check(t, routes, { providers: [shown] })).status, 0);
});

test('plain http beyond loopback is allowed and warned of', async (t) => {
  const result = await check(t, [routeOf('a', 'http://idp.invalid')], { keys: { allow_http: true, timeout: '1s' } });
  assert.equal(result.status, 1);
  assert.deepEqual(result.problems.map(({ kind }) => kind).sort(), ['error', 'warning']);
  assert.ok(result.problems.some(({ text }) => /by plain http/.test(text)), result.stderr);
});

test('a configuration with errors asks nobody', async (t) => {
  const issuer = await startIssuer(t, 'ES256');
  const result = await check(t, [{ ...routeOf('a', issuer.url), backend: 'other' }]);
  assert.equal(result.status, 1);
  assert.equal(issuer.counts.discovery, 0);
});

test('foreign bytes reach no terminal', async (t) => {
  const issuer = await startIssuer(t, 'ES256');
  issuer.document = () => ({ issuer: '\u001b[2J\nall is well', jwks_uri: `${issuer.url}/jwks` });
  issuer.keys = [newKey('ES256', '\u001b]0;x\u0007', { alg: 'ES256' })];
  const result = await check(t, [routeOf('a', issuer.url)]);
  assert.doesNotMatch(result.stdout + result.stderr, /[\u001b\u0007]|^all is well/m);
  assert.match(result.blocks[issuer.configUrl], /issuer +\\x1b\[2J\\x0aall is well/);
});
