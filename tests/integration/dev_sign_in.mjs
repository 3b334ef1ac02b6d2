// SPDX-License-Identifier: Apache-2.0
// Goal: users sign in at `jwtgate-dev issuer` by authorization code with PKCE (RFC 6749 4.1, RFC 7636, OpenID Connect Core 3.1), at
// issuers of every manner, and nobody else gets a token.
// Method: a client as the standards describe it; each refusal differs by one thing from a sign-in that works.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import test from 'node:test';
import * as jose from 'jose';
import { startDev } from './harness/dev.mjs';
import { formOf, submit } from './harness/sign_in.mjs';

const TENANT = '3f9a2c41-6d0b-4b8e-9c57-1a2e5d7f8b60';
const ISSUER = ['issuer', '--port', '0', '--alg', 'ES256'];
const REDIRECT = 'http://127.0.0.1:5555/callback';
const alice = { username: 'alice', password: 'alice-secret' };
const bob = { username: 'bob', password: 'bob-secret' };

// An issuer's client; `asks` are parameters of the authorization request: undefined leaves one out.
async function clientOf(url, authority) {
  const document = await (await fetch(`${url}${authority}/.well-known/openid-configuration`)).json();
  const open = (asks, options = {}) => {
    const pairs = Object.entries({ response_type: 'code', client_id: 'console', redirect_uri: REDIRECT, scope: 'openid', ...asks });
    const query = new URLSearchParams(pairs.filter(([, value]) => value !== undefined));
    return fetch(`${document.authorization_endpoint}?${query}`, { redirect: 'manual', ...options });
  };
  const challenge = () => {
    const verifier = crypto.randomBytes(32).toString('base64url');
    const code_challenge = crypto.createHash('sha256').update(verifier).digest('base64url');
    return { verifier, asks: { code_challenge, code_challenge_method: 'S256', state: crypto.randomUUID(), nonce: crypto.randomUUID() } };
  };
  const fillIn = async (page, fields) => submit(await page.text(), document.authorization_endpoint, fields);
  // Where the browser is sent, as parameters.
  const signIn = async (user, more = {}) => {
    const { verifier, asks } = challenge();
    const answer = await fillIn(await open({ ...asks, ...more }), user);
    assert.equal(answer.status, 303);
    const location = new URL(answer.headers.get('location'));
    return { verifier, asks, location, back: Object.fromEntries(location.searchParams) };
  };
  const redeem = async (form, headers = {}) => {
    const body = new URLSearchParams({ grant_type: 'authorization_code', client_id: 'console', redirect_uri: REDIRECT, ...form });
    const answer = await fetch(document.token_endpoint, { method: 'POST', body, headers });
    return { status: answer.status, body: await answer.json() };
  };
  const verify = async (token) => (await jose.jwtVerify(token, jose.createRemoteJWKSet(new URL(document.jwks_uri)))).payload;
  return { document, open, challenge, fillIn, signIn, redeem, verify };
}

const manners = [
  { authority: '', endpoint: '/authorize', scope: 'openid Calculator.Read', may: { scope: 'openid Calculator.Read' }, mayNot: { scope: 'openid' }, iss: true },
  {
    authority: '/auth/realms/demo', endpoint: '/auth/realms/demo/protocol/openid-connect/auth', scope: 'openid microprofile-jwt', iss: true,
    may: { groups: ['default-roles-demo', 'offline_access', 'odata-users', 'ProjectionExplorer'], upn: 'alice' },
    mayNot: { groups: ['default-roles-demo', 'offline_access'], upn: 'bob' },
  },
  { authority: `/${TENANT}/v2.0`, endpoint: `/${TENANT}/oauth2/v2.0/authorize`, scope: 'openid', may: { scp: 'Calculator.Read' }, mayNot: { scp: 'User.Read' } },
  { authority: `/${TENANT}`, endpoint: `/${TENANT}/oauth2/authorize`, scope: 'openid', may: { scp: 'Calculator.Read' }, mayNot: { scp: 'User.Read' } },
];
const partOf = (claims, like) => Object.fromEntries(Object.keys(like).map((name) => [name, claims[name]]));

