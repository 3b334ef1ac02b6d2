// SPDX-License-Identifier: Apache-2.0
// Attack: whoever is, or plays, the provider answers a sign-in with what no provider should; or somebody posts what the page never would.
// Goal: no tokens, a page or an error that says why, and nothing of it is markup.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startBackend } from './harness/backend.mjs';
import { newAuthority } from './harness/certs.mjs';
import { connect, requestBytes } from './harness/client.mjs';
import { assertRefused, beginLogin, comeBack, look, post } from './harness/console.mjs';
import { awaitKeys, startGateway } from './harness/gateway.mjs';
import { startIssuer } from './harness/issuer.mjs';
import { newKey, now, sign } from './harness/keys.mjs';
import { policyOf } from './harness/stand.mjs';
import { pairOf } from './harness/tls.mjs';
import { until } from './harness/until.mjs';

const ROUTES = (issuer, backend) => ({
  backends: { main: { servers: [backend.url] } },
  routes: [{ name: 'main', path: '/', backend: 'main', validate_jwt: policyOf(issuer) }, { name: 'open', path: '/open', backend: 'main', policy: 'none' }],
});

// A scripted provider whose document has endpoints; `tokens(nonce)` is what its token endpoint says: { status, body }, or a function
// that answers.
async function start(t, { document = {}, console: section = {}, config = {} } = {}) {
  const issuer = await startIssuer(t);
  const backend = await startBackend(t);
  const stand = { issuer, forms: [], tokens: () => ({ body: {} }) };
  issuer.discovery = (request, response) => response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({
    ...issuer.document(), authorization_endpoint: `${issuer.url}/authorize?tenant=1`, token_endpoint: `${issuer.url}/token`, ...document,
  }));
  issuer.other = async (request, response) => {
    let form = '';
    for await (const piece of request) form += piece;
    stand.forms.push(Object.fromEntries(new URLSearchParams(form)));
    const said = stand.tokens(stand.nonce);
    if (typeof said === 'function') return said(response);
    return response.writeHead(said.status ?? 200, { 'Content-Type': 'application/json' }).end(typeof said.body === 'string' ? said.body : JSON.stringify(said.body));
  };
  stand.gateway = await startGateway(t, {
    ...ROUTES(issuer, backend), admin: { bind: '127.0.0.1:0', console: { client_id: 'console', ...section } }, ...config,
  });
  await awaitKeys(stand.gateway);
  return stand;
}

// What the browser finds when it comes back with `more` beside the right state.
async function back(stand, more = { code: 'c' }) {
  const { location, cookie } = await beginLogin(stand.gateway);
  stand.nonce = location.searchParams.get('nonce');
  const query = new URLSearchParams({ state: location.searchParams.get('state'), ...more });
  return comeBack(stand.gateway, `http://x/callback?${query}`, cookie);
}

const idToken = (stand, claims = {}, options) => stand.issuer.token({ aud: 'console', nonce: stand.nonce, ...claims }, options);
const granted = (stand, more = {}) => ({ body: { access_token: 'opaque', token_type: 'Bearer', id_token: idToken(stand), ...more } });

test('the form that exchanges the code, and the ID token that comes with the tokens', async (t) => {
  const stand = await start(t);
  stand.tokens = () => granted(stand, { expires_in: '300', scope: 'openid', refresh_token: 'never to be seen' });
  const page = await back(stand, { code: 'a code/+&' });
  assert.equal(page.status, 200, page.message);
  const [form] = stand.forms;
  assert.match(form.code_verifier, /^[\w-]{43}$/);
  assert.deepEqual([form.grant_type, form.code, form.client_id, form.redirect_uri],
    ['authorization_code', 'a code/+&', 'console', `http://127.0.0.1:${stand.gateway.adminPort}/callback`]);
  const { json } = await post(stand.gateway, '/console/ticket', { ticket: page.ticket });
  assert.deepEqual({ ...json, id_token: '' }, { access_token: 'opaque', id_token: '', scope: 'openid', expires_in: 300, notes: [] });
});

