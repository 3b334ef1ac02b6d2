// SPDX-License-Identifier: Apache-2.0
// Goal: set-header, set-query-parameter, set-variable and rewrite-uri change what the backend gets, and nothing else; a client
// cannot forge what a policy sets, and a value that would break a line refuses the request.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startPolicies, validate } from './harness/policies.mjs';

const header = (name, values, action = 'override') =>
  `<set-header name="${name}" exists-action="${action}">${values.map((value) => `<value>${value}</value>`).join('')}</set-header>`;
const parameter = (name, values, action = 'override') =>
  `<set-query-parameter name="${name}" exists-action="${action}">${values.map((value) => `<value>${value}</value>`).join('')}</set-query-parameter>`;

test('a header made of the token that passed', async (t) => {
  const stand = await startPolicies(t, (issuer) => ({
    user: { inbound: `<base />${validate(issuer, 'output-token-variable-name="jwt"')}
      ${header('X-User', ['@(((Jwt)context.Variables["jwt"]).Subject)'])}
      ${header('X-Groups', ['@(string.Join(";", ((Jwt)context.Variables["jwt"]).Claims["groups"]))'])}` },
  }));
  const groups = ['a', 'b'];
  for (const round of ['fresh', 'remembered']) {
    await t.test(`the client's own are replaced in every spelling, ${round}`, async () => {
      const fields = [['X-User', 'evil'], ['x_user', 'evil'], ['X-USER', 'evil'], ['X-Other', 'kept']];
      const answer = await stand.ask('/user', { token: stand.issuer.token({ groups }, {}), fields });
      assert.equal(answer.status, 200);
      assert.deepEqual(stand.reached.fields.filter(([name]) => /^x.(user|groups|other)$/i.test(name)),
        [['X-Other', 'kept'], ['X-User', 'someone'], ['X-Groups', 'a;b']]);
    });
  }
  await t.test('a claim with a line break refuses; its neighbour passes', async () => {
    const before = stand.backend.requests.length;
    const answer = await stand.ask('/user', { token: stand.issuer.token({ groups, sub: 'a\r\nX-Evil: 1' }) });
    assert.equal(answer.status, 500);
    assert.deepEqual(JSON.parse(answer.text), { statusCode: 500, message: 'Expression evaluation failed.' });
    assert.equal(stand.backend.requests.length, before);
    assert.equal((await stand.ask('/user', { token: stand.issuer.token({ groups, sub: 'a X-Evil: 1' }) })).status, 200);
  });
  await t.test('a claim that is not there refuses', async () => {
    const before = stand.backend.requests.length;
    assert.equal((await stand.ask('/user')).status, 500);
    assert.equal(stand.backend.requests.length, before);
  });
  await t.test('no token: the refusal of validate-jwt, and no step behind it runs', async () => {
    const before = stand.backend.requests.length;
    const answer = await stand.ask('/user', { token: null });
    assert.equal(answer.status, 401);
    assert.equal(answer.text, '{"statusCode":401,"message":"JWT not present."}');
    assert.equal(stand.backend.requests.length, before);
  });
});

test('exists-action, for headers of the request and of the answer', async (t) => {
  const all = (names) => names.map((name) => header(name, name === 'X-Delete' ? [] : ['1', '2'], name.slice(2).toLowerCase())).join('');
  const NAMES = ['X-Override', 'X-Skip', 'X-Append', 'X-Delete'];
  const handler = (request, conn) => request.whole.then(() => conn.write(
    `HTTP/1.1 200 OK\r\n${request.has('x-empty') ? '' : NAMES.map((name) => `${name}: back\r\n`).join('')}Content-Length: 2\r\n\r\nok`));
  const stand = await startPolicies(t, (issuer) => ({
    all: { inbound: `${validate(issuer)}${all(NAMES)}`, outbound: all(NAMES) },
  }), { handler });
  const of = (message) => Object.fromEntries(NAMES.map((name) => [name, message.all(name.toLowerCase())]));

  await t.test('what is there', async () => {
    const answer = await stand.ask('/all', { fields: NAMES.map((name) => [name, 'own']) });
    assert.deepEqual(of(stand.reached), { 'X-Override': ['1, 2'], 'X-Skip': ['own'], 'X-Append': ['own', '1, 2'], 'X-Delete': [] });
    assert.deepEqual(of(answer), { 'X-Override': ['1, 2'], 'X-Skip': ['back'], 'X-Append': ['back', '1, 2'], 'X-Delete': [] });
    assert.equal(answer.text, 'ok');
  });
  await t.test('what is not there', async () => {
    const answer = await stand.ask('/all', { fields: [['X-Empty', '1']] });
    const made = { 'X-Override': ['1, 2'], 'X-Skip': ['1, 2'], 'X-Append': ['1, 2'], 'X-Delete': [] };
    assert.deepEqual(of(stand.reached), made);
    assert.deepEqual(of(answer), made);
  });
});

