// SPDX-License-Identifier: Apache-2.0
// Goal: the examples of conf/ run as their comments say, with the parts that the comments name.
// Method: each file as it stands, with its policies, but for the addresses; tokens from `jwtgate-dev issuer`, or in the shape of
// the provider that the file names.
import assert from 'node:assert/strict';
import https from 'node:https';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { send } from './harness/client.mjs';
import { startDev } from './harness/dev.mjs';
import { newAuthority } from './harness/certs.mjs';
import { API, TENANT, startEntra } from './harness/entra.mjs';
import { awaitKeys, startGateway } from './harness/gateway.mjs';
import { secret } from './harness/secrets.mjs';

const CONF = new URL('../../conf/', import.meta.url).pathname;
const read = (name) => readFileSync(path.join(CONF, name), 'utf8');

async function startExample(t, name, places, more = {}) {
  const moved = (text) => Object.entries(places).reduce((all, [from, to]) => all.replaceAll(from, to), text);
  const policies = readdirSync(path.join(CONF, 'policies')).map((file) => [`policies/${file}`, moved(read(`policies/${file}`))]);
  let config = moved(read(name)).replace(/bind: 127\.0\.0\.1:8\d+/g, 'bind: 127.0.0.1:0');
  config = /^admin:/m.test(config) ? config.replace('bind: 127.0.0.1:9180', 'bind: "127.0.0.1:0"') : `${config}\nadmin: { bind: "127.0.0.1:0" }\n`;
  const gateway = await startGateway(t, config, { files: { ...Object.fromEntries(policies), ...more } });
  await awaitKeys(gateway);
  return gateway;
}

// A token by client credentials of jwtgate-dev's issuer.
async function grant(url, client, form = {}) {
  const body = new URLSearchParams({ grant_type: 'client_credentials', ...form });
  const answer = await (await fetch(url, { method: 'POST', headers: { authorization: `Basic ${btoa(client)}` }, body })).json();
  return secret(answer.access_token);
}

const service = (t, command) => startDev(t, [command, '--port', '0']);
const at = (url) => url.replace('http://', '');

test('calculator.yaml', async (t) => {
  const [issuer, calculator] = [await service(t, 'issuer'), await service(t, 'calculator')];
  const gateway = await startExample(t, 'calculator.yaml', { '127.0.0.1:9400': at(issuer.url), '127.0.0.1:9001': at(calculator.url) });
  const target = '/calc/add?a=51&b=49';
  const answer = await send(gateway.port, { target, token: await grant(`${issuer.url}/token`, 'demo:demo-secret') });
  assert.equal(answer.status, 200);
  assert.match(answer.text, /<value>100<\/value>/);
  assert.equal((await send(gateway.port, { target })).status, 401);
  assert.equal((await send(gateway.port, { target, token: await grant(`${issuer.url}/token`, 'other:other-secret') })).status, 401);
  assert.equal((await send(gateway.port, { target: '/healthz' })).status, 200);
});

test('ifs-odata.yaml', async (t) => {
  const [issuer, odata] = [await service(t, 'issuer'), await service(t, 'odata')];
  const gateway = await startExample(t, 'ifs-odata.yaml', { '127.0.0.1:9400': at(issuer.url), '127.0.0.1:9002': at(odata.url) });
  const root = '/main/ifsapplications/projection/v1/CustomerOrders.svc';
  const target = `${root}/CustomerOrderSet('A%2FB')`;
  const token = (client, scope) => grant(`${issuer.url}/auth/realms/demo/protocol/openid-connect/token`, client, { scope });
  const answer = await send(gateway.port, { target, token: await token('NC_Flow_ClientCredentials:nc-secret', 'openid microprofile-jwt') });
  assert.equal(answer.status, 200);
  assert.equal(JSON.parse(answer.text).OrderNo, 'A/B');
  for (const wrong of [undefined, await token('NC_Flow_ClientCredentials:nc-secret', 'openid'), await token('demo:demo-secret', 'openid microprofile-jwt')]) {
    const refused = await send(gateway.port, { target, token: wrong });
    assert.equal(refused.status, 401);
    assert.equal(JSON.parse(refused.text).error.code, 'Unauthorized');
    assert.equal(refused.field('odata-version'), '4.0');
    assert.match(refused.field('www-authenticate'), /^Bearer realm="http:\/\/127\.0\.0\.1:\d+\/auth\/realms\/demo"/);
  }
});

