// SPDX-License-Identifier: Apache-2.0
// Goal: the ways in which validate-jwt is used in the wild, shape by shape (tests/shapes): what each lets in and keeps out.
// Method: tables judged by `jwtgate test`, tokens made here by the npm package jose; headers, queries, variables and branches by the
// same configuration running.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import { cpSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { CompactEncrypt, CompactSign } from 'jose';
import { startBackend } from './harness/backend.mjs';
import { send } from './harness/client.mjs';
import { run, startGateway, tempDir, writeFiles } from './harness/gateway.mjs';
import { startIssuer } from './harness/issuer.mjs';
import { b64u, newKey, now } from './harness/keys.mjs';
import { secret } from './harness/secrets.mjs';
import { readTap } from './harness/tap.mjs';

const SHAPES = new URL('../shapes/', import.meta.url).pathname;
const specification = JSON.parse(readFileSync(path.join(SHAPES, 'tokens.json'), 'utf8'));
const secretOf = (name) => Buffer.from(new RegExp(`^ {2}${name}: (\\S+)$`, 'm').exec(readFileSync(path.join(SHAPES, 'gateway.yaml'), 'utf8'))[1], 'base64');

const keys = {
  hs1: secretOf('hs-key'),
  hs2: secretOf('hs-key-next'),
  hs3: crypto.randomBytes(32),
  jwe: crypto.randomBytes(64),
  rsa: newKey('RS256', 'rsa'),
  rsa2: newKey('RS256', 'rsa2'),
};

function signed(key, alg, kid, claims) {
  const header = { alg, ...(kid && { kid }) };
  if (alg === 'none') return secret(`${b64u(JSON.stringify(header))}.${b64u(JSON.stringify(claims))}.`);
  return new CompactSign(Buffer.from(JSON.stringify(claims))).setProtectedHeader(header).sign(key.privateKey ?? key).then(secret);
}

async function makeToken(name, claims = {}) {
  const { key, alg, kid, enc, to, inner, claims: more } = specification.tokens[name];
  if (inner === undefined) return signed(keys[key], alg, kid, { ...specification.claims, ...more, ...claims });
  const text = Buffer.from(await makeToken(inner, claims));
  return secret(await new CompactEncrypt(text).setProtectedHeader({ alg, enc, cty: 'JWT' }).encrypt(keys[to].publicKey ?? keys[to]));
}

// The folder as it stands, with the keys and tokens that it names, and what its configuration reads of the environment.
async function makeShapes(t) {
  const dir = tempDir(t);
  cpSync(SHAPES, dir, { recursive: true });
  const [a, b, down] = [await startIssuer(t, 'ES256'), await startIssuer(t, 'RS256'), await startIssuer(t, 'ES256')];
  await down.stop();
  const pem = path.join(dir, 'enc.key');
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', pem, '-out', path.join(dir, 'enc.crt'), '-days', '2', '-subj', '/CN=shapes'], { stdio: 'ignore' });
  const certificate = readFileSync(path.join(dir, 'enc.crt'), 'utf8');
  keys.enc = { publicKey: crypto.createPublicKey(certificate) };
  const { n, e } = keys.rsa.publicKey.export({ format: 'jwk' });
  const made = {
    'keys/rsa.n': Buffer.from(n, 'base64url').toString('base64'),
    'keys/rsa.n.url': n,
    'keys/rsa.e': e,
    'keys/jwe.key': keys.jwe.toString('base64'),
    'keys/enc.pem': certificate + readFileSync(pem, 'utf8'),
  };
  const exp = specification.claims.exp;
  for (const name of Object.keys(specification.tokens)) made[`tokens/${name}.jwt`] = await makeToken(name);
  for (const [name, issuer, iss] of [['d-a', a, a], ['d-b', b, b], ['d-a-for-b', a, b], ['d-b-for-a', b, a]])
    made[`tokens/${name}.jwt`] = issuer.token({ iss: iss.url, exp, iat: undefined });
  writeFiles(dir, made);
  const env = { SHAPES_PROVIDER_A: a.configUrl, SHAPES_PROVIDER_B: b.url, SHAPES_PROVIDER_DOWN: down.configUrl, SHAPES_BACKEND: 'http://127.0.0.1:9' };
  return { dir, env };
}

test('every table of a shape holds', async (t) => {
  const { dir, env } = await makeShapes(t);
  for (const name of readdirSync(path.join(dir, 'cases')).sort()) {
    await t.test(name, async () => {
      const config = name === 'i-narrow.yaml' ? 'narrow.yaml' : 'gateway.yaml';
      const { status, stdout, stderr } = await run(['test', '-c', path.join(dir, config), path.join(dir, 'cases', name)], { env });
      assert.notEqual(status, 2, stderr);
      assert.deepEqual(readTap(stdout).filter(({ ok }) => !ok), []);
      assert.equal(status, 0);
    });
  }
});

