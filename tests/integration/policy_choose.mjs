// SPDX-License-Identifier: Apache-2.0
// Goal: choose, return-response, check-header and ip-filter decide as API Management does; what they refuse never reaches the
// backend, and an expression that fails is a refusal too.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startPolicies, validate } from './harness/policies.mjs';
import { until } from './harness/until.mjs';

const FORBIDDEN = `<return-response><set-status code="403" reason="Not for you" /><set-header name="X-Why"><value>group</value></set-header>
  <set-body>@("only finance, " + context.Request.Method)</set-body></return-response>`;

async function refusedWithout(stand, target, request, status) {
  const before = stand.backend.requests.length;
  const answer = await stand.ask(target, request);
  assert.equal(answer.status, status, target);
  assert.equal(stand.backend.requests.length, before, 'the backend heard of it');
  return answer;
}

test('a role for one method, by choose and the token\'s claims', async (t) => {
  const stand = await startPolicies(t, (issuer) => ({
    role: { inbound: `<base />${validate(issuer, 'output-token-variable-name="jwt"')}
      <choose><when condition="@(context.Request.Method == "POST" && !((Jwt)context.Variables["jwt"]).Claims["group"].Contains("finance"))">${FORBIDDEN}</when></choose>` },
  }));
  const inFinance = () => stand.issuer.token({ group: ['sales', 'finance'] });
  const inSales = () => stand.issuer.token({ group: ['sales'] });
  assert.equal((await stand.ask('/role', { token: inSales() })).status, 200);
  assert.equal((await stand.ask('/role', { token: inFinance(), method: 'POST', body: 'x' })).status, 200);
  const answer = await refusedWithout(stand, '/role', { token: inSales(), method: 'POST', body: 'x' }, 403);
  assert.equal(answer.phrase, 'Not for you');
  assert.equal(answer.field('x-why'), 'group');
  assert.equal(answer.text, 'only finance, POST');
  await refusedWithout(stand, '/role', { method: 'POST', body: 'x' }, 500); // no such claim
  const lineOf = (wanted) => until(`the access line of ${wanted}`, () => stand.gateway.events('access').find(({ status }) => status === wanted));
  assert.equal((await lineOf('500')).reason, 'ExpressionValueEvaluationFailure');
  assert.equal((await lineOf('403')).policy, 'inbound/choose[1]/when[1]/return-response[1]');
  assert.equal((await lineOf('200')).policy, undefined);
});

test('the first true branch, otherwise, and branches within branches', async (t) => {
  const mark = (text) => `<set-header name="X-Branch" exists-action="append"><value>${text}</value></set-header>`;
  const is = (value) => `@(context.Request.Headers.GetValueOrDefault("X-In","") == "${value}")`;
  const stand = await startPolicies(t, (issuer) => ({
    branch: { inbound: `${validate(issuer)}<choose>
        <when condition="${is('a')}">${mark('a')}<choose><when condition="@(context.Request.Method == "HEAD")">${mark('head')}</when><otherwise>${mark('body')}</otherwise></choose></when>
        <when condition="@(context.Request.Headers.ContainsKey("X-In") && context.Request.Headers["X-In"][0].StartsWith("a"))">${mark('a-something')}</when>
        <otherwise>${mark('other')}</otherwise>
      </choose>${mark('behind')}` },
  }));
  const rows = [['a', 'GET', 'a, body, behind'], ['a', 'HEAD', 'a, head, behind'], ['ab', 'GET', 'a-something, behind'], ['b', 'GET', 'other, behind'], [undefined, 'GET', 'other, behind']];
  for (const [value, method, marks] of rows) {
    await stand.ask('/branch', { method, fields: value ? [['X-In', value]] : [] });
    assert.equal(stand.reached.all('x-branch').join(', '), marks, `${value} ${method}`);
  }
});

test('each branch may have its own rule, and only the judged credential goes on', async (t) => {
  const stand = await startPolicies(t, (issuer) => ({
    two: { inbound: `<choose><when condition="@(context.Request.Headers.ContainsKey("X-Token"))">
        ${validate(issuer).replace('header-name="Authorization"', 'header-name="X-Token"')}</when>
        <otherwise>${validate(issuer)}</otherwise></choose>` },
    both: { inbound: validate(issuer) + validate(issuer, '', '<audiences><audience>other</audience></audiences>').replace('header-name="Authorization"', 'header-name="X-Token"') },
  }));
  const token = stand.issuer.token();
  assert.equal((await stand.ask('/two', { token: null, fields: [['X-Token', token]] })).status, 200);
  assert.deepEqual([stand.reached.has('x-token'), stand.reached.has('authorization')], [true, false]);
  assert.equal((await stand.ask('/two', { token, fields: [['X-Token', token]] })).status, 200);
  assert.deepEqual([stand.reached.has('x-token'), stand.reached.has('authorization')], [true, false]);
  assert.equal((await stand.ask('/two', { token })).status, 200);
  assert.equal(stand.reached.has('authorization'), true);
  await refusedWithout(stand, '/two', { token: null }, 401);
  await refusedWithout(stand, '/two', { token, fields: [['X-Token', 'x.y.z']] }, 401);

  const other = stand.issuer.token({ aud: 'other' });
  assert.equal((await stand.ask('/both', { fields: [['X-Token', other]] })).status, 200);
  assert.deepEqual([stand.reached.has('x-token'), stand.reached.has('authorization')], [true, true]);
  await refusedWithout(stand, '/both', { fields: [['X-Token', token]] }, 401);
  await refusedWithout(stand, '/both', { token: other, fields: [['X-Token', other]] }, 401);
});

