// SPDX-License-Identifier: Apache-2.0
// Goal: browsers of listed origins may call, others not; preflights carry no token, are answered here, and open no door.
import assert from 'node:assert/strict';
import test from 'node:test';
import { documentOf, startPolicies, validate } from './harness/policies.mjs';

const ORIGIN = 'https://app.example';
const CORS = `<cors allow-credentials="true"><allowed-origins><origin>${ORIGIN}</origin></allowed-origins>
  <allowed-methods preflight-result-max-age="300"><method>GET</method><method>PUT</method></allowed-methods>
  <allowed-headers><header>Authorization</header><header>X-Key</header></allowed-headers>
  <expose-headers><header>X-Total</header><header>ETag</header></expose-headers></cors>`;
const ALLOW = 'access-control-allow-';

const preflight = (origin, method = 'GET', headers) => ({
  method: 'OPTIONS', token: null,
  fields: [['Origin', origin], ['Access-Control-Request-Method', method], ...(headers ? [['Access-Control-Request-Headers', headers]] : [])],
});

async function start(t, handler) {
  return startPolicies(t, (issuer) => ({
    listed: { inbound: `${CORS}<base />${validate(issuer)}` },
    any: { inbound: `<cors><allowed-origins><origin>*</origin></allowed-origins><allowed-methods><method>*</method></allowed-methods><allowed-headers><header>*</header></allowed-headers></cors>${validate(issuer)}` },
    open: { inbound: `<cors terminate-unmatched-request="false"><allowed-origins><origin>${ORIGIN}</origin></allowed-origins><allowed-headers><header>*</header></allowed-headers></cors>${validate(issuer)}` },
    yaml: documentOf({ inbound: validate(issuer) }),
    none: documentOf({ inbound: validate(issuer) }),
  }), { handler, routes: {
    yaml: { methods: ['GET', 'PUT'], cors: { allowed_origins: [ORIGIN], allowed_methods: ['PUT'], allowed_headers: ['X-Key'], allow_credentials: true, max_age: '5m' } },
  } });
}

test('preflights', async (t) => {
  const stand = await start(t);
  const granted = {
    '/listed': [preflight(ORIGIN, 'PUT', 'authorization, x-key'), { origin: ORIGIN, methods: 'PUT', headers: 'authorization, x-key', credentials: 'true' }, '300'],
    '/any': [preflight('https://else.example', 'PATCH', 'x-what'), { origin: '*', methods: 'PATCH', headers: 'x-what', credentials: undefined }, undefined],
    '/open': [preflight(ORIGIN, 'POST'), { origin: ORIGIN, methods: 'POST', headers: undefined, credentials: undefined }, undefined],
    '/yaml': [preflight(ORIGIN, 'PUT', 'X-KEY'), { origin: ORIGIN, methods: 'PUT', headers: 'X-KEY', credentials: 'true' }, '300'],
  };
  for (const [target, [request, allowed, age]] of Object.entries(granted)) {
    await t.test(`${target}: granted without a token`, async () => {
      const answer = await stand.ask(target, request);
      assert.equal(answer.status, 200);
      assert.deepEqual(Object.fromEntries(['origin', 'methods', 'headers', 'credentials'].map((name) => [name, answer.field(ALLOW + name)])), allowed);
      assert.equal(answer.field('access-control-max-age'), age);
      assert.equal(answer.text, '');
    });
  }
  const unmatched = {
    'another origin': ['/listed', preflight('https://app.example.evil.example')],
    'the origin with a port': ['/listed', preflight(`${ORIGIN}:444`)],
    'another method': ['/listed', preflight(ORIGIN, 'DELETE')],
    'a header that is not listed': ['/listed', preflight(ORIGIN, 'GET', 'authorization, x-other')],
    'null as origin': ['/listed', preflight('null')],
    'another method of a YAML route': ['/yaml', preflight(ORIGIN, 'GET')],
    'another origin, where other requests go on': ['/open', preflight('https://else.example')],
  };
  for (const [name, [target, request]] of Object.entries(unmatched)) {
    await t.test(`${name}: an empty 200 that grants nothing`, async () => {
      const answer = await stand.ask(target, request);
      assert.equal(answer.status, 200);
      assert.equal(answer.fields.filter(([field]) => /^access-control/i.test(field)).length, 0);
    });
  }
  await t.test('a route without cors judges OPTIONS like all else', async () => {
    assert.equal((await stand.ask('/none', preflight(ORIGIN))).status, 401);
  });
  await t.test('OPTIONS that is no preflight is judged', async () => {
    assert.equal((await stand.ask('/listed', { method: 'OPTIONS', token: null, fields: [['Origin', ORIGIN]] })).status, 401);
    assert.equal((await stand.ask('/listed', { method: 'OPTIONS', token: null, fields: [['Access-Control-Request-Method', 'GET']] })).status, 401);
  });
  assert.equal(stand.backend.requests.length, 0, 'no preflight reaches the backend');
});

test('other requests', async (t) => {
  const handler = (request, conn) => request.whole.then(() => conn.write(
    'HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: https://backend.example\r\nX-Total: 1\r\nContent-Length: 2\r\n\r\nok'));
  const stand = await start(t, handler);
  const from = (origin, more = {}) => ({ fields: [['Origin', origin]], ...more });
  await t.test('an allowed origin is named, in place of what the backend says', async () => {
    const answer = await stand.ask('/listed', from(ORIGIN));
    assert.deepEqual(answer.all(`${ALLOW}origin`), [ORIGIN]);
    assert.deepEqual(answer.all('vary'), ['Origin']);
    assert.equal(answer.field(`${ALLOW}credentials`), 'true');
    assert.equal(answer.field('access-control-expose-headers'), 'X-Total, ETag');
    assert.equal(answer.text, 'ok');
  });
  await t.test('a refusal too, so that the page can read why', async () => {
    const answer = await stand.ask('/listed', from(ORIGIN, { token: null }));
    assert.equal(answer.status, 401);
    assert.equal(answer.field(`${ALLOW}origin`), ORIGIN);
  });
  await t.test('another origin: reads end here, with nothing', async () => {
    const before = stand.backend.requests.length;
    const answer = await stand.ask('/listed', from('https://else.example'));
    assert.deepEqual([answer.status, answer.text, answer.field(`${ALLOW}origin`)], [200, '', undefined]);
    assert.equal(stand.backend.requests.length, before);
  });
  await t.test('another origin: writes go on to the judge, without a word on origins', async () => {
    const answer = await stand.ask('/listed', from('https://else.example', { method: 'POST', body: 'x', token: null }));
    assert.deepEqual([answer.status, answer.field(`${ALLOW}origin`)], [401, undefined]);
    assert.equal((await stand.ask('/open', from('https://else.example'))).status, 200);
  });
  await t.test('no origin: as ever', async () => {
    const answer = await stand.ask('/listed');
    assert.deepEqual([answer.status, answer.text, answer.field(`${ALLOW}origin`)], [200, 'ok', 'https://backend.example']);
    assert.deepEqual(answer.all('vary'), ['Origin'], 'a cache must not hand this to a page');
  });
});