test('J, K, L, M, and A and B as clients see them, by the running gateway', async (t) => {
  const { dir, env } = await makeShapes(t);
  const backend = await startBackend(t);
  const files = Object.fromEntries(['policies', 'keys'].flatMap((folder) => readdirSync(path.join(dir, folder))
    .map((name) => [`${folder}/${name}`, readFileSync(path.join(dir, folder, name))])));
  const gateway = await startGateway(t, readFileSync(path.join(dir, 'gateway.yaml'), 'utf8'), { files, env: { ...env, SHAPES_BACKEND: backend.url } });
  const exp = now() + 600;
  const token = (claims, name = 'a-k1') => makeToken(name, { exp, ...claims });
  const ask = async (target, fields = {}, request = {}) => {
    const before = backend.requests.length;
    const answer = await send(gateway.port, { target, fields, ...request });
    return { status: answer.status, text: answer.text, reached: backend.requests.length > before ? backend.requests.at(-1) : undefined };
  };
  const bearer = (text) => ({ Authorization: `Bearer ${text}` });

  await t.test('A: the scheme in any letters', async () => {
    const good = await token();
    for (const scheme of ['Bearer', 'bearer', 'BEARER'])
      assert.equal((await ask('/a/x', { Authorization: `${scheme} ${good}` }, { host: 'api.example.com' })).status, 200, scheme);
    assert.equal((await ask('/a/x', { Authorization: `Basic ${good}` }, { host: 'api.example.com' })).status, 401);
  });

  await t.test('B: the message is always that of the policy', async () => {
    for (const fields of [{}, bearer('x.y.z')]) {
      const { status, text, reached } = await ask('/b/x', fields);
      assert.equal(status, 401);
      assert.equal(JSON.parse(text).message, 'Sign in first');
      assert.equal(reached, undefined);
    }
  });

  await t.test('J: the subject as a header, whatever the client sent', async () => {
    const good = await ask('/j/x', { ...bearer(await token({ sub: 'alice' })), 'X-User': 'mallory' });
    assert.equal(good.status, 200);
    assert.deepEqual(good.reached.all('x-user'), ['alice']);
    const split = await ask('/j/x', bearer(await token({ sub: 'alice\r\nX-Admin: yes' })));
    assert.ok(split.status >= 400, `${split.status}`);
    assert.equal(split.reached, undefined);
    const refused = await ask('/j/x', { ...bearer(await token({}, 'a-k2')), 'X-User': 'mallory' });
    assert.equal(refused.status, 401);
    assert.equal(refused.reached, undefined);
  });

  await t.test('K: who may post', async () => {
    const finance = bearer(await token({ group: ['sales', 'finance'] }));
    const sales = bearer(await token({ group: ['sales'] }));
    const post = { method: 'POST', body: 'x' };
    assert.equal((await ask('/k/x', finance, post)).status, 200);
    assert.equal((await ask('/k/x', finance)).status, 200);
    assert.equal((await ask('/k/x', sales)).status, 200);
    const refused = await ask('/k/x', sales, post);
    assert.equal(refused.status, 403);
    assert.equal(refused.reached, undefined);
  });

  await t.test('L: a header of its own holds the token alone', async () => {
    const good = await token();
    assert.equal((await ask('/l/x', { 'X-Token': good })).status, 200);
    assert.equal((await ask('/l/x', { 'X-Token': `Bearer ${good}` })).status, 401);
    assert.equal((await ask('/l/x', bearer(good))).status, 401);
  });

  await t.test('M: a parameter, once', async () => {
    const good = await token();
    assert.equal((await ask(`/m/x?jwt=${good}`)).status, 200);
    assert.equal((await ask(`/m/x?a=1&jwt=${good}&jwt=${good}`)).status, 401);
    assert.equal((await ask('/m/x?jwt=')).status, 401);
  });
});

test('I, S: what does not load, and what loads in any order', async (t) => {
  const { dir, env } = await makeShapes(t);
  const check = async (policy) => {
    writeFiles(dir, {
      'p.xml': policy,
      'one.yaml': `listeners: [ { bind: "127.0.0.1:0" } ]
named_values: { hs-key: "${secretOf('hs-key').toString('base64')}" }
backends: { main: { servers: ["http://127.0.0.1:9"] } }
routes: [ { name: one, path: /, backend: main, policy: p.xml } ]
`,
    });
    return run(['check', '-c', path.join(dir, 'one.yaml')], { env });
  };
  const parts = [
    '<issuer-signing-keys><key id="k1">{{hs-key}}</key></issuer-signing-keys>',
    '<audiences><audience>api</audience></audiences>',
    '<issuers><issuer>https://idp.example/</issuer></issuers>',
    '<required-claims><claim name="roles"><value>a</value></claim></required-claims>',
  ];
  const policy = (children) => `<validate-jwt header-name="Authorization">${children.join('')}</validate-jwt>`;
  const ordered = await check(policy(parts));
  assert.equal(ordered.status, 0, ordered.stderr);
  assert.doesNotMatch(ordered.stderr, /order/);
  for (const [i, j] of [[0, 1], [1, 3], [2, 3], [0, 3]]) {
    const swapped = [...parts];
    [swapped[i], swapped[j]] = [swapped[j], swapped[i]];
    const result = await check(policy(swapped));
    assert.equal(result.status, 0, result.stderr);
    assert.match(result.stderr, /p\.xml:\d+:\d+: (warning|note): .*(order|before)/);
  }
  const twice = await check(policy([...parts, parts[1]]));
  assert.equal(twice.status, 1);
  assert.match(twice.stderr, /p\.xml:\d+:\d+: error: .*audiences/);
  const numbers = (attributes) => `<validate-jwt header-name="Authorization"><issuer-signing-keys><key ${attributes} /></issuer-signing-keys></validate-jwt>`;
  const { n, e } = keys.rsa.publicKey.export({ format: 'jwk' });
  assert.equal((await check(numbers(`n="${n}" e="${e}"`))).status, 0);
  const without = await check(numbers(`n="${n}"`));
  assert.equal(without.status, 1);
  assert.match(without.stderr, /p\.xml:\d+:\d+: error: /);
});