test('issuers of every manner', async (t) => {
  const { url } = await startDev(t, ['issuer', '--port', '0']);
  for (const { authority, endpoint, scope, may, mayNot, iss } of manners) {
    await t.test(`a user signs in at ${endpoint} and gets a token for the API and one for the client`, async () => {
      const client = await clientOf(url, authority);
      assert.equal(client.document.authorization_endpoint, url + endpoint);
      assert.deepEqual(client.document.code_challenge_methods_supported, ['S256']);
      for (const [user, rights] of [[alice, may], [bob, mayNot]]) {
        const { verifier, asks, location, back } = await client.signIn(user, { scope });
        assert.equal(location.origin + location.pathname, REDIRECT);
        assert.equal(back.state, asks.state);
        assert.equal(back.iss, iss ? client.document.issuer : undefined, 'RFC 9207');
        const { status, body } = await client.redeem({ code: back.code, code_verifier: verifier });
        assert.equal(status, 200, JSON.stringify(body));
        const access = await client.verify(body.access_token);
        assert.deepEqual(partOf(access, rights), rights);
        const identity = await client.verify(body.id_token);
        assert.deepEqual([identity.iss, identity.sub, identity.nonce, identity.name], [access.iss, access.sub, asks.nonce, user.username]);
        assert.equal(identity.aud, 'console', 'the client as it called itself');
        assert.notEqual(identity.aud, access.aud);
        assert.ok(Math.abs(identity.auth_time - identity.iat) < 60);
      }
    });
  }
});

test('a client with a secret shows it; a public one has none', async (t) => {
  const { url } = await startDev(t, ISSUER);
  const client = await clientOf(url, '');
  const of = async (form, headers) => {
    const { verifier, back } = await client.signIn(alice, { client_id: form.client_id });
    return client.redeem({ code: back.code, code_verifier: verifier, ...form }, headers);
  };
  const basic = { authorization: `Basic ${Buffer.from('demo:demo-secret').toString('base64')}` };
  assert.equal((await of({ client_id: 'demo', client_secret: 'demo-secret' })).status, 200);
  assert.equal((await of({ client_id: 'demo' }, basic)).status, 200);
  assert.equal((await of({ client_id: 'demo' })).body.error, 'invalid_client');
  assert.equal((await of({ client_id: 'console', client_secret: 'x' })).body.error, 'invalid_client');
  assert.equal((await client.redeem({ grant_type: 'client_credentials' })).body.error, 'unauthorized_client');
});

test('a code is good once, for its client, redirect_uri, verifier and issuer', async (t) => {
  const { url } = await startDev(t, ISSUER);
  const client = await clientOf(url, '');
  const other = await clientOf(url, '/another');
  const cases = [
    [{}, 200],
    [{ code_verifier: 'a'.repeat(43) }, 400],
    [{ code_verifier: '' }, 400],
    [{ redirect_uri: 'http://127.0.0.1:5556/callback' }, 400],
    [{ client_id: 'demo', client_secret: 'demo-secret' }, 400],
    [{ code: 'a'.repeat(43) }, 400],
  ];
  for (const [form, wanted] of cases) {
    const { verifier, back } = await client.signIn(alice);
    const right = { code: back.code, code_verifier: verifier };
    const { status, body } = await client.redeem({ ...right, ...form });
    assert.equal(status, wanted, JSON.stringify(form));
    if (wanted !== 200) assert.equal(body.error, 'invalid_grant');
    const again = await client.redeem(right);
    assert.equal(again.status, form.code ? 200 : 400, 'tried once, used up');
  }
  const { verifier, back } = await client.signIn(alice);
  assert.equal((await other.redeem({ code: back.code, code_verifier: verifier })).body.error, 'invalid_grant');
});

