// SPDX-License-Identifier: Apache-2.0
// Goal: what policies do with a query or header of the greatest size costs about as much as reading it, in time and memory.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { startPolicies, validate } from './harness/policies.mjs';

const quoted = (text) => text.replaceAll('"', '&quot;');
const header = (expression) => `<set-header name="X-Length"><value>${expression}</value></set-header>`;
const rewrite = (expression) => `<rewrite-uri template="${quoted(expression)}" />`;
const highWater = (gateway) => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${gateway.child.pid}/status`, 'utf8'))[1]);

test('parameters and fields without number', async (t) => {
  const stand = await startPolicies(t, (issuer) => ({
    plain: { inbound: validate(issuer) + header('1') },
    query: { inbound: validate(issuer) + header('@(context.Request.Url.Query.GetValueOrDefault("a","").Length.ToString())') },
    field: { inbound: validate(issuer) + header('@(context.Request.Headers.GetValueOrDefault("a","").Length.ToString())') },
    set: { inbound: `${validate(issuer)}<set-query-parameter name="b" exists-action="override"><value>1</value></set-query-parameter>` },
    copied: { inbound: validate(issuer) + rewrite('@("/v2" + context.Request.Url.QueryString)') },
  }));
  const many = 'a&'.repeat(16000);
  const different = Array.from({ length: 6000 }, (_, i) => `a${i.toString(36)}`).join('&');
  await stand.ask(`/plain?${many}`);
  const before = highWater(stand.gateway);
  const rows = [['query', many, '15999'], ['query', different], ['set', many], ['copied', many], ['copied', different]];
  for (const [name, query, length] of rows) {
    const began = performance.now();
    assert.equal((await stand.ask(`/${name}?${query}`)).status, 200, name);
    assert.ok(performance.now() - began < 1000, `${name}: ${performance.now() - began} ms`);
    if (length !== undefined) assert.equal(stand.reached.field('x-length'), length);
  }
  const fields = Array.from({ length: 100 }, () => ['a', 'x'.repeat(400)]);
  assert.equal((await stand.ask('/field', { fields })).status, 200);
  assert.equal(stand.reached.field('x-length'), String(100 * 400 + 99 * 2));
  assert.ok(highWater(stand.gateway) - before < 20 * 1024, `${highWater(stand.gateway) - before} KiB more`);
});

test('copied parameters are those that the template does not name, however they are encoded', async (t) => {
  const stand = await startPolicies(t, (issuer) => ({ copied: { inbound: `${validate(issuer)}<rewrite-uri template="/v2?b=1&amp;%61=2&amp;c" />` } }));
  const rows = { '/copied?a=own&d=1&c&%62=2': '/v2?b=1&%61=2&c&d=1', '/copied?ab=1&=2': '/v2?b=1&%61=2&c&ab=1&=2', '/copied': '/v2?b=1&%61=2&c' };
  for (const [target, seen] of Object.entries(rows)) {
    assert.equal((await stand.ask(target)).status, 200);
    assert.equal(stand.reached.target, seen);
  }
});
