// SPDX-License-Identifier: Apache-2.0
// The attack: a token bound to its owner's certificate (RFC 8705) was stolen, and comes over a connection without that certificate.
//
// Goal: it passes with the certificate whose key the client proved to have, and with no other; policies see that certificate.
import assert from 'node:assert/strict';
import { X509Certificate, createHash } from 'node:crypto';
import http2 from 'node:http2';
import test from 'node:test';
import { newAuthority } from './harness/certs.mjs';
import { connect, requestBytes, send } from './harness/client.mjs';
import { dpopFields, newHolder } from './harness/proofs.mjs';
import { documentOf, validate } from './harness/policies.mjs';
import { startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

const sha256 = (cert) => createHash('sha256').update(new X509Certificate(cert).raw).digest('base64url');

// A stand with two listeners: TLS with certificates of clients, where they may come without one, and a plain one.
async function start(t, { clients = 'optional', ...more } = {}) {
  const authority = newAuthority(t);
  const site = authority.issue('localhost', '127.0.0.1');
  const listeners = [
    { bind: '127.0.0.1:0', tls: { certificate: site.certFile, key: site.keyFile, client_ca: authority.caFile, clients } },
    { bind: '127.0.0.1:0' },
  ];
  const stand = await startStand(t, { ...more, config: { listeners, ...more.config } });
  const [owner, thief] = [authority.issue('owner'), authority.issue('thief')];
  const tls = (client) => ({ ca: authority.ca, servername: 'localhost', ...(client && { cert: client.cert, key: client.key }) });
  const ask = (client, token, request = {}) => send(stand.gateway.port, { token, tls: tls(client), ...request });
  const bound = (more_ = {}) => stand.issuer.token({ cnf: { 'x5t#S256': sha256(owner.cert), ...more_ } });
  return { ...stand, authority, owner, thief, tls, ask, bound };
}

test('a token bound to a certificate passes with it, and with nothing else', async (t) => {
  const stand = await start(t);
  const token = stand.bound();
  for (let i = 0; i < 2; i++) {
    assert.equal((await stand.ask(stand.owner, token)).status, 200);
    for (const client of [stand.thief, undefined]) {
      const answer = await stand.ask(client, token);
      assert.equal(answer.status, 401);
      assert.equal(answer.field('www-authenticate'), 'Bearer realm="main", error="invalid_token"');
    }
    const plain = await send(stand.gateway.ports[1], { token });
    assert.equal(plain.status, 401);
  }
  for (const client of [stand.owner, stand.thief, undefined]) assert.equal((await stand.ask(client, stand.issuer.token())).status, 200);
  await until('the lines', () => stand.gateway.events('access').length === 11);
  const refused = stand.gateway.events('access').filter(({ status }) => status === '401');
  assert.deepEqual([...new Set(refused.map(({ reason, check }) => `${reason} ${check}`))], ['JwtInvalid claim:cnf']);
  assert.deepEqual(refused.map(({ found }) => found).sort(), [...Array(4).fill('no certificate'), ...Array(2).fill(sha256(stand.thief.cert))].sort());
});

test('no field of the request stands in for a certificate', async (t) => {
  const stand = await start(t);
  const pem = encodeURIComponent(stand.owner.cert.toString());
  const fields = { 'X-Client-Cert': pem, 'X-SSL-Client-Cert': pem, 'X-Forwarded-Client-Cert': `Cert="${pem}"`, 'Client-Cert': `:${new X509Certificate(stand.owner.cert).raw.toString('base64')}:` };
  await stand.gateway.reload({ ...stand.config, listeners: stand.config.listeners, trusted_proxies: ['127.0.0.1'] });
  assert.equal((await stand.ask(undefined, stand.bound(), { fields })).status, 401);
  assert.equal((await stand.ask(stand.thief, stand.bound(), { fields })).status, 401);
  assert.equal((await stand.ask(stand.owner, stand.bound(), { fields })).status, 200);
});

test('each request of a connection is judged by the connection\'s own certificate', async (t) => {
  const stand = await start(t);
  const client = await connect(stand.gateway.port, { tls: stand.tls(stand.owner) });
  for (const [token, status] of [[stand.bound(), 200], [stand.issuer.token({ cnf: { 'x5t#S256': sha256(stand.thief.cert) } }), 401], [stand.issuer.token(), 200], [stand.bound(), 200]]) {
    await client.write(requestBytes({ token }));
    assert.equal((await client.answer()).status, status);
  }
  client.destroy();
});

test('a resumed session has the certificate of the one before', async (t) => {
  const stand = await start(t);
  let session;
  const first = await connect(stand.gateway.port, { tls: stand.tls(stand.owner) });
  first.socket.on('session', (made) => (session = made));
  await first.write(requestBytes({ token: stand.bound() }));
  assert.equal((await first.answer()).status, 200);
  await until('a session', () => session);
  first.destroy();
  const again = await connect(stand.gateway.port, { tls: { ...stand.tls(undefined), session } });
  await again.write(requestBytes({ token: stand.bound() }));
  const { status } = await again.answer();
  assert.equal(status, again.socket.isSessionReused() ? 200 : 401);
  again.destroy();
});

test('by HTTP/2 it is the same: each stream has the connection\'s certificate', async (t) => {
  const stand = await start(t);
  const status = (client, token) => new Promise((resolve, reject) => {
    const session = http2.connect(`https://localhost:${stand.gateway.port}`, { ...stand.tls(client), lookup: (name, options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]) });
    session.on('error', reject);
    const request = session.request({ ':path': '/', authorization: `Bearer ${token}` });
    request.on('response', (head) => resolve(head[':status']));
    request.on('end', () => session.close()).on('error', reject).resume();
  });
  assert.equal(await status(stand.owner, stand.bound()), 200);
  assert.equal(await status(stand.thief, stand.bound()), 401);
  assert.equal(await status(undefined, stand.bound()), 401);
  assert.equal(await status(undefined, stand.issuer.token()), 200);
});

