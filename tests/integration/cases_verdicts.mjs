// SPDX-License-Identifier: Apache-2.0
// Goal: `jwtgate test` says of a token, or of claims, what the gateway would say: and says "not ok" whenever a table expects
// anything else.
// Method: every case once as it is, and once with the expectation turned round.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startIssuer } from './harness/issuer.mjs';
import { newKey, sign } from './harness/keys.mjs';
import { holdsAll, runCases } from './harness/tap.mjs';

const AT = 1769846400; // 2026-01-31T08:00:00Z
const ISSUER = 'https://idp.example.com';
const key = newKey('ES256', 'e1', { alg: 'ES256' });
const stranger = newKey('ES256', 'e1', { alg: 'ES256' });
const jwks = { keys: [key.jwk] };
const sound = { iss: ISSUER, aud: 'api', sub: 'someone', exp: AT + 600, roles: ['reader'] };

const configOf = (more = {}, policy = {}) => ({
  backends: { main: { servers: ['http://127.0.0.1:9'] } },
  routes: [
    {
      name: 'main',
      path: '/',
      backend: 'main',
      validate_jwt: { openid_config: [ISSUER], audiences: ['api'], required_claims: [{ name: 'roles', values: ['reader'] }], ...policy },
      ...more,
    },
    { name: 'open', path: '/open', backend: 'main', policy: 'none' },
  ],
});

const defaults = { route: 'main', jwks: 'jwks.json', issuer: ISSUER, at: AT };
const pass = { expect: 'pass' };
const refuse = (reason, status = 401) => ({ expect: 'refuse', reason, status });
const table = (cases, more = {}) => ({ defaults: { ...defaults, ...more }, cases });
const files = { 'jwks.json': jwks };

const rows = [
  { name: 'a token', token: sign(key, sound), ...pass },
  { name: 'a token with its scheme', token: `bearer ${sign(key, sound)}\n`, ...pass },
  { name: 'a token of another key', token: sign(stranger, sound), ...refuse('TokenSignatureInvalid') },
  { name: 'an expired token', token: sign(key, { ...sound, exp: AT }), ...refuse('TokenExpired') },
  { name: 'two tokens', token: `${sign(key, sound)},${sign(key, sound)}`, ...refuse('JwtInvalid') },
  { name: 'no token', token: '', ...refuse('TokenNotPresent') },
  { name: 'no token on an open route', route: 'open', token: '', ...pass },
  { name: 'claims', claims: sound, ...pass },
  { name: 'claims of any kind', claims: { ...sound, a: [1, -1.5e3, null, true, { b: [] }, {}], c: '"\\\u0001#' }, ...pass },
  { name: 'claims, an audience among others', claims: { ...sound, aud: ['x', 'api'] }, ...pass },
  { name: 'claims, another audience', claims: { ...sound, aud: 'API' }, ...refuse('TokenAudienceNotAllowed') },
  { name: 'claims, no audience', claims: { ...sound, aud: undefined }, ...refuse('TokenAudienceNotAllowed') },
  { name: 'claims, another issuer', claims: { ...sound, iss: `${ISSUER}/` }, ...refuse('TokenIssuerNotAllowed') },
  { name: 'claims, over', claims: { ...sound, exp: AT }, ...refuse('TokenExpired') },
  { name: 'claims, over later', at: AT + 600, claims: sound, ...refuse('TokenExpired') },
  { name: 'claims, not over a second before, by RFC 3339', at: '2026-01-31T09:09:59+01:00', claims: sound, ...pass },
  { name: 'claims, too early', claims: { ...sound, nbf: AT + 1 }, ...refuse('JwtInvalid') },
  { name: 'claims, no role', claims: { ...sound, roles: [] }, ...refuse('TokenClaimValueNotAllowed') },
  { name: 'claims, roles missing', claims: { ...sound, roles: undefined }, ...refuse('TokenClaimNotFound') },
];

test('every case holds as it is', async (t) => {
  const result = await holdsAll(t, configOf(), table(rows), files);
  assert.deepEqual(result.points.map(({ name }) => name), rows.map(({ name }) => name));
  assert.equal(result.stderr, '');
});

test('no case holds turned round, and its diagnostic says what was found', async (t) => {
  const turned = rows.map(({ name, expect, ...row }) => ({
    name,
    ...row,
    reason: undefined,
    status: undefined,
    expect: expect === 'pass' ? 'refuse' : 'pass',
  }));
  const { status, points } = await runCases(t, configOf(), { 'cases.yaml': table(turned) }, files);
  assert.equal(status, 1);
  for (const [i, { ok, diagnostic }] of points.entries()) {
    const row = rows[i];
    assert.equal(ok, false, row.name);
    assert.equal(diagnostic.route, row.route ?? 'main');
    assert.deepEqual(diagnostic.expected, { verdict: turned[i].expect });
    assert.equal(diagnostic.found.verdict, row.expect, row.name);
    assert.equal(diagnostic.found.reason, row.reason);
    assert.equal(diagnostic.found.status, row.status ?? 200);
    assert.match(diagnostic.at, /cases\.yaml:\d+:\d+$/);
    assert.equal(diagnostic.failed === undefined, row.expect === 'pass');
  }
});

