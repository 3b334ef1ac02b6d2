// SPDX-License-Identifier: Apache-2.0
// Goal: keys follow a provider's rotation under load; no valid request is refused while a fetch may be made, and fetches
// stay within one per cooldown.
import assert from 'node:assert/strict';
import test from 'node:test';
import { connect, requestBytes } from './harness/client.mjs';
import { startBackend } from './harness/backend.mjs';
import { newKey } from './harness/keys.mjs';
import { providerKeys, startProvider } from './harness/provider.mjs';
import { startGateway } from './harness/gateway.mjs';
import { startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

// Clients that ask one request after the other, with the token of the moment, until `stop` is called.
function startLoad(port, token, clients = 6) {
  const statuses = [];
  let isOver = false;
  const run = async () => {
    const client = await connect(port);
    while (!isOver) {
      client.write(requestBytes({ target: '/load', token: token() }));
      const answer = await client.answer();
      assert.ok(answer, 'the gateway closed a connection with a good request on it');
      statuses.push(answer.status);
    }
    client.destroy();
  };
  const runs = Array.from({ length: clients }, run);
  return {
    statuses,
    stop: async () => {
      isOver = true;
      await Promise.all(runs);
      return statuses;
    },
  };
}

test('a rotation under load refuses no valid token and costs one fetch', async (t) => {
  const stand = await startStand(t, { config: { keys: { cooldown: '60s', wait: '5s' } } });
  let token = stand.issuer.token();
  const load = startLoad(stand.gateway.port, () => token);
  await until('load', () => load.statuses.length > 50);
  const before = stand.issuer.counts.jwks;

  // The old key stays listed for a while, as with every careful provider: requests under way may still bring its tokens.
  stand.issuer.keys.unshift(newKey('RS256', 'RS256-2', { alg: 'RS256' }));
  token = stand.issuer.token();
  const mark = load.statuses.length;
  await until('load after the rotation', () => load.statuses.length > mark + 200);
  const statuses = await load.stop();

  assert.deepEqual([...new Set(statuses)], [200]);
  assert.equal(stand.issuer.counts.jwks, before + 1);
});

test('a second rotation within the cooldown is refused until it is over, then passes without any help', async (t) => {
  const stand = await startStand(t, { algs: ['ES256'], config: { keys: { cooldown: '2s', wait: '100ms' } } });
  await stand.get();
  stand.issuer.rotate();
  assert.equal((await stand.get()).status, 200);
  const before = stand.issuer.counts.jwks;
  stand.issuer.rotate();
  assert.equal((await stand.get()).status, 401);
  assert.equal(stand.issuer.counts.jwks, before);
  await until('a line that says why no fetch was made', () => stand.gateway.lines(/reason=TokenSignatureKeyNotFound .*keys=cooldown/).length > 0);
  await until('the end of the cooldown', async () => (await stand.get()).status === 200);
  assert.equal(stand.issuer.counts.jwks, before + 1);
});

test('a key that the provider withdrew is refused from the next fetch on', async (t) => {
  const stand = await startStand(t, { algs: ['ES256'], config: { workers: 1 } });
  const old = stand.issuer.token();
  assert.equal((await stand.send({ token: old })).status, 200);
  stand.issuer.rotate();
  assert.equal((await stand.get()).status, 200);
  assert.equal((await stand.send({ token: old })).status, 401);
  // The token was remembered as verified until now: what is said of it must outlive that memory.
  const [line] = await until('the line of the refusal', () => {
    const lines = stand.gateway.lines(/reason=TokenSignatureKeyNotFound/);
    return lines.length > 0 && lines;
  });
  assert.match(line, /\bkid=ES256-1\b/);
  assert.match(line, /\btoken_hash=\S{8,}/);
});

test('requests that wait in vain with one remembered token are each told by its kid', async (t) => {
  const stand = await startStand(t, { algs: ['ES256'], config: { workers: 1, keys: { cooldown: '100ms', wait: '300ms' } } });
  const old = stand.issuer.token();
  assert.equal((await stand.send({ token: old })).status, 200);
  stand.issuer.rotate();
  assert.equal((await stand.get()).status, 200);
  let fetches = 0;
  const stranger = newKey('ES256', 'stranger');
  stand.issuer.jwks = () => fetches++; // never answered
  await until('a fetch to wait for', async () => {
    assert.equal((await stand.send({ token: stand.issuer.token({}, { key: stranger }) })).status, 401);
    return fetches > 0;
  });
  const answers = await Promise.all(Array.from({ length: 4 }, () => stand.send({ target: '/old', token: old })));
  assert.deepEqual(answers.map(({ status }) => status), [401, 401, 401, 401]);
  const lines = () => stand.gateway.lines(/^event=access .*\bpath=\/old\b/);
  await until('their lines', () => lines().length === 4);
  for (const line of lines()) {
    assert.match(line, /\bkid=ES256-1\b/);
    assert.match(line, /\btoken_hash=\S{8,}/);
  }
});

test('a real provider restarted with other keys is followed', async (t) => {
  const keys = providerKeys(1);
  const provider = await startProvider(t, keys);
  const backend = await startBackend(t);
  const gateway = await startGateway(t, {
    backends: { main: { servers: [backend.url] } },
    routes: [{
      name: 'main', path: '/', backend: 'main',
      validate_jwt: { openid_config: [{ url: provider.configUrl }], audiences: ['api://calc'] },
    }],
  });
  let token = await provider.token();
  const load = startLoad(gateway.port, () => token);
  await until('load', () => load.statuses.length > 20);
  const before = provider.counts.jwks;
  provider.use([...providerKeys(2), ...keys]);
  token = await provider.token();
  const mark = load.statuses.length;
  await until('load after the rotation', () => load.statuses.length > mark + 50);
  assert.deepEqual([...new Set(await load.stop())], [200]);
  assert.equal(provider.counts.jwks, before + 1);
});
