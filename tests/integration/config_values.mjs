// SPDX-License-Identifier: Apache-2.0
// Goal: values come from the environment, from files, from named values and certificates, and secrets among them are
// never shown.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { startBackend } from './harness/backend.mjs';
import { newAuthority } from './harness/certs.mjs';
import { send } from './harness/client.mjs';
import { run, startGateway, tempDir, writeFiles } from './harness/gateway.mjs';
import { forge, now, signature } from './harness/keys.mjs';
import { startStand } from './harness/stand.mjs';

const SECRET = 'c2VjcmV0LW9mLXRoaXJ0eS10d28tYnl0ZXMtb3ItbW9yZSE=';
const bySecret = (claims) => forge({ alg: 'HS256' }, { exp: now() + 60, ...claims }, (input) => signature('HS256', Buffer.from(SECRET, 'base64'), input));

test('${ENV}, ${file:} and $${ in a YAML policy', async (t) => {
  const stand = await startStand(t, {
    policy: { audiences: ['${TEST_AUDIENCE}', '${file:audience.txt}', '$${literal}'] },
    files: { 'audience.txt': 'from-file\n' },
    env: { TEST_AUDIENCE: 'from-env' },
  });
  for (const aud of ['from-env', 'from-file', '${literal}']) assert.equal((await stand.send({ token: stand.issuer.token({ aud }) })).status, 200, aud);
  for (const aud of ['api', 'from-file\n', '$${literal}']) assert.equal((await stand.send({ token: stand.issuer.token({ aud }) })).status, 401, aud);
});

const policyFile = `<validate-jwt header-name="Authorization" require-scheme="Bearer">
  <issuer-signing-keys><key>{{shared-key}}</key></issuer-signing-keys>
  <audiences><audience>{{audience}}</audience></audiences>
</validate-jwt>
`;

test('named values in an XML policy, from file and environment; paths are relative to the configuration', async (t) => {
  const backend = await startBackend(t);
  const gateway = await startGateway(t, {
    named_values: { 'shared-key': '${file:secrets/key}', audience: 'api://${TEST_APP}' },
    backends: { main: { servers: [backend.url] } },
    routes: [{ name: 'main', path: '/', backend: 'main', policy: 'policies/shared.xml' }],
  }, { files: { 'policies/shared.xml': policyFile, 'secrets/key': `${SECRET}\n` }, env: { TEST_APP: 'app' } });
  assert.equal((await send(gateway.port, { token: bySecret({ aud: 'api://app' }) })).status, 200);
  assert.equal((await send(gateway.port, { token: bySecret({ aud: 'app' }) })).status, 401);
  assert.equal(gateway.output.includes(SECRET), false);
});

test('a secret that is wrong is not shown by the error about it', async (t) => {
  const dir = tempDir(t);
  writeFiles(dir, {
    'gateway.yaml': {
      listeners: [{ bind: '127.0.0.1:0' }],
      named_values: { 'shared-key': '${TEST_SECRET}', audience: 'a' },
      backends: { main: { servers: ['http://127.0.0.1:1'] } },
      routes: [{ name: 'main', path: '/', backend: 'main', policy: 'shared.xml' }],
    },
    'shared.xml': policyFile,
  });
  const secret = '!no base64, but a secret!';
  const result = await run(['check', '-c', path.join(dir, 'gateway.yaml')], { env: { TEST_SECRET: secret } });
  assert.equal(result.status, 1);
  assert.match(result.stderr, /shared\.xml:2:\d+: error: /);
  assert.equal((result.stderr + result.stdout).includes(secret), false);
});

test('certificates verify tokens by the key inside them', async (t) => {
  const leaf = newAuthority(t).issue('signer.example');
  const backend = await startBackend(t);
  const gateway = await startGateway(t, {
    certificates: { signer: { file: 'certs/signer.pem' } },
    backends: { main: { servers: [backend.url] } },
    routes: [{
      name: 'main', path: '/', backend: 'main', validate_jwt: { issuer_signing_keys: [{ id: 'k', certificate_id: 'signer' }], audiences: ['api'] },
    }],
  }, { files: { 'certs/signer.pem': leaf.cert } });
  const token = (key) => forge({ alg: 'ES256', kid: 'k' }, { aud: 'api', exp: now() + 60 }, (input) => signature('ES256', key, input));
  assert.equal((await send(gateway.port, { token: token(leaf.key) })).status, 200);
  assert.equal((await send(gateway.port, { token: token(newAuthority(t).issue('signer.example').key) })).status, 401);
});
