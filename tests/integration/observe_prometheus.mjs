// SPDX-License-Identifier: Apache-2.0
// Goal: what we ship for Prometheus and Grafana works with them, not only with us. Method: Debian's promtool reads the metrics and the
// rules, Debian's prometheus scrapes a gateway with traffic, and every expression of dashboard and alerts is asked of it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { newAuthority } from './harness/certs.mjs';
import { send } from './harness/client.mjs';
import { hasPrometheus, promtool, startPrometheus } from './harness/prometheus.mjs';
import { startStand } from './harness/stand.mjs';
import { pairOf } from './harness/tls.mjs';
import { until } from './harness/until.mjs';

const FOLDER = new URL('../../conf/observability/', import.meta.url).pathname;
const file = (name) => path.join(FOLDER, name);
const skip = hasPrometheus ? false : 'prometheus and promtool are not installed';

// A gateway whose metrics have a bit of everything: names that need escapes, TLS, refusals, other proxies' questions.
async function busyStand(t) {
  const leaf = newAuthority(t).issue('gateway.test');
  const stand = await startStand(t, {
    route: { forward_auth: true },
    backendMore: { connections: 4 },
    config: { listeners: [{ bind: '127.0.0.1:0' }, { bind: '127.0.0.1:0', tls: pairOf(leaf) }], limits: { client_connections: 100 } },
  });
  const name = 'odd "name"\\ of\ta route';
  stand.config.routes.push({ ...stand.config.routes[0], name, realm: 'odd', forward_auth: false, path: '/odd/', mode: 'report-only' });
  await stand.gateway.reload(stand.config);
  await stand.gateway.event('reloaded');
  return stand;
}

async function makeTraffic(stand) {
  await stand.get('/a');
  await stand.get('/odd/a', { token: stand.issuer.token({ aud: 'other' }) });
  await stand.send({ target: '/a' });
  await stand.send({ target: `/${'x'.repeat(40000)}` });
  await stand.get('/_jwtgate/auth/main/');
}

const scrape = async (stand) => (await send(stand.gateway.adminPort, { target: '/metrics', host: 'localhost' })).text;

test('promtool finds nothing to say against the metrics', { skip }, async (t) => {
  const stand = await busyStand(t);
  await makeTraffic(stand);
  const text = await until('the counts', async () => {
    const now = await scrape(stand);
    return now.includes('route="odd') && now.includes('jwtgate_requests_total{route="main",code="401"}') && now;
  });
  assert.deepEqual(promtool(['check', 'metrics'], text), { status: 0, text: '' });
  // The neighbour: that it would say something.
  assert.notEqual(promtool(['check', 'metrics'], text.replace('\\"name', '\\u0022name')).status, 0);
});

test('promtool takes the rules and the example, and each alert holds to its tests', { skip }, () => {
  for (const args of [['check', 'rules', file('jwtgate-alerts.yaml')], ['check', 'config', file('prometheus.yaml')],
    ['test', 'rules', file('jwtgate-alerts.test.yaml')]]) {
    const { status, text } = promtool(args);
    assert.equal(status, 0, text);
    assert.match(text, /SUCCESS/);
  }
});

// { where, expr } of each panel; Grafana's variables as it would fill them in.
function panelExpressions() {
  const filled = (expr) => expr.replaceAll('$job', 'jwtgate').replaceAll('$instance', '.*').replaceAll('$__rate_interval', '1m');
  const { panels } = JSON.parse(readFileSync(file('jwtgate-dashboard.json'), 'utf8'));
  return panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ where: title, expr: filled(expr) })));
}

// The selectors of an expression, each as it stands.
const selectorsOf = (expr) => [...new Set(expr.match(/\b(?:jwtgate|process)_\w+(?:\{[^}]*\})?/g) ?? [])];

test('prometheus scrapes a gateway, and every expression of panels and alerts is one that it answers', { skip }, async (t) => {
  const stand = await busyStand(t);
  const config = {
    global: { scrape_interval: '500ms', evaluation_interval: '500ms' },
    rule_files: [file('jwtgate-alerts.yaml')],
    scrape_configs: [{ job_name: 'jwtgate', static_configs: [{ targets: [`127.0.0.1:${stand.gateway.adminPort}`] }] }],
  };
  const prometheus = await startPrometheus(t, JSON.stringify(config));
  const query = async (expr) => {
    const { status, error, data } = await prometheus.ask('query', { query: expr });
    assert.equal(status, 'success', `${expr}: ${error}`);
    return data.result;
  };
  await until('a scrape', async () => (await query('up{job="jwtgate"} == 1')).length === 1, 30000);
  await makeTraffic(stand);
  await until('rates', async () => (await query('rate(jwtgate_requests_total{route="main",code="401"}[1m]) >= 0')).length === 1, 30000);
  const { data } = await prometheus.ask('rules', {});
  const rules = data.groups.flatMap((group) => group.rules);
  assert.ok(rules.length > 20);
  for (const { name, health, lastError } of rules) assert.notEqual(health, 'err', `${name}: ${lastError}`);
  assert.deepEqual((await query('ALERTS{alertstate="firing"}')).map(({ metric }) => metric.alertname), []);

  let shown = 0;
  for (const { where, expr } of panelExpressions()) {
    const selectors = selectorsOf(expr);
    assert.ok(selectors.length > 0, `${where}: ${expr} asks for none of our metrics`);
    const found = await Promise.all(selectors.map((selector) => query(selector)));
    const result = await query(expr);
    if (found.some(({ length }) => length === 0)) continue; // nothing of this happened
    shown++;
    assert.ok(result.length > 0, `${where}: ${expr} gives nothing, though all that it asks for is there`);
  }
  assert.ok(shown > 60, `only ${shown} expressions gave a result`);
  for (const { name, query: expr } of rules) {
    const known = await Promise.all(selectorsOf(expr).map(async (selector) => {
      const { data: metadata } = await prometheus.ask('metadata', { metric: selector.replace(/\{.*/, '') });
      return Object.keys(metadata).length > 0;
    }));
    assert.ok(known.every(Boolean), `${name}: ${expr} asks for a metric that there is not`);
    await query(expr);
  }
});
