// SPDX-License-Identifier: Apache-2.0
// Attack: requests that two parsers would read differently.  Every case of tests/vectors/http goes as raw bytes to the
// gateway, with a backend behind it that records what arrives and takes nothing but one clear message at a time.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { answerBytes } from './harness/backend.mjs';
import { Malformed } from './harness/reader.mjs';
import { startStand } from './harness/stand.mjs';

const FOLDER = fileURLToPath(new URL('../vectors/http/', import.meta.url));
const PREFIX = '/vectors';

// Where the head is sound and the body is not, the backend may have heard the beginning of a message, never its end.
const mayBeUnfinished = (one) => one.group === 'chunked-body' || one.name === 'lim-chunk-ext';

function bytesOf(one, { gateway, issuer }) {
  const token = issuer.token();
  const put = { HOST: `127.0.0.1:${gateway.port}`, PATH: PREFIX, TOKEN: token, AUTH: `Authorization: Bearer ${token}` };
  const text = Buffer.from(one.raw, 'base64').toString('latin1');
  return Buffer.from(text.replace(/\{\{(HOST|PATH|TOKEN|AUTH)\}\}/g, (_, name) => put[name]), 'latin1');
}

// What happened to the bytes: the answers in their order, whether the gateway closed by itself after the first, and
// whether the last one was no HTTP/1 at all.
async function observe(stand, one) {
  const client = await stand.connect();
  const seen = { answers: [], isForeign: false, isClosed: false };
  const bytes = bytesOf(one, stand);
  const method = /^\s*HEAD /.test(bytes.toString('latin1')) ? 'HEAD' : 'GET';
  client.write(bytes);
  // A case that may wait for ever is ended by us, since only a time-out would end it otherwise.
  if (one.allow?.includes('hang')) client.end();
  try {
    for (let answer; (answer = await client.answer({ method, limit_ms: 8000 })); ) {
      seen.answers.push(answer);
      if (answer.status >= 400 && one.close === 'required') break;
      client.end();
    }
    if (one.close === 'required' && seen.answers.some(({ status }) => status >= 400)) await client.closing(5000);
  } catch (error) {
    if (!(error instanceof Malformed) && !/no status line/.test(error.message)) throw error;
    seen.isForeign = true;
  } finally {
    client.destroy();
  }
  return seen;
}

function assertRefused(one, seen, requests) {
  const [answer] = seen.answers;
  if (!answer && one.allow?.includes('hang')) return;
  assert.ok(answer, 'closed without an answer');
  const fits = one.status ? one.status.includes(answer.status) : (answer.status >= 400 && answer.status < 500) || [501, 505].includes(answer.status);
  assert.ok(fits, `answered ${answer.status}`);
  assert.equal(seen.answers.length, 1, 'something was answered after the refusal');
  if (mayBeUnfinished(one)) assert.deepEqual(requests.filter(({ isWhole }) => isWhole), [], 'a whole message reached the backend');
  else assert.equal(requests.length, 0, `the backend got ${requests[0]?.line}`);
}

function assertForwarded(one, count, seen, requests) {
  const names = [one.name, `${one.name}-2`].slice(0, count);
  assert.deepEqual(requests.map(({ target }) => target.split('?')[0]), names.map((name) => `${PREFIX}/c/${name}`));
  const passed = seen.answers.filter(({ status }) => status === 200);
  assert.equal(passed.length, count);
  passed.forEach((answer, i) => assert.equal(answer.field('x-target'), requests[i].target, 'an answer belongs to another request'));
  const rest = seen.answers.slice(count);
  if (one.then === 'reject') assert.ok(rest.every(({ status }) => status >= 400), 'the remainder was served');
  else if (one.then !== 'any') assert.deepEqual(rest.map(({ status }) => status), [], 'something was answered after it');
  for (const request of requests) {
    assert.ok(request.isWhole);
    if (one.body !== undefined) assert.equal(request.body.toString('base64'), one.body);
    for (const name of one.absent_headers ?? []) assert.equal(request.has(name), false, `${name} reached the backend`);
  }
}

function judge(one, seen, requests) {
  const outcomes = [one.expect, ...(one.allow ?? [])];
  if (seen.isForeign) return assert.ok(outcomes.includes('other-protocol'), 'the answer is not HTTP/1');
  const isServed = seen.answers[0]?.status === 200;
  if (isServed && outcomes.includes('forward-two')) return assertForwarded(one, 2, seen, requests);
  if (isServed && outcomes.includes('forward-one')) return assertForwarded(one, 1, seen, requests);
  assert.ok(outcomes.includes('reject'), `answered ${seen.answers[0]?.status}: ${seen.answers[0]?.text}`);
  return assertRefused(one, seen, requests);
}

const echo = async (request, conn) => {
  if (await request.whole) conn.write(answerBytes({ fields: { 'X-Target': request.target } }));
};

for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.json'))) {
  test(file, async (t) => {
    const stand = await startStand(t, { handler: echo });
    for (const one of JSON.parse(readFileSync(path.join(FOLDER, file))).cases) {
      await t.test(`${one.name}: ${one.notes}`, async () => {
        const { backend } = stand;
        const before = backend.requests.length;
        const seen = await observe(stand, one);
        assert.equal((await stand.get('/after')).status, 200, 'the next good request was not served');
        const requests = backend.requests.slice(before);
        assert.equal(requests.filter(({ target }) => target === '/after').length, 1);
        judge(one, seen, requests.filter(({ target }) => target !== '/after'));
        const strays = backend.requests.filter(({ target }) => /^\/evil|\/c\/noauth/.test(target));
        assert.deepEqual(strays.map(({ line }) => line), []);
        assert.deepEqual(backend.malformed, [], 'the backend could not read what it got');
      });
    }
  });
}
