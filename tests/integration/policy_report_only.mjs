// SPDX-License-Identifier: Apache-2.0
// Goal: on a report-only route policies refuse nothing: what they would refuse is logged and counted, the steps behind it run, and
// nothing of it is left for what is refused later on for another reason.
import assert from 'node:assert/strict';
import test from 'node:test';
import { connect, requestBytes, send } from './harness/client.mjs';
import { startPolicies, validate } from './harness/policies.mjs';
import { until } from './harness/until.mjs';

const header = (name, value) => `<set-header name="${name}"><value>${value}</value></set-header>`;
const check = '<check-header name="X-Key" failed-check-httpcode="403" failed-check-error-message="no key" ignore-case="true" />';
const failing = header('X-Failing', '@((string)context.Variables.GetValueOrDefault("none") + context.Request.Headers["X-None"])');
const answer = '<return-response><set-status code="418" /><set-body>own</set-body></return-response>';
const reportOnly = { mode: 'report-only' };

async function counted(stand, route, reason, mode = 'report-only') {
  const { text } = await send(stand.gateway.adminPort, { target: '/metrics', host: 'localhost' });
  const line = new RegExp(`^jwtgate_token_verdicts_total\\{route="${route}",reason="${reason}",mode="${mode}"\\} (\\d+)$`, 'm').exec(text);
  return line ? Number(line[1]) : 0;
}

const lastLine = (stand, count) => until(`${count} access lines`, () => {
  const lines = stand.gateway.events('access');
  return lines.length >= count && lines.at(-1);
});

test('what policies would refuse passes, is logged and counted', async (t) => {
  const stand = await startPolicies(t, (issuer) => ({
    inbound: { inbound: `${validate(issuer)}${check}${header('X-After', 'in')}` },
    backend: { inbound: validate(issuer), backend: `${failing}${header('X-After', 'back')}<forward-request />` },
    outbound: { inbound: validate(issuer), outbound: `${failing}${header('X-After', 'out')}` },
    enforced: { inbound: validate(issuer), outbound: failing },
  }), { routes: { inbound: reportOnly, backend: reportOnly, outbound: reportOnly } });
  const reasons = { inbound: 'HeaderNotFound', backend: 'ExpressionValueEvaluationFailure', outbound: 'ExpressionValueEvaluationFailure' };
  let lines = 0;
  for (const [name, reason] of Object.entries(reasons)) {
    await t.test(name, async () => {
      const reply = await stand.ask(`/${name}`);
      assert.equal(reply.status, 200);
      assert.ok(name === 'outbound' ? reply.field('x-after') === 'out' : stand.reached.has('x-after'), 'the step behind it ran');
      const line = await lastLine(stand, ++lines);
      assert.deepEqual([line.mode, line.reason, line.status], ['report-only', reason, '200']);
      assert.equal(await counted(stand, name, reason), 1);
      assert.equal(await counted(stand, name, 'None'), 0);
    });
  }
  await t.test('what is fine is no report', async () => {
    assert.equal((await stand.ask('/inbound', { fields: [['X-Key', '1']] })).status, 200);
    assert.equal(await counted(stand, 'inbound', 'None'), 1);
  });
  await t.test('enforced, it refuses', async () => {
    assert.equal((await stand.ask('/enforced')).status, 500);
  });
});

test('nothing of a reported refusal is left for what comes later', async (t) => {
  const handler = (request, conn) => (request.target.startsWith('/cut') ? conn.destroy()
    : request.whole.then(() => conn.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')).catch(() => {}));
  const stand = await startPolicies(t, (issuer) => ({
    cut: { inbound: validate(issuer) + check },
    body: { inbound: validate(issuer) + check, 'on-error': answer },
  }), { handler, routes: { cut: reportOnly, body: reportOnly } });
  const reply = await stand.ask('/cut');
  assert.deepEqual([reply.status, JSON.parse(reply.text).statusCode], [502, 502]);
  const client = await connect(stand.gateway.port);
  await client.write(requestBytes({ method: 'POST', target: '/body', token: stand.issuer.token(), fields: { 'Transfer-Encoding': 'chunked' } }));
  await client.write('5\r\nhello\r\nzz\r\n');
  assert.equal((await client.answer({ method: 'POST' })).status, 400);
  await client.closing();
});

test('an answer of on-error ends the connection where the refusal would', async (t) => {
  const stand = await startPolicies(t, (issuer) => ({ long: { inbound: validate(issuer), 'on-error': answer } }));
  for (const [token, connection] of [['x'.repeat(20000), 'close'], ['x', undefined]]) {
    const reply = await stand.ask('/long', { token });
    assert.deepEqual([reply.status, reply.text, reply.field('connection')], [418, 'own', connection]);
  }
});

test('who leaves while keys are waited for is not counted as passed', async (t) => {
  const stand = await startPolicies(t, (issuer) => ({ wait: { inbound: validate(issuer) + header('X-A', '1') } }),
    { config: { keys: { cooldown: '1s', wait: '20s' } } });
  await new Promise((resolve) => setTimeout(resolve, 1100));
  let held;
  stand.issuer.jwks = (request, response) => (held = response);
  stand.issuer.rotate();
  const client = await connect(stand.gateway.port);
  await client.write(requestBytes({ target: '/wait', token: stand.issuer.token() }));
  await until('a fetch of keys', () => held);
  client.socket.resetAndDestroy();
  await until('the request counted', async () => (await counted(stand, 'wait', 'TokenSignatureKeyNotFound', 'enforce')) === 1);
  assert.equal(await counted(stand, 'wait', 'None', 'enforce'), 0);
  held.destroy();
});

test('a header that a policy sets is not the client\'s to send, even where nothing could be put in its place', async (t) => {
  const user = '@(((Jwt)context.Variables["jwt"]).Subject)';
  const stand = await startPolicies(t, (issuer) => ({
    user: { inbound: `${validate(issuer, 'output-token-variable-name="jwt"')}${header('X-User', user)}<set-header name="X-Kept" exists-action="skip"><value>${user}</value></set-header>` },
  }), { routes: { user: reportOnly } });
  const seen = () => stand.reached.fields.filter(([name]) => /^x.(user|kept)$/i.test(name));
  const fields = [['X-User', 'evil'], ['x_user', 'evil'], ['X-Kept', 'own']];
  assert.equal((await stand.ask('/user', { token: null, fields })).status, 200);
  assert.deepEqual(seen(), [['X-Kept', 'own']]);
  assert.equal((await stand.ask('/user', { fields })).status, 200);
  assert.deepEqual(seen(), [['X-Kept', 'own'], ['X-User', 'someone']]);
});
