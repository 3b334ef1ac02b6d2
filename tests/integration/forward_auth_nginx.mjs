// SPDX-License-Identifier: Apache-2.0
// Goal: nginx keeps the requests and asks the gateway: auth_request lets pass what passes, and its backend hears the claims.
// The attack: a client sends the claim's header itself, or fields that nginx passes along with the question.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startBackend } from './harness/backend.mjs';
import { send } from './harness/client.mjs';
import { hasNginx, startNginx } from './harness/nginx.mjs';
import { blockOf } from './harness/pages.mjs';
import { dpopFields, newHolder } from './harness/proofs.mjs';
import { startStand } from './harness/stand.mjs';

// What docs/forward-auth.md gives for nginx.
const server = ({ gateway, app }) => blockOf('forward-auth.md', 'nginx', {
  '127.0.0.1:8080/_jwtgate/auth/orders': `127.0.0.1:${gateway}/_jwtgate/auth/main`,
  'http://127.0.0.1:9001': app,
});

async function start(t, { route = {}, ...more } = {}) {
  const stand = await startStand(t, {
    ...more,
    route: { path: '/unused', forward_auth: true, claims_to_headers: { 'X-User': 'upn' }, ...route },
    config: { trusted_proxies: ['127.0.0.1'] },
  });
  const app = await startBackend(t);
  const nginx = await startNginx(t, server({ gateway: stand.gateway.port, app: app.url }));
  const ask = (request = {}) => send(nginx.port, { target: '/orders', host: `127.0.0.1:${nginx.port}`, token: stand.issuer.token({ upn: 'ann' }), ...request });
  return { ...stand, app, nginx, ask };
}

const options = { skip: hasNginx ? false : 'no nginx here' };

test('a token that passes reaches the application, with the claim and not what the client says of it', options, async (t) => {
  const stand = await start(t);
  const answer = await stand.ask({ fields: { 'X-User': 'evil' } });
  assert.equal(answer.status, 200);
  assert.deepEqual(stand.app.requests.at(-1).all('x-user'), ['ann']);
  assert.equal((await stand.ask({ token: stand.issuer.token(), fields: { 'X-User': 'evil' } })).status, 200);
  assert.deepEqual(stand.app.requests.at(-1).all('x-user'), []);
  assert.equal(stand.backend.requests.length, 0);
});

test('one that is refused does not, and nginx passes 401 on with one challenge, and 403', options, async (t) => {
  const stand = await start(t, { route: { insufficient_scope: '403' }, policy: { required_claims: [{ name: 'scp', values: ['read'] }] } });
  const none = await stand.ask({ token: undefined });
  assert.equal(none.status, 401);
  assert.match(none.field('www-authenticate'), /^Bearer realm="main"/);
  assert.equal(none.fields.filter(([name]) => name.toLowerCase() === 'www-authenticate').length, 1);
  const poor = await stand.ask();
  assert.equal(poor.status, 403);
  assert.equal(stand.app.requests.length, 0);
  assert.equal((await stand.ask({ token: stand.issuer.token({ scp: 'read' }) })).status, 200);
  assert.equal(stand.app.requests.length, 1);
});

test('bodies go to the application and not to the gateway', options, async (t) => {
  const stand = await start(t);
  assert.equal((await stand.ask({ method: 'POST', body: 'x'.repeat(300000) })).status, 200);
  assert.equal(stand.app.requests.at(-1).bytes, 300000);
  assert.equal((await stand.ask({ method: 'POST', body: 'x'.repeat(300000), token: undefined })).status, 401);
  assert.equal(stand.app.requests.length, 1);
});

test('fields of the client do not change the question', options, async (t) => {
  const stand = await start(t);
  const fields = { 'X-Original-URI': '/healthz', 'X-Forwarded-Uri': '/healthz', 'X-Forwarded-Method': 'OPTIONS', 'X-Forwarded-For': '127.0.0.1', 'X-Forwarded-Host': 'open.test' };
  assert.equal((await stand.ask({ token: undefined, fields })).status, 401);
  assert.equal((await stand.ask({ fields })).status, 200);
});

test('a proof is for the request that nginx has', options, async (t) => {
  const stand = await start(t);
  const holder = await newHolder();
  const token = stand.issuer.token({ cnf: holder.cnf, upn: 'ann' });
  const url = `${stand.nginx.url}/orders`;
  const show = async (proof, more = {}) => stand.ask({ token: undefined, method: 'PUT', body: 'x', fields: { ...dpopFields(token, proof), ...more } });
  assert.equal((await show(await holder.proof({ token, url, method: 'PUT' }))).status, 200);
  assert.equal(stand.app.requests.at(-1).field('x-user'), 'ann');
  assert.equal((await show(await holder.proof({ token, url, method: 'GET' }))).status, 401);
  const elsewhere = await holder.proof({ token, url: `${stand.nginx.url}/other`, method: 'PUT' });
  assert.equal((await show(elsewhere, { 'X-Forwarded-Uri': '/other' })).status, 401);
});
