// SPDX-License-Identifier: Apache-2.0
// Goal: a server that fails is left out, by all workers, tried again later, and forgotten by no reload; the last one is never
// left out.
import assert from 'node:assert/strict';
import net from 'node:net';
import test from 'node:test';
import { answerBytes, startBackend } from './harness/backend.mjs';
import { send } from './harness/client.mjs';
import { startGateway } from './harness/gateway.mjs';
import { figure, untilFigure } from './harness/metrics.mjs';
import { until } from './harness/until.mjs';

const nonsense = async (request, conn) => {
  await request.whole;
  conn.end('SSH-2.0-OpenSSH_9.2\r\n\r\n');
};

const configOf = (servers, more = {}, workers = 2) => ({
  workers,
  backends: { main: { servers, ejection: { failures: 3, for: '60s' }, ...more } },
  routes: [{ name: 'main', path: '/', backend: 'main', policy: 'none' }],
});

test('a server that fails requests in a row is left out, and only then', async (t) => {
  const bad = await startBackend(t, nonsense);
  const good = await startBackend(t);
  const gateway = await startGateway(t, configOf([bad.url, good.url]));
  const statuses = [];
  for (let i = 0; i < 20; i++) statuses.push((await send(gateway.port, {})).status);
  assert.equal(statuses.filter((status) => status === 502).length, 3);
  assert.equal(statuses.filter((status) => status === 200).length, 17);
  assert.equal(bad.requests.length, 3);
  const event = await gateway.event('server-ejected');
  assert.equal(event.backend, 'main');
  assert.equal(event.server, bad.url);
  assert.equal(await figure(gateway, 'jwtgate_backend_server_ejected', { server: bad.url }), 1);
  assert.equal(await figure(gateway, 'jwtgate_backend_server_ejected', { server: good.url }), 0);
  assert.equal(await figure(gateway, 'jwtgate_backend_ejections_total', { server: bad.url }), 1);
});

test('a server that is away costs its requests nothing, and is left out as well', async (t) => {
  const away = await startBackend(t);
  await away.stop();
  const good = await startBackend(t);
  const gateway = await startGateway(t, configOf([away.url, good.url]));
  for (let i = 0; i < 10; i++) assert.equal((await send(gateway.port, { method: 'POST', body: 'x' })).status, 200);
  await gateway.event('server-ejected');
  assert.equal(good.requests.length, 10);
});

test('a server that cannot do TLS is passed over and left out, as one that is away', async (t) => {
  const plain = net.createServer((socket) => void socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await new Promise((resolve) => plain.listen(0, '127.0.0.1', resolve));
  t.after(() => plain.close());
  const good = await startBackend(t);
  const servers = [`https://127.0.0.1:${plain.address().port}`, good.url];
  const gateway = await startGateway(t, configOf(servers, { tls: { verify: false } }));
  for (let i = 0; i < 10; i++) assert.equal((await send(gateway.port, { method: 'POST', body: 'x' })).status, 200);
  const { error } = await gateway.event('server-ejected');
  assert.match(error, /^TLS: /);
  assert.equal(good.requests.length, 10);
});

test('it returns when its time is over, and stays when it works', async (t) => {
  let isBad = true;
  const moody = await startBackend(t, async (request, conn) => {
    if (isBad) return nonsense(request, conn);
    await request.whole;
    return conn.write(answerBytes());
  });
  const good = await startBackend(t);
  const gateway = await startGateway(t, configOf([moody.url, good.url], { ejection: { failures: 1, for: '300ms' } }));
  for (let i = 0; i < 2; i++) await send(gateway.port, {});
  await gateway.event('server-ejected');
  isBad = false;
  await gateway.event('server-returned');
  await untilFigure(gateway, 'jwtgate_backend_server_ejected', { server: moody.url }, 0);
  for (let i = 0; i < 8; i++) assert.equal((await send(gateway.port, {})).status, 200);
  assert.ok(moody.requests.length > 2);
  assert.equal(gateway.events('server-ejected').length, 1);
});

test('a reload that leaves the server as it was does not let it back in', async (t) => {
  const bad = await startBackend(t, nonsense);
  const good = await startBackend(t);
  const config = configOf([bad.url, good.url]);
  const gateway = await startGateway(t, config);
  for (let i = 0; i < 10; i++) await send(gateway.port, {});
  await gateway.event('server-ejected');
  const seen = bad.requests.length;
  await gateway.reload({ ...config, limits: { fields: 100 } });
  for (let i = 0; i < 6; i++) assert.equal((await send(gateway.port, {})).status, 200);
  assert.equal(bad.requests.length, seen);
});

test('where all are left out, all are tried', async (t) => {
  let isBad = true;
  const handler = async (request, conn) => {
    if (isBad) return nonsense(request, conn);
    await request.whole;
    return conn.write(answerBytes());
  };
  const backends = [await startBackend(t, handler), await startBackend(t, handler)];
  const gateway = await startGateway(t, configOf(backends.map(({ url }) => url)));
  for (let i = 0; i < 12; i++) assert.equal((await send(gateway.port, {})).status, 502);
  await until('both ejected', () => gateway.events('server-ejected').length === 2);
  assert.ok((await figure(gateway, 'jwtgate_backend_panics_total', { backend: 'main' })) > 0);
  isBad = false;
  for (let i = 0; i < 4; i++) assert.equal((await send(gateway.port, {})).status, 200);
  await gateway.event('server-returned'); // by what it answered: its time is not over
});

test('a single server is never left out', async (t) => {
  const backend = await startBackend(t, nonsense);
  const gateway = await startGateway(t, configOf([backend.url]));
  for (let i = 0; i < 8; i++) assert.equal((await send(gateway.port, {})).status, 502);
  assert.equal(backend.requests.length, 8);
  assert.equal(gateway.events('server-ejected').length, 0);
});

test('answers of the server itself are no failures, whatever their status', async (t) => {
  const backend = await startBackend(t);
  backend.answer({ status: 503, phrase: 'Service Unavailable' });
  const other = await startBackend(t);
  const gateway = await startGateway(t, configOf([backend.url, other.url], {}, 1));
  for (let i = 0; i < 12; i++) await send(gateway.port, {});
  assert.equal(backend.requests.length, 6);
});
