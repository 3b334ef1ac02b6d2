// SPDX-License-Identifier: Apache-2.0
// Goal: the demo shows, with nothing set up before, a token that passes and one that fails, for either API.
import assert from 'node:assert/strict';
import test from 'node:test';
import { runDev, startDev } from './harness/dev.mjs';

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

test('the commands that it prints before event=ready do what it says of them', async (t) => {
  const demo = await startDev(t, ['demo'], /^event=ready$/m);
  const lines = demo.stdout().split('\n');
  const commands = lines.slice(0, lines.indexOf('event=ready')).filter((line) => line.startsWith('curl '));
  assert.equal(commands.length, 4);
  const answers = [];
  for (const [i, command] of commands.entries()) {
    const [, authorization, url] = /-H 'Authorization: (.+?)' '(http:\/\/.+?)'$/.exec(command);
    assert.equal(url.endsWith('/calculator/add?a=51&b=49'), i < 2);
    answers.push(await fetch(url, { headers: { authorization } }));
  }
  assert.deepEqual(answers.map(({ status }) => status), [200, 401, 200, 401]);
  assert.equal(answers[0].headers.get('content-length'), '124');
  assert.ok((await answers[0].text()).startsWith(RESULT));
  assert.equal((await answers[1].json()).message, 'Lifetime validation failed. The token is expired. Access denied.');
  assert.equal((await answers[2].json()).OrderNo, 'A/B');
  assert.ok((await answers[3].json()).error.message);
  assert.equal(answers[3].headers.get('odata-version'), '4.0');
});

test('an occupied port is an error', async (t) => {
  const other = await startDev(t, ['calculator', '--port', '0']);
  const { status, stdout, stderr } = await runDev(['demo', '--port', new URL(other.url).port]);
  assert.equal(status, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /Address already in use/);
});