test('a token bound to certificate and key needs both', async (t) => {
  const stand = await start(t);
  const holder = await newHolder();
  const token = stand.bound(holder.cnf);
  const show = async (client, proof) => stand.ask(client, undefined, { fields: dpopFields(token, proof) });
  const fresh = () => holder.proof({ token, url: 'https://gateway.test/' });
  assert.equal((await show(stand.owner, await fresh())).status, 200);
  assert.equal((await show(stand.thief, await fresh())).status, 401);
  assert.equal((await show(undefined, await fresh())).status, 401);
  assert.equal((await show(stand.owner, undefined)).status, 401);
  assert.equal((await stand.ask(stand.owner, token)).status, 401, 'as Bearer');
});

test('cnf: ignore passes over a certificate that is not shown, not over a wrong one', async (t) => {
  const stand = await start(t, { route: { cnf: 'ignore' } });
  assert.equal((await stand.ask(undefined, stand.bound())).status, 200);
  assert.equal((await stand.ask(stand.owner, stand.bound())).status, 200);
  assert.equal((await stand.ask(stand.thief, stand.bound())).status, 401);
});

test('a certificate of another authority gets no connection, so no token passes by it', async (t) => {
  const stand = await start(t);
  const stranger = newAuthority(t, 'Other CA').issue('owner');
  const token = stand.issuer.token({ cnf: { 'x5t#S256': sha256(stranger.cert) } });
  let status;
  try {
    status = (await stand.ask(stranger, token))?.status;
  } catch {
    status = undefined;
  }
  assert.equal(status, undefined);
});

test('policies see the certificate that was verified', async (t) => {
  const C = 'context.Request.Certificate';
  const documents = (owner, issuer) => ({
    'shown.xml': documentOf({ inbound: `${validate(issuer)}
      <choose><when condition="@(${C} == null)"><return-response><set-status code="403" /></return-response></when></choose>
      ${['Thumbprint', 'Subject', 'Issuer', 'SerialNumber', 'SubjectName.Name', 'IssuerName.Name', 'NotBefore.ToString(&quot;s&quot;)', 'NotAfter.ToString(&quot;s&quot;)', 'Verify().ToString()']
    .map((member, i) => `<set-header name="X-${i}"><value>@(${C}.${member})</value></set-header>`).join('')}` }),
    'owner.xml': documentOf({ inbound: `${validate(issuer)}
      <choose><when condition="@(${C} == null || !${C}.Verify() || ${C}.Thumbprint != &quot;${new X509Certificate(owner.cert).fingerprint.replaceAll(':', '')}&quot; || ${C}.NotAfter &lt; DateTime.UtcNow)">
        <return-response><set-status code="403" /></return-response></when></choose>` }),
    'careless.xml': documentOf({ inbound: `${validate(issuer)}<set-header name="X-0"><value>@(${C}.Thumbprint)</value></set-header>` }),
  });
  const stand = await start(t);
  const routes = ['shown', 'owner', 'careless'].map((name) => ({ name, path: `/${name}`, backend: 'main', policy: `${name}.xml`, forward_auth: true }));
  await stand.gateway.reload({ ...stand.config, routes }, documents(stand.owner, stand.issuer));
  const ask = (client, target) => stand.ask(client, stand.issuer.token(), { target });
  assert.equal((await ask(undefined, '/shown')).status, 403);
  assert.equal((await ask(stand.owner, '/shown')).status, 200);
  const certificate = new X509Certificate(stand.owner.cert);
  const reached = stand.backend.requests.at(-1);
  const time = (text) => new Date(text).toISOString().slice(0, 19);
  assert.deepEqual(Array.from({ length: 9 }, (_, i) => reached.field(`x-${i}`)), [
    certificate.fingerprint.replaceAll(':', ''), 'CN=owner', 'CN=Test CA', certificate.serialNumber, 'CN=owner', 'CN=Test CA',
    time(certificate.validFrom), time(certificate.validTo), 'True',
  ]);
  assert.equal((await ask(stand.owner, '/owner')).status, 200);
  assert.equal((await ask(stand.thief, '/owner')).status, 403);
  assert.equal((await ask(undefined, '/owner')).status, 403);
  assert.equal((await ask(stand.owner, '/careless')).status, 200);
  assert.equal((await ask(undefined, '/careless')).status, 500);
  // Asked by another proxy, the certificate is that proxy's.
  assert.equal((await ask(stand.owner, '/_jwtgate/auth/owner')).status, 403);
});

test('forward auth never takes the asking proxy\'s certificate for the client\'s', async (t) => {
  const stand = await start(t, { route: { forward_auth: true }, config: { trusted_proxies: ['127.0.0.1'] } });
  assert.equal((await stand.ask(stand.owner, stand.bound(), { target: '/_jwtgate/auth/main' })).status, 401);
  assert.equal((await stand.ask(stand.owner, stand.issuer.token(), { target: '/_jwtgate/auth/main' })).status, 200);
});
