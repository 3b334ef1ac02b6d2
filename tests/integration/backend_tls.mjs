// SPDX-License-Identifier: Apache-2.0
// Goal: an https backend is who its certificate says, by a CA that is configured; else 502 and not a byte of the request.
import assert from 'node:assert/strict';
import { lookup } from 'node:dns/promises';
import test from 'node:test';
import tls from 'node:tls';
import { newAuthority } from './harness/certs.mjs';
import { newKey } from './harness/keys.mjs';
import { startStand } from './harness/stand.mjs';

// An https server that counts requests, in its plainest form.
async function startTlsBackend(t, leaf, options = {}) {
  const backend = { requests: 0, servername: undefined };
  const server = tls.createServer({ cert: leaf.cert, key: leaf.key, ...options }, (socket) => {
    backend.servername = socket.servername;
    socket.on('error', () => {});
    socket.on('data', () => {
      backend.requests++;
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecure');
    });
  });
  server.on('tlsClientError', () => {});
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  backend.url = `https://127.0.0.1:${server.address().port}`;
  backend.named = `https://localhost:${server.address().port}`;
  return backend;
}

test('certificate and name are verified by the configured CA', async (t) => {
  const authority = newAuthority(t);
  const backend = await startTlsBackend(t, authority.issue('127.0.0.1'));
  const stand = await startStand(t, { backend, backendMore: { tls: { ca: authority.caFile } } });
  const answer = await stand.get();
  assert.equal(answer.status, 200);
  assert.equal(answer.text, 'secure');
});

const hasLocalhost = await lookup('localhost').then(() => true, () => false);

test('by host name, with SNI', { skip: !hasLocalhost }, async (t) => {
  const authority = newAuthority(t);
  const backend = await startTlsBackend(t, authority.issue('localhost'));
  const stand = await startStand(t, { backend: { url: backend.named }, backendMore: { tls: { ca: authority.caFile } } });
  assert.equal((await stand.get()).status, 200);
  assert.equal(backend.servername, 'localhost');
});

test('another CA, another name, no CA: 502, and nothing was sent', async (t) => {
  const authority = newAuthority(t);
  const cases = {
    'another CA': [authority.issue('127.0.0.1'), { ca: newAuthority(t, 'Other CA').caFile }],
    'another name': [authority.issue('other.example'), { ca: authority.caFile }],
    'the CAs of the system': [authority.issue('127.0.0.1'), {}],
  };
  for (const [name, [leaf, settings]] of Object.entries(cases)) {
    await t.test(name, async (inner) => {
      const backend = await startTlsBackend(inner, leaf);
      const stand = await startStand(inner, { backend, backendMore: { tls: settings } });
      assert.equal((await stand.get()).status, 502);
      assert.equal(backend.requests, 0);
    });
  }
});

// A library that leaves errors in its queue makes the next connection of the same thread fail for them.
test('signatures that fail leave nothing behind that a TLS connection would trip over', async (t) => {
  const authority = newAuthority(t);
  const backend = await startTlsBackend(t, authority.issue('127.0.0.1'));
  const algs = ['RS256', 'PS256', 'ES256', 'EdDSA'];
  const stand = await startStand(t, { backend, algs, backendMore: { tls: { ca: authority.caFile } }, config: { workers: 1 } });
  const { issuer } = stand;
  for (const key of issuer.keys) {
    const strange = { ...newKey(key.alg, key.kid), alg: key.alg };
    for (let i = 0; i < 3; i++) {
      assert.equal((await stand.send({ token: issuer.token({}, { key: strange }) })).status, 401, key.alg);
      const answer = await stand.send({ token: issuer.token({}, { key }), fields: { Connection: 'close' } });
      assert.equal(answer.status, 200, key.alg);
      assert.equal(answer.text, 'secure');
    }
  }
  assert.equal(backend.requests, 3 * algs.length);
});

test('verify: false is the only way around, and it is told', async (t) => {
  const backend = await startTlsBackend(t, newAuthority(t).issue('other.example'));
  const stand = await startStand(t, { backend, backendMore: { tls: { verify: false } } });
  assert.equal((await stand.get()).status, 200);
  assert.match(stand.gateway.output, /warning: the certificates of backend "main" are not checked/);
});

test('a server that speaks only old TLS: 502', async (t) => {
  const authority = newAuthority(t);
  const old = { maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' };
  const backend = await startTlsBackend(t, authority.issue('127.0.0.1'), old);
  const stand = await startStand(t, { backend, backendMore: { tls: { ca: authority.caFile } } });
  assert.equal((await stand.get()).status, 502);
});
