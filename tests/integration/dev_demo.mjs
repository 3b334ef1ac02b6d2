// SPDX-License-Identifier: Apache-2.0
// Goal: the demo shows, with nothing set up before, a token that passes and one that fails, for either API.
import assert from 'node:assert/strict';
import test from 'node:test';
import { runDev, startDev } from './harness/dev.mjs';
import { submit } from './harness/sign_in.mjs';
import { until } from './harness/until.mjs';

const RESULT = '<result><value>100</value>';

test('--once shows 200 with the answer and 401 of either API, and ends with 0', async () => {
  const { status, stdout, stderr } = await runDev(['demo', '--once']);
  assert.equal(status, 0, stderr);
  const lines = stdout.split('\n').map((line) => line.trim());
  assert.deepEqual(lines.filter((line) => line.startsWith('HTTP/1.1 ')),
    ['HTTP/1.1 200 OK', 'HTTP/1.1 401 Unauthorized', 'HTTP/1.1 200 OK', 'HTTP/1.1 401 Unauthorized']);
  assert.ok(lines.indexOf('event=ready') < lines.indexOf('HTTP/1.1 200 OK'));
  assert.ok(!stdout.includes('curl '), 'no commands for another shell');
  assert.ok(stdout.includes(RESULT) && stdout.includes('"OrderNo":"A/B"') && stdout.includes('"error":{"code":'));
});

// What the demo printed before event=ready: each command with what its comment says of it.
function shotsOf(stdout) {
  const lines = stdout.slice(0, stdout.indexOf('event=ready')).split('\n');
  return lines.flatMap((line, i) => {
    const [, authorization, url] = /^curl -sS -i (?:-H 'Authorization: (.+?)' )?'(http:\/\/.+?)'$/.exec(line) ?? [];
    return url ? [{ comment: lines[i - 1], authorization, url }] : [];
  });
}

const ask = ({ url, authorization }) => fetch(url, { headers: authorization ? { authorization } : {} });

// A token that is refused anyway does not wait for keys: without them it is 503.
async function awaitReady(demo) {
  const admin = /listener=admin address=(\S+)/.exec(demo.stderr())[1];
  await until('keys of both providers', async () => (await fetch(`http://${admin}/readyz`)).status === 200);
}

test('what the demo prints', async (t) => {
  const demo = await startDev(t, ['demo'], /^event=ready$/m);
  const refusals = () => demo.stderr().split('\n').filter((line) => /^event=access .* status=401 /.test(line));
  await awaitReady(demo);

  await t.test('event=ready comes once, when the commands are there', () => {
    assert.match(demo.stdout(), /\nevent=ready\n$/);
    assert.doesNotMatch(demo.stderr(), /event=ready/);
  });

  await t.test('the commands that it prints before event=ready do what it says of them', async () => {
    const shots = shotsOf(demo.stdout()).slice(0, 4);
    const answers = [];
    for (const [i, shot] of shots.entries()) {
      assert.equal(shot.url.endsWith('/calculator/add?a=51&b=49'), i < 2);
      answers.push(await ask(shot));
    }
    assert.deepEqual(answers.map(({ status }) => status), [200, 401, 200, 401]);
    assert.equal(answers[0].headers.get('content-length'), '124');
    assert.ok((await answers[0].text()).startsWith(RESULT));
    assert.equal((await answers[1].json()).message, 'Lifetime validation failed. The token is expired. Access denied.');
    assert.equal((await answers[2].json()).OrderNo, 'A/B');
    assert.ok((await answers[3].json()).error.message);
    assert.equal(answers[3].headers.get('odata-version'), '4.0');
    await until('the lines of both refusals', () => refusals().length === 2);
  });

  await t.test('each token that fails does so for the reason and by the check that stand above it', async () => {
    const before = refusals().length;
    const failing = shotsOf(demo.stdout()).filter(({ comment }) => comment.startsWith('# fails: '));
    assert.ok(failing.length > 12, 'one for each way');
    for (const [i, shot] of failing.entries()) {
      const [, reason, check] = /; reason=(\w+) check=(\S+)$/.exec(shot.comment);
      assert.equal((await ask(shot)).status, 401, shot.comment);
      const line = await until('its access line', () => refusals()[before + i]);
      assert.match(line, new RegExp(` reason=${reason} check=${check} `), shot.comment);
    }
  });

  await t.test('it tells where the console is, where the providers are, and who signs in', async () => {
    const admin = /listener=admin address=(\S+)/.exec(demo.stderr())[1];
    assert.ok(demo.stdout().includes(`\n# console   http://${admin}/\n`));
    assert.equal((await fetch(`http://${admin}/livez`)).status, 200);
    const [tenant, realm] = [...demo.stdout().matchAll(/^# (?:provider| {8})  (http:\S+)$/gm)].map(([, url]) => url);
    for (const url of [tenant, realm]) assert.equal((await (await fetch(`${url}/.well-known/openid-configuration`)).json()).issuer, url);
    assert.match(demo.stdout(), /^# {3}alice +password alice-secret /m);
    assert.match(demo.stdout(), /^# {3}bob +password bob-secret /m);
  });

  await t.test('users sign in from the console at the provider of either route; alice may use it, bob may not', async () => {
    const admin = `http://${/listener=admin address=(\S+)/.exec(demo.stderr())[1]}`;
    const post = (path, body) => fetch(admin + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    const verdictOf = async (route, user) => {
      const login = await post('/login', { route });
      const { location } = await login.json();
      const cookie = login.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ');
      const back = await submit(await (await fetch(location)).text(), location, { username: user, password: `${user}-secret` });
      const page = await (await fetch(back.headers.get('location'), { headers: { cookie } })).text();
      const ticket = /data-ticket="([^"]+)"/.exec(page)?.[1] ?? assert.fail(page);
      const { access_token: token } = await (await post('/console/ticket', { ticket })).json();
      const { verdict, reason } = await (await post('/explain', { route, token })).json();
      return `${verdict} ${reason}`;
    };
    for (const route of ['calculator', 'projections']) {
      assert.equal(await verdictOf(route, 'alice'), 'pass null', route);
      assert.equal(await verdictOf(route, 'bob'), 'refuse TokenClaimValueNotAllowed', route);
    }
  });
});

test('an occupied port is an error', async (t) => {
  const other = await startDev(t, ['calculator', '--port', '0']);
  const { status, stdout, stderr } = await runDev(['demo', '--port', new URL(other.url).port]);
  assert.equal(status, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /Address already in use/);
});
