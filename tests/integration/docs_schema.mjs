// SPDX-License-Identifier: Apache-2.0
// Goal: editors that hold a configuration to the JSON Schema find nothing wrong with what the project itself shows, and with whole
// configurations neither does `jwtgate check`.
// Method: ajv; every file of conf/ and every block of the documents that is a configuration, whole or in part.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { Ajv } from 'ajv';
import { parseDocument } from 'yaml';
import { run, tempDir, writeFiles } from './harness/gateway.mjs';

const ROOT = new URL('../../', import.meta.url).pathname;
const read = (name) => readFileSync(path.join(ROOT, name), 'utf8');
const list = (folder, end) => readdirSync(path.join(ROOT, folder)).filter((name) => name.endsWith(end)).map((name) => path.join(folder, name));

const schema = JSON.parse(read('conf/jwtgate.schema.json'));
const ajv = new Ajv({ allErrors: true, strict: false });
const isWhole = ajv.compile(schema);
const isPart = ajv.compile({ ...schema, definitions: { ...schema.definitions, gateway: { ...schema.definitions.gateway, required: [] } } });

const configurations = [...list('conf', '.yaml'), ...list('packaging', '.yaml')];
const pages = ['README.md', ...list('docs', '.md'), ...list('docs/providers', '.md')];

// The YAML of a page, and what a shell would write into gateway.yaml there.
function blocksOf(page) {
  const text = read(page);
  const blocks = [...text.matchAll(/^```yaml\n([^]*?)^```/gm), ...text.matchAll(/^cat > gateway\.yaml <<'END'\n([^]*?)^END$/gm)];
  return blocks.map(([, block]) => block);
}

// What a document's block is: a map with keys of the configuration, or nothing of ours.
function configurationOf(block) {
  const document = parseDocument(block);
  const value = document.errors.length === 0 ? document.toJS() : undefined;
  const keys = value && typeof value === 'object' && !Array.isArray(value) ? Object.keys(value) : [];
  return keys.length > 0 && keys.every((key) => key in schema.definitions.gateway.properties) ? value : undefined;
}

const tell = (validate) => ajv.errorsText(validate.errors, { separator: '\n' });

test('every configuration that comes with the project fits the schema', () => {
  assert.ok(configurations.length > 4);
  for (const name of configurations) assert.ok(isWhole(parseDocument(read(name)).toJS()), `${name}:\n${tell(isWhole)}`);
});

test('every configuration in the documents fits the schema, whole or in part', () => {
  let found = 0;
  for (const page of pages)
    for (const block of blocksOf(page)) {
      const value = configurationOf(block);
      if (!value) continue;
      found += 1;
      assert.ok(isPart(value), `${page}:\n${block}\n${tell(isPart)}`);
    }
  assert.ok(found > 20, `${found} blocks`);
});

test('the schema finds what is wrong', () => {
  const right = parseDocument(read('conf/calculator.yaml')).toJS();
  assert.ok(isWhole(right));
  for (const wrong of [{ listener: [] }, { workers: 'many' }, { routes: undefined }, { timeouts: { head: 10 } }])
    assert.ok(!isWhole(JSON.parse(JSON.stringify({ ...right, ...wrong }))), JSON.stringify(wrong));
});

test('the schema asks for one policy of a route, lists that name something, and a token that is long', () => {
  const right = parseDocument(read('conf/calculator.yaml')).toJS();
  const { policy, validate_jwt, ...bare } = right.routes[0];
  const guard = { validate_jwt: { openid_config: ['https://idp.example.com'] } };
  const route = (more) => ({ routes: [{ ...bare, ...more }] });
  const fits = (more) => isWhole(JSON.parse(JSON.stringify({ ...right, ...more })));
  for (const [good, ...bad] of [
    [route(guard), route({}), route({ ...guard, policy: 'none' })],
    [route({ policy: 'none' }), route({ policy: 'none', ...guard })],
    [route({ ...guard, methods: ['GET'] }), route({ ...guard, methods: [] })],
    [route({ ...guard, host: ['api.example'] }), route({ ...guard, host: [] })],
    [route({ ...guard, host: 'api.example' })],
    [{ algorithms: ['RS256'] }, { algorithms: [] }],
    [{ admin: { token: '0123456789abcdef' } }, { admin: { token: '0123456789abcde' } }, { admin: { token: '' } }],
    [{ admin: { token: '${TOKEN}' } }],
    [{ admin: { token: '{{token}}' } }],
  ]) {
    assert.ok(fits(good), `${JSON.stringify(good)}: ${tell(isWhole)}`);
    for (const wrong of bad) assert.ok(!fits(wrong), JSON.stringify(wrong));
  }
});

test('the example of a migration is sound, with its documents', async (t) => {
  const dir = tempDir(t);
  const text = read('docs/migrating-from-api-management.md');
  const config = blocksOf('docs/migrating-from-api-management.md').find((block) => /^listeners:/.test(block));
  const documents = [...text.matchAll(/^```xml\n<!-- (\S+) -->\n([^]*?)^```/gm)].map(([, name, block]) => [name, block]);
  assert.equal(documents.length, 2);
  writeFiles(dir, { 'gateway.yaml': config, ...Object.fromEntries(documents) });
  const result = await run(['check', '-c', path.join(dir, 'gateway.yaml')]);
  assert.equal(result.status, 0, result.stderr);
  assert.doesNotMatch(result.stderr, /warning:/);
});

test('each way to fail of the demo is told by the page on troubleshooting', () => {
  const page = read('docs/troubleshooting.md');
  const sections = new Map([...page.matchAll(/^### (\w+)\n([^]*?)(?=^###? |<!--)/gm)].map(([, name, body]) => [name, body]));
  for (const [name, body] of sections) assert.match(body, /^- Where to look: \S[^]*^- What to do: \S/m, name);
  const shots = [...read('src/dev/demo_shots.c').matchAll(/REASON_(\w+),\s*"([\w:]+)"/g)];
  assert.ok(shots.length > 12);
  const table = read('include/base/reason.def');
  for (const [, id, check] of shots) {
    const name = new RegExp(`REASON\\(${id}, "(\\w+)"`).exec(table)[1];
    assert.ok(sections.get(name).includes(`\`${check.replace(/:.*/, ':NAME')}\``), `${name} by ${check}`);
  }
});
