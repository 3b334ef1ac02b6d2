// SPDX-License-Identifier: Apache-2.0
// Goal: /metrics is Prometheus text that counts what happened, under the names that users were promised.
import assert from 'node:assert/strict';
import test from 'node:test';
import { send } from './harness/client.mjs';
import { startStand } from './harness/stand.mjs';
import { until } from './harness/until.mjs';

// Each sample as { 'name{a="b"}': value }, from text that has to be well formed.
function samplesOf(text) {
  const samples = {};
  const types = new Map();
  for (const line of text.split('\n').filter(Boolean)) {
    const type = /^# TYPE (\w+) (counter|gauge|histogram)$/.exec(line);
    if (type) types.set(type[1], type[2]);
    if (line.startsWith('#')) continue;
    const match = /^([a-zA-Z_:][\w:]*)(\{(?:\w+="(?:[^"\\\n]|\\.)*",?)*\})? (\S+)$/.exec(line);
    assert.ok(match, `no sample: ${line}`);
    assert.ok(types.has(match[1]) || types.has(match[1].replace(/_(bucket|sum|count)$/, '')), `${match[1]} has no TYPE`);
    assert.equal(match[1] + (match[2] ?? '') in samples, false, `twice: ${line}`);
    samples[match[1] + (match[2] ?? '')] = Number(match[3]);
  }
  return samples;
}

test('requests, verdicts, cache, keys and durations are counted', async (t) => {
  const stand = await startStand(t);
  const token = stand.issuer.token();
  for (let i = 0; i < 3; i++) await stand.send({ token });
  await stand.send({});
  await stand.send({ token: stand.issuer.token({ aud: 'other' }) });
  const scrape = async () => {
    const answer = await send(stand.gateway.adminPort, { target: '/metrics', host: 'localhost' });
    assert.equal(answer.status, 200);
    assert.match(answer.field('content-type'), /^text\/plain\b/);
    return samplesOf(answer.text);
  };
  const sum = (samples, name, ...labels) => Object.entries(samples)
    .filter(([key]) => key.startsWith(name) && /^(\{|$)/.test(key.slice(name.length)) && labels.every((label) => key.includes(label)))
    .reduce((total, [, value]) => total + value, 0);
  const samples = await until('the counts', async () => {
    const now = await scrape();
    return sum(now, 'jwtgate_requests_total', 'route="main"') >= 5 && now;
  });
  assert.equal(sum(samples, 'jwtgate_requests_total', 'route="main"', 'code="200"'), 3);
  assert.equal(sum(samples, 'jwtgate_requests_total', 'route="main"', 'code="401"'), 2);
  assert.equal(sum(samples, 'jwtgate_token_verdicts_total', 'reason="TokenNotPresent"'), 1);
  assert.equal(sum(samples, 'jwtgate_token_verdicts_total', 'reason="TokenAudienceNotAllowed"'), 1);
  assert.equal(sum(samples, 'jwtgate_request_duration_seconds_count', 'route="main"'), 5);
  assert.equal(sum(samples, 'jwtgate_backend_duration_seconds_count', 'backend="main"'), 3);
  assert.equal(sum(samples, 'jwtgate_token_cache_hits_total') + sum(samples, 'jwtgate_token_cache_misses_total'), 4);
  assert.ok(sum(samples, 'jwtgate_token_cache_entries') >= 1);
  assert.ok(sum(samples, 'jwtgate_keys_refresh_total') >= 1);
  assert.ok(Object.keys(samples).some((key) => key.startsWith('jwtgate_keys_age_seconds{issuer=')));
});

test('a histogram is cumulative and its last bucket is the count', async (t) => {
  const stand = await startStand(t);
  for (let i = 0; i < 4; i++) await stand.get(`/${i}`);
  const samples = await until('the count', async () => {
    const now = samplesOf((await send(stand.gateway.adminPort, { target: '/metrics', host: 'localhost' })).text);
    return now['jwtgate_request_duration_seconds_count{route="main"}'] === 4 && now;
  });
  const buckets = Object.entries(samples).filter(([key]) => key.startsWith('jwtgate_request_duration_seconds_bucket{route="main"'));
  const values = buckets.map(([, value]) => value);
  assert.deepEqual(values, [...values].sort((a, b) => a - b));
  assert.equal(buckets.find(([key]) => key.includes('le="+Inf"'))[1], 4);
});
