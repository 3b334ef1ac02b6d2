// SPDX-License-Identifier: Apache-2.0
// The attack: a token bound to its owner's key was stolen, and is sent by somebody who does not hold the key.
//
// Goal: it passes with a proof made for this very request (RFC 9449 4.3, 7.1), by this key, once; as a bearer token never.
import assert from 'node:assert/strict';
import test from 'node:test';
import { newAuthority } from './harness/certs.mjs';
import { connect, requestBytes } from './harness/client.mjs';
import { now } from './harness/keys.mjs';
import { dpopFields, newHolder } from './harness/proofs.mjs';
import { startPolicies, validate } from './harness/policies.mjs';
import { startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

const URL_A = 'http://gateway.test/a';

async function startBound(t, options = {}) {
  const stand = await startStand(t, options);
  const holder = await newHolder();
  const token = stand.issuer.token({ cnf: holder.cnf });
  const ask = (proof, request = {}) => stand.send({ target: '/a', fields: dpopFields(token, proof), ...request });
  return { ...stand, holder, token, ask, fresh: (more = {}) => holder.proof({ token, url: URL_A, ...more }) };
}

test('a token passes with a proof by its key', async (t) => {
  const stand = await startBound(t);
  const answer = await stand.ask(await stand.fresh());
  assert.equal(answer.status, 200);
  assert.equal(answer.field('dpop-nonce'), undefined);
  const { fields } = stand.backend.requests.at(-1);
  const sent = Object.fromEntries(fields.map(([name, value]) => [name.toLowerCase(), value]));
  assert.equal(sent.authorization, `DPoP ${stand.token}`);
  assert.match(sent.dpop, /^eyJ/);
});

test('every kind of key makes proofs', async (t) => {
  const stand = await startStand(t);
  for (const alg of ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA']) {
    const holder = await newHolder(alg);
    const token = stand.issuer.token({ cnf: holder.cnf });
    const proof = await holder.proof({ token, url: 'http://gateway.test/' });
    assert.equal((await stand.send({ fields: dpopFields(token, proof) })).status, 200, alg);
  }
});

test('what is not right about a proof is refused, and the challenge says so', async (t) => {
  const stand = await startBound(t);
  const thief = await newHolder();
  const { token } = stand;
  const cases = {
    'no proof': [undefined, 'invalid_dpop_proof'],
    'another method': [await stand.fresh({ method: 'POST' }), 'invalid_dpop_proof'],
    'another path': [await stand.fresh({ url: 'http://gateway.test/b' }), 'invalid_dpop_proof'],
    'another host': [await stand.fresh({ url: 'http://other.test/a' }), 'invalid_dpop_proof'],
    'another scheme': [await stand.fresh({ url: 'https://gateway.test/a' }), 'invalid_dpop_proof'],
    'another port': [await stand.fresh({ url: 'http://gateway.test:8080/a' }), 'invalid_dpop_proof'],
    'too old': [await stand.fresh({ claims: { iat: now() - 70 } }), 'invalid_dpop_proof'],
    'of the future': [await stand.fresh({ claims: { iat: now() + 70 } }), 'invalid_dpop_proof'],
    'for another token': [await stand.fresh({ token: 'x' }), 'invalid_dpop_proof'],
    'without ath': [await stand.fresh({ claims: { ath: undefined } }), 'invalid_dpop_proof'],
    'without jti': [await stand.fresh({ claims: { jti: undefined } }), 'invalid_dpop_proof'],
    'another typ': [await stand.fresh({ header: { typ: 'JWT' } }), 'invalid_dpop_proof'],
    'a private key in it': [await stand.fresh({ header: { jwk: stand.holder.key.privateKey.export({ format: 'jwk' }) } }), 'invalid_dpop_proof'],
    'by a thief': [await thief.proof({ token, url: URL_A }), 'invalid_token'],
    'by a thief, with the owner\'s key in it': [await thief.proof({ token, url: URL_A, header: { jwk: stand.holder.jwk } }), 'invalid_dpop_proof'],
    'two in one field': [`${await stand.fresh()}, ${await stand.fresh()}`, 'invalid_dpop_proof'],
  };
  for (const [name, [proof, error]] of Object.entries(cases)) {
    const before = stand.backend.requests.length;
    const answer = await stand.send({ target: '/a', fields: { Authorization: `DPoP ${token}`, ...(proof && { DPoP: proof }) } });
    assert.equal(answer.status, 401, name);
    const [challenge, ...others] = answer.all('www-authenticate');
    assert.deepEqual(others, [], name);
    assert.match(challenge, new RegExp(`^DPoP realm="main", error="${error}", algs="(?:\\w+ )*ES256(?: \\w+)*"$`), name);
    assert.doesNotMatch(challenge, /HS256/);
    assert.equal(stand.backend.requests.length, before, name);
  }
  const [first, second] = [await stand.fresh(), await stand.fresh()];
  assert.equal((await stand.send({ target: '/a', fields: { Authorization: `DPoP ${token}`, DPoP: [first, second] } })).status, 401);
  assert.equal((await stand.ask(await stand.fresh())).status, 200);
});

test('a URL counts in its normal form, without query', async (t) => {
  const stand = await startBound(t);
  for (const url of ['HTTP://Gateway.TEST:80/%61', 'http://gateway.test/a?x=1#f', 'http://gateway.test:/a']) {
    assert.equal((await stand.ask(await stand.fresh({ url }), { target: '/a?secret=1' })).status, 200, url);
  }
});

test('a bound token is no bearer token, and a plain one no bound token', async (t) => {
  const stand = await startBound(t);
  const bearer = await stand.send({ target: '/a', token: stand.token });
  assert.equal(bearer.status, 401);
  const [first, second, ...others] = bearer.all('www-authenticate');
  assert.deepEqual(others, []);
  assert.equal(first, 'Bearer realm="main", error="invalid_token"');
  assert.match(second, /^DPoP realm="main", algs="[^"]*ES256[^"]*"$/);
  const withProof = await stand.send({ target: '/a', token: stand.token, fields: { DPoP: await stand.fresh() } });
  assert.equal(withProof.status, 401);

  const plain = stand.issuer.token();
  const proof = await stand.holder.proof({ token: plain, url: URL_A });
  const asDpop = await stand.send({ target: '/a', fields: dpopFields(plain, proof) });
  assert.equal(asDpop.status, 401);
  assert.match(asDpop.field('www-authenticate'), /^DPoP realm="main", error="invalid_token"/);
  assert.equal((await stand.send({ target: '/a', token: plain })).status, 200);

  const [refused] = stand.gateway.events('access').filter(({ status }) => status === '401');
  assert.equal(refused.reason, 'JwtInvalid');
  assert.equal(refused.check, 'claim:cnf');
});

test('require-scheme DPoP demands it, and says so to who sends nothing', async (t) => {
  const metadata = { resource: 'http://localhost/api' };
  const stand = await startBound(t, { policy: { require_scheme: 'DPoP' }, route: { resource_metadata: metadata } });
  const nothing = await stand.send({ target: '/a' });
  assert.equal(nothing.status, 401);
  assert.match(nothing.field('www-authenticate'), /^DPoP realm="main", algs="[^"]*", resource_metadata="[^"]*"$/);
  const told = JSON.parse((await stand.send({ target: '/.well-known/oauth-protected-resource/api', host: 'localhost' })).text);
  assert.equal(told.dpop_bound_access_tokens_required, true);
  assert.ok(told.dpop_signing_alg_values_supported.includes('ES256') && !told.dpop_signing_alg_values_supported.includes('HS256'));
  assert.equal((await stand.send({ target: '/a', token: stand.issuer.token() })).status, 401);
  assert.equal((await stand.ask(await stand.fresh())).status, 200);
});

test('a proof passes once, whichever worker gets it', async (t) => {
  const stand = await startBound(t, { config: { workers: 2 } });
  const proof = await stand.fresh();
  const clients = await Promise.all(Array.from({ length: 24 }, () => connect(stand.gateway.port)));
  const request = requestBytes({ target: '/a', fields: dpopFields(stand.token, proof) });
  await Promise.all(clients.map((client) => client.write(request)));
  const answers = await Promise.all(clients.map((client) => client.answer()));
  const statuses = answers.map(({ status }) => status).sort();
  assert.deepEqual(statuses, [200, ...Array(23).fill(401)]);
  for (const client of clients) client.destroy();
  assert.equal(stand.backend.requests.length, 1);
  const metrics = await stand.send({ target: '/a', fields: dpopFields(stand.token, await stand.fresh()) });
  assert.equal(metrics.status, 200);
  await until('the access lines', () => stand.gateway.events('access').length >= 25);
  const [seen] = stand.gateway.events('access').filter(({ found }) => found === 'a used one');
  assert.equal(seen.check, 'claim:cnf');
});

test('a full memory of proofs refuses, it does not forget', async (t) => {
  const stand = await startBound(t, { config: { dpop: { replays: 3, window: '600s' } } });
  const proofs = [];
  for (let i = 0; i < 3; i++) proofs.push(await stand.fresh());
  for (const proof of proofs) assert.equal((await stand.ask(proof)).status, 200);
  assert.equal((await stand.ask(await stand.fresh())).status, 401);
  for (const proof of proofs) assert.equal((await stand.ask(proof)).status, 401);
  await stand.gateway.reload({ ...stand.config, dpop: { replays: 4, window: '600s' } });
  for (const proof of proofs) assert.equal((await stand.ask(proof)).status, 401);
  assert.equal((await stand.ask(await stand.fresh())).status, 200);
});

test('a proof refused for another reason is not used up', async (t) => {
  const stand = await startBound(t, { policy: { required_claims: [{ name: 'scp', values: ['read'] }] } });
  const proof = await stand.fresh();
  assert.equal((await stand.ask(proof)).status, 401);
  assert.equal(stand.gateway.events('access').at(-1)?.check ?? 'claim:scp', 'claim:scp');
  const good = stand.issuer.token({ cnf: stand.holder.cnf, scp: 'read' });
  const fresh = await stand.holder.proof({ token: good, url: URL_A });
  assert.equal((await stand.send({ target: '/a', fields: dpopFields(good, fresh) })).status, 200);
});

test('a nonce is asked for, given, and renewed', async (t) => {
  const stand = await startBound(t, { config: { dpop: { nonce: true, window: '2s' } } });
  const asked = await stand.ask(await stand.fresh());
  assert.equal(asked.status, 401);
  assert.match(asked.field('www-authenticate'), /^DPoP realm="main", error="use_dpop_nonce", algs="/);
  const nonce = asked.field('dpop-nonce');
  assert.match(nonce, /^[\w-]{22}$/);
  assert.equal((await stand.ask(await stand.fresh({ claims: { nonce: 'made-up' } }))).status, 401);

  // The nonce serves until a newer one comes with an answer that passes; in the end it is too old.
  let current = nonce;
  await until('a newer nonce', async () => {
    const answer = await stand.ask(await stand.fresh({ claims: { nonce: current } }));
    const next = answer.field('dpop-nonce');
    if (answer.status === 401) assert.match(answer.field('www-authenticate'), /use_dpop_nonce/);
    current = next ?? current;
    return answer.status === 200 && next !== undefined && next !== nonce;
  });
  assert.equal((await stand.ask(await stand.fresh({ claims: { nonce: current } }))).status, 200);
  await until('the end of the first nonce', async () => (await stand.ask(await stand.fresh({ claims: { nonce } }))).status === 401);
});

test('what cannot be checked is refused, or ignored where the route says so', async (t) => {
  const stand = await startStand(t);
  const holder = await newHolder();
  const certificate = { 'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2' };
  const token = stand.issuer.token({ cnf: certificate });
  const bound = stand.issuer.token({ cnf: { ...certificate, ...holder.cnf } });
  const asBound = async () => stand.send({ fields: dpopFields(bound, await holder.proof({ token: bound, url: 'http://gateway.test/' })) });
  const refused = await stand.send({ token });
  assert.equal(refused.status, 401);
  assert.equal((await asBound()).status, 401);
  await stand.gateway.reload({ ...stand.config, routes: [{ ...stand.config.routes[0], cnf: 'ignore' }] });
  assert.equal((await stand.send({ token })).status, 200);
  assert.equal((await asBound()).status, 200);
  assert.equal((await stand.send({ token: bound })).status, 401, 'what can be checked is');
});

test('the proof goes on only where the token does', async (t) => {
  const stand = await startBound(t, { route: { forward_token: false } });
  assert.equal((await stand.ask(await stand.fresh())).status, 200);
  const names = stand.backend.requests.at(-1).fields.map(([name]) => name.toLowerCase());
  assert.ok(!names.includes('dpop') && !names.includes('authorization'), names.join());
});

test('on a listener with TLS the URL is https', async (t) => {
  const authority = newAuthority(t);
  const { certFile, keyFile } = authority.issue('gateway.test');
  const listeners = [{ bind: '127.0.0.1:0', tls: { certificate: certFile, key: keyFile } }];
  const stand = await startBound(t, { config: { listeners } });
  const tls = { ca: authority.ca, servername: 'gateway.test' };
  assert.equal((await stand.ask(await stand.fresh({ url: 'https://gateway.test/a' }), { tls })).status, 200);
  assert.equal((await stand.ask(await stand.fresh(), { tls })).status, 401);
});

test('where TLS ends before the gateway, the URL is https', async (t) => {
  const stand = await startBound(t, { config: { dpop: { scheme: 'https' } } });
  assert.equal((await stand.ask(await stand.fresh())).status, 401);
  assert.equal((await stand.ask(await stand.fresh({ url: 'https://gateway.test:443/a' }))).status, 200);
});

test('report-only tells and lets pass', async (t) => {
  const stand = await startBound(t, { route: { mode: 'report-only' } });
  const proof = await stand.fresh();
  for (let i = 0; i < 2; i++) assert.equal((await stand.ask(proof)).status, 200);
  assert.equal((await stand.send({ target: '/a', token: stand.token })).status, 200);
  await until('the access lines', () => stand.gateway.events('access').length === 3);
  assert.deepEqual(stand.gateway.events('access').map(({ check }) => check), [undefined, 'claim:cnf', 'claim:cnf']);
});

test('of a list of tokens none goes on where a route only reports', async (t) => {
  const stand = await startBound(t, { route: { mode: 'report-only' } });
  const answer = await stand.send({ target: '/a', fields: dpopFields(`${stand.token}, DPoP ${stand.token}`, await stand.fresh()) });
  assert.equal(answer.status, 200);
  const names = stand.backend.requests.at(-1).fields.map(([name]) => name.toLowerCase());
  assert.ok(!names.includes('authorization') && !names.includes('dpop'), names.join());
});

test('a policy that judges a token twice takes its proof once', async (t) => {
  const stand = await startPolicies(t, (issuer) => ({ twice: { inbound: `<base />${validate(issuer)}${validate(issuer)}` } }));
  const holder = await newHolder();
  const token = stand.issuer.token({ cnf: holder.cnf });
  const fields = dpopFields(token, await holder.proof({ token, url: 'http://gateway.test/twice' }));
  assert.equal((await stand.ask('/twice', { token: null, fields })).status, 200);
  assert.equal((await stand.ask('/twice', { token: null, fields })).status, 401);
});
