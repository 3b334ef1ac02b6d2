// SPDX-License-Identifier: Apache-2.0
// Goal: keys and tokens of jwtgate-dev are right in the eyes of somebody else's library; its services do what they say.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import * as jose from 'jose';
import { dev, runDev, startDev } from './harness/dev.mjs';
import { tempDir } from './harness/gateway.mjs';

const PUBLIC = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];
const SECRET = ['HS256', 'HS384', 'HS512'];
const read = (...parts) => JSON.parse(readFileSync(path.join(...parts), 'utf8'));
const mint = async (...args) => (await dev('mint', ...args)).trim();

test('every algorithm: keys from keygen, a token from mint', async (t) => {
  for (const alg of PUBLIC) {
    const dir = path.join(tempDir(t), 'keys');
    await dev('keygen', '--alg', alg, '--kid', 'one', '--out', dir);
    for (const name of ['one.pem', 'private.jwks.json']) assert.equal(statSync(path.join(dir, name)).mode & 0o777, 0o600);
    const keys = jose.createLocalJWKSet(read(dir, 'jwks.json'));
    for (const key of ['one.pem', 'private.jwks.json']) {
      const token = await mint('--key', path.join(dir, key), '--kid', 'one', '--alg', alg, '--iss', 'i', '--aud', 'a', '--sub', 's');
      const { payload, protectedHeader } = await jose.jwtVerify(token, keys, { issuer: 'i', audience: 'a', subject: 's' });
      assert.deepEqual(protectedHeader, { alg, kid: 'one', typ: 'JWT' });
      assert.equal(payload.exp - payload.iat, 600);
    }
  }
});

// The library above knows the key but not the name.
test('Ed448: a key from keygen, tokens by either name', async (t) => {
  const dir = tempDir(t);
  await dev('keygen', '--alg', 'Ed448', '--kid', 'one', '--out', dir);
  const [jwk] = read(dir, 'jwks.json').keys;
  assert.equal(jwk.crv, 'Ed448');
  for (const alg of ['Ed448', 'EdDSA']) {
    const token = await mint('--key', path.join(dir, 'private.jwks.json'), '--alg', alg, '--aud', 'a');
    const parts = token.split('.');
    assert.equal(JSON.parse(Buffer.from(parts[0], 'base64url')).alg, alg);
    const key = crypto.createPublicKey({ key: jwk, format: 'jwk' });
    assert.ok(crypto.verify(null, Buffer.from(`${parts[0]}.${parts[1]}`), key, Buffer.from(parts[2], 'base64url')));
  }
  assert.equal((await runDev(['mint', '--key', path.join(dir, 'one.pem'), '--alg', 'Ed25519', '--aud', 'a'])).status, 1);
});

test('secrets have no public key', async (t) => {
  for (const alg of SECRET) {
    const dir = tempDir(t);
    await dev('keygen', '--alg', alg, '--kid', 'one', '--out', dir);
    assert.deepEqual(read(dir, 'jwks.json'), { keys: [] });
    const { k } = read(dir, 'private.jwks.json').keys[0];
    assert.equal(Buffer.from(readFileSync(path.join(dir, 'one.base64'), 'utf8'), 'base64').toString('base64url'), k);
    const token = await mint('--key', path.join(dir, 'private.jwks.json'), '--aud', 'a');
    await jose.jwtVerify(token, Buffer.from(k, 'base64url'), { audience: 'a', algorithms: [alg] });
  }
});

test('claims and header parameters arrive byte for byte', async (t) => {
  const dir = tempDir(t);
  await dev('keygen', '--alg', 'ES256', '--kid', 'one', '--out', dir);
  const token = await mint('--key', path.join(dir, 'one.pem'), '--aud', 'a', '--claim', 'aud=["b", "c"]', '--claim', 'n=1e3',
    '--claim=big=12345678901234567890', '--header', 'typ="at+jwt"', '--exp', '-5m');
  const [header, payload] = token.split('.').map((part) => Buffer.from(part, 'base64url').toString());
  assert.equal(JSON.parse(header).typ, 'at+jwt');
  assert.match(payload, /"aud":\["b", "c"\],"n":1e3,"big":12345678901234567890\}$/);
  assert.equal(JSON.parse(payload).exp - JSON.parse(payload).iat, -300);
});