test('ID tokens that are not of this sign-in are refused, and no ticket is made', async (t) => {
  const stand = await start(t);
  const cases = [
    [() => idToken(stand, { nonce: 'another' }), /of another sign-in: its nonce/],
    [() => idToken(stand, { nonce: undefined }), /of another sign-in: its nonce/],
    [() => idToken(stand, { aud: 'somebody' }), /TokenAudienceNotAllowed, audience/],
    [() => idToken(stand, { iss: 'https://other' }), /TokenIssuerNotAllowed, issuer/],
    [() => idToken(stand, { exp: now() - 600 }), /TokenExpired, exp/],
    [() => idToken(stand).replace(/[^.]+$/, (s) => (s[0] === 'A' ? 'B' : 'A') + s.slice(1)), /TokenSignatureInvalid, signature/],
    [() => sign(newKey('RS256', stand.issuer.key.kid), stand.issuer.claims({ aud: 'console', nonce: stand.nonce })), /TokenSignatureInvalid/],
    [() => idToken(stand).replace(/^[^.]+/, Buffer.from('{"alg":"none"}').toString('base64url')).replace(/[^.]+$/, ''), /refused|cannot be read/],
    [() => 'x', /cannot be read/],
  ];
  for (const [make, message] of cases) {
    stand.tokens = () => granted(stand, { id_token: make() });
    const page = await back(stand);
    assert.deepEqual([page.status, page.ticket], [502, ''], page.message);
    assert.match(page.message, message);
  }
  stand.tokens = () => granted(stand);
  assert.equal((await back(stand)).status, 200);
  assert.equal(stand.gateway.events('console-login').length, 1);
});

test('an ID token by a key that the gateway does not have yet, and none at all: told beside the tokens', async (t) => {
  const stand = await start(t);
  const notes = async () => (await post(stand.gateway, '/console/ticket', { ticket: (await back(stand)).ticket })).json.notes;
  const stranger = newKey('RS256', 'unknown');
  stand.tokens = () => granted(stand, { id_token: idToken(stand, {}, { key: stranger }) });
  assert.match((await notes())[0], /signature was not checked/);
  stand.tokens = () => granted(stand, { id_token: undefined });
  assert.match((await notes())[0], /gave no ID token/);
  stand.tokens = () => granted(stand, { id_token: idToken(stand, { aud: 'somebody' }, { key: stranger }) });
  assert.equal((await back(stand)).status, 502);
  stand.tokens = () => granted(stand, { id_token: idToken(stand, { iss: 'https://other' }, { key: stranger }) });
  assert.equal((await back(stand)).status, 502);
});

