// SPDX-License-Identifier: Apache-2.0
// Goal: what the pages of docs/providers say is so.
// Method: the configuration and the token of each page are taken from it; only hosts are put in that exist here.  The token
// passes; without any one of the things that the policy asks for it does not.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { startBackend } from './harness/backend.mjs';
import { send } from './harness/client.mjs';
import { awaitKeys, run, startGateway, tempDir, writeFiles } from './harness/gateway.mjs';
import { startIssuer } from './harness/issuer.mjs';
import { newKey, now, sign } from './harness/keys.mjs';

const ROOT = new URL('../../', import.meta.url).pathname;
const PAGES = path.join(ROOT, 'docs/providers');

// What a provider's document says where that is not the token's iss, and how its tokens name their key.
const PROVIDERS = {
  'ad-fs.md': { issuer: 'https://fs.example.com/adfs', header: { kid: undefined, x5t: 'dGh1bWJwcmludA' } },
  'kubernetes.md': { claim: ['kubernetes.io', { namespace: 'other' }] },
};

function blocks(text, language) {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, block]) => block);
}

function pageOf(name) {
  const text = readFileSync(path.join(PAGES, name), 'utf8');
  const config = blocks(text, 'yaml').find((block) => /^listeners:/m.test(block));
  const [token] = blocks(text, 'json');
  return { config, claims: JSON.parse(token) };
}

// The page's configuration with hosts of this test.
function here(config, issuer, backend) {
  return config
    .replace('127.0.0.1:8080', '127.0.0.1:0\nadmin: { bind: "127.0.0.1:0" }')
    .replace(/servers: \["[^"]+"\]/g, `servers: ["${backend.url}"]`)
    .replace(/(openid_config: \[")https:\/\/[^/"]+/g, `$1${issuer.url}`);
}

// A scripted issuer that answers for the provider wherever its document is looked for.
async function startAs(t, name) {
  const issuer = await startIssuer(t);
  const key = newKey('RS256', 'key-1');
  const x5t = PROVIDERS[name.of]?.header?.x5t;
  issuer.keys = [{ ...key, jwk: { ...key.jwk, ...(x5t && { x5t }) } }];
  issuer.other = (request, response) => {
    assert.match(request.url, /\/\.well-known\/openid-configuration$/);
    const document = { issuer: name.issuer, jwks_uri: `${issuer.url}/jwks`, access_token_issuer: name.accessIssuer };
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(document));
  };
  issuer.discovery = issuer.other;
  return issuer;
}

for (const name of readdirSync(PAGES).filter((file) => file !== 'README.md')) {
  test(`${name}: its configuration is sound`, async (t) => {
    const dir = tempDir(t);
    writeFiles(dir, { 'gateway.yaml': pageOf(name).config });
    const result = await run(['check', '-c', path.join(dir, 'gateway.yaml')]);
    assert.equal(result.status, 0, result.stderr);
    assert.doesNotMatch(result.stderr, /warning:/);
  });

  test(`${name}: its token passes, and fails where it differs`, async (t) => {
    const { config, claims } = pageOf(name);
    const { issuer: documented = claims.iss, header = {}, claim } = PROVIDERS[name] ?? {};
    const issuer = await startAs(t, { of: name, issuer: documented, accessIssuer: documented === claims.iss ? undefined : claims.iss });
    const backend = await startBackend(t);
    const gateway = await startGateway(t, here(config, issuer, backend));
    await awaitKeys(gateway);
    const routePath = /^ {4}path: (\S+)$/m.exec(config)[1];
    const ask = async (changes) => {
      const all = { iat: now(), nbf: now(), exp: now() + 300, ...claims, ...changes };
      return (await send(gateway.port, { target: routePath, token: sign(issuer.key, all, header) })).status;
    };
    assert.equal(await ask({}), 200);
    assert.equal(await ask({ exp: now() - 1 }), 401);
    assert.equal(await ask({ iss: `${claims.iss}x` }), 401);
    if (/^ {6}audiences:/m.test(config)) {
      assert.equal(await ask({ aud: 'another' }), 401);
      assert.equal(await ask({ aud: undefined }), 401);
    }
    if (/^ {6}typ: Bearer/m.test(config)) assert.equal(await ask({ typ: 'ID' }), 401);
    const required = [...config.matchAll(/^ {8}- \{ (?:name|path): "?([^",]+)"?,/gm)].map(([, claimName]) => claimName.split('/')[0]);
    assert.ok(required.length > 0);
    for (const one of required) {
      const status = await ask({ [one]: undefined });
      assert.ok([401, 403].includes(status), `without ${one}: ${status}`);
    }
    if (claim) assert.equal(await ask({ [claim[0]]: claim[1] }), 401);
  });
}

test('google.md: both spellings of the issuer', async (t) => {
  const { config, claims } = pageOf('google.md');
  const issuer = await startAs(t, { of: 'google.md', issuer: claims.iss });
  const backend = await startBackend(t);
  const gateway = await startGateway(t, here(config, issuer, backend));
  await awaitKeys(gateway);
  for (const [iss, status] of [['accounts.google.com', 200], ['https://accounts.google.com', 200], ['https://accounts.google.com/', 401]]) {
    const answer = await send(gateway.port, { target: '/', token: sign(issuer.key, { ...claims, iss, exp: now() + 60 }) });
    assert.equal(answer.status, status, iss);
  }
});

test('each page is in the list of pages', () => {
  const list = readFileSync(path.join(PAGES, 'README.md'), 'utf8');
  for (const name of readdirSync(PAGES).filter((file) => file !== 'README.md')) assert.ok(list.includes(`(${name})`), name);
});
