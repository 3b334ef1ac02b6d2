// SPDX-License-Identifier: Apache-2.0
// A strict reader of TAP 14 as `jwtgate test` writes it, and the run that gives it.
import assert from 'node:assert/strict';
import path from 'node:path';
import { completed, run, tempDir, writeFiles } from './gateway.mjs';

// `key: value` lines of two levels; values are plain words, numbers, or JSON texts.
function readDiagnostic(lines) {
  const all = {};
  let inner;
  for (const line of lines) {
    const [, indent, key, value] = /^ {2}( {2})?([a-z_]+):(?: (.+))?$/.exec(line) ?? assert.fail(`no line of a diagnostic: ${line}`);
    assert.ok(indent === undefined || inner, `nothing to belong to: ${line}`);
    if (value === undefined) {
      assert.equal(indent, undefined);
      inner = all[key] = {};
      continue;
    }
    if (indent === undefined) inner = undefined;
    (indent === undefined ? all : inner)[key] = /^["\d]/.test(value) ? JSON.parse(value) : value;
  }
  return all;
}

// [{ ok, name, diagnostic }], the plan held to; anything that is no TAP 14 ends the test.
export function readTap(text) {
  assert.ok(text.endsWith('\n'), 'the last line has its end');
  const lines = text.slice(0, -1).split('\n');
  assert.equal(lines.shift(), 'TAP version 14');
  const [, planned] = /^1\.\.(\d+)$/.exec(lines.shift()) ?? assert.fail('no plan');
  const points = [];
  while (lines.length > 0) {
    const [, not, number, name] = /^(not )?ok (\d+) - (.+)$/.exec(lines.shift()) ?? assert.fail(`no test point in:\n${text}`);
    assert.equal(Number(number), points.length + 1);
    assert.doesNotMatch(name.replace(/\\[\\#]/g, ''), /[#\\]/, 'a directive nobody meant');
    const point = { ok: !not, name: name.replace(/\\([\\#])/g, '$1') };
    if (lines[0] === '  ---') {
      const end = lines.indexOf('  ...');
      assert.ok(end > 0, 'a diagnostic without end');
      point.diagnostic = readDiagnostic(lines.splice(0, end + 1).slice(1, -1));
    }
    assert.equal(point.diagnostic === undefined, point.ok, 'a diagnostic goes with what does not hold');
    points.push(point);
  }
  assert.equal(points.length, Number(planned));
  return points;
}

// Runs `jwtgate test` on tables ({ 'name.yaml': text or object }) for a configuration; other files stand beside them.
export async function runCases(t, config, tables, files = {}) {
  const dir = tempDir(t);
  writeFiles(dir, { ...files, ...tables, 'gateway.yaml': typeof config === 'string' ? config : completed(config) });
  const args = ['test', '-c', path.join(dir, 'gateway.yaml'), ...Object.keys(tables).map((name) => path.join(dir, name))];
  const result = await run(args);
  return { ...result, dir, points: result.status === 2 ? undefined : readTap(result.stdout) };
}

// Every case of the table holds; what does not is shown with what was found.
export async function holdsAll(t, config, cases, files = {}) {
  const result = await runCases(t, config, { 'cases.yaml': cases }, files);
  assert.notEqual(result.status, 2, result.stderr);
  const broken = result.points.filter(({ ok }) => !ok);
  assert.deepEqual(broken, [], result.stderr);
  assert.equal(result.status, 0);
  return result;
}
