// SPDX-License-Identifier: Apache-2.0
// Goal: the last good keys survive a restart while the provider is away, for as long as keys.max_stale lets them; and a store that
// another could have written is not believed.
// Attack: a file with a key of one's own in the store, or an old one with a key that was revoked since.
import assert from 'node:assert/strict';
import { chmodSync, chownSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { newAuthority } from './harness/certs.mjs';
import { send } from './harness/client.mjs';
import { startGateway, tempDir } from './harness/gateway.mjs';
import { startIssuer } from './harness/issuer.mjs';
import { newKey } from './harness/keys.mjs';
import { startSecureIssuer } from './harness/secure_issuer.mjs';
import { startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

const keys = { cooldown: '100ms', wait: '200ms', max_stale: '1h' };

// A stand whose provider was fetched once; `restart` gives a second gateway over the same store, the provider away.
async function startKept(t, { more = {}, jwks } = {}) {
  const store = tempDir(t);
  const issuer = await startIssuer(t, 'ES256');
  if (jwks) issuer.keySet = () => jwks(issuer);
  const stand = await startStand(t, { issuer, config: { keys: { ...keys, store, ...more } } });
  const file = await until('the file', () => readdirSync(store).filter((name) => name.endsWith('.json'))[0]);
  const restart = async (config = stand.config, isDown = true) => {
    if (isDown) issuer.goDown();
    await stand.gateway.stop();
    const gateway = await startGateway(t, config);
    gateway.get = (token = issuer.token()) => send(gateway.port, { target: '/', token });
    return gateway;
  };
  return { ...stand, stand, store, file: path.join(store, file), restart };
}

const edited = (kept, change) => writeFileSync(kept.file, JSON.stringify({ ...JSON.parse(readFileSync(kept.file)), ...change }));
const secondsAgo = (seconds) => String(Math.floor(Date.now() / 1000) - seconds);

test('a restart without the provider serves by the keys of before', async (t) => {
  const kept = await startKept(t);
  const gateway = await kept.restart();
  assert.equal((await gateway.get()).status, 200);
  const { keys: count, age_s: age } = await gateway.event('keys-restored');
  assert.equal(count, '1');
  assert.ok(Number(age) < 60);
  assert.equal((await send(gateway.adminPort, { target: '/readyz', host: 'localhost' })).status, 200);
  await gateway.event('keys-failed'); // and it was asked at once
});

test('the file is for the gateway alone, and nothing lies beside it', async (t) => {
  const kept = await startKept(t);
  assert.equal(statSync(kept.file).mode & 0o7777, 0o600);
  assert.match(path.basename(kept.file), /^[0-9a-f]{64}\.json$/);
  assert.equal(readdirSync(kept.store).length, 1);
  const kept2 = JSON.parse(readFileSync(kept.file));
  assert.equal(kept2.url, kept.issuer.configUrl);
  assert.equal(kept2.issuer, kept.issuer.url);
});

test('stored keys count from when they were confirmed', async (t) => {
  for (const [age, status] of [[3000, 200], [3700, 503], [-600, 503]]) {
    const kept = await startKept(t);
    edited(kept, { fetched_at: secondsAgo(age) });
    const gateway = await kept.restart();
    assert.equal((await gateway.get()).status, status, `${age} s`);
    assert.equal(gateway.events('store-ignored').length, status === 200 ? 0 : 1);
  }
});

test('stored keys end while the gateway runs', async (t) => {
  const kept = await startKept(t);
  edited(kept, { fetched_at: secondsAgo(3598) });
  const gateway = await kept.restart();
  await gateway.event('keys-expired');
  assert.equal((await gateway.get()).status, 503);
});

test('a key that the provider took back does not come again', async (t) => {
  const kept = await startKept(t);
  const old = kept.issuer.token();
  kept.issuer.rotate();
  assert.equal((await kept.get()).status, 200);
  const gateway = await kept.restart();
  assert.equal((await gateway.get()).status, 200);
  assert.equal((await gateway.get(old)).status, 401);
});

test('what the provider says now is believed, not what was stored', async (t) => {
  const kept = await startKept(t);
  const old = kept.issuer.token();
  kept.issuer.rotate();
  const gateway = await kept.restart(kept.config, false);
  await gateway.event('keys-fetched');
  assert.equal((await gateway.get()).status, 200);
  assert.equal((await gateway.get(old)).status, 401);
});

test('private members and secrets of a careless provider are not written down', async (t) => {
  const kept = await startKept(t, {
    jwks: (issuer) => ({
      keys: [{ ...issuer.key.jwk, ...issuer.key.privateKey.export({ format: 'jwk' }) }, { kty: 'oct', k: 'c2VjcmV0c2VjcmV0', kid: 'o' }],
    }),
  });
  const text = readFileSync(kept.file, 'utf8');
  const { d } = kept.issuer.key.privateKey.export({ format: 'jwk' });
  assert.ok(!text.includes(d) && !text.includes('c2VjcmV0c2VjcmV0'));
  for (const key of JSON.parse(text).keys) for (const name of ['d', 'k', 'p', 'q']) assert.ok(!(name in key), name);
  assert.equal((await (await kept.restart()).get()).status, 200);
});

test('what another could have written, and what is no store, is ignored, told, and replaced', async (t) => {
  const intruder = newKey('ES256', 'intruder');
  const isRoot = process.getuid() === 0;
  const cases = {
    'garbage': [(kept) => writeFileSync(kept.file, 'garbage'), /JSON/],
    'nothing': [(kept) => writeFileSync(kept.file, ''), /JSON/],
    'of another provider': [(kept) => edited(kept, { url: 'https://idp.example' }), /another provider/],
    'writable by all': [(kept) => chmodSync(kept.file, 0o666), /written by group or others/],
    'writable by the group': [(kept) => chmodSync(kept.file, 0o620), /written by group or others/],
    'a link': [
      (kept) => {
        writeFileSync(`${kept.store}/elsewhere`, readFileSync(kept.file), { mode: 0o600 });
        rmSync(kept.file);
        symlinkSync(`${kept.store}/elsewhere`, kept.file);
      }, /cannot be opened/],
    'too long': [(kept) => writeFileSync(kept.file, readFileSync(kept.file) + ' '.repeat(2 << 20)), /at most/],
    'keys from elsewhere by http': [(kept) => edited(kept, { jwks_uri: 'http://idp.example/keys' }), /plain http/],
  };
  if (isRoot) cases["another user's"] = [(kept) => chownSync(kept.file, 65534, 65534), /belongs to user 65534/];
  for (const [name, [spoil, why]] of Object.entries(cases)) {
    await t.test(name, async (inner) => {
      const kept = await startKept(inner);
      if (name !== 'garbage' && name !== 'nothing') edited(kept, { keys: [intruder.jwk] });
      spoil(kept);
      const gateway = await kept.restart();
      assert.match((await gateway.event('store-ignored')).error, why);
      assert.equal((await gateway.get()).status, 503);
      kept.issuer.comeBack();
      await until('the keys', async () => (await gateway.get()).status === 200, 20000);
      assert.deepEqual(JSON.parse(readFileSync(kept.file)).keys.map(({ kid }) => kid), [kept.issuer.key.kid]);
      assert.equal(statSync(kept.file).mode & 0o7777, 0o600);
    });
  }
});

test('stored documents are held to the checks of now', async (t) => {
  for (const [entry, status] of [[{}, 200], [{ validate_endpoints: true }, 200], [{ validate_issuer_name: true }, 503]]) {
    const kept = await startKept(t);
    edited(kept, { issuer: 'https://idp.example/renamed' });
    const gateway = await kept.restart({ ...kept.config, providers: [{ url: kept.issuer.url, ...entry }] });
    assert.equal((await gateway.get(kept.issuer.token({ iss: 'https://idp.example/renamed' }))).status, status);
  }
});

test('stored keys outlive a certificate that ran out, but not the authorities that they came under', async (t) => {
  const [authority, other, third] = ['one', 'two', 'three'].map((name) => newAuthority(t, name));
  const store = tempDir(t);
  const issuer = await startSecureIssuer(t, authority.issue('127.0.0.1'));
  const withCa = (ca) => ({ keys: { ...keys, store }, providers: [{ url: issuer.url, ca: ca.caFile }] });
  const { gateway, config } = await startStand(t, { issuer, config: withCa(authority) });
  await until('the file', () => readdirSync(store).some((name) => name.endsWith('.json')));
  await gateway.stop();
  const { cert, key } = third.issue('127.0.0.1');
  issuer.secure.setSecureContext({ cert, key }); // nobody trusts it now
  for (const [ca, status] of [[authority, 200], [other, 503]]) {
    const next = await startGateway(t, { ...config, ...withCa(ca) });
    assert.match((await next.event('keys-failed')).error, /certificate is not trusted/);
    assert.equal((await send(next.port, { target: '/', token: issuer.token() })).status, status);
    assert.equal(next.events('keys-dropped').length, status === 200 ? 0 : 1);
    await next.stop();
  }
});

test('a store that comes by a reload is filled, and one that goes is left alone', async (t) => {
  const store = tempDir(t);
  const stand = await startStand(t, { algs: ['ES256'], config: { keys } });
  assert.equal((await stand.get()).status, 200);
  assert.equal(readdirSync(store).length, 0);
  await stand.gateway.reload({ ...stand.config, keys: { ...keys, store } });
  const [file] = readdirSync(store);
  assert.ok(file);
  const before = readFileSync(path.join(store, file), 'utf8');
  await stand.gateway.reload(stand.config);
  stand.issuer.rotate();
  assert.equal((await stand.get()).status, 200);
  assert.equal(readFileSync(path.join(store, file), 'utf8'), before);
});

test('a directory that turns unsafe is told of, and no request notices', async (t) => {
  const kept = await startKept(t);
  chmodSync(kept.store, 0o777);
  kept.issuer.rotate();
  assert.equal((await kept.get()).status, 200);
  assert.match((await kept.gateway.event('store-failed')).error, /written by group or others/);
});