test('entra.yaml', async (t) => {
  const entra = await startEntra(t);
  const calculator = await service(t, 'calculator');
  const gateway = await startExample(t, 'entra.yaml', {
    '127.0.0.1:9001': at(calculator.url),
    'https://login.microsoftonline.com': entra.provider.origin,
    '11111111-2222-3333-4444-555555555555': TENANT,
    'd183fdbe-fc28-4ef7-9ca1-e7b4a4cd1ff8': API,
  });
  const ask = async (target, token) => (await send(gateway.port, { target, token })).status;
  const people = '/calc/add?a=51&b=49';
  const jobs = '/jobs/calc/add?a=51&b=49';
  assert.equal(await ask(people, await entra.userToken({ version: 2 })), 200);
  assert.equal(await ask(people, await entra.userToken({ version: 1 })), 200);
  assert.equal(await ask(people, await entra.userToken({ claims: { scp: 'Calculator.Write' } })), 401);
  assert.equal(await ask(people, await entra.appToken()), 401);
  assert.equal(await ask(jobs, await entra.appToken()), 200);
  assert.equal(await ask(jobs, await entra.appToken({ claims: { roles: undefined } })), 403);
});

test('tls.yaml', async (t) => {
  const authority = newAuthority(t);
  const [server, partner, orders, mine, client] = [authority.issue('api.example.com', 'localhost'), authority.issue('partner.example.com'),
    authority.issue('orders.internal'), authority.issue('gateway'), authority.issue('client')];
  const backend = https.createServer({ ...orders, ca: authority.ca, requestCert: true }, (request, response) => response.end(request.socket.getPeerCertificate().subject.CN));
  await new Promise((resolve) => backend.listen(0, '127.0.0.1', resolve));
  t.after(() => backend.close());
  const issuer = await service(t, 'issuer');
  const files = {
    'tls/server.crt': server.cert, 'tls/server.key': server.key, 'tls/partner.crt': partner.cert, 'tls/partner.key': partner.key,
    'tls/clients.pem': authority.ca, 'tls/backend-ca.pem': authority.ca, 'tls/gateway.crt': mine.cert, 'tls/gateway.key': mine.key,
  };
  const gateway = await startExample(t, 'tls.yaml', { '127.0.0.1:9400': at(issuer.url), '127.0.0.1:9443': `127.0.0.1:${backend.address().port}` }, files);
  const [open, closed] = gateway.ports;
  const usual = { ca: authority.ca, servername: 'api.example.com' };
  const token = await grant(`${issuer.url}/token`, 'demo:demo-secret');
  const answer = await send(open, { target: '/orders/1', token, tls: usual });
  assert.equal(answer.status, 200);
  assert.equal(answer.text, 'gateway');
  assert.equal((await send(open, { target: '/orders/1', tls: usual })).status, 401);
  assert.equal((await send(open, { target: '/healthz', tls: { ...usual, servername: 'partner.example.com' } })).status, 200);
  assert.equal((await send(closed, { target: '/healthz', tls: { ...usual, cert: client.cert, key: client.key } })).status, 200);
  await assert.rejects(async () => assert.ok(await send(closed, { target: '/healthz', tls: usual })));
});

test('forward-auth.yaml', async (t) => {
  const issuer = await service(t, 'issuer');
  const gateway = await startExample(t, 'forward-auth.yaml', { '127.0.0.1:9400': at(issuer.url) });
  const ask = async (client) => send(gateway.port, { target: '/_jwtgate/auth/calculator', token: client && await grant(`${issuer.url}/token`, client) });
  const answer = await ask('demo:demo-secret');
  assert.equal(answer.status, 200);
  assert.equal(answer.field('x-client'), 'demo');
  assert.equal((await ask('other:other-secret')).status, 401);
  assert.equal((await ask()).status, 401);
});
