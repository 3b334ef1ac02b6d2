// SPDX-License-Identifier: Apache-2.0
// Attack: a token that passed once is sent where, or when, it should not pass.  The gateway remembers that a signature is
// sound, nothing more: every test makes sure by the metric that the token was remembered when it was refused.
import assert from 'node:assert/strict';
import test from 'node:test';
import { send } from './harness/client.mjs';
import { now, sign } from './harness/keys.mjs';
import { startIssuer } from './harness/issuer.mjs';
import { policyOf, startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

const NAMES = ['hits_total', 'misses_total', 'entries', 'bytes'];

// What the one worker remembers.
async function cacheOf({ gateway }) {
  const { text } = await send(gateway.adminPort, { target: '/metrics', host: 'localhost' });
  return Object.fromEntries(NAMES.map((name) => [name, Number(new RegExp(`^jwtgate_token_cache_${name} (\\S+)$`, 'm').exec(text)[1])]));
}

// Sends the request once more than it takes to remember its token: passes twice, the second time from memory.
async function warm(stand, request) {
  assert.equal((await stand.send(request)).status, 200);
  const { hits_total: before } = await cacheOf(stand);
  assert.equal((await stand.send(request)).status, 200);
  assert.equal((await cacheOf(stand)).hits_total, before + 1, 'it was not remembered');
}

// The status of the request, whose token is remembered when it comes.
async function statusFromMemory(stand, request) {
  const { hits_total: before } = await cacheOf(stand);
  const { status } = await stand.send(request);
  assert.equal((await cacheOf(stand)).hits_total, before + 1, 'it was not remembered');
  return status;
}

const routeOf = (name, guard) => ({ name, path: `/${name}`, backend: 'main', ...guard });

test('a token remembered on a lenient route is refused on a stricter one', async (t) => {
  const issuer = await startIssuer(t, 'ES256');
  const other = await startIssuer(t, 'ES256');
  const guarded = (name, more) => routeOf(name, { validate_jwt: policyOf(issuer, more) });
  const stand = await startStand(t, {
    issuer,
    config: {
      workers: 1,
      routes: [
        guarded('lax'),
        guarded('audience', { audiences: ['other'] }),
        guarded('claim', { required_claims: [{ name: 'role', values: ['admin'] }] }),
        guarded('typ', { typ: 'at+jwt' }),
        guarded('age', { max_age: '1m' }),
        guarded('same', { required_claims: [{ name: 'sub', values: ['someone'] }] }),
        routeOf('provider', { validate_jwt: policyOf(other) }),
        routeOf('keys', { validate_jwt: { issuer_signing_keys: [{ id: 's', base64: Buffer.alloc(32, 7).toString('base64') }], issuers: [issuer.url] } }),
      ],
    },
  });
  const token = issuer.token({ iat: now() - 120 });
  await warm(stand, { target: '/lax', token });
  for (const name of ['audience', 'claim', 'typ', 'age', 'provider', 'keys']) {
    assert.equal(await statusFromMemory(stand, { target: `/${name}`, token }), 401, name);
    assert.equal((await stand.send({ target: '/lax', token })).status, 200, `after ${name}`);
  }
  assert.equal(await statusFromMemory(stand, { target: '/same', token }), 200);
});

test('an algorithm that a reload takes away is refused from then on, and taken again when it is back', async (t) => {
  const stand = await startStand(t, { algs: ['ES256', 'RS256'], config: { workers: 1 } });
  const [ec, rsa] = stand.issuer.keys.map((key) => stand.issuer.token({}, { key }));
  await warm(stand, { token: ec });
  await warm(stand, { token: rsa });
  await stand.gateway.reload({ ...stand.config, algorithms: ['ES256'] });
  assert.equal(await statusFromMemory(stand, { token: rsa }), 401);
  assert.equal(await statusFromMemory(stand, { token: ec }), 200);
  await stand.gateway.reload(stand.config);
  assert.equal((await stand.send({ token: rsa })).status, 200);
});

test('a remembered token is refused from the fetch on that no longer lists its key, and the others of its provider are not', async (t) => {
  const stand = await startStand(t, { algs: ['ES256', 'RS256'], config: { workers: 1 } });
  const { issuer } = stand;
  const [old, kept] = issuer.keys;
  const tokens = { old: issuer.token({}, { key: old }), kept: issuer.token({}, { key: kept }) };
  await warm(stand, { token: tokens.old });
  await warm(stand, { token: tokens.kept });
  issuer.rotate();
  issuer.keys.push(kept);
  assert.equal((await stand.get()).status, 200, 'the new key, which a fetch brings');
  const { hits_total: before } = await cacheOf(stand);
  assert.equal((await stand.send({ token: tokens.old })).status, 401);
  assert.equal((await cacheOf(stand)).hits_total, before, 'forgotten with its key');
  assert.equal(await statusFromMemory(stand, { token: tokens.kept }), 200);
});

test('another key under the name of the withdrawn one does not answer for what that one signed', async (t) => {
  const stand = await startStand(t, { algs: ['ES256'], config: { workers: 1, keys: { cooldown: '100ms' } } });
  const { issuer } = stand;
  const old = issuer.key;
  const token = issuer.token();
  await warm(stand, { token });
  const replaced = issuer.rotate('ES256', old.kid);
  const fresh = issuer.rotate('ES256', 'fresh');
  issuer.keys = [replaced, fresh];
  assert.equal((await stand.send({ token: sign(fresh, issuer.claims()) })).status, 200);
  const { hits_total: before } = await cacheOf(stand);
  assert.equal((await stand.send({ token })).status, 401);
  assert.equal((await cacheOf(stand)).hits_total, before, 'forgotten with its key');
  assert.equal((await stand.send({ token: sign(replaced, issuer.claims()) })).status, 200);
});

test('a remembered token ends with its second', async (t) => {
  const stand = await startStand(t, { algs: ['ES256'], config: { workers: 1 } });
  const exp = now() + 3;
  const token = stand.issuer.token({ exp });
  await warm(stand, { token });
  let last = 200;
  await until('the refusal', async () => {
    const asked = Date.now();
    last = (await stand.send({ token })).status;
    assert.ok(last === 401 || asked < (exp + 1) * 1000, 'it passed past its exp');
    assert.ok(last === 200 || Date.now() >= exp * 1000 - 50, 'it was refused before its exp');
    return last === 401;
  });
  await until('its line', () => stand.gateway.lines(/reason=TokenExpired/).length > 0);
  assert.equal((await stand.get()).status, 200);
  assert.equal((await cacheOf(stand)).entries, 1, 'the one that ended is forgotten');
});

test('within the skew a token passes past its exp, though nothing is remembered of it any more, and then ends', async (t) => {
  const stand = await startStand(t, { algs: ['ES256'], policy: { clock_skew: 2 }, config: { workers: 1 } });
  const exp = now() + 1;
  const token = stand.issuer.token({ exp });
  assert.equal((await stand.send({ token })).status, 200);
  await until('the end of the skew', async () => {
    const asked = Date.now();
    const { status } = await stand.send({ token });
    assert.ok(status === 401 || asked < (exp + 3) * 1000, 'it passed past the skew');
    assert.ok(status === 200 || Date.now() >= (exp + 2) * 1000 - 50, 'it was refused within the skew');
    return status === 401;
  });
});

const policyXml = (issuer, audience) => `<validate-jwt header-name="Authorization" require-scheme="Bearer"><openid-config url="${issuer.configUrl}"/>
<audiences><audience>${audience}</audience></audiences></validate-jwt>`;

test('after a reload the policy of now judges, not that of the time it was remembered', async (t) => {
  const issuer = await startIssuer(t, 'ES256');
  const files = { 'policies/api.xml': policyXml(issuer, 'api') };
  const stand = await startStand(t, { issuer, files, route: { policy: 'policies/api.xml' }, config: { workers: 1 } });
  const token = issuer.token();
  await warm(stand, { token });
  await stand.gateway.reload(stand.config, { 'policies/api.xml': policyXml(issuer, 'other') });
  assert.equal(await statusFromMemory(stand, { token }), 401);
  assert.equal((await stand.send({ token: issuer.token({ aud: 'other' }) })).status, 200);
  await stand.gateway.reload(stand.config, { 'policies/api.xml': policyXml(issuer, 'api') });
  assert.equal((await stand.send({ token })).status, 200);
});

test('policies of equal names, and equal until a reload, are told apart after it', async (t) => {
  const issuer = await startIssuer(t, 'ES256');
  const files = { 'a/guard.xml': policyXml(issuer, 'api'), 'b/guard.xml': policyXml(issuer, 'api') };
  const routes = [routeOf('a', { policy: 'a/guard.xml' }), routeOf('b', { policy: 'b/guard.xml' })];
  const stand = await startStand(t, { issuer, files, config: { workers: 1, routes } });
  const token = issuer.token();
  await warm(stand, { target: '/a', token });
  assert.equal(await statusFromMemory(stand, { target: '/b', token }), 200);
  await stand.gateway.reload(stand.config, { 'b/guard.xml': policyXml(issuer, 'other') });
  assert.equal(await statusFromMemory(stand, { target: '/b', token }), 401);
  assert.equal(await statusFromMemory(stand, { target: '/a', token }), 200);
  // The names change places: what was learnt under one name must not follow it.
  const swapped = [routeOf('a', { policy: 'b/guard.xml' }), routeOf('b', { policy: 'a/guard.xml' })];
  await stand.gateway.reload({ ...stand.config, routes: swapped });
  assert.equal(await statusFromMemory(stand, { target: '/a', token }), 401);
  assert.equal(await statusFromMemory(stand, { target: '/b', token }), 200);
});

test('nothing of a remembered token helps one that differs from it', async (t) => {
  const stand = await startStand(t, { algs: ['ES256'], config: { workers: 1 } });
  const { issuer } = stand;
  const token = issuer.token();
  await warm(stand, { token });
  const [header, payload, signature] = token.split('.');
  const [, otherPayload, otherSignature] = issuer.token({ sub: 'another' }).split('.');
  const { hits_total: before } = await cacheOf(stand);
  for (const near of [`${header}.${otherPayload}.${signature}`, `${header}.${payload}.${otherSignature}`, `${token}=`, `${token}.`, token.slice(0, -1),
    `${header}.${payload}.`, `${header}A.${payload}.${signature}`]) {
    assert.equal((await stand.send({ token: near })).status, 401);
  }
  assert.equal((await cacheOf(stand)).hits_total, before);
  assert.equal(await statusFromMemory(stand, { token }), 200);
});

test('hits, misses and sizes are metrics, and refused tokens are not kept', async (t) => {
  const stand = await startStand(t, { algs: ['ES256'], config: { workers: 1 } });
  const { issuer } = stand;
  const empty = await cacheOf(stand);
  assert.deepEqual(empty, { hits_total: 0, misses_total: 0, entries: 0, bytes: 0 });
  for (let i = 0; i < 5; i++) assert.equal((await stand.send({ token: issuer.token({ aud: 'other', sub: `s${i}` }) })).status, 401);
  assert.deepEqual(await cacheOf(stand), { ...empty, misses_total: 5 });
  const tokens = Array.from({ length: 5 }, (_, i) => issuer.token({ sub: `s${i}` }));
  for (const token of [...tokens, ...tokens]) assert.equal((await stand.send({ token })).status, 200);
  const { hits_total, misses_total, entries, bytes } = await cacheOf(stand);
  assert.deepEqual({ hits_total, misses_total, entries }, { hits_total: 5, misses_total: 10, entries: 5 });
  assert.ok(bytes >= 5 * tokens[0].length && bytes < 5 * 4096, `${bytes} bytes`);
});