test('nothing is overwritten, and usage errors are 2', async (t) => {
  const dir = tempDir(t);
  await dev('keygen', '--alg', 'ES256', '--kid', 'one', '--out', dir);
  const before = readFileSync(path.join(dir, 'jwks.json'), 'utf8');
  const again = await runDev(['keygen', '--alg', 'ES256', '--kid', 'two', '--out', dir]);
  assert.equal(again.status, 1);
  assert.match(again.stderr, /jwks\.json is there already/);
  assert.equal(readFileSync(path.join(dir, 'jwks.json'), 'utf8'), before);
  assert.ok(!existsSync(path.join(dir, 'two.pem')));
  const wrong = [
    [['keygen', '--alg', 'RS255', '--kid', 'k', '--out', dir], /did you mean RS256/],
    [['keygen', '--alg', 'RS256', '--kid', '../k', '--out', dir], /cannot name a file/],
    [['keygen', '--alg', 'RS256', '--kid', 'k'], /--out DIR is missing/],
    [['mint', '--key', path.join(dir, 'one.pem'), '--claim', 'sub=me'], /is not JSON/],
    [['mint', '--key', path.join(dir, 'one.pem'), '--break', 'expird'], /did you mean expired/],
    [['mint', '--key', path.join(dir, 'one.pem'), '--exp', 'soon'], /--exp takes/],
    [['issuer', '--alg', 'HS256'], /cannot be published/],
  ];
  for (const [args, message] of wrong) {
    const { status, stdout, stderr } = await runDev(args);
    assert.equal(status, 2, args.join(' '));
    assert.equal(stdout, '');
    assert.match(stderr, message);
  }
});

test('every command tells what it does', async () => {
  for (const command of ['demo', 'issuer', 'calculator', 'odata', 'keygen', 'mint']) {
    assert.match(await dev(command, '--help'), /^Usage: jwtgate-dev .*[^]*^Examples:\n {2}jwtgate-dev /m);
    assert.match(await dev(command, '--version'), /^jwtgate-dev \d+\.\d+\.\d+\n$/);
  }
});

test('the issuer: discovery, a token for client credentials, rotation', async (t) => {
  const { url } = await startDev(t, ['issuer', '--port', '0', '--alg', 'ES256']);
  const document = await (await fetch(`${url}/any/demo/.well-known/openid-configuration`)).json();
  assert.equal(document.issuer, `${url}/any/demo`);
  const fetchToken = async () => {
    const body = new URLSearchParams({ grant_type: 'client_credentials', audience: 'api' });
    const authorization = `Basic ${Buffer.from('demo:demo-secret').toString('base64')}`;
    return (await (await fetch(document.token_endpoint, { method: 'POST', body, headers: { authorization } })).json()).access_token;
  };
  const keySet = async () => jose.createLocalJWKSet(await (await fetch(document.jwks_uri)).json());
  const first = await fetchToken();
  await jose.jwtVerify(first, await keySet(), { issuer: document.issuer, audience: 'api', subject: 'demo' });
  for (const isListed of [true, false]) {
    assert.equal((await fetch(`${url}/rotate`, { method: 'POST' })).status, 200);
    const keys = await keySet();
    await jose.jwtVerify(await fetchToken(), keys);
    await assert[isListed ? 'doesNotReject' : 'rejects'](jose.jwtVerify(first, keys));
  }
});

// What a client of a shaped issuer sees: the document, the key set, a token that the set verifies.
async function walk(url, authority, form, client = 'demo:demo-secret') {
  const document = await (await fetch(`${url}${authority}/.well-known/openid-configuration`)).json();
  const headers = { authorization: `Basic ${Buffer.from(client).toString('base64')}` };
  const body = new URLSearchParams({ grant_type: 'client_credentials', ...form });
  const answer = await (await fetch(document.token_endpoint, { method: 'POST', body, headers })).json();
  const keys = await (await fetch(document.jwks_uri)).json();
  assert.ok(answer.access_token, JSON.stringify(answer));
  const { payload, protectedHeader } = await jose.jwtVerify(answer.access_token, jose.createLocalJWKSet(keys));
  return { document, keys: keys.keys, payload, header: protectedHeader, answer };
}
const alice = { grant_type: 'password', username: 'alice', password: 'alice-secret' };