test('another reason or status than the one expected does not hold', async (t) => {
  const refused = rows.filter(({ expect }) => expect === 'refuse');
  const reasons = refused.map((row) => ({ ...row, reason: row.reason === 'JwtInvalid' ? 'TokenExpired' : 'JwtInvalid' }));
  const statuses = refused.map((row) => ({ ...row, status: 403 }));
  const { points } = await runCases(t, configOf(), { 'a.yaml': table(reasons), 'b.yaml': table(statuses) }, files);
  assert.equal(points.length, reasons.length + statuses.length);
  assert.deepEqual(points.filter(({ ok }) => ok), []);
});

test('a diagnostic names the failed check with what was expected and found', async (t) => {
  const claims = { ...sound, aud: ['a', 'b'] };
  const { points } = await runCases(t, configOf(), { 'cases.yaml': table([{ name: 'x', claims, ...pass }]) }, files);
  const { failed } = points[0].diagnostic;
  assert.equal(failed.check, 'audience');
  assert.equal(failed.expected, 'api');
  assert.match(failed.found, /"a"/);
});

test('where only claims are missing the status is that of the route', async (t) => {
  const config = configOf({ insufficient_scope: 403 });
  await holdsAll(t, config, table([
    { name: 'a role', claims: { ...sound, roles: ['writer'] }, ...refuse('TokenClaimValueNotAllowed', 403) },
    { name: 'the role over, too', claims: { ...sound, roles: ['writer'], exp: AT }, ...refuse('TokenExpired', 401) },
  ]), files);
  await holdsAll(t, configOf({}, { failed_validation_httpcode: 418 }), table([
    { name: 'a status of the policy', claims: { ...sound, aud: 'x' }, ...refuse('TokenAudienceNotAllowed', 418) },
  ]), files);
});

test('the token goes where the policy looks for it', async (t) => {
  for (const policy of [{ header_name: 'X-Token' }, { query_parameter_name: 'jwt' }, { require_scheme: 'Token' }])
    await holdsAll(t, configOf({}, policy), table(rows), files);
});

test('a token from a file, keys from a file, both beside the table', async (t) => {
  const config = configOf();
  const cases = [{ name: 'from a file', token_file: 'tokens/a.jwt', ...pass }];
  await holdsAll(t, config, table(cases, { jwks: 'keys/a.json' }), { 'tokens/a.jwt': `Bearer ${sign(key, sound)}\r\n`, 'keys/a.json': jwks });
  const others = { ...files, 'tokens/a.jwt': sign(stranger, sound) };
  const { points } = await runCases(t, config, { 'cases.yaml': table(cases) }, others);
  assert.equal(points[0].diagnostic.found.reason, 'TokenSignatureInvalid');
});

test('without an issuer that of the URL is assumed', async (t) => {
  const other = 'https://login.example.org/realms/x';
  const config = configOf({}, { openid_config: [`${other}/.well-known/openid-configuration`] });
  await holdsAll(t, config, table([
    { name: 'its claims', claims: { ...sound, iss: other }, ...pass },
    { name: 'its token', token: sign(key, { ...sound, iss: other }), ...pass },
    { name: 'claims of another', claims: sound, ...refuse('TokenIssuerNotAllowed') },
  ], { issuer: undefined }), files);
});

test('a url of a case is the request that expressions see', async (t) => {
  const config = configOf({}, { audiences: ['@(context.Request.OriginalUrl.Host + context.Request.OriginalUrl.Path)'] });
  const at = (host) => ({ ...sound, aud: `${host}/orders` });
  await holdsAll(t, config, table([
    { name: 'the host', claims: at('a.example'), url: 'https://a.example/orders?x=1', ...pass },
    { name: 'another host', claims: at('a.example'), url: 'https://b.example/orders', ...refuse('TokenAudienceNotAllowed') },
  ]), files);
  const byHost = configOf({}, { audiences: ['@(context.Request.OriginalUrl.Host)'] });
  const { points } = await runCases(t, byHost, { 'cases.yaml': table([{ name: 'no host', claims: sound, ...pass }]) }, files);
  assert.equal(points[0].diagnostic.found.verdict, 'unknown');
  assert.match(points[0].diagnostic.advice, /gives null.*url/);
  const wrong = await runCases(t, config, { 'cases.yaml': table([{ name: 'no URL', claims: sound, url: '/orders', ...pass }]) }, files);
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /: error: url: /);
});

