// SPDX-License-Identifier: Apache-2.0
// The attack: a client writes X-Forwarded-For and its like itself, to pass an address filter, to be somebody else in the log, or to
// make a backend believe it came by https.
//
// Goal: these fields are believed from the peers in trusted_proxies, from the right end on, and from nobody else.
import assert from 'node:assert/strict';
import test from 'node:test';
import { dpopFields, newHolder } from './harness/proofs.mjs';
import { startPolicies, validate } from './harness/policies.mjs';
import { startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

const FORGED = { 'X-Forwarded-For': '192.0.2.1', 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'api.example.com', 'X-Forwarded-Port': '8443', Forwarded: 'for=192.0.2.1;proto=https' };
const NAMES = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-port', 'forwarded'];
const arrived = ({ backend }) => NAMES.map((name) => backend.requests.at(-1).all(name).join(' | ') || undefined);
const clientOf = async (stand, n) => {
  await until('the line', () => stand.gateway.events('access').length > n);
  return stand.gateway.events('access')[n].client;
};

test('whoever is not on the list is overwritten', async (t) => {
  for (const trusted_proxies of [undefined, [], ['10.0.0.0/8', '127.0.0.2', '::1', 'unix:']]) {
    const stand = await startStand(t, { config: { trusted_proxies } });
    assert.equal((await stand.get('/', { fields: FORGED })).status, 200);
    assert.deepEqual(arrived(stand), ['127.0.0.1', 'http', 'gateway.test', undefined, 'for=127.0.0.1;proto=http;host="gateway.test"']);
    assert.equal(await clientOf(stand, 0), '127.0.0.1');
  }
});

test('a proxy on the list is believed, and appended to', async (t) => {
  for (const trusted_proxies of [['127.0.0.1'], ['127.0.0.0/8'], ['::ffff:127.0.0.1', '10.0.0.0/8']]) {
    const stand = await startStand(t, { config: { trusted_proxies } });
    assert.equal((await stand.get('/', { fields: FORGED })).status, 200);
    assert.deepEqual(arrived(stand), ['192.0.2.1, 127.0.0.1', 'https', 'api.example.com', '8443', 'for=192.0.2.1;proto=https, for=127.0.0.1;proto=http;host="gateway.test"']);
    assert.equal(await clientOf(stand, 0), '192.0.2.1');
  }
});

test('the client is the rightmost address that is not on the list', async (t) => {
  const stand = await startStand(t, { config: { trusted_proxies: ['127.0.0.1', '10.0.0.0/8'] } });
  const cases = [
    [['6.6.6.6, 192.0.2.1'], '192.0.2.1'], [['6.6.6.6', '192.0.2.1, 10.0.0.9'], '192.0.2.1'], [['10.1.1.1'], '10.1.1.1'],
    [['6.6.6.6, nobody'], 'unknown'], [['2001:db8::1'], '2001:db8::1'], [[], '127.0.0.1'], [[Array(40).fill('10.0.0.1').join()], 'unknown'],
  ];
  for (const [i, [values, client]] of cases.entries()) {
    await stand.get('/', { fields: { 'X-Forwarded-For': values } });
    assert.equal(await clientOf(stand, i), client, values.join());
  }
});

test('filters and expressions go by the client, and let nobody in whose address is not known', async (t) => {
  const filter = (action, address) => `<ip-filter action="${action}"><address>${address}</address></ip-filter>`;
  const documents = (issuer) => ({
    allow: { inbound: `${filter('allow', '192.0.2.1')}${validate(issuer)}` },
    inner: { inbound: `${filter('allow', '127.0.0.1')}${validate(issuer)}` },
    forbid: { inbound: `${filter('forbid', '192.0.2.1')}${validate(issuer)}` },
    tells: { inbound: `${validate(issuer)}<set-header name="X-Ip"><value>@(context.Request.IpAddress + "/" + context.Request.OriginalUrl.Scheme + "/" + context.Request.OriginalUrl.Port)</value></set-header>` },
  });
  const believing = await startPolicies(t, documents, { config: { trusted_proxies: ['127.0.0.1'] } });
  const wary = await startPolicies(t, documents);
  const status = async (stand, route, forwarded) => (await stand.ask(`/${route}`, { fields: forwarded ? { 'X-Forwarded-For': forwarded, 'X-Forwarded-Proto': 'https' } : {} })).status;
  assert.deepEqual([await status(believing, 'allow', '192.0.2.1'), await status(believing, 'allow', '192.0.2.1, 192.0.2.2'), await status(believing, 'allow', 'x')], [200, 403, 403]);
  assert.deepEqual([await status(believing, 'inner'), await status(believing, 'inner', '192.0.2.1'), await status(believing, 'inner', 'x')], [200, 403, 403]);
  assert.deepEqual([await status(believing, 'forbid', '192.0.2.1'), await status(believing, 'forbid', '192.0.2.2'), await status(believing, 'forbid', 'x')], [403, 200, 403]);
  assert.deepEqual([await status(wary, 'allow', '192.0.2.1'), await status(wary, 'inner', '192.0.2.1'), await status(wary, 'forbid', '192.0.2.1')], [403, 200, 200]);
  assert.equal(await status(believing, 'tells', '192.0.2.1'), 200);
  assert.equal(believing.reached.field('x-ip'), '192.0.2.1/https/443');
  assert.equal(await status(wary, 'tells', '192.0.2.1'), 200);
  assert.equal(wary.reached.field('x-ip'), '127.0.0.1/http/80');
});

test('proofs are for https where a trusted proxy says that the client came by it', async (t) => {
  const stand = await startStand(t, { config: { trusted_proxies: ['127.0.0.1'] } });
  const holder = await newHolder();
  const token = stand.issuer.token({ cnf: holder.cnf });
  const ask = async (scheme, fields) => (await stand.send({ fields: { ...dpopFields(token, await holder.proof({ token, url: `${scheme}://gateway.test/` })), ...fields } })).status;
  assert.equal(await ask('https', { 'X-Forwarded-Proto': 'https' }), 200);
  assert.equal(await ask('http', { 'X-Forwarded-Proto': 'https' }), 401);
  assert.equal(await ask('http', {}), 200);
  assert.equal(await ask('https', {}), 401);
  await stand.gateway.reload({ ...stand.config, trusted_proxies: ['192.0.2.1'] });
  assert.equal(await ask('https', { 'X-Forwarded-Proto': 'https' }), 401);
  assert.equal(await ask('http', { 'X-Forwarded-Proto': 'https' }), 200);
});
