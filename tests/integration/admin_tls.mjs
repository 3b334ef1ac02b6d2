// SPDX-License-Identifier: Apache-2.0
// Goal: the admin listener speaks TLS as the others do, lets in who shows a certificate or the token as its settings say, and renews its
// own certificate while it runs.
import assert from 'node:assert/strict';
import { copyFileSync, renameSync } from 'node:fs';
import http2 from 'node:http2';
import path from 'node:path';
import test from 'node:test';
import { newAuthority } from './harness/certs.mjs';
import { connect, requestBytes, send } from './harness/client.mjs';
import { startGateway, tempDir } from './harness/gateway.mjs';
import { meet, pairOf } from './harness/tls.mjs';
import { until, within } from './harness/until.mjs';

const TOKEN = 'an-admin-token-of-32-bytes-0123!';
const NAME = 'gateway.test';
const open = {
  backends: { main: { servers: ['http://127.0.0.1:9'] } },
  routes: [{ name: 'main', path: '/', backend: 'main', policy: 'none' }],
};
const shown = ({ cert, key }) => ({ cert, key });
const bearer = { fields: [['Authorization', `Bearer ${TOKEN}`]] };

async function standOf(t, section = {}, admin = {}) {
  const authority = newAuthority(t);
  const pair = pairOf(authority.issue(NAME));
  const config = { ...open, admin: { bind: '127.0.0.1:0', hosts: NAME, tls: { ...pair, ...section(authority) }, ...admin } };
  const gateway = await startGateway(t, config);
  const usual = { ca: authority.ca, servername: NAME };
  const ask = (request = {}, options = {}) => send(gateway.adminPort, { target: '/status', host: `${NAME}:${gateway.adminPort}`, ...request, tls: { ...usual, ...options } });
  return { authority, pair, config, gateway, usual, ask, meet: (options = {}) => meet(gateway.adminPort, { ...usual, ...options }) };
}

const plain = () => ({});
const asking = (clients) => (authority) => ({ client_ca: authority.caFile, ...(clients ? { clients } : {}) });

test('by TLS, whose certificate is told, and of the same origin by its scheme', async (t) => {
  const stand = await standOf(t, plain);
  const answer = await stand.ask();
  assert.equal(answer.status, 200);
  const listener = JSON.parse(answer.text).listeners.find(({ name }) => name === 'admin');
  assert.equal(listener.tls, true);
  assert.equal(listener.certificates.length, 1);
  assert.ok(Math.abs(Date.parse(listener.certificates[0].ends) - Date.now() - 2 * 86400e3) < 3600e3);
  const origin = `${NAME}:${stand.gateway.adminPort}`;
  const post = (from) => stand.ask({ target: '/reload', method: 'POST', body: '{}', fields: [['Content-Type', 'application/json'], ['Origin', from]] });
  assert.equal((await post(`https://${origin}`)).status, 200);
  assert.equal((await post(`http://${origin}`)).status, 403);
  assert.equal((await stand.ask({ host: 'evil.example' })).status, 421);
});

test('HTTP/2 is answered alike', async (t) => {
  const stand = await standOf(t, plain, { token: TOKEN });
  const session = http2.connect(`https://${NAME}:${stand.gateway.adminPort}`, { ...stand.usual, lookup: (name, options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]) });
  t.after(() => session.destroy());
  const ask = (fields) => within('an answer', new Promise((resolve, reject) => {
    const stream = session.request(fields);
    let text = '';
    let status;
    stream.on('response', (head) => (status = head[':status']));
    stream.setEncoding('utf8').on('data', (piece) => (text += piece)).on('end', () => resolve({ status, text })).on('error', reject);
  }));
  assert.equal((await ask({ ':path': '/livez' })).status, 401);
  assert.equal((await ask({ ':path': '/livez', authorization: `Bearer ${TOKEN}` })).text, 'ok\n');
  assert.equal((await ask({ ':path': '/livez', ':authority': 'evil.example' })).status, 421);
  const { status, text } = await ask({ ':path': '/status', authorization: `Bearer ${TOKEN}` });
  assert.deepEqual([status, JSON.parse(text).routes.length], [200, 1]);
});