test('query parameters', async (t) => {
  const stand = await startPolicies(t, (issuer) => ({
    query: { inbound: `${validate(issuer)}${parameter('a', ['x y&amp;z'])}${parameter('b', ['1'], 'skip')}${parameter('c', ['1', '2'], 'append')}${parameter('d', [], 'delete')}` },
    own: { inbound: `${validate(issuer)}${parameter('to', ['@(context.Request.Headers.GetValueOrDefault("X-To","nobody"))'])}` },
  }));
  const rows = {
    '/query': '/query?a=x%20y%26z&b=1&c=1&c=2',
    '/query?a=1&%61=2&z=%2f+': '/query?z=%2f+&a=x%20y%26z&b=1&c=1&c=2',
    '/query?b=own&c=own&d=1&e': '/query?b=own&c=own&e&a=x%20y%26z&c=1&c=2',
    '/own?to=client': '/own?to=nobody',
  };
  for (const [target, seen] of Object.entries(rows)) {
    await t.test(target, async () => {
      assert.equal((await stand.ask(target)).status, 200);
      assert.equal(stand.reached.target, seen);
    });
  }
  await t.test('a value of the client is encoded', async () => {
    await stand.ask('/own', { fields: [['X-To', 'a&b=c#d%41 ü']] });
    assert.equal(stand.reached.target, '/own?to=a%26b%3Dc%23d%2541%20%FC');
  });
});

test('rewrite-uri', async (t) => {
  const rewrite = (template, more = '') => `<rewrite-uri template="${template}" ${more} />`;
  const stand = await startPolicies(t, (issuer) => ({
    plain: { inbound: validate(issuer) + rewrite('/new/place') },
    alone: { inbound: validate(issuer) + rewrite('/new', 'copy-unmatched-params="false"') },
    query: { inbound: validate(issuer) + rewrite('/new?a=1') },
    made: { inbound: validate(issuer) + rewrite('@("/by/" + context.Request.Headers.GetValueOrDefault("X-Path","none"))') },
    shown: { inbound: `${validate(issuer)}${rewrite('/other')}${header('X-Path', ['@(context.Request.Url.Path)'])}${header('X-Original', ['@(context.Request.OriginalUrl.Path)'])}` },
  }));
  const rows = {
    '/plain/x?q=%20': '/new/place?q=%20',
    '/alone/x?q=1': '/new',
    '/query?b=2&a=own': '/new?a=1&b=2',
    '/made': '/by/none',
  };
  for (const [target, seen] of Object.entries(rows)) {
    await t.test(target, async () => {
      assert.equal((await stand.ask(target)).status, 200);
      assert.equal(stand.reached.target, seen);
    });
  }
  await t.test('expressions see the path as it is now, and as it was', async () => {
    await stand.ask('/shown/a');
    assert.equal(stand.reached.field('x-path'), '/other');
    assert.equal(stand.reached.field('x-original'), '/shown/a');
  });
  for (const path of ['a/../../etc', 'a b', 'a#b', '%2e%2e/x', 'a\\b', 'ü', '%zz', 'x?a=%4']) {
    await t.test(`a path that two readers would read as two: ${path}`, async () => {
      const before = stand.backend.requests.length;
      assert.equal((await stand.ask('/made', { fields: [['X-Path', Buffer.from(path).toString('latin1')]] })).status, 500);
      assert.equal(stand.backend.requests.length, before);
    });
  }
});

test('what the gateway frames and forwards stays its own; Host and Authorization may be set', async (t) => {
  const stand = await startPolicies(t, (issuer) => ({
    set: { inbound: `${validate(issuer)}${header('Host', ['inner.example'])}${header('Authorization', ['Basic Zm9v'])}${header('X-Forwarded-For', ['10.9.9.9'])}` },
    gone: { inbound: `${validate(issuer)}${header('Authorization', [], 'delete')}` },
    named: { inbound: `${validate(issuer)}<set-header name="@(context.Request.Headers.GetValueOrDefault(&quot;X-Name&quot;,&quot;X-Fine&quot;))"><value>1</value></set-header>` },
  }));
  await stand.ask('/set', { fields: [['X-Forwarded-For', '1.1.1.1']] });
  assert.deepEqual(stand.reached.all('host'), ['inner.example']);
  assert.deepEqual(stand.reached.all('authorization'), ['Basic Zm9v']);
  assert.deepEqual(stand.reached.all('x-forwarded-for'), ['10.9.9.9']);
  await stand.ask('/gone');
  assert.deepEqual(stand.reached.all('authorization'), []);
  assert.equal((await stand.ask('/named')).status, 200);
  assert.equal(stand.reached.field('x-fine'), '1');
  for (const name of ['Content-Length', 'transfer-encoding', 'Connection', 'a b', 'Keep-Alive', 'Upgrade']) {
    const before = stand.backend.requests.length;
    assert.equal((await stand.ask('/named', { fields: [['X-Name', name]] })).status, 500, name);
    assert.equal(stand.backend.requests.length, before, name);
  }
});
