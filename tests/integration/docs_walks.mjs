// SPDX-License-Identifier: Apache-2.0
// Goal: who follows the pages for a start gets what they say: each command runs as it is written and prints what stands below it.
// Method: harness/walk.mjs.
import assert from 'node:assert/strict';
import test from 'node:test';
import { failed } from './harness/explaining.mjs';
import { submit } from './harness/sign_in.mjs';
import { blocksOf, walk } from './harness/walk.mjs';

// What the token console says of the token that somebody gets who signs in there.
async function verdictOn(admin, route, user) {
  const post = (path, body) => fetch(admin + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const login = await post('/login', { route });
  const { location } = await login.json();
  const back = await submit(await (await fetch(location)).text(), location, { username: user, password: `${user}-secret` });
  const cookie = login.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ');
  const page = await (await fetch(back.headers.get('location'), { headers: { cookie } })).text();
  const ticket = /data-ticket="([^"]+)"/.exec(page)?.[1] ?? assert.fail(page);
  const { access_token: token } = await (await post('/console/ticket', { ticket })).json();
  const said = await (await post('/explain', { route, token })).json();
  return [said.verdict, ...failed(said)];
}

test('the owner of an API brings the policy of the labs and gets 200 and 401', async (t) => {
  await walk(t, 'getting-started-api-owner.md');
});

test('the integrator protects an OData service and reads a refusal', async (t) => {
  const { address } = await walk(t, 'getting-started-integrator.md');
  assert.deepEqual(await verdictOn(`http://${address}:9180`, 'projections', 'alice'), ['pass']);
  assert.deepEqual(await verdictOn(`http://${address}:9180`, 'projections', 'bob'), ['refuse', 'claim:groups']);
});

test('the operator reloads, exchanges certificate and keys, and drains', async (t) => {
  const { services } = await walk(t, 'getting-started-operator.md');
  const ended = await services.serve.ended;
  assert.deepEqual(ended, { status: 0, signal: null });
});

test('a page that is walked has commands in it', () => {
  for (const who of ['api-owner', 'integrator', 'operator']) assert.ok(blocksOf(`getting-started-${who}.md`).length > 5, who);
});
