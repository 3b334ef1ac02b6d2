// SPDX-License-Identifier: Apache-2.0
// Goal: a clock that is not the provider's is told once, before users ask why fresh tokens are refused; and shown as a metric.
import assert from 'node:assert/strict';
import test from 'node:test';
import { send } from './harness/client.mjs';
import { startIssuer } from './harness/issuer.mjs';
import { startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

// An issuer whose clock is `ahead` seconds off; `more` stands beside Date.
async function startIssuerAhead(t, ahead, more = {}) {
  const issuer = await startIssuer(t, 'ES256');
  issuer.ahead = ahead;
  const answer = (body) => (_, response) => {
    response.sendDate = false;
    const date = new Date(Date.now() + issuer.ahead * 1000).toUTCString();
    response.writeHead(200, { 'Content-Type': 'application/json', Date: date, ...more }).end(JSON.stringify(body()));
  };
  issuer.discovery = answer(() => issuer.document());
  issuer.jwks = answer(() => issuer.keySet());
  return issuer;
}

async function startAhead(t, ahead, more) {
  const issuer = await startIssuerAhead(t, ahead, more);
  const stand = await startStand(t, { issuer, config: { keys: { cooldown: '100ms', refresh: '1s' }, log: { level: 'debug' } } });
  await until('the keys', async () => (await stand.get()).status === 200);
  return stand;
}

async function shown(stand) {
  const { text } = await send(stand.gateway.adminPort, { target: '/metrics', host: 'localhost' });
  const line = text.split('\n').find((one) => one.startsWith('jwtgate_provider_clock_difference_seconds{'));
  assert.ok(line === undefined || line.includes(`issuer="${stand.issuer.configUrl}"`));
  return line && Number(line.split(' ').at(-1));
}

test('a difference is told once, and its end once', async (t) => {
  const stand = await startAhead(t, 120);
  const { url, ahead_s: ahead, level } = await stand.gateway.event('clock-differs');
  assert.equal(url, stand.issuer.configUrl);
  assert.equal(level, 'warning');
  assert.ok(Number(ahead) >= 115 && Number(ahead) <= 120, ahead);
  assert.ok((await shown(stand)) >= 115);

  const fetches = stand.gateway.events('keys-confirmed').length;
  await until('two more fetches', () => stand.gateway.events('keys-confirmed').length >= fetches + 2);
  assert.equal(stand.gateway.events('clock-differs').length, 1);

  stand.issuer.ahead = 0;
  await stand.gateway.event('clock-agrees');
  assert.equal(await shown(stand), 0);
  stand.issuer.ahead = -120;
  assert.ok(Number((await stand.gateway.event('clock-differs', 1)).ahead_s) <= -115);
});

test('a difference within bounds is shown but not told; so is none', async (t) => {
  for (const [ahead, least, most] of [[0, 0, 0], [8, 4, 8], [-8, -8, -4]]) {
    const stand = await startAhead(t, ahead);
    const seconds = await shown(stand);
    assert.ok(seconds >= least && seconds <= most, `${seconds} for ${ahead}`);
    assert.equal(stand.gateway.events('clock-differs').length, 0);
  }
});

test('an answer out of a cache says nothing of the clock', async (t) => {
  const stand = await startAhead(t, -3000, { Age: '3000' });
  assert.equal(await shown(stand), undefined);
  assert.equal(stand.gateway.events('clock-differs').length, 0);
});

test('a slow answer is no difference', async (t) => {
  const issuer = await startIssuer(t, 'ES256');
  const date = new Date(Date.now()).toUTCString();
  for (const [name, body] of [['discovery', () => issuer.document()], ['jwks', () => issuer.keySet()]]) {
    issuer[name] = (_, response) => {
      response.sendDate = false;
      setTimeout(() => response.writeHead(200, { Date: date }).end(JSON.stringify(body())), 1500);
    };
  }
  const stand = await startStand(t, { issuer });
  await until('the keys', async () => (await stand.get()).status === 200);
  assert.equal(await shown(stand), 0);
});
