// SPDX-License-Identifier: Apache-2.0
// Tables of tokens and what the gateway has to say to each.
import assert from 'node:assert/strict';
import { send } from './client.mjs';

// A case is a token, or a whole request.
const requestOf = (what) => (typeof what === 'string' ? { token: what } : what);

// Every case is refused with one of `statuses`, and nothing of it reaches the backend.
export async function refusesAll(t, stand, cases, statuses = [401]) {
  for (const [name, what] of Object.entries(cases)) {
    await t.test(`${name}: refused`, async () => {
      const before = stand.backend.requests.length;
      const answer = await send(stand.gateway.port, requestOf(what));
      assert.ok(answer, 'closed without an answer');
      assert.ok(statuses.includes(answer.status), `${answer.status}: ${answer.text}`);
      if (answer.status === 401) assert.match(answer.field('www-authenticate'), /^Bearer realm="/);
      assert.equal(stand.backend.requests.length, before, 'it reached the backend');
    });
  }
}

// Every case passes.
export async function passesAll(t, stand, cases) {
  for (const [name, what] of Object.entries(cases)) {
    await t.test(`${name}: passes`, async () => {
      const answer = await send(stand.gateway.port, requestOf(what));
      assert.equal(answer?.status, 200, answer?.text);
    });
  }
}
