// SPDX-License-Identifier: Apache-2.0
// Goal: POST /reload takes the configuration up whole and tells what changed, or changes nothing and tells why; nobody's request is
// lost over it.
import assert from 'node:assert/strict';
import net from 'node:net';
import test from 'node:test';
import { answerBytes } from './harness/backend.mjs';
import { requestBytes, send } from './harness/client.mjs';
import { completed, writeFiles } from './harness/gateway.mjs';
import { startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

async function standOf(t, more = {}) {
  const stand = await startStand(t, more);
  // Writes the configuration and asks for it: { status, body }.
  const reload = async (config, files = {}) => {
    writeFiles(stand.gateway.dir, { ...files, 'gateway.yaml': typeof config === 'string' ? config : completed(config) });
    const { status, text } = await send(stand.gateway.adminPort, {
      target: '/reload', method: 'POST', host: 'localhost', body: '{}', fields: [['Content-Type', 'application/json']],
    });
    return { status, body: JSON.parse(text) };
  };
  return { ...stand, reload };
}

const policy = (message) => `<validate-jwt header-name="Authorization" failed-validation-error-message="${message}"><issuer-signing-keys><key>c2VjcmV0LW9mLXR3ZW50eS1mb3VyLWJ5dGVzIQ==</key></issuer-signing-keys></validate-jwt>`;

test('what changed is named, and nothing else', async (t) => {
  const stand = await standOf(t);
  const { config } = stand;
  assert.deepEqual(await stand.reload(config), { status: 200, body: { changes: [] } });
  const more = {
    ...config,
    backends: { ...config.backends, other: { servers: [stand.backend.url] } },
    routes: [{ ...config.routes[0], realm: 'r' }, { name: 'other', path: '/other', backend: 'other', policy: 'other.xml' }],
    limits: { fields: 100 },
    named_values: { password: 'never-to-be-told' },
  };
  const second = await stand.reload(more, { 'other.xml': policy('one') });
  assert.equal(second.status, 200);
  assert.deepEqual([...second.body.changes].sort(), ['backend "other" added', 'limits added', 'named_values added', 'route "main" changed', 'route "other" added']);
  assert.deepEqual((await stand.reload(more, { 'other.xml': policy('two') })).body.changes, ['route "other" changed']);
  const secret = { ...more, named_values: { password: 'also-never-told' } };
  assert.deepEqual((await stand.reload(secret)).body.changes, ['named_values changed']);
  const less = await stand.reload(config);
  assert.deepEqual([...less.body.changes].sort(), ['backend "other" removed', 'limits removed', 'named_values removed', 'route "main" changed', 'route "other" removed']);
  const moved = await stand.reload({ ...config, listeners: [{ bind: '127.0.0.1:0' }, { bind: '[::1]:0' }] });
  assert.deepEqual(moved.body.changes, ['listener "[::1]:0" added']);
  await stand.gateway.event('reloaded', 5);
  const told = stand.gateway.events('reloaded');
  assert.equal(told.length, 6);
  assert.ok(told.every(({ by }) => by === 'admin'));
  assert.ok(!stand.gateway.output.includes('never-to-be-told'));
});

test('workers and user are said to wait for a restart, as long as they differ from what runs', async (t) => {
  const stand = await standOf(t);
  const { config } = stand;
  const changes = async (more, files) => (await stand.reload({ ...config, ...more }, files)).body.changes;
  assert.deepEqual(await changes({ workers: 3 }), ['workers: only at a restart']);
  assert.deepEqual(await changes({ workers: 3, limits: { fields: 100 } }), ['limits added', 'workers: only at a restart']);
  assert.deepEqual(await changes({ workers: 2 }), ['limits removed']);
  assert.deepEqual(await changes({}), []);
  assert.deepEqual(await changes({ user: 'nobody' }), ['user: only at a restart']);
  assert.deepEqual(await changes({}), []);
  await stand.gateway.event('reloaded', 5);
  assert.deepEqual(stand.gateway.events('reload-partial').map(({ key }) => key), ['workers', 'workers', 'user']);
});

test('a broken file changes nothing, and each problem has its place', async (t) => {
  const stand = await standOf(t);
  const kept = await stand.connect();
  kept.write(requestBytes({ token: stand.issuer.token() }));
  assert.equal((await kept.answer()).status, 200);
  const broken = await stand.reload('listeners: [ { bind: nowhere } ]\nbackend: {}\n');
  assert.equal(broken.status, 422);
  const places = broken.body.errors.map(({ file, line, column }) => [file.split('/').at(-1), line, column]);
  for (const place of [['gateway.yaml', 1, 22], ['gateway.yaml', 2, 1]])
    assert.ok(places.some((at) => String(at) === String(place)), JSON.stringify(places));
  assert.ok(broken.body.errors.some(({ message }) => message.includes('"nowhere" is no address')));
  assert.ok(broken.body.errors.some(({ message }) => message.includes('unknown key "backend"')));
  const told = await stand.gateway.event('reload-failed');
  assert.equal(told.by, 'admin');
  kept.write(requestBytes({ token: stand.issuer.token() }));
  assert.equal((await kept.answer()).status, 200);
  assert.equal((await stand.get()).status, 200);
  kept.destroy();
  const half = await stand.reload('listeners: [');
  assert.equal(half.status, 422);
  assert.equal(half.body.errors.length, 1);
  assert.equal((await stand.get()).status, 200);
});

test('a port that is taken refuses the reload, also by the admin listener, and is told as an error', async (t) => {
  const stand = await standOf(t);
  const server = net.createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const taken = `127.0.0.1:${server.address().port}`;
  for (const config of [{ listeners: [{ bind: taken }] }, { admin: { bind: taken } }, { admin: { bind: '127.0.0.1:0', health: { bind: taken } } }]) {
    const { status, body } = await stand.reload({ ...stand.config, ...config });
    assert.equal(status, 422);
    assert.deepEqual([body.errors.length, body.errors[0].file, body.errors[0].line, body.errors[0].column], [1, null, null, null]);
    assert.match(body.errors[0].message, new RegExp(String(server.address().port)));
  }
  assert.equal((await stand.get()).status, 200);
  assert.equal((await stand.reload(stand.config)).status, 200);
});

test('the admin listener may move by the very reload it answers', async (t) => {
  const stand = await standOf(t);
  const before = stand.gateway.adminPort;
  const socket = `unix:${stand.gateway.dir}/admin.sock`;
  const moved = await stand.reload({ ...stand.config, admin: { bind: socket } });
  assert.deepEqual(moved, { status: 200, body: { changes: ['admin changed'] } });
  const closed = await stand.gateway.event('listener-closed');
  assert.deepEqual([closed.listener, closed.address], ['admin', `127.0.0.1:${before}`]);
  assert.equal((await send(socket.slice(5), { target: '/livez', host: 'x' })).status, 200);
});

test('nothing is reloaded in a drain', async (t) => {
  const held = [];
  const stand = await standOf(t, { handler: (request, conn) => held.push(conn), config: { timeouts: { drain: '60s' } } });
  const busy = await stand.connect();
  busy.write(requestBytes({ token: stand.issuer.token() }));
  await until('the request', () => held.length === 1);
  stand.gateway.signal('SIGTERM');
  await stand.gateway.event('draining');
  const { status, body } = await stand.reload(stand.config);
  assert.equal(status, 409);
  assert.match(body.error, /ending/);
  held[0].write(answerBytes({ body: 'late' }));
  assert.equal((await busy.answer()).text, 'late');
  busy.destroy();
  assert.deepEqual(await stand.gateway.ended, { status: 0, signal: null });
});

test('no member is taken, and no body is as good as {}', async (t) => {
  const stand = await standOf(t);
  const post = async (body) => (await send(stand.gateway.adminPort, {
    target: '/reload', method: 'POST', host: 'localhost', body, fields: [['Content-Type', 'application/json']],
  })).status;
  assert.equal(await post(''), 200);
  assert.equal(await post(' { } '), 200);
  for (const body of ['{"force":true}', '[]', 'null', '{', '}']) assert.equal(await post(body), 400, body);
});
