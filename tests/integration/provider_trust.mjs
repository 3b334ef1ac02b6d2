// SPDX-License-Identifier: Apache-2.0
// Goal: a provider by https is who its certificate says, by the authorities of its entry; and it may ask who we are.
// Attack: whoever can answer in the provider's place chooses the keys, and with them who passes.
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { newAuthority } from './harness/certs.mjs';
import { send } from './harness/client.mjs';
import { tempDir } from './harness/gateway.mjs';
import { startSecureIssuer } from './harness/secure_issuer.mjs';
import { startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

const keys = { cooldown: '100ms', wait: '200ms' };
const ready = async (stand) => JSON.parse((await send(stand.gateway.adminPort, { target: '/readyz', host: 'localhost' })).text);

async function assertShutOut(stand, why) {
  const answer = await stand.get();
  assert.equal(answer.status, 503);
  assert.equal(answer.field('retry-after'), '5');
  const body = await until('the reason', async () => {
    const told = await ready(stand);
    return why.test(told.issuers[0].error) && told;
  });
  assert.equal(body.ready, false);
  assert.equal(stand.backend.requests.length, 0);
}

test('a private authority is trusted where the entry names it, and only it', async (t) => {
  const authority = newAuthority(t);
  const other = newAuthority(t, 'Other CA');
  const cases = {
    'no entry: the authorities of the system': [authority.issue('127.0.0.1'), undefined, 503],
    'another authority': [authority.issue('127.0.0.1'), other.ca, 503],
    'another name': [authority.issue('other.example'), authority.ca, 503],
    'the authority': [authority.issue('127.0.0.1'), authority.ca, 200],
    'the authority among others': [authority.issue('127.0.0.1'), Buffer.concat([other.ca, authority.ca]), 200],
  };
  for (const [name, [leaf, ca, status]] of Object.entries(cases)) {
    await t.test(name, async (inner) => {
      const issuer = await startSecureIssuer(inner, leaf);
      const providers = ca ? [{ url: issuer.url, ca: 'trust/ca.pem' }] : [];
      const files = ca ? { 'trust/ca.pem': ca } : {};
      const stand = await startStand(inner, { issuer, hasKeys: status === 200, files, config: { keys, providers } });
      if (status === 200) assert.equal((await stand.get()).status, 200);
      else await assertShutOut(stand, /certificate is not trusted/);
    });
  }
});

test('a provider that asks for a certificate gets ours', async (t) => {
  const authority = newAuthority(t);
  const leaf = authority.issue('127.0.0.1');
  const ours = authority.issue('gateway.example');
  const stranger = newAuthority(t, 'Other CA').issue('gateway.example');
  const files = { 'both.pem': Buffer.concat([readFileSync(ours.certFile), readFileSync(ours.keyFile)]) };
  const cases = {
    'none': [{}, 503],
    'one of another authority': [{ client_certificate: stranger.certFile, client_key: stranger.keyFile }, 503],
    'certificate and key': [{ client_certificate: ours.certFile, client_key: ours.keyFile }, 200],
    'both in one file': [{ client_certificate: 'both.pem' }, 200],
  };
  for (const [name, [entry, status]] of Object.entries(cases)) {
    await t.test(name, async (inner) => {
      const tls = { ca: authority.ca, requestCert: true, rejectUnauthorized: true };
      const issuer = await startSecureIssuer(inner, leaf, { tls });
      const providers = [{ url: issuer.url, ca: authority.caFile, ...entry }];
      const stand = await startStand(inner, { issuer, hasKeys: status === 200, files, config: { keys, providers } });
      if (status === 200) assert.equal((await stand.get()).status, 200);
      else await assertShutOut(stand, /discovery document/);
      if (status === 503) assert.equal(issuer.counts.discovery, 0);
    });
  }
});

test('a file that changes under its name is read by the next fetch', async (t) => {
  const authority = newAuthority(t);
  const other = newAuthority(t, 'Other CA');
  const file = path.join(tempDir(t), 'ca.pem');
  copyFileSync(other.caFile, file);
  const issuer = await startSecureIssuer(t, authority.issue('127.0.0.1'));
  const providers = [{ url: issuer.url, ca: file }];
  const stand = await startStand(t, { issuer, hasKeys: false, config: { keys, providers } });
  await assertShutOut(stand, /certificate is not trusted/);
  copyFileSync(authority.caFile, file);
  await until('the keys', async () => (await stand.get()).status === 200);

  copyFileSync(other.caFile, file);
  issuer.rotate();
  const failures = stand.gateway.events('keys-failed').length;
  await until('the fetch', async () => {
    assert.equal((await stand.get()).status, 401); // a key that cannot be fetched; those that were good still are
    return stand.gateway.events('keys-failed').length > failures;
  });
  assert.match(stand.gateway.events('keys-failed').at(-1).error, /certificate is not trusted/);
  copyFileSync(authority.caFile, file);
  await until('the new key', async () => (await stand.get()).status === 200);
});

test('keys that came under other authorities end when the provider proves untrusted', async (t) => {
  const authority = newAuthority(t);
  const other = newAuthority(t, 'Other CA');
  const issuer = await startSecureIssuer(t, authority.issue('127.0.0.1'));
  const withCa = (ca) => ({ ...stand.config, providers: [{ url: issuer.url, ca }] });
  const stand = await startStand(t, { issuer, config: { keys, providers: [{ url: issuer.url, ca: authority.caFile }] } });
  assert.equal((await stand.get()).status, 200);
  await stand.gateway.reload(withCa('both.pem'), { 'both.pem': Buffer.concat([other.ca, authority.ca]) });
  await until('the fetch', () => issuer.counts.discovery === 2);
  assert.equal((await stand.get()).status, 200);
  assert.equal(stand.gateway.events('keys-dropped').length, 0);

  await stand.gateway.reload(withCa(other.caFile));
  await stand.gateway.event('keys-dropped');
  assert.equal((await stand.get()).status, 503);
  assert.equal((await ready(stand)).ready, false);
  await stand.gateway.reload(withCa(authority.caFile));
  await until('the keys', async () => (await stand.get()).status === 200);
});