test('realms have the manners of Keycloak', async (t) => {
  const { url } = await startDev(t, ['issuer', '--port', '0']);
  for (const authority of ['/auth/realms/prod', '/realms/prod']) {
    const nc = 'NC_Flow_ClientCredentials:nc-secret';
    const { document, keys, payload, header } = await walk(url, authority, { scope: 'openid microprofile-jwt' }, nc);
    assert.equal(document.issuer, url + authority);
    assert.equal(document.jwks_uri, `${url}${authority}/protocol/openid-connect/certs`);
    assert.deepEqual(keys.map(({ kty, use, alg }) => [kty, use, alg]), [['RSA', 'sig', 'RS256'], ['RSA', 'enc', 'RSA-OAEP']]);
    assert.deepEqual(header, { alg: 'RS256', typ: 'JWT', kid: keys[0].kid });
    const { iss, aud, typ, azp, client_id: clientId, preferred_username: name, upn, scope } = payload;
    assert.deepEqual({ iss, aud, typ, azp, clientId, name, upn, scope }, {
      iss: url + authority, aud: 'account', typ: 'Bearer', azp: 'NC_Flow_ClientCredentials', clientId: 'NC_Flow_ClientCredentials',
      name: 'service-account-nc_flow_clientcredentials', upn: 'service-account-nc_flow_clientcredentials',
      scope: 'openid microprofile-jwt profile email',
    });
    assert.deepEqual(payload.groups, ['default-roles-prod', 'offline_access', 'odata-users', 'ProjectionExplorer']);
    assert.deepEqual(payload.realm_access.roles, payload.groups);
    assert.ok(payload.resource_access.account.roles.length > 0);
  }
  const bare = await walk(url, '/auth/realms/prod', { ...alice, scope: 'openid' });
  assert.deepEqual([bare.payload.groups, bare.payload.upn, bare.payload.preferred_username], [undefined, undefined, 'alice']);
  const again = await walk(url, '/auth/realms/prod', alice);
  assert.equal(again.payload.sub, bare.payload.sub);
  assert.notEqual(again.payload.jti, bare.payload.jti);
  const post = async (form) => (await fetch(bare.document.token_endpoint, { method: 'POST', body: new URLSearchParams(form) })).json();
  const demo = { client_id: 'demo', client_secret: 'demo-secret' };
  const errors = [[{ ...demo, grant_type: 'client_credentials', scope: 'openid nothing' }, 'invalid_scope'],
    [{ ...demo, ...alice, password: 'x' }, 'invalid_grant'], [{ ...demo, grant_type: 'x' }, 'unsupported_grant_type'],
    [{ grant_type: 'client_credentials', client_id: 'nc_flow_clientcredentials', client_secret: 'nc-secret' }, 'invalid_client']];
  for (const [form, error] of errors) assert.equal((await post(form)).error, error);
  assert.equal((await fetch(`${url}/auth/realms/prod/jwks`)).status, 404);
});

test('tenants have the manners of Entra', async (t) => {
  const { url } = await startDev(t, ['issuer', '--port', '0']);
  const tenant = '0a1b2c3d-0000-4000-8000-00000000ffff';
  const api = 'c0ffee00-51a4-4949-8a51-0b49add00100';
  const user = await walk(url, `/${tenant}/v2.0`, { ...alice, scope: `api://${api}/Calculator.Read` });
  assert.equal(user.document.issuer, `${url}/${tenant}/v2.0`);
  assert.equal(user.document.jwks_uri, `${url}/${tenant}/discovery/v2.0/keys`);
  for (const key of user.keys) assert.deepEqual([key.alg, key.use, key.x5t, key.kty], [undefined, 'sig', key.kid, 'RSA']);
  assert.deepEqual(user.keys.map(({ issuer }) => issuer), [user.document.issuer, `${url}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0`]);
  assert.deepEqual(user.header, { alg: 'RS256', typ: 'JWT', kid: user.keys[0].kid });
  const { iss, aud, ver, tid, scp, roles, azpacr } = user.payload;
  assert.deepEqual({ iss, aud, ver, tid, scp, roles, azpacr },
    { iss: user.document.issuer, aud: api, ver: '2.0', tid: tenant, scp: 'Calculator.Read', roles: undefined, azpacr: '1' });
  assert.notEqual(user.payload.sub, user.payload.oid);

  const v1 = await walk(url, `/${tenant}`, {});
  assert.equal(v1.document.issuer, `${url}/${tenant}/`);
  assert.deepEqual(v1.header, { alg: 'RS256', typ: 'JWT', kid: v1.keys[0].kid, x5t: v1.keys[0].kid });
  assert.ok(v1.keys.every(({ issuer }) => issuer === undefined));
  assert.deepEqual([v1.payload.iss, v1.payload.aud, v1.payload.ver, v1.payload.scp, v1.payload.roles],
    [`${url}/${tenant}/`, `api://${api}`, '1.0', undefined, ['Calculator.Read.All']]);
  assert.equal(v1.payload.sub, v1.payload.oid);
  assert.ok(v1.payload.appid && !v1.payload.azp);

  const common = await walk(url, '/common/v2.0', { scope: `api://${api}/.default`, client_id: v1.payload.appid });
  assert.equal(common.document.issuer, `${url}/{tenantid}/v2.0`);
  assert.equal(common.keys[0].issuer, `${url}/{tenantid}/v2.0`);
  assert.equal(common.payload.iss, `${url}/${common.payload.tid}/v2.0`);
  assert.equal(common.answer.scope, undefined);
});

test('the calculator: both forms', async (t) => {
  const { url } = await startDev(t, ['calculator', '--port', '0']);
  const xml = await fetch(`${url}/api/add?a=51&b=49`);
  assert.equal(xml.headers.get('content-type'), 'application/xml; charset=utf-8');
  assert.equal((await xml.text()).length, 124);
  const json = await fetch(`${url}/divide?a=100&b=20`, { headers: { accept: 'application/json' } });
  assert.deepEqual(await json.json(), { operation: 'divide', a: 100, b: 20, result: 5 });
  assert.equal((await fetch(`${url}/json/divide?a=1&b=0`)).status, 400);
});