test('clients: required lets nobody in without a certificate, nor with it alone where a token is asked for', async (t) => {
  const stand = await standOf(t, asking(), { bind: '0.0.0.0:0' });
  const right = shown(stand.authority.issue('prometheus'));
  assert.equal((await stand.ask({}, right)).status, 200);
  assert.ok((await stand.meet()).error);
  assert.ok((await stand.meet(shown(newAuthority(t, 'Other CA').issue('prometheus')))).error);
  const both = await standOf(t, asking('required'), { token: TOKEN });
  const known = shown(both.authority.issue('prometheus'));
  assert.equal((await both.ask({}, known)).status, 401);
  assert.equal((await both.ask(bearer, known)).status, 200);
});

test('clients: optional takes the one or the other', async (t) => {
  const stand = await standOf(t, asking('optional'), { token: TOKEN });
  assert.equal((await stand.ask()).status, 401);
  assert.equal((await stand.ask(bearer)).status, 200);
  assert.equal((await stand.ask({}, shown(stand.authority.issue('prometheus')))).status, 200);
});

// Attack: a connection from before a reload that asks for certificates goes on without one.
test('a connection that was there before certificates were asked for is not let in any more', async (t) => {
  const stand = await standOf(t, plain);
  const tls = { ...stand.usual };
  const kept = await connect(stand.gateway.adminPort, { tls });
  const ask = async () => {
    kept.write(requestBytes({ target: '/status', host: NAME }));
    return (await kept.answer()).status;
  };
  assert.equal(await ask(), 200);
  await stand.gateway.reload({ ...stand.config, admin: { ...stand.config.admin, tls: { ...stand.pair, client_ca: stand.authority.caFile } } });
  assert.equal(await ask(), 401);
  kept.destroy();
  assert.ok((await stand.meet()).error);
  assert.equal((await stand.ask({}, shown(stand.authority.issue('x')))).status, 200);
});

test('its certificate is renewed as those of listeners are', async (t) => {
  const authority = newAuthority(t);
  const dir = tempDir(t);
  const at = (name) => path.join(dir, name);
  const place = (leaf) => [[leaf.certFile, 'server.crt'], [leaf.keyFile, 'server.key']].forEach(([from, name]) => {
    copyFileSync(from, at(`${name}.new`));
    renameSync(at(`${name}.new`), at(name));
  });
  place(authority.issue(NAME));
  const gateway = await startGateway(t, { ...open, admin: { bind: '127.0.0.1:0', tls: { certificate: at('server.crt'), key: at('server.key') } } });
  const serial = async () => {
    const { socket, error } = await meet(gateway.adminPort, { ca: authority.ca, servername: NAME });
    if (error) throw error;
    const { serialNumber } = socket.getPeerCertificate();
    socket.destroy();
    return serialNumber;
  };
  const before = await serial();
  place(authority.issue(NAME));
  await gateway.event('certificate-reloaded');
  await until('the new certificate', async () => (await serial()) !== before);
  assert.notEqual(await serial(), before);
});

test('TLS comes to the admin listener, and goes, by a reload', async (t) => {
  const stand = await standOf(t, plain);
  const { tls, ...bare } = stand.config.admin;
  await stand.gateway.reload({ ...stand.config, admin: bare });
  assert.equal((await send(stand.gateway.adminPort, { target: '/livez', host: 'localhost' })).status, 200);
  await stand.gateway.reload({ ...stand.config, admin: { ...bare, tls } });
  assert.equal((await stand.ask({ target: '/livez' })).status, 200);
  assert.equal(stand.gateway.events('listening').filter(({ listener }) => listener === 'admin').length, 1);
});