test('check-header', async (t) => {
  const check = (more, values) => `<check-header name="X-Key" failed-check-httpcode="418" failed-check-error-message="Key &quot;please&quot;" ${more}>${values.map((value) => `<value>${value}</value>`).join('')}</check-header>`;
  const stand = await startPolicies(t, (issuer) => ({
    exact: { inbound: validate(issuer) + check('ignore-case="false"', ['one', 'two']) },
    loose: { inbound: validate(issuer) + check('ignore-case="true"', ['one']) },
    there: { inbound: validate(issuer) + check('ignore-case="false"', []) },
  }), { config: { workers: 1 } });
  const rows = [
    ['/exact', ['one'], 200], ['/exact', ['two'], 200], ['/exact', ['One'], 418], ['/exact', ['one '], 200], ['/exact', ['one, two'], 418],
    ['/exact', [], 418], ['/exact', ['one', 'one'], 418], ['/loose', ['ONE'], 200], ['/loose', ['on'], 418], ['/there', ['x'], 200], ['/there', [], 418],
  ];
  for (const [target, values, status] of rows) {
    const request = { fields: values.map((value) => ['X-Key', value]) };
    if (status === 200) {
      assert.equal((await stand.ask(target, request)).status, 200, `${target} ${values}`);
    } else {
      const answer = await refusedWithout(stand, target, request, status);
      assert.deepEqual(JSON.parse(answer.text), { statusCode: 418, message: 'Key "please"' });
      assert.equal(answer.field('www-authenticate'), undefined);
    }
  }
  const reasons = await until('all access lines', () => {
    const lines = stand.gateway.events('access');
    return lines.length === rows.length && lines.filter(({ path }) => path === '/exact').map(({ reason }) => reason);
  });
  assert.deepEqual(reasons, [undefined, undefined, 'HeaderValueNotAllowed', undefined, 'HeaderValueNotAllowed', 'HeaderNotFound', 'HeaderNotFound']);
});

test('ip-filter', async (t) => {
  const filter = (action, children) => `<ip-filter action="${action}">${children}</ip-filter>`;
  const here = '<address-range from="127.0.0.0" to="127.255.255.255" />';
  const stand = await startPolicies(t, (issuer) => ({
    allowed: { inbound: filter('allow', here) + validate(issuer) },
    elsewhere: { inbound: filter('allow', '<address>10.0.0.1</address><address>::1</address>') + validate(issuer) },
    forbidden: { inbound: filter('forbid', '<address>127.0.0.1</address>') + validate(issuer) },
    others: { inbound: filter('forbid', '<address-range from="10.0.0.0" to="10.255.255.255" />') + validate(issuer) },
  }));
  assert.equal((await stand.ask('/allowed')).status, 200);
  assert.equal((await stand.ask('/others')).status, 200);
  const notAllowed = await refusedWithout(stand, '/elsewhere', {}, 403);
  assert.match(notAllowed.text, /not allowed/);
  await refusedWithout(stand, '/forbidden', {}, 403);
  assert.equal((await stand.ask('/forbidden', { fields: [['X-Forwarded-For', '10.0.0.1']] })).status, 403);
});

test('report-only: what policies would refuse is told and passes; a policy\'s own answer is still given', async (t) => {
  const check = '<check-header name="X-Key" failed-check-httpcode="400" failed-check-error-message="key" ignore-case="false" />';
  const stand = await startPolicies(t, (issuer) => ({
    watched: { inbound: `${check}${validate(issuer)}<choose><when condition="@(context.Request.Method == "DELETE")"><return-response><set-status code="405" /></return-response></when></choose>` },
    unsure: { inbound: `${validate(issuer, 'output-token-variable-name="jwt"')}<choose><when condition="@(((Jwt)context.Variables["jwt"]).Subject == "x")"><return-response /></when></choose>` },
  }), { routes: { watched: { mode: 'report-only' }, unsure: { mode: 'report-only' } }, config: { workers: 1 } });
  assert.equal((await stand.ask('/watched', { token: null })).status, 200);
  assert.equal((await stand.ask('/watched', { fields: [['X-Key', '1']] })).status, 200);
  assert.equal((await stand.ask('/watched', { method: 'DELETE' })).status, 405);
  assert.equal((await stand.ask('/unsure', { token: null })).status, 200, 'what cannot be decided opens no branch');
  const lines = await until('four access lines', () => stand.gateway.events('access').length === 4 && stand.gateway.events('access'));
  assert.deepEqual(lines.slice(0, 3).map(({ mode, reason }) => [mode, reason]),
    [['report-only', 'HeaderNotFound'], [undefined, undefined], ['report-only', 'HeaderNotFound']]);
});
