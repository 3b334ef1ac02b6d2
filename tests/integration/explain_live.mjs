// SPDX-License-Identifier: Apache-2.0
// Goal: without --jwks the keys are those that the provider has now, fetched as the gateway does, and nothing is left behind.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import test from 'node:test';
import { adviceOf, failed, startExplaining } from './harness/explaining.mjs';
import { startIssuer } from './harness/issuer.mjs';
import { newKey } from './harness/keys.mjs';

const configOf = (routes, more = {}) => ({
  listeners: [{ bind: '127.0.0.1:0' }], backends: { main: { servers: ['http://127.0.0.1:1'] } },
  routes: routes.map((route) => ({ backend: 'main', ...route })), ...more,
});

const guarded = (issuer, more = {}) => ({ openid_config: [{ url: issuer.configUrl }], audiences: ['api'], ...more });

test('by a route: the provider of that route is asked, and no other', async (t) => {
  const [issuer, other] = [await startIssuer(t), await startIssuer(t)];
  const { told, explain } = startExplaining(t, {
    'gateway.yaml': configOf([
      { name: 'orders', path: '/orders/', validate_jwt: guarded(issuer) }, { name: 'others', path: '/others/', validate_jwt: guarded(other) },
    ]),
  });
  const args = ['-c', 'gateway.yaml', '--route', 'orders'];
  const said = await told(args, issuer.token());
  assert.deepEqual([said.verdict, said.route], ['pass', 'orders']);
  assert.equal(said.key.provider, issuer.configUrl);
  assert.deepEqual(said.notes, []);
  assert.deepEqual(other.counts, { discovery: 0, jwks: 0, other: 0 });
  assert.match((await explain(args, issuer.token())).stdout, /^pass on route orders: valid for another (10 min|9 min \d+ s)\n/);
  const foreign = await told(args, other.token());
  assert.deepEqual(failed(foreign).slice(0, 1), ['issuer']); // both sign with one key here
});

test('a key that rotated in is there, the one that went is gone', async (t) => {
  const issuer = await startIssuer(t);
  const { told } = startExplaining(t, { 'gateway.yaml': configOf([{ name: 'main', path: '/', validate_jwt: guarded(issuer) }]) });
  const args = ['-c', 'gateway.yaml', '--route', 'main'];
  const before = issuer.token();
  assert.equal((await told(args, before)).verdict, 'pass');
  issuer.rotate();
  assert.equal((await told(args, issuer.token())).verdict, 'pass');
  assert.equal((await told(args, before)).reason, 'TokenSignatureKeyNotFound');
});

test('a provider that cannot be asked: no verdict, and why', async (t) => {
  const issuer = await startIssuer(t);
  const { told, explain } = startExplaining(t, { 'gateway.yaml': configOf([{ name: 'main', path: '/', validate_jwt: guarded(issuer) }]) });
  const args = ['-c', 'gateway.yaml', '--route', 'main'];
  const token = issuer.token();
  issuer.goDown();
  const said = await told(args, token);
  assert.deepEqual([said.verdict, said.reason, said.status], ['unknown', 'OpenIdConfigUnavailable', 503]);
  const { status, stdout, stderr } = await explain(args, token);
  assert.equal(status, 2);
  assert.match(stdout, /^unknown OpenIdConfigUnavailable \(503\) on route main: key\n/);
  assert.ok(stderr.includes(`no keys of ${issuer.configUrl}: `), stderr);
  assert.doesNotMatch(stderr, /event=/);
  assert.match(adviceOf(said, 'key'), /see whether the provider answers/);
  assert.ok(adviceOf(said, 'key').startsWith(`${issuer.configUrl}: `), adviceOf(said, 'key'));
  issuer.comeBack();
  issuer.jwks = (_, response) => response.end(JSON.stringify({ keys: [{ ...newKey('RS256', 'enc-1').jwk, use: 'enc' }] }));
  assert.match(adviceOf(await told(args, token), 'key'), /none of 1 keys is usable; the first: use is enc.*key for signatures/);
  issuer.jwks = (_, response) => response.end('{"keys":[]}');
  assert.match((await explain(args, token)).stderr, /no keys of .*key set without keys/);
  const malformed = await told(args, 'a.b');
  assert.equal(malformed.reason, 'JwtInvalid', 'what needs no key is judged without');
});

test('keys that are published but do not serve are told', async (t) => {
  const issuer = await startIssuer(t);
  const enc = newKey('RS256', 'enc-1', { use: 'enc', alg: 'RSA-OAEP' });
  const narrow = newKey('RS256', 'narrow', { alg: 'RS512' });
  issuer.keys.push(enc, narrow);
  const { told } = startExplaining(t, { 'gateway.yaml': configOf([{ name: 'main', path: '/', validate_jwt: guarded(issuer) }]) });
  const args = ['-c', 'gateway.yaml', '--route', 'main'];
  const byEnc = await told(args, issuer.token({}, { key: enc }));
  assert.match(adviceOf(byEnc, 'key'), /published but may not be used here: use is enc/);
  const byNarrow = await told(args, issuer.token({}, { key: narrow }));
  assert.match(adviceOf(byNarrow, 'key'), /serves RS512, the token says RS256/);
  assert.equal((await told(args, issuer.token())).verdict, 'pass');
});

