// SPDX-License-Identifier: Apache-2.0
// Goal: `jwtgate check` names every problem of a configuration in one run, each with file, line and column.
// Method: documents in which every faulty line carries a comment with a part of the message that it has to cause.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { run, tempDir, writeFiles } from './harness/gateway.mjs';

const PROBLEM = /^(.*?):(\d+):(\d+): (error|warning|note): (.+)$/;

async function check(t, text, { files = {}, env } = {}) {
  const dir = tempDir(t);
  writeFiles(dir, { 'gateway.yaml': text, ...files });
  const file = path.join(dir, 'gateway.yaml');
  const result = await run(['check', '-c', file], { env });
  const lines = result.stderr.split('\n').filter(Boolean);
  const problems = lines.map((line) => {
    const match = PROBLEM.exec(line);
    assert.ok(match, `no FILE:LINE:COL: line: ${line}`);
    return { file: path.relative(dir, match[1]), line: Number(match[2]), column: Number(match[3]), kind: match[4], text: match[5] };
  });
  return { ...result, problems, errors: problems.filter(({ kind }) => kind === 'error') };
}

// Every line `... # !words` (in XML `<!-- !words -->`) has to cause an error at that line whose text holds the words.
function assertMarked(result, file, text) {
  const lines = text.split('\n');
  const marked = lines.flatMap((line, i) => {
    const words = /(?:#|<!--) !([^#]*?)\s*(?:-->)?$/.exec(line)?.[1];
    return words === undefined ? [] : [{ line: i + 1, words, width: line.length }];
  });
  const found = result.errors.filter((error) => error.file === file);
  for (const { line, words, width } of marked) {
    const there = found.filter((error) => error.line === line);
    assert.ok(there.length > 0, `no error at ${file}:${line} (${words}):\n${result.stderr}`);
    assert.ok(there.some((error) => error.text.toLowerCase().includes(words)), `${file}:${line}: "${words}" is not in: ${there.map(({ text: said }) => said)}`);
    for (const { column } of there) assert.ok(column >= 1 && column <= width, `column ${column} of ${file}:${line}`);
  }
  const unmarked = found.filter((error) => !marked.some(({ line }) => line === error.line));
  assert.deepEqual(unmarked, [], 'errors at lines that are right');
}

const SOUND = `listeners:
  - bind: 127.0.0.1:8080
backends:
  main: { servers: ["http://127.0.0.1:9001"] }
routes:
  - name: main
    path: /
    backend: main
    validate_jwt:
      openid_config: [ { url: "https://idp.example.com/.well-known/openid-configuration" } ]
      audiences: [api]
`;

test('a sound configuration: exit 0 and one line on standard output', async (t) => {
  const result = await check(t, SOUND);
  assert.equal(result.status, 0, result.stderr);
  assert.deepEqual(result.errors, []);
  assert.equal(result.stdout.trim().split('\n').length, 1);
  assert.match(result.stdout, /: ok: 1 route, 1 backend, 0 warnings$/m);
});

test('public routes are told as notes, and change nothing', async (t) => {
  const text = SOUND + `  - name: health
    path: /healthz
    backend: main
    policy: none
`;
  const result = await check(t, text);
  assert.equal(result.status, 0);
  const notes = result.problems.filter(({ kind }) => kind === 'note');
  assert.ok(notes.some((note) => note.line >= 12 && /health/.test(note.text)), result.stderr);
});

test('all problems of all sections are told in one run', async (t) => {
  const text = `listeners:
  - bind: 127.0.0.1            # !bind
  - bind: "127.0.0.1:99999"    # !bind
  - bnd: 127.0.0.1:1           # !bind
workers: many                  # !workers
keys:
  refresh: 3600                # !unit
  cooldown: fast               # !
  wait: -1s                    # !
  allow_http: yes              # !
limits:
  head: 64                     # !unit
  fields: many                 # !
  boddy: 1MiB                  # !body
timeouts: { head: 1d }         # !
log: { format: xml }           # !json
algorithms: [RS256, RS1]       # !rs1
backends:
  main:
    servers: ["ftp://127.0.0.1"]             # !
  empty:
    servers: []                              # !
  none: {}                                   # !servers
  tls:
    servers: ["https://127.0.0.1:1"]
    tls: { ca: missing.pem }                 # !missing.pem
    timeouts: { respond: 1s }                # !response
routes:
  - name: main
    path: /
    backend: nowhere                         # !nowhere
    policy: none
  - name: open                               # !policy
    path: /open
    backend: main
  - name: main                               # !main
    path: /again
    backend: main
    policy: none
  - name: both
    path: /both
    backend: main
    policy: none
    validate_jwt: { audiences: [a] }         # !
  - name: missing
    path: /missing
    backend: main
    policy: policies/missing.xml             # !missing.xml
  - name: uneven
    path: /uneven/
    rewrite: /x                              # !
    backend: main
    policy: none
  - name: reserved
    path: /_jwtgate/x                        # !reserved
    backend: main
    policy: none
  - name: relative
    path: relative                           # !
    backend: main
    policy: none
  - name: methods
    path: /methods
    methods: [GET, FETCH]                    # !fetch
    backend: main
    policy: none
  - name: rule
    path: /rule
    backend: main
    validate_jwt:
      openid_config: [ { url: "http://idp.example.com" } ]   # !http
      audiences: []                          # !audience
      clock_skew: -1                         # !
      required_claims:
        - { name: a, match: some, values: [x] }      # !any
        - { values: [x] }                    # !name
listners: []                                 # !listeners
`;
  const result = await check(t, text);
  assert.equal(result.status, 1);
  assertMarked(result, 'gateway.yaml', text);
});

test('syntax errors have a place too', async (t) => {
  const faults = {
    'an open list': ['listeners: [\n', undefined],
    'a tab': ['listeners:\n\t- bind: x\n', 2],
    'a key twice': [`${SOUND}routes: []\n`, 12],
    'a second document': [`${SOUND}---\na: 1\n`, undefined],
    'an anchor': ['listeners: &x []\n', 1],
    'a tag': ['listeners: !!seq []\n', 1],
    'no map': ['- a\n', 1],
    'nothing': ['', undefined],
  };
  for (const [name, [text, line]] of Object.entries(faults)) {
    await t.test(name, async (inner) => {
      const result = await check(inner, text);
      assert.equal(result.status, 1);
      assert.ok(result.errors.length > 0);
      if (line) assert.ok(result.errors.some((error) => error.line === line), result.stderr);
    });
  }
});

test('problems of a policy stand in the policy', async (t) => {
  const policy = `<policies>
  <inbound>
    <validate-jwt header-name="Authorization" query-parameter-name="jwt"> <!-- ! -->
      <openid-config adress="https://idp.example.com" /> <!-- !url -->
      <audiences>
        <audience> </audience> <!-- !audience -->
      </audiences>
      <issuer-signing-keys>
        <key id="k">c2hvcnQ=</key> <!-- ! -->
        <key n="AQAB" /> <!-- ! -->
        <key certificate-id="nowhere" /> <!-- !nowhere -->
      </issuer-signing-keys>
      <required-claims>
        <claim match="any"><value>x</value></claim> <!-- !name -->
        <claim name="a" match="one"><value>x</value></claim> <!-- !any -->
      </required-claims>
      <unknown /> <!-- !unknown -->
    </validate-jwt>
  </inbound>
</policies>
`;
  const text = SOUND.replace(/ {4}validate_jwt:[^]*$/, '    policy: lab.xml\n');
  const result = await check(t, text, { files: { 'lab.xml': policy } });
  assert.equal(result.status, 1);
  assertMarked(result, 'lab.xml', policy);
  for (const [name, broken] of Object.entries({
    'an open element': '<policies>\n<inbound>\n</policies>',
    'a document type': '<!DOCTYPE x [<!ENTITY y "z">]>\n<validate-jwt header-name="a"/>',
    'another document': '<html/>',
    nothing: '',
  })) {
    await t.test(name, async (inner) => {
      const again = await check(inner, text, { files: { 'lab.xml': broken } });
      assert.equal(again.status, 1);
      assert.ok(again.errors.some(({ file }) => file === 'lab.xml'), again.stderr);
    });
  }
});

test('what follows from an error is not told, and a policy of two routes is told about once', async (t) => {
  const policy = `<validate-jwt header-name="Authorization" failed-validation-httpcode="Unauthorized"> <!-- !whole number -->
  <OpenId-Config url="https://idp.example.com" /> <!-- !openid-config -->
</validate-jwt>
`;
  const routes = ['a', 'b'].map((name) => `  - { name: ${name}, path: /${name}, backend: main, policy: lab.xml }\n`).join('');
  const result = await check(t, SOUND.replace(/ {2}- name: main[^]*$/, routes), { files: { 'lab.xml': policy } });
  assert.equal(result.status, 1);
  assertMarked(result, 'lab.xml', policy);
  assert.equal(result.problems.length, 2, result.stderr);
  assert.match(result.stdout, /: 2 errors, 0 warnings$/m);
});

test('an environment variable that is not set, a file that is missing, a named value that is unknown', async (t) => {
  const text = SOUND.replace('[api]', '["${JWTGATE_TEST_UNSET}", "${file:missing.txt}", "{{unknown}}"]');
  const result = await check(t, text);
  assert.equal(result.status, 1);
  const said = result.errors.map(({ text: one }) => one).join('\n');
  for (const name of ['JWTGATE_TEST_UNSET', 'missing.txt', 'unknown']) assert.ok(said.includes(name), `${name} in:\n${result.stderr}`);
});

test('a file that cannot be read, and usage errors', async (t) => {
  const away = await run(['check', '-c', path.join(tempDir(t), 'missing.yaml')]);
  assert.equal(away.status, 1);
  assert.match(away.stderr, /missing\.yaml/);
  for (const args of [['check', '--unknown'], ['nonsense'], ['check', 'too', 'many']]) {
    const wrong = await run(args);
    assert.equal(wrong.status, 2, args.join(' '));
    assert.notEqual(wrong.stderr, '');
  }
});