test('a request that cannot be answered to its client is told to the user alone', async (t) => {
  const { url } = await startDev(t, ISSUER);
  const client = await clientOf(url, '');
  const { asks } = client.challenge();
  for (const redirect of [REDIRECT, 'http://localhost:1/callback', 'http://[::1]:8080/callback', 'http://127.0.0.1/callback'])
    assert.equal((await client.open({ ...asks, redirect_uri: redirect })).status, 200, redirect);
  const elsewhere = ['http://example.com/callback', 'https://127.0.0.1:5555/callback', 'http://127.0.0.1:5555/callback/', 'http://127.0.0.1:5555/',
    'http://127.0.0.1:5555/callback?a=b', 'http://127.0.0.1:5555/callback#a', 'http://a@127.0.0.1:5555/callback', 'http://127.0.0.1.example.com/callback',
    '//127.0.0.1/callback', 'javascript:alert(1)', undefined];
  for (const wrong of [...elsewhere.map((uri) => ({ redirect_uri: uri })), { client_id: 'nobody' }, { client_id: undefined }]) {
    const answer = await client.open({ ...asks, ...wrong });
    assert.deepEqual([answer.status, answer.headers.get('location')], [400, null], JSON.stringify(wrong));
    assert.ok(!(await answer.text()).includes('<form'));
  }
  const twice = await fetch(`${client.document.authorization_endpoint}?${new URLSearchParams({ client_id: 'console', redirect_uri: REDIRECT })}&redirect_uri=${REDIRECT}`);
  assert.equal(twice.status, 400);
});

test('what a client asks wrongly is told to it by redirect, with its state', async (t) => {
  const { url } = await startDev(t, ISSUER);
  const client = await clientOf(url, '');
  const realm = await clientOf(url, '/auth/realms/demo');
  const { asks } = client.challenge();
  const errors = [
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ response_type: undefined }, 'invalid_request'],
    [{ response_mode: 'fragment' }, 'invalid_request'],
    [{ code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    [{ code_challenge_method: 'plain' }, 'invalid_request'],
    [{ code_challenge_method: undefined }, 'invalid_request'],
    [{ code_challenge: 'short' }, 'invalid_request'],
    [{ prompt: 'none' }, 'login_required'],
    [{ prompt: 'create' }, 'invalid_request'],
    [{ request: 'a.b.c' }, 'request_not_supported'],
    [{ request_uri: 'https://example.com' }, 'request_uri_not_supported'],
  ];
  const errorOf = async (of, wrong) => {
    const answer = await of.open({ ...asks, ...wrong });
    const back = new URL(answer.headers.get('location') ?? assert.fail(JSON.stringify(wrong))).searchParams;
    assert.deepEqual([answer.status, back.get('state'), back.get('iss'), back.get('code')], [303, asks.state, of.document.issuer, null]);
    return back.get('error');
  };
  assert.equal((await client.open(asks)).status, 200);
  for (const [wrong, error] of errors) assert.equal(await errorOf(client, wrong), error, JSON.stringify(wrong));
  assert.equal(await errorOf(realm, { scope: 'openid Calculator.Read' }), 'invalid_scope');
  assert.equal((await realm.open({ ...asks, scope: 'openid roles' })).status, 200);
  for (const prompt of ['login', 'select_account', 'login consent']) assert.equal((await client.open({ ...asks, prompt })).status, 200);
});

test('the page: no script, no foreign form target, text escaped; a wrong password and a change of mind', async (t) => {
  const { url } = await startDev(t, ISSUER);
  const client = await clientOf(url, '');
  const { asks } = client.challenge();
  const state = '"><script>alert(1)</script>&';
  const answer = await client.open({ ...asks, state, login_hint: 'alice' });
  const policy = answer.headers.get('content-security-policy');
  assert.match(policy, /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; base-uri 'none'; frame-ancestors 'none'; form-action 'self' http:\/\/127\.0\.0\.1:5555$/);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  const page = await answer.text();
  assert.ok(!page.includes('<script'));
  const style = crypto.createHash('sha256').update(/<style>(.*?)<\/style>/s.exec(page)[1]).digest('base64');
  assert.ok(policy.includes(style), 'its own style may be used');
  assert.equal(formOf(page).fields.state, state);
  assert.match(page, /name="username"[^>]* value="alice"/);
  for (const id of ['username', 'password']) assert.match(page, new RegExp(`<label for="${id}">`));

  const wrong = await client.fillIn(await client.open(asks), { ...alice, password: 'x' });
  assert.equal(wrong.status, 403);
  assert.match(await wrong.clone().text(), /role="alert"/);
  assert.equal((await client.fillIn(wrong, alice)).status, 303, 'the second try goes on from there');
  const back = new URL((await client.fillIn(await client.open(asks), { cancel: '1' })).headers.get('location')).searchParams;
  assert.deepEqual([back.get('error'), back.get('state')], ['access_denied', asks.state]);
  const put = await fetch(client.document.authorization_endpoint, { method: 'PUT' });
  assert.equal(put.status, 405);
});