test('answers of the token endpoint that are none: a page with 502', async (t) => {
  const stand = await start(t);
  const cases = [
    [{ status: 400, body: { error: 'invalid_grant', error_description: '<b>gone</b>' } }, /answered 400: invalid_grant: &#60;b&#62;gone/],
    [{ status: 500, body: 'oops' }, /answered 500/],
    [{ status: 302, body: { access_token: 'x' } }, /answered 302/],
    [{ body: 'no json' }, /is no JSON/],
    [{ body: '{"access_token":"a","access_token":"b"}' }, /is no JSON/],
    [{ body: { token_type: 'Bearer' } }, /has no access_token/],
    [{ body: { access_token: ['a'] } }, /has no access_token/],
    [{ body: { access_token: 'x', token_type: 'DPoP' } }, /of the type &#34;DPoP&#34;, not Bearer/],
    [{ body: { access_token: 'x'.repeat(2 << 20) } }, /more than 1048576 bytes/],
    [(response) => response.destroy(), /could not be exchanged/],
  ];
  for (const [said, message] of cases) {
    stand.tokens = () => said;
    const page = await back(stand);
    assert.deepEqual([page.status, page.ticket], [502, ''], page.message);
    assert.match(page.message, message);
  }
  const { location, cookie } = await beginLogin(stand.gateway);
  stand.issuer.goDown();
  const page = await comeBack(stand.gateway, `http://x/callback?code=c&state=${location.searchParams.get('state')}`, cookie);
  assert.deepEqual([page.status, page.ticket], [502, '']);
});

test('what the provider refuses is told as text', async (t) => {
  const stand = await start(t);
  const page = await back(stand, { error: 'access_denied', error_description: '<script>alert("1")</script>\'& {{ticket}}' });
  assert.deepEqual([page.status, page.ticket], [400, '']);
  assert.ok(!page.text.includes('<script>alert'), page.text);
  assert.match(page.message, /access_denied: &#60;script&#62;alert/);
  assert.match(page.message, /\{\{ticket\}\}/);
  assert.equal((await back(stand, { error: 'x' })).status, 400);
  assert.equal(stand.forms.length, 0);
});

test('addresses that no provider sends a browser to', async (t) => {
  const stand = await start(t);
  for (const query of ['', '?', '?code=c', '?state=', '?state=s', '?state=s&code=', '?state=s&code=c&error=e', '?state=s&code=c&code=d', '?state=s&code=c']) {
    const page = await comeBack(stand.gateway, `http://x/callback${query}`);
    assert.deepEqual([page.status, page.ticket], [400, ''], query);
  }
  const { location, cookie } = await beginLogin(stand.gateway);
  const target = `/callback?code=c&state=${location.searchParams.get('state')}`;
  assert.equal((await look(stand.gateway, target, { method: 'HEAD', fields: { Cookie: cookie } })).status, 405);
  assert.equal((await comeBack(stand.gateway, `http://x${target}`)).status, 400); // without the cookie, and used up by that
  stand.tokens = () => granted(stand);
  assert.equal((await back(stand)).status, 200);
});

test('where nobody can be signed in, the page is told why', async (t) => {
  const stand = await start(t);
  const refused = async (wish, status, pattern, gateway = stand.gateway) => assertRefused(await post(gateway, '/login', wish), status, pattern);
  await refused({ route: 'mian' }, 404, /no route "mian"/);
  await refused({ provider: 'https://evil.example/.well-known/openid-configuration' }, 400, /nobody is signed in at/);
  await refused({ prompt: 'login' }, 400, /unknown member/);
  for (const provider of [stand.issuer.configUrl, stand.issuer.url, `${stand.issuer.url}/`]) await beginLogin(stand.gateway, { provider });
  await beginLogin(stand.gateway, { route: 'open' }); // any provider will do
  stand.issuer.goDown();
  await refused({}, 502, /discovery document/);
  stand.issuer.comeBack();
  await beginLogin(stand.gateway);
  for (const [document, section, pattern] of [
    [{ code_challenge_methods_supported: ['plain'] }, {}, /no PKCE with S256/],
    [{ authorization_endpoint: 'http://idp.example/a' }, {}, /authorization_endpoint: the URL is plain http/],
    [{ token_endpoint: undefined }, {}, /token_endpoint is missing/],
    [{ token_endpoint_auth_methods_supported: ['private_key_jwt'] }, { client_secret: 's' }, /neither by client_secret_basic/],
  ]) {
    await refused({}, 502, pattern, (await start(t, { document, console: section })).gateway);
  }
  const backend = await startBackend(t);
  const plain = await startGateway(t, ROUTES(stand.issuer, backend));
  await refused({}, 404, /admin\.console is not configured/, plain);
  assert.equal((await look(plain, '/console/settings')).json.sign_in, false);
});

test('a reload that takes the console away ends the logins that were begun for it', async (t) => {
  const stand = await start(t);
  const { location, cookie } = await beginLogin(stand.gateway);
  const backend = await startBackend(t);
  await stand.gateway.reload({ ...ROUTES(stand.issuer, backend), admin: { bind: '127.0.0.1:0', console: { client_id: 'another' } } });
  assert.equal(stand.gateway.events('reloaded').length, 1);
  const page = await comeBack(stand.gateway, `http://x/callback?code=c&state=${location.searchParams.get('state')}`, cookie);
  assert.equal(page.status, 400);
  assert.match(page.message, /configuration was changed/);
});

test('a browser that goes away while the provider takes its time takes the exchange with it', async (t) => {
  const stand = await start(t);
  let open;
  stand.tokens = () => (response) => (open = response);
  const { location, cookie } = await beginLogin(stand.gateway);
  const client = await connect(stand.gateway.adminPort);
  await client.write(requestBytes({
    target: `/callback?code=c&state=${location.searchParams.get('state')}`, host: `127.0.0.1:${stand.gateway.adminPort}`, fields: { Cookie: cookie },
  }));
  await until('the exchange', () => open);
  const closed = new Promise((resolve) => open.once('close', resolve));
  client.socket.resetAndDestroy();
  await closed;
  stand.tokens = () => granted(stand);
  assert.equal((await back(stand)).status, 200);
});

test('behind TLS and a token: the cookie is for TLS alone, the provider is told https, and nobody begins without the token', async (t) => {
  const authority = newAuthority(t);
  const token = 'a token of twenty-four bytes'.replaceAll(' ', '-');
  const issuer = await startIssuer(t);
  issuer.discovery = (request, response) => response.writeHead(200).end(JSON.stringify({
    ...issuer.document(), authorization_endpoint: `${issuer.url}/authorize`, token_endpoint: `${issuer.url}/token`,
  }));
  const gateway = await startGateway(t, {
    ...ROUTES(issuer, await startBackend(t)),
    admin: { bind: '127.0.0.1:0', token, tls: pairOf(authority.issue('127.0.0.1')), hosts: ['admin.test'], console: { client_id: 'c' } },
  });
  const host = 'admin.test';
  const how = { host, tls: { ca: authority.ca } };
  const fields = { Origin: `https://${host}` };
  await until('the keys', async () => (await look(gateway, '/readyz', { ...how, token })).status === 200);
  assert.equal((await post(gateway, '/login', {}, { ...how, fields })).status, 401);
  const { location, line } = await beginLogin(gateway, {}, { ...how, fields, token });
  assert.equal(location.searchParams.get('redirect_uri'), `https://${host}/callback`);
  assert.match(line, /; HttpOnly; SameSite=Lax; Secure$/);
  const { json } = await look(gateway, '/console/settings', how);
  assert.deepEqual(Object.keys(json), ['version', 'sign_in', 'needs_token']);
  assert.deepEqual([json.sign_in, json.needs_token], [true, true]);
  assert.deepEqual((await look(gateway, '/console/settings', { ...how, token })).json.providers, [issuer.configUrl]);
  for (const target of ['/explain', '/explain/all', '/send', '/console/ticket']) {
    assert.equal((await post(gateway, target, {}, { ...how, fields })).status, 401, target);
    assert.equal((await post(gateway, target, {}, { ...how, fields, token })).status, 400, target);
  }
  assert.equal((await look(gateway, '/callback?code=c&state=s', how)).status, 400); // a browser that is sent here has no token to show
});

test('the gateway ends while a provider takes its time', async (t) => {
  const stand = await start(t);
  let isAsked = false;
  stand.tokens = () => () => (isAsked = true);
  const { location, cookie } = await beginLogin(stand.gateway);
  const client = await connect(stand.gateway.adminPort);
  await client.write(requestBytes({
    target: `/callback?code=c&state=${location.searchParams.get('state')}`, host: `127.0.0.1:${stand.gateway.adminPort}`, fields: { Cookie: cookie },
  }));
  await until('the exchange', () => isAsked);
  await stand.gateway.stop();
  client.destroy();
});
