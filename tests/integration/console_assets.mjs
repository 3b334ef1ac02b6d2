// SPDX-License-Identifier: Apache-2.0
// The files of the console's page as the admin listener serves them: types, tags, and the fields that shut all else out.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { look } from './harness/console.mjs';
import { startStand } from './harness/stand.mjs';

const source = (name) => readFileSync(new URL(`../../src/admin/console/${name}`, import.meta.url));
const FILES = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/console/main.js': ['main.js', 'text/javascript; charset=utf-8'],
  '/console/console.css': ['console.css', 'text/css; charset=utf-8'],
  '/console/icon.svg': ['icon.svg', 'image/svg+xml'],
};
const SHUT = ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "form-action 'none'", "base-uri 'none'",
  "frame-ancestors 'none'"];

test('files are served as they are in the source, under a policy that lets nothing else run', async (t) => {
  const { gateway } = await startStand(t, { hasKeys: false });
  for (const [target, [name, type]] of Object.entries(FILES)) {
    const { answer } = await look(gateway, target);
    assert.equal(answer.status, 200, target);
    assert.deepEqual(answer.body, source(name), target);
    assert.equal(answer.field('content-type'), type);
    for (const rule of SHUT) assert.ok(answer.field('content-security-policy').split('; ').includes(rule), `${target}: ${rule}`);
    assert.ok(!answer.field('content-security-policy').includes('unsafe'));
    for (const [field, value] of [['x-content-type-options', 'nosniff'], ['referrer-policy', 'no-referrer'], ['cache-control', 'no-cache'],
      ['cross-origin-opener-policy', 'same-origin-allow-popups'], ['cross-origin-resource-policy', 'same-origin']]) {
      assert.deepEqual(answer.all(field), [value], `${target}: ${field}`);
    }
  }
});

test('a file that the browser has already is not sent again, and one that changed is', async (t) => {
  const { gateway } = await startStand(t, { hasKeys: false });
  const etag = (await look(gateway, '/console/main.js')).answer.field('etag');
  assert.match(etag, /^"[0-9a-f]{32}"$/);
  const cases = [[etag, 304], [`W/${etag}`, 304], [`"other", ${etag}`, 304], ['*', 304], ['"other"', 200], [etag.slice(0, -2), 200]];
  for (const [tag, status] of cases) {
    const { answer } = await look(gateway, '/console/main.js', { fields: { 'If-None-Match': tag } });
    assert.equal(answer.status, status, tag);
    assert.equal(answer.field('etag'), etag);
  }
});

test('no other file is there, and none outside', async (t) => {
  const { gateway } = await startStand(t, { hasKeys: false });
  for (const target of ['/console/package.json', '/console/nothing.js', '/console/', '/console/MAIN.js', '/index.html']) {
    assert.equal((await look(gateway, target)).status, 404, target);
  }
  assert.equal((await look(gateway, '/console/main.js', { method: 'HEAD' })).answer.status, 200);
  assert.equal((await look(gateway, '/', { method: 'PUT' })).status, 405);
});

test('the page names no style, script or handler of its own, and nothing elsewhere', () => {
  for (const name of ['index.html', 'callback.html']) {
    const page = source(name).toString();
    assert.doesNotMatch(page, /<style|\bstyle=|\son\w+=|javascript:|<script(?![^>]*\bsrc="\/console\/)/i, name);
    assert.doesNotMatch(page, /https?:\/\//i, name);
  }
});