test('a provider whose clock is ahead: its tokens are not valid yet, and the clock is named', async (t) => {
  const issuer = await startIssuer(t);
  const dated = (name) => (_, response) => {
    response.setHeader('Date', new Date(Date.now() + 90000).toUTCString());
    response.end(JSON.stringify(name === 'jwks' ? issuer.keySet() : issuer.document()));
  };
  issuer.discovery = dated('discovery');
  issuer.jwks = dated('jwks');
  const { told } = startExplaining(t, { 'gateway.yaml': configOf([{ name: 'main', path: '/', validate_jwt: guarded(issuer) }]) });
  const said = await told(['-c', 'gateway.yaml'], issuer.token({ nbf: Math.floor(Date.now() / 1000) + 85 }));
  assert.deepEqual(failed(said), ['nbf']);
  assert.match(adviceOf(said, 'nbf'), /the provider's clock is 1 min (2\d|30) s ahead of this one/);
});

test('a route of several rules: the first that refuses is told, and all of them in text', async (t) => {
  const issuer = await startIssuer(t);
  const rule = (audience) => `<validate-jwt header-name="Authorization"><openid-config url="${issuer.configUrl}"/>
    <audiences><audience>${audience}</audience></audiences></validate-jwt>`;
  const { told, explain } = startExplaining(t, {
    'gateway.yaml': configOf([{ name: 'main', path: '/', policy: 'policy.xml' }]),
    'policy.xml': `<policies><inbound>${rule('api')}${rule('orders')}</inbound></policies>`,
  });
  const both = await told(['-c', 'gateway.yaml'], issuer.token({ aud: ['api', 'orders'] }));
  assert.equal(both.verdict, 'pass');
  const one = await told(['-c', 'gateway.yaml'], issuer.token());
  assert.deepEqual([one.reason, failed(one)], ['TokenAudienceNotAllowed', ['audience']]);
  const { stdout } = await explain(['-c', 'gateway.yaml'], issuer.token());
  assert.match(stdout, /^refuse TokenAudienceNotAllowed \(401\) on route main: audience\n\npolicy 1 of 2, at validate-jwt\[1\]\npass on route main/);
  assert.match(stdout, /\npolicy 2 of 2, at validate-jwt\[2\]\nrefuse TokenAudienceNotAllowed/);
  const byFile = await told(['--policy', 'policy.xml'], issuer.token({ aud: 'orders' }));
  assert.deepEqual(failed(byFile), ['audience']);
});

test('expressions know host and path of the route; what they cannot know is said', async (t) => {
  const issuer = await startIssuer(t);
  const rule = (audience) => `<validate-jwt header-name="Authorization"><openid-config url="${issuer.configUrl}"/>
    <audiences><audience>@(${audience})</audience></audiences></validate-jwt>`;
  const { told, explain } = startExplaining(t, {
    'gateway.yaml': configOf([
      { name: 'host', host: 'api.example.com', path: '/orders', policy: 'host.xml' },
      { name: 'variable', path: '/variable', policy: 'variable.xml' },
    ]),
    'host.xml': rule('context.Request.OriginalUrl.Host + context.Request.OriginalUrl.Path'),
    'variable.xml': `<policies><inbound><set-variable name="tenant" value="a"/>${rule('(string)context.Variables["tenant"]')}</inbound></policies>`,
  });
  const args = ['-c', 'gateway.yaml', '--route'];
  const said = await told([...args, 'host'], issuer.token({ aud: 'api.example.com/orders' }));
  assert.equal(said.verdict, 'pass');
  assert.match(said.notes.join(), /GET https:\/\/api\.example\.com\/orders without header fields/);
  assert.deepEqual(failed(await told([...args, 'host'], issuer.token())), ['audience']);
  const { status, stdout } = await explain([...args, 'variable'], issuer.token());
  assert.equal(status, 2);
  assert.match(stdout, /^unknown ExpressionValueEvaluationFailure \(500\) on route variable\n/);
  assert.match(stdout, /^skip {2}audience: expected @\(.*; found .*tenant/m);
  assert.match(stdout, /^pass {2}exp: /m);
});

test('the store of keys is left as it is', async (t) => {
  const issuer = await startIssuer(t);
  const { told, file } = startExplaining(t, {
    'gateway.yaml': configOf([{ name: 'main', path: '/', validate_jwt: guarded(issuer) }], { keys: { store: 'store' } }),
  });
  mkdirSync(file('store'), { mode: 0o700 });
  assert.equal((await told(['-c', 'gateway.yaml'], issuer.token())).verdict, 'pass');
  assert.deepEqual(readdirSync(file('store')), []);
});