test('policies in branches of choose are alternatives', async (t) => {
  const rule = (audience) => `<validate-jwt header-name="Authorization"><openid-config url="${ISSUER}"/><audiences><audience>${audience}</audience></audiences></validate-jwt>`;
  const choose = (first, second) => `<choose><when condition="@(context.Request.Method == &quot;POST&quot;)">${rule(first)}</when><otherwise>${rule(second)}</otherwise></choose>`;
  const rows2 = [
    [choose('x', 'api'), pass], [choose('api', 'x'), pass], [choose('x', 'y'), refuse('TokenAudienceNotAllowed')],
    [rule('api') + choose('x', 'y'), pass], [choose('api', 'api') + rule('x'), refuse('TokenAudienceNotAllowed')],
  ];
  const config = { backends: { main: { servers: ['http://127.0.0.1:9'] } }, routes: [] };
  const policies = {};
  rows2.forEach(([inbound], i) => {
    config.routes.push({ name: `r${i}`, path: `/r${i}`, backend: 'main', policy: `p${i}.xml` });
    policies[`p${i}.xml`] = `<policies><inbound>${inbound}</inbound></policies>`;
  });
  const cases = rows2.map(([, expected], i) => ({ name: `case ${i}`, route: `r${i}`, token: sign(key, sound), ...expected }));
  await holdsAll(t, config, table(cases), { ...files, ...policies });
});

test('of several providers the one of the claims is taken to have signed them, never another', async (t) => {
  const [a, b] = [await startIssuer(t, 'ES256'), await startIssuer(t, 'ES256')];
  b.keys = [newKey('ES256', 'b1', { alg: 'ES256' })];
  const config = configOf({}, { openid_config: [a.url, b.url] });
  const cases = [
    { name: 'claims of a', claims: { ...sound, iss: a.url }, ...pass },
    { name: 'claims of b', claims: { ...sound, iss: b.url }, ...pass },
    { name: 'claims of neither', claims: sound, ...refuse('TokenIssuerNotAllowed') },
    { name: 'a token of b', token: b.token({ exp: AT + 600, roles: ['reader'] }), ...pass },
    { name: 'b signs for a', token: b.token({ iss: a.url, exp: AT + 600, roles: ['reader'] }), ...refuse('TokenIssuerNotAllowed') },
  ];
  await holdsAll(t, config, table(cases, { jwks: undefined, issuer: undefined }));
  for (const issuer of [a, b]) assert.deepEqual(issuer.counts, { discovery: 1, jwks: 1, other: 0 }, 'each is asked once');
});

test('nothing is fetched where a case brings its keys, or claims with their issuer', async (t) => {
  const issuer = await startIssuer(t, 'ES256');
  const config = configOf({}, { openid_config: [issuer.url] });
  const cases = [
    { name: 'keys from a file', token: sign(key, { ...sound, iss: issuer.url }), jwks: 'jwks.json', ...pass },
    { name: 'claims and their issuer', claims: { ...sound, iss: issuer.url }, issuer: issuer.url, ...pass },
    { name: 'claims of another issuer', claims: sound, issuer: issuer.url, ...refuse('TokenIssuerNotAllowed') },
    { name: 'an open route', route: 'open', token: 'x', ...pass },
  ];
  await holdsAll(t, config, { defaults: { route: 'main', at: AT }, cases }, files);
  assert.deepEqual(issuer.counts, { discovery: 0, jwks: 0, other: 0 });
});

test('a provider without keys gives no verdict: neither pass nor refuse holds, only its reason', async (t) => {
  const issuer = await startIssuer(t, 'ES256');
  issuer.jwks = (_, response) => response.writeHead(500).end();
  const config = configOf({}, { openid_config: [issuer.url] });
  const claims = { ...sound, iss: issuer.url };
  const cases = [
    { name: 'pass', claims, ...pass },
    { name: 'refuse', claims, expect: 'refuse' },
    { name: 'its reason', claims, ...refuse('OpenIdConfigUnavailable', 503) },
    { name: 'a token', token: issuer.token({ exp: AT + 600 }), ...refuse('OpenIdConfigUnavailable', 503) },
    { name: 'no token at all', token: '', ...refuse('TokenNotPresent') },
  ];
  const { points, stderr, status } = await runCases(t, config, { 'cases.yaml': { defaults: { route: 'main', at: AT }, cases } });
  assert.equal(status, 1);
  assert.deepEqual(points.map(({ ok }) => ok), [false, false, true, true, true]);
  assert.equal(points[0].diagnostic.found.verdict, 'unknown');
  assert.match(stderr, /no keys of http:.*: key set .*: answered 500/);
});

test('names with a meaning in TAP keep to being names', async (t) => {
  const names = ['# skip', 'a # TODO b', 'back\\slash', 'line\nbreak', '- dash', 'ünï'];
  const { points } = await holdsAll(t, configOf(), table(names.map((name) => ({ name, claims: sound, ...pass }))), files);
  assert.deepEqual(points.map(({ name }) => name), names.map((name) => name.replace('\n', ' ')));
});
