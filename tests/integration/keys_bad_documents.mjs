// SPDX-License-Identifier: Apache-2.0
// Attack and accident: what a provider serves in place of its documents.  Nothing of it replaces good keys, and one broken
// key spoils none of its neighbours.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startIssuer } from './harness/issuer.mjs';
import { newKey } from './harness/keys.mjs';
import { startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

const as = (status, body, type = 'application/json') => (_, response) => response.writeHead(status, { 'Content-Type': type }).end(body);

const GARBAGE = {
  'an error page': as(500, '<h1>Internal Server Error</h1>', 'text/html'),
  'a page with status 200': as(200, '<!doctype html><title>Sign in</title>', 'text/html'),
  'text that is no JSON': as(200, '{"keys":['),
  'an empty set': as(200, '{"keys":[]}'),
  'no set at all': as(200, '[]'),
  'an empty body': as(200, ''),
  'a set of nothing usable': as(200, '{"keys":[{"kty":"oct","k":"AAAA"},{"kty":"RSA"},7,null]}'),
  'not modified without a question': as(304, ''),
  'a document of many megabytes': (_, response) => {
    response.on('error', () => {});
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(`{"keys":[${' '.repeat(8 << 20)}]}`);
  },
  'a redirect': (_, response) => response.writeHead(302, { Location: 'http://127.0.0.1:9/jwks' }).end(),
  'an answer that drips for ever': (_, response) => {
    response.on('error', () => {});
    response.writeHead(200, { 'Content-Type': 'application/json' });
    const drip = setInterval(() => response.write(' '), 20);
    response.on('close', () => clearInterval(drip));
  },
  'half an answer': (_, response) => {
    response.writeHead(200, { 'Content-Length': 1000 }).write('{"keys":[');
    setImmediate(() => response.destroy());
  },
};

test('garbage in place of the key set never replaces good keys', async (t) => {
  const stand = await startStand(t, { config: { keys: { cooldown: '100ms', wait: '2s', timeout: '300ms' } } });
  const sound = stand.issuer.token();
  assert.equal((await stand.send({ token: sound })).status, 200);
  const stranger = newKey('ES256', 'unknown');
  for (const [name, answer] of Object.entries(GARBAGE)) {
    await t.test(name, async () => {
      stand.issuer.jwks = answer;
      const before = stand.issuer.counts.jwks;
      await until('a forced fetch', async () => {
        assert.equal((await stand.send({ token: stand.issuer.token({}, { key: { ...stranger, kid: `k${Math.random()}` } }) })).status, 401);
        return stand.issuer.counts.jwks > before;
      });
      // A token not seen before, so that no memory of a verified one answers.
      assert.equal((await stand.get()).status, 200);
    });
  }
});

test('garbage in place of the discovery document at the start is 503 until it is mended', async (t) => {
  const issuer = await startIssuer(t);
  issuer.discovery = as(200, '<html>', 'text/html');
  const stand = await startStand(t, { issuer, config: { keys: { cooldown: '100ms', wait: '100ms' } } });
  assert.equal((await stand.get()).status, 503);
  issuer.discovery = null;
  await until('the recovery', async () => (await stand.get()).status === 200, 20000);
});

test('a broken key spoils none of its neighbours', async (t) => {
  const broken = [
    null, 7, [], {}, { kty: 'RSA', kid: 'x' }, { kty: 'EC', crv: 'P-256', x: '!', y: '!' }, { kty: 'new' },
    { kty: 'RSA', n: 'AA', e: 'AQ' }, { kty: 'OKP', crv: 'Ed25519', x: 7 }, { kty: 7 },
  ];
  const issuer = await startIssuer(t);
  issuer.jwks = (_, response) => {
    response.end(JSON.stringify({ keys: [...broken, ...issuer.keySet().keys, ...broken] }));
  };
  const stand = await startStand(t, { issuer });
  assert.equal((await stand.get()).status, 200);
});
