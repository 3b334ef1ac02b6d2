// SPDX-License-Identifier: Apache-2.0
// Goal: towards https backends the gateway shows its certificate where one is configured, asks for the name that is configured, and
// resumes sessions, but never with a server that has not proven itself.
import assert from 'node:assert/strict';
import https from 'node:https';
import net from 'node:net';
import test from 'node:test';
import tls from 'node:tls';
import { newAuthority } from './harness/certs.mjs';
import { send } from './harness/client.mjs';
import { startGateway } from './harness/gateway.mjs';
import { hasNginx, startNginx } from './harness/nginx.mjs';

// An https server that notes of each connection what it saw; every answer ends its connection.
async function startServer(t, leaf, options = {}) {
  const seen = [];
  const server = https.createServer({ cert: leaf.cert, key: leaf.key, ...options }, (request, response) => {
    response.setHeader('Connection', 'close');
    response.end('ok');
  });
  server.on('secureConnection', (socket) => {
    seen.push({ isReused: socket.isSessionReused(), name: socket.servername, peer: socket.getPeerCertificate().subject?.CN, version: socket.getProtocol() });
    socket.on('error', () => {});
  });
  server.on('tlsClientError', () => {});
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { seen, port: server.address().port, url: `https://127.0.0.1:${server.address().port}` };
}

async function start(t, server, section, more = {}) {
  const gateway = await startGateway(t, {
    workers: 1,
    backends: { main: { servers: [server.url], tls: section } },
    routes: [{ name: 'main', path: '/', backend: 'main', policy: 'none' }],
    ...more,
  });
  return { gateway, status: async () => (await send(gateway.port)).status };
}

for (const version of ['TLSv1.2', 'TLSv1.3'])
  test(`a server that asks for a certificate gets it (${version})`, async (t) => {
    const authority = newAuthority(t);
    const asks = { ca: authority.ca, requestCert: true, rejectUnauthorized: true, minVersion: version, maxVersion: version };
    const server = await startServer(t, authority.issue('127.0.0.1'), asks);
    const mine = authority.issue('gateway');
    const strange = newAuthority(t, 'Other CA').issue('gateway');
    const ca = authority.caFile;
    const right = await start(t, server, { ca, client_certificate: mine.certFile, client_key: mine.keyFile });
    assert.equal(await right.status(), 200);
    assert.equal(server.seen[0].peer, 'gateway');
    assert.equal(await (await start(t, server, { ca })).status(), 502);
    const wrong = await start(t, server, { ca, client_certificate: strange.certFile, client_key: strange.keyFile });
    assert.equal(await wrong.status(), 502);
  });

for (const version of ['TLSv1.2', 'TLSv1.3'])
  test(`sessions are resumed (${version})`, async (t) => {
    const authority = newAuthority(t);
    const server = await startServer(t, authority.issue('127.0.0.1'), { minVersion: version, maxVersion: version });
    const { status } = await start(t, server, { ca: authority.caFile });
    for (let i = 0; i < 5; i++) assert.equal(await status(), 200);
    assert.deepEqual(server.seen.map(({ isReused }) => isReused), [false, true, true, true, true]);
  });

test('a reload with another CA does not resume what the old one trusted', async (t) => {
  const authority = newAuthority(t);
  const server = await startServer(t, authority.issue('127.0.0.1'));
  const { gateway, status } = await start(t, server, { ca: authority.caFile });
  assert.equal(await status(), 200);
  const config = (ca) => ({
    workers: 1,
    backends: { main: { servers: [server.url], tls: { ca } } },
    routes: [{ name: 'main', path: '/', backend: 'main', policy: 'none' }],
  });
  await gateway.reload(config(newAuthority(t, 'Other CA').caFile));
  assert.equal(await status(), 502);
  await gateway.reload(config(authority.caFile));
  assert.equal(await status(), 200);
});

// Attack: whoever sits between cuts the connection, and the half answer passes for a whole one.
test('an answer that ends with the connection is whole only with close_notify', async (t) => {
  const authority = newAuthority(t);
  const leaf = authority.issue('127.0.0.1');
  let isCut = false;
  const server = net.createServer((raw) => {
    const socket = new tls.TLSSocket(raw, { isServer: true, cert: leaf.cert, key: leaf.key });
    for (const one of [raw, socket]) one.on('error', () => {});
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\n\r\nhalf', () => (isCut ? raw.end() : socket.end())));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { gateway } = await start(t, { url: `https://127.0.0.1:${server.address().port}` }, { ca: authority.caFile });
  const whole = await send(gateway.port);
  assert.deepEqual([whole.isWhole, whole.text], [true, 'half']);
  isCut = true;
  const cut = await send(gateway.port);
  assert.ok(cut === undefined || !cut.isWhole);
});

test('server_name is what is asked for and what the certificate must have', async (t) => {
  const authority = newAuthority(t);
  const server = await startServer(t, authority.issue('inner.test'));
  const ca = authority.caFile;
  assert.equal(await (await start(t, server, { ca, server_name: 'inner.test' })).status(), 200);
  assert.equal(server.seen[0].name, 'inner.test');
  assert.equal(await (await start(t, server, { ca, server_name: 'other.test' })).status(), 502);
  assert.equal(await (await start(t, server, { ca })).status(), 502);
});

test('nginx takes the certificate and resumes', { skip: !hasNginx }, async (t) => {
  const authority = newAuthority(t);
  const leaf = authority.issue('127.0.0.1');
  const mine = authority.issue('gateway');
  const inside = `ssl_certificate ${leaf.certFile}; ssl_certificate_key ${leaf.keyFile}; ssl_client_certificate ${authority.caFile};
    ssl_verify_client on; keepalive_timeout 0;
    location / { return 200 "$ssl_session_reused $ssl_client_verify\\n"; }`;
  const nginx = await startNginx(t, inside, {}, 'ssl');
  const { gateway } = await start(t, { url: `https://127.0.0.1:${nginx.port}` },
    { ca: authority.caFile, client_certificate: mine.certFile, client_key: mine.keyFile });
  assert.equal((await send(gateway.port)).text, '. SUCCESS\n');
  assert.equal((await send(gateway.port)).text, 'r SUCCESS\n');
});
