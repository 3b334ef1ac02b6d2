// SPDX-License-Identifier: Apache-2.0
// Goal: servers that fail their health checks get no requests until they pass again; a server nobody knows of yet gets them.
import assert from 'node:assert/strict';
import test from 'node:test';
import { answerBytes, startBackend } from './harness/backend.mjs';
import { send } from './harness/client.mjs';
import { startGateway } from './harness/gateway.mjs';
import { figure, untilFigure } from './harness/metrics.mjs';
import { until } from './harness/until.mjs';

const HEALTH = { path: '/healthz', interval: '100ms', timeout: '500ms', healthy: 2, unhealthy: 2 };

const configOf = (servers, more = {}) => ({
  backends: { main: { servers, health: HEALTH, ...more } },
  routes: [{ name: 'main', path: '/', backend: 'main', policy: 'none' }],
});

// A backend whose health can be turned off; requests and checks are told apart.
async function startPatient(t) {
  const patient = await startBackend(t);
  patient.status = 200;
  patient.handler = async (request, conn) => {
    if (!(await request.whole)) return;
    const isCheck = request.target === '/healthz';
    conn.write(answerBytes({ status: isCheck ? patient.status : 200, body: 'x' }));
  };
  patient.checks = () => patient.requests.filter(({ target }) => target === '/healthz').length;
  patient.served = () => patient.requests.filter(({ target }) => target !== '/healthz').length;
  return patient;
}

test('down: no requests; up: requests again', async (t) => {
  const [one, two] = [await startPatient(t), await startPatient(t)];
  const gateway = await startGateway(t, configOf([one.url, two.url]));
  for (let i = 0; i < 4; i++) await send(gateway.port, {});
  assert.deepEqual([one.served(), two.served()].map((n) => n > 0), [true, true]);
  one.status = 500;
  const event = await gateway.event('server-unhealthy');
  assert.equal(event.server, one.url);
  assert.equal(event.error, 'answered 500');
  await untilFigure(gateway, 'jwtgate_backend_server_healthy', { server: one.url }, 0);
  const before = one.served();
  for (let i = 0; i < 6; i++) assert.equal((await send(gateway.port, {})).status, 200);
  assert.equal(one.served(), before);
  one.status = 204;
  await gateway.event('server-healthy');
  for (let i = 0; i < 6; i++) await send(gateway.port, {});
  assert.ok(one.served() > before);
  assert.ok((await figure(gateway, 'jwtgate_backend_health_checks_total', { server: one.url, result: 'passed' })) > 0);
});

test('the check names the backend as requests do', async (t) => {
  const one = await startPatient(t);
  await startGateway(t, configOf([one.url], { host_header: 'app.example.com' }));
  await until('a check', () => one.checks() > 0);
  const check = one.requests.find(({ target }) => target === '/healthz');
  assert.equal(check.method, 'GET');
  assert.equal(check.field('host'), 'app.example.com');
});

test('a redirect is no health, a server that says nothing neither', async (t) => {
  const moved = await startPatient(t);
  moved.status = 302;
  const mute = await startBackend(t, () => {});
  const gateway = await startGateway(t, configOf([moved.url, mute.url]));
  await until('both', () => gateway.events('server-unhealthy').length === 2);
  const errors = gateway.events('server-unhealthy').map(({ error }) => error).sort();
  assert.deepEqual(errors, ['answered 302', 'no answer within health.timeout']);
});

test('where all are unhealthy, all are tried: the checks may be what is broken', async (t) => {
  const [one, two] = [await startPatient(t), await startPatient(t)];
  one.status = two.status = 404;
  const gateway = await startGateway(t, configOf([one.url, two.url]));
  await until('both', () => gateway.events('server-unhealthy').length === 2);
  for (let i = 0; i < 4; i++) assert.equal((await send(gateway.port, {})).status, 200);
  assert.ok((await figure(gateway, 'jwtgate_backend_panics_total', { backend: 'main' })) >= 4);
});

test('health outlives a reload; taken out of the configuration it is forgotten', async (t) => {
  const [one, two] = [await startPatient(t), await startPatient(t)];
  one.status = 500;
  const config = configOf([one.url, two.url]);
  const gateway = await startGateway(t, config);
  await gateway.event('server-unhealthy');
  await gateway.reload({ ...config, limits: { fields: 100 } });
  const before = one.served();
  for (let i = 0; i < 4; i++) await send(gateway.port, {});
  assert.equal(one.served(), before);
  await gateway.reload(configOf([one.url, two.url], { health: undefined }));
  for (let i = 0; i < 4; i++) await send(gateway.port, {});
  assert.ok(one.served() > before);
  const checks = one.checks();
  await send(gateway.port, {});
  assert.ok(one.checks() <= checks + 1);
});
