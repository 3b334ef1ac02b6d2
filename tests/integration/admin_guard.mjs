// SPDX-License-Identifier: Apache-2.0
// Attack: a page in the operator's own browser, or whoever reaches the admin listener, speaks to it.  Goal: only who may is answered.
// Method: each protection with a neighbour that passes.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { connect, send } from './harness/client.mjs';
import { run, tempDir, writeFiles } from './harness/gateway.mjs';
import { figure } from './harness/metrics.mjs';
import { startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

const TOKEN = 'an-admin-token-of-32-bytes-0123!';
const JSON_TYPE = ['Content-Type', 'application/json'];

// A stand whose admin listener is asked as { target, method, host, fields, token }.
async function standOf(t, admin = {}) {
  const stand = await startStand(t, { hasKeys: false, config: { admin: { bind: '127.0.0.1:0', ...admin } } });
  const port = stand.gateway.adminPort;
  const ask = (target, { token, fields = [], ...more } = {}) => send(port, {
    target, host: `127.0.0.1:${port}`, fields: [...fields, ...(token ? [['Authorization', `Bearer ${token}`]] : [])], ...more,
  });
  const post = (target, body, more = {}) => ask(target, { method: 'POST', body, ...more, fields: [JSON_TYPE, ...(more.fields ?? [])] });
  return { ...stand, port, ask, post };
}

test('only a Host that is known is answered: names that others point here are not', async (t) => {
  const stand = await standOf(t, { hosts: ['gateway.internal', 'tunnel.example:9999'] });
  const { port } = stand;
  const hosts = {
    [`127.0.0.1:${port}`]: 200, [`localhost:${port}`]: 200, [`LOCALHOST:${port}`]: 200, localhost: 200, [`[::1]:${port}`]: 200,
    [`127.0.0.1:${port + 1}`]: 421, [`evil.example:${port}`]: 421, 'evil.example': 421, [`localhost.evil.example:${port}`]: 421,
    [`10.0.0.1:${port}`]: 421, [`127.0.0.1.evil.example:${port}`]: 421,
    'gateway.internal': 200, [`Gateway.Internal:${port}`]: 200, 'gateway.internal:1': 200, 'not.gateway.internal': 421,
    'tunnel.example:9999': 200, 'tunnel.example': 421, [`tunnel.example:${port}`]: 421,
  };
  for (const [host, status] of Object.entries(hosts))
    assert.equal((await stand.ask('/livez', { host })).status, status, host);
  assert.equal((await stand.ask('/nothing', { host: 'evil.example' })).status, 421);
  const told = await stand.gateway.event('admin-refused');
  assert.deepEqual([told.reason, told.client, told.status], ['host', '127.0.0.1', '421']);
  assert.ok((await figure(stand.gateway, 'jwtgate_admin_refused_total', { reason: 'host' })) >= 9);
});

test('a POST is JSON, of the same origin, and says so', async (t) => {
  const stand = await standOf(t);
  const { port } = stand;
  const type = (value) => ({ method: 'POST', body: '{}', fields: value ? [['Content-Type', value]] : [] });
  assert.equal((await stand.ask('/reload', type('application/json'))).status, 200);
  assert.equal((await stand.ask('/reload', type('Application/JSON ; charset=utf-8'))).status, 200);
  for (const value of [undefined, 'text/plain', 'application/x-www-form-urlencoded', 'text/plain; application/json', 'application/jsonx'])
    assert.equal((await stand.ask('/reload', type(value))).status, 415, value);
  const from = (...fields) => stand.post('/reload', '{}', { fields });
  assert.equal((await from(['Origin', `http://127.0.0.1:${port}`])).status, 200);
  for (const origin of ['http://evil.example', 'null', `https://127.0.0.1:${port}`, `http://127.0.0.1:${port + 1}`, 'http://127.0.0.1', `http://localhost:${port}`])
    assert.equal((await from(['Origin', origin])).status, 403, origin);
  assert.equal((await from(['Origin', `http://127.0.0.1:${port}`], ['Origin', 'http://evil.example'])).status, 403);
  for (const [site, status] of [['same-origin', 200], ['none', 200], ['same-site', 403], ['cross-site', 403]])
    assert.equal((await from(['Sec-Fetch-Site', site])).status, status, site);
  assert.equal((await stand.ask('/livez', { fields: [['Origin', 'http://evil.example']] })).status, 403);
  assert.equal((await stand.ask('/livez', { fields: [['Sec-Fetch-Site', 'cross-site']] })).status, 200);
  assert.equal(stand.gateway.events('reloaded').length, 5);
});

test('a body is kept of whoever may send it, and for a path that takes one', async (t) => {
  const { port } = await standOf(t, { token: TOKEN });
  const head = (...lines) => [...lines, `Host: 127.0.0.1:${port}`, 'Content-Type: application/json', '', ''].join('\r\n');
  const right = `Authorization: Bearer ${TOKEN}`;
  const refused = [ // the body is never sent: who waits for it answers nothing
    [401, 'POST /explain HTTP/1.1', 'Content-Length: 200000'],
    [401, 'POST /explain HTTP/1.1', 'Transfer-Encoding: chunked'],
    [413, 'GET / HTTP/1.1', 'Content-Length: 200000'],
    [413, 'GET /livez HTTP/1.1', 'Content-Length: 200000', right],
    [404, 'POST /nothing HTTP/1.1', 'Content-Length: 200000'],
    [405, 'POST /status HTTP/1.1', 'Content-Length: 200000'],
  ];
  for (const [status, ...lines] of refused) {
    const client = await connect(port);
    t.after(() => client.destroy());
    client.write(head(...lines));
    assert.equal((await client.answer()).status, status, lines.join(', '));
  }
  const client = await connect(port);
  t.after(() => client.destroy());
  client.write(head('POST /log HTTP/1.1', 'Content-Length: 16', right));
  client.write('{"level":"info"}');
  assert.equal((await client.answer()).status, 200);
});

test('unknown paths and methods', async (t) => {
  const stand = await standOf(t);
  assert.deepEqual(JSON.parse((await stand.ask('/nothing')).text), { error: 'no such path on this listener' });
  for (const [method, target, allowed] of [
    ['DELETE', '/status', 'GET, HEAD'],
    ['GET', '/reload', 'POST'],
    ['DELETE', '/log', 'GET, HEAD, POST'],
    ['PUT', '/console/ticket', 'POST'],
    ['GET', '/console/ticket', 'POST'],
    ['PUT', '/console/main.js', 'GET, HEAD'],
    ['POST', '/callback?code=c', 'GET'],
    ['HEAD', '/callback', 'GET'],
    ['TRACE', '/callback?code=c', 'GET'],
    ['TRACE', '/log', 'GET, HEAD, POST'],
    ['TRACE', '/nothing', ''],
    ['CONNECT', 'api.example:443', ''],
  ]) {
    const answer = await stand.ask(target, { method });
    assert.deepEqual([answer.status, answer.field('allow')], [405, allowed], `${method} ${target}`);
    if (method !== 'HEAD') assert.deepEqual(Object.keys(JSON.parse(answer.text)), ['error'], `${method} ${target}`);
  }
  const answer = await stand.ask('/status');
  assert.equal(answer.field('cache-control'), 'no-store');
  assert.equal(answer.field('x-content-type-options'), 'nosniff');
});

test('what is no request of HTTP, or a larger one than is read, is answered in API Management\'s shape', async (t) => {
  const { port } = await standOf(t);
  const host = `Host: 127.0.0.1:${port}`;
  const body = ['Content-Type: application/json', 'Content-Length: 262145'];
  for (const [status, ...lines] of [
    [400, 'GET /status HTTP/1.1'],
    [413, 'POST /explain HTTP/1.1', host, ...body],
    [414, `GET /${'x'.repeat(8192)} HTTP/1.1`, host],
    [417, 'POST /explain HTTP/1.1', host, 'Expect: more', ...body],
    [431, 'GET /status HTTP/1.1', host, `X: ${'x'.repeat(32768)}`],
    [501, 'BREW /status HTTP/1.1', host],
    [505, 'GET /status HTTP/2.1', host],
  ]) {
    const client = await connect(port);
    t.after(() => client.destroy());
    client.write([...lines, '', ''].join('\r\n'));
    const answer = await client.answer();
    const { statusCode, message, ...more } = JSON.parse(answer.text);
    assert.deepEqual([answer.status, statusCode, typeof message, more], [status, status, 'string', {}], lines[0].slice(0, 40));
  }
});

test('with a token, who does not show it is let in nowhere', async (t) => {
  const stand = await standOf(t, { token: TOKEN });
  for (const target of ['/livez', '/readyz', '/metrics', '/status', '/log']) {
    const none = await stand.ask(target);
    assert.equal(none.status, 401, target);
    assert.equal(none.field('www-authenticate'), 'Bearer realm="jwtgate admin"');
    assert.equal((await stand.ask(target, { token: TOKEN })).status === 401, false, target);
  }
  assert.equal((await stand.post('/reload', '{}')).status, 401);
  assert.equal((await stand.post('/reload', '{}', { token: TOKEN })).status, 200);
  assert.equal((await stand.ask('/status', { fields: [['Authorization', `bearer ${TOKEN}`]] })).status, 200);
  const wrong = [TOKEN.slice(0, -1), `${TOKEN}x`, TOKEN.toUpperCase(), '', 'x'];
  for (const token of wrong)
    assert.equal((await stand.ask('/status', { fields: [['Authorization', `Bearer ${token}`]] })).status, 401, token);
  assert.equal((await stand.ask('/status', { fields: [['Authorization', `Basic ${TOKEN}`]] })).status, 401);
  assert.equal((await stand.ask('/status', { fields: [['Authorization', `Bearer ${TOKEN}`], ['Authorization', 'Bearer x']] })).status, 401);
  assert.ok(!stand.gateway.output.includes(TOKEN.slice(0, 12)));
});

test('ten wrong tokens of an address in a minute, then none is looked at', async (t) => {
  const stand = await standOf(t, { token: TOKEN, health: { bind: '127.0.0.1:0' } });
  const statuses = [];
  for (let i = 0; i < 40 && statuses.at(-1) !== 429; i++) statuses.push((await stand.ask('/status', { token: `wrong-${i}` })).status);
  assert.ok(statuses.filter((status) => status === 401).length >= 10, String(statuses));
  const limited = await stand.ask('/status', { token: TOKEN });
  assert.equal(limited.status, 429);
  assert.ok(Number(limited.field('retry-after')) >= 1);
  assert.equal((await stand.ask('/status')).status, 401);
  const told = stand.gateway.events('admin-refused');
  assert.ok(told.length >= 1 && told.length < 15, String(told.length));
  const { text } = await send(stand.gateway.healthPort, { target: '/metrics', host: 'any' });
  assert.match(text, /jwtgate_admin_refused_total\{reason="credentials"\} 1\d\n/);
  assert.match(text, /jwtgate_admin_refused_total\{reason="limited"\} [1-9]/);
});

test('a listener for probes has these three alone, for anybody', async (t) => {
  const stand = await standOf(t, { token: TOKEN, health: { bind: '127.0.0.1:0' } });
  const { healthPort } = stand.gateway;
  assert.notEqual(healthPort, undefined);
  const ask = (target, more) => send(healthPort, { target, host: 'pod.example', ...more });
  for (const target of ['/livez', '/metrics']) assert.equal((await ask(target)).status, 200, target);
  await until('readiness', async () => (await ask('/readyz')).status === 200);
  for (const target of ['/status', '/log', '/', '/console/main.js', '/explain'])
    assert.equal((await ask(target, { token: TOKEN })).status, 404, target);
  const posted = await ask('/reload', { method: 'POST', body: '{}', fields: [JSON_TYPE] });
  assert.equal(posted.status, 404);
  assert.equal(stand.gateway.events('reloaded').length, 0);
});

test('the listener for probes comes, moves and goes at a reload, and so does the token', async (t) => {
  const stand = await standOf(t);
  const reload = (admin) => stand.gateway.reload({ ...stand.config, admin: { bind: '127.0.0.1:0', ...admin } });
  assert.equal((await stand.ask('/status')).status, 200);
  await reload({ token: TOKEN, health: { bind: '127.0.0.1:0' } });
  stand.gateway.addresses();
  const { healthPort } = stand.gateway;
  assert.equal((await send(healthPort, { target: '/livez', host: 'x' })).status, 200);
  assert.equal((await stand.ask('/status')).status, 401);
  assert.equal((await stand.ask('/status', { token: TOKEN })).status, 200);
  await reload({});
  const closed = await stand.gateway.event('listener-closed');
  assert.deepEqual([closed.listener, closed.address], ['health', `127.0.0.1:${healthPort}`]);
  assert.equal((await stand.ask('/status')).status, 200);
  assert.equal(stand.gateway.events('listening').filter(({ listener }) => listener === 'admin').length, 1);
});

test('a unix socket takes any Host, and the token all the same', async (t) => {
  const socket = path.join(tempDir(t), 'admin.sock');
  const stand = await startStand(t, { hasKeys: false, config: { admin: { bind: `unix:${socket}`, token: TOKEN } } });
  await stand.gateway.event('ready');
  const ask = (more) => send(socket, { target: '/livez', host: 'whoever', ...more });
  assert.equal((await ask()).status, 401);
  assert.equal((await ask({ token: TOKEN })).status, 200);
});

test('what check says of an admin listener that is reached from elsewhere', async (t) => {
  const dir = tempDir(t);
  const check = async (admin) => {
    writeFiles(dir, { 'gateway.yaml': { listeners: [{ bind: '127.0.0.1:0' }], admin, backends: { a: { servers: ['http://127.0.0.1:9'] } }, routes: [{ name: 'a', path: '/', backend: 'a', policy: 'none' }] } });
    return run(['check', '-c', path.join(dir, 'gateway.yaml')], { env: { ADMIN_TOKEN: TOKEN, SHORT: 'fifteen-bytes-0' } });
  };
  const open = await check({ bind: '0.0.0.0:9180' });
  assert.equal(open.status, 1);
  assert.match(open.stderr, /error: the admin listener is reached from elsewhere, so it asks for credentials/);
  const plain = await check({ bind: '0.0.0.0:9180', token: '${ADMIN_TOKEN}' });
  assert.equal(plain.status, 0);
  assert.match(plain.stderr, /warning: the admin listener is reached from elsewhere without TLS/);
  const near = await check({ bind: '127.0.0.1:9180', token: '${ADMIN_TOKEN}', health: { bind: '0.0.0.0:9181' } });
  assert.deepEqual([near.status, /warning/.test(near.stderr)], [0, false]);
  const short = await check({ bind: '127.0.0.1:9180', token: '${SHORT}' });
  assert.equal(short.status, 1);
  assert.match(short.stderr, /"token" has 15 bytes; 16 or more/);
  assert.ok(!short.stderr.includes('fifteen'));
  const host = await check({ hosts: ['http://a'] });
  assert.match(host.stderr, /"http:\/\/a" is no host/);
  const twice = await check({ bind: '127.0.0.1:9180', health: { bind: '127.0.0.1:9180' } });
  assert.match(twice.stderr, /"127\.0\.0\.1:9180" is bound twice/);
});
