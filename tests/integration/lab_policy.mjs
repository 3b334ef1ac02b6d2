// SPDX-License-Identifier: Apache-2.0
// Goal: the policy of the API Management labs, as a whole document, guards a backend against a real OpenID provider.
// Method: the lab's validate-jwt element as it stands there; a token of the provider passes, every wrong one gets the
// lab's answer to the byte, and the backend hears of none of them.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import test from 'node:test';
import { startBackend } from './harness/backend.mjs';
import { send } from './harness/client.mjs';
import { startGateway } from './harness/gateway.mjs';
import { b64u, forge, now } from './harness/keys.mjs';
import { LAB_BODY, labAudiences, labOpenid, labPolicy } from './harness/lab.mjs';
import { providerKeys, startProvider } from './harness/provider.mjs';
import { secret } from './harness/secrets.mjs';

test('the lab policy before a real provider', async (t) => {
  const keys = providerKeys();
  const provider = await startProvider(t, keys);
  const backend = await startBackend(t);
  const gateway = await startGateway(t, {
    backends: { calculator: { servers: [backend.url] } },
    routes: [{ name: 'calculator', path: '/calc/', rewrite: '/api/', backend: 'calculator', policy: 'lab.xml' }],
  }, { files: { 'lab.xml': labPolicy(labOpenid(provider.configUrl) + labAudiences('api://calc')) } });
  const ask = (request) => send(gateway.port, { target: '/calc/add?a=51&b=49', ...request });

  const good = await provider.token();
  const [header, payload, signature] = good.split('.');
  const rsa = crypto.createPublicKey({ key: keys[0], format: 'jwk' });
  const pem = rsa.export({ type: 'spki', format: 'pem' });
  const claims = JSON.parse(Buffer.from(payload, 'base64url'));
  const ownKey = crypto.createPrivateKey({ key: keys[0], format: 'jwk' });
  const signed = (more) => forge(JSON.parse(Buffer.from(header, 'base64url')), { ...claims, ...more },
    (input) => crypto.sign('sha256', Buffer.from(input), ownKey));
  const changed = (claim) => b64u(JSON.stringify({ ...claims, ...claim }));

  for (const alg of ['RS256', 'PS256', 'ES256', 'EdDSA']) {
    await t.test(`a token signed by ${alg} passes`, async () => {
      const before = backend.requests.length;
      const answer = await ask({ token: await provider.token({ alg }) });
      assert.equal(answer.status, 200);
      assert.equal(answer.text, 'ok');
      assert.equal(backend.requests[before].target, '/api/add?a=51&b=49');
    });
  }

  const refused = {
    'no token': undefined,
    'a token for another audience': await provider.token({ audience: 'other' }),
    'an expired token': signed({ exp: now() - 10 }),
    'a changed payload': secret(`${header}.${changed({ sub: 'admin' })}.${signature}`),
    'a changed signature': secret(`${header}.${payload}.${signature.slice(0, 20)}${signature[20] === 'A' ? 'B' : 'A'}${signature.slice(21)}`),
    'alg none': `${b64u('{"alg":"none","typ":"JWT"}')}.${payload}.`,
    'alg none with the signature of another': `${b64u('{"alg":"none","typ":"JWT"}')}.${payload}.${signature}`,
    'HS256 with the public key as secret': forge({ alg: 'HS256', typ: 'JWT', kid: keys[0].kid }, claims,
      (input) => crypto.createHmac('sha256', pem).update(input).digest()),
  };
  for (const [name, token] of Object.entries(refused)) {
    await t.test(`${name}: the lab's answer, and nothing at the backend`, async () => {
      const before = backend.requests.length;
      const answer = await ask({ token });
      assert.equal(answer.status, 401);
      assert.equal(answer.text, LAB_BODY);
      assert.match(answer.field('content-type'), /^application\/json\b/);
      assert.equal(answer.field('www-authenticate'),
        token === undefined ? 'Bearer realm="calculator"' : 'Bearer realm="calculator", error="invalid_token"');
      assert.equal(backend.requests.length, before);
    });
  }

  await t.test('a token signed anew with the changed claim passes: only the signature told the difference', async () => {
    assert.equal((await ask({ token: signed({ sub: 'admin' }) })).status, 200);
  });
});
