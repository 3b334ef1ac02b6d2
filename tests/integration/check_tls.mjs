// SPDX-License-Identifier: Apache-2.0
// Goal: what a handshake would fail at is told when the configuration is read, with the place of the file's name.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { newAuthority } from './harness/certs.mjs';
import { run, tempDir, writeFiles } from './harness/gateway.mjs';

// Good and bad files in one folder.
function filesOf(t) {
  const dir = tempDir(t);
  const authority = newAuthority(t);
  const [one, other] = [authority.issue('gateway.test'), authority.issue('other.test')];
  const place = (from, name) => copyFileSync(from, path.join(dir, name));
  place(one.certFile, 'one.crt');
  place(one.keyFile, 'one.key');
  place(other.certFile, 'other.crt');
  place(other.keyFile, 'other.key');
  place(authority.caFile, 'ca.pem');
  const openssl = (...args) => execFileSync('openssl', args, { cwd: dir, stdio: 'ignore' });
  openssl('ec', '-aes256', '-passout', 'pass:x', '-in', 'one.key', '-out', 'locked.key');
  openssl('req', '-new', '-key', 'one.key', '-subj', '/CN=x', '-out', 'x.csr');
  for (const [name, days] of [['ended', -1], ['long', 30]])
    openssl('x509', '-req', '-in', 'x.csr', '-signkey', 'one.key', '-days', String(days), '-out', `${name}.crt`);
  writeFiles(dir, {
    'empty.pem': '',
    'both.pem': readFileSync(one.certFile, 'utf8') + readFileSync(one.keyFile, 'utf8'),
    'broken.crt': readFileSync(one.certFile, 'utf8').slice(0, 200),
  });
  return dir;
}

const withListener = (tls) => `listeners:
  - bind: 127.0.0.1:8443
    tls: ${tls}
backends: { main: { servers: ["http://127.0.0.1:1"] } }
routes: [ { name: main, path: /, backend: main, policy: none } ]
`;
const withBackend = (tls) => `listeners: [ { bind: "127.0.0.1:8080" } ]
backends:
  main:
    servers: ["https://127.0.0.1:1"]
    tls: ${tls}
routes: [ { name: main, path: /, backend: main, policy: none } ]
`;

async function check(dir, text) {
  writeFiles(dir, { 'gateway.yaml': text });
  const result = await run(['check', '-c', path.join(dir, 'gateway.yaml')]);
  return { status: result.status, stderr: result.stderr.replaceAll(`${dir}/`, '') };
}

// [section, what is said of it, the value that it points at]; nothing said: it passes.
const LISTENERS = [
  ['{ certificate: one.crt, key: one.key }'],
  ['{ certificate: both.pem }'],
  ['{ certificate: both.pem, min_version: "1.3", client_ca: ca.pem, clients: optional }'],
  ['{ certificate: both.pem, certificates: [ { certificate: one.crt, key: one.key } ] }'],
  ['{ certificate: missing.crt, key: one.key }', /error: cannot open "missing\.crt"/, 'missing.crt'],
  ['{ certificate: one.crt, key: missing.key }', /error: cannot open "missing\.key"/, 'missing.key'],
  ['{ certificate: one.crt, key: other.key }', /error: "other\.key" holds a key that is not that of the certificate/, 'other.key'],
  ['{ certificate: one.crt }', /error: "one\.crt" holds no PEM private key/, 'one.crt'],
  ['{ certificate: one.crt, key: locked.key }', /error: "locked\.key" holds no PEM private key that needs no passphrase/, 'locked.key'],
  ['{ certificate: broken.crt, key: one.key }', /error: "broken\.crt" holds no PEM certificate/, 'broken.crt'],
  ['{ certificate: empty.pem, key: one.key }', /error: "empty\.pem" holds no PEM certificate/, 'empty.pem'],
  ['{ key: one.key }', /error: key "certificate" is required/],
  ['{ certificate: both.pem, client_ca: empty.pem }', /error: "empty\.pem" holds no PEM certificate/, 'empty.pem'],
  ['{ certificate: both.pem, client_ca: one.key }', /error: "one\.key" holds no PEM certificate/, 'one.key'],
  ['{ certificate: both.pem, clients: optional }', /error: "clients" says whose/, 'optional'],
  ['{ certificate: both.pem, client_ca: ca.pem, clients: maybe }', /error: .*required/, 'maybe'],
  ['{ certificate: both.pem, min_version: 1.1 }', /error: .*1\.2/, '1.1'],
  ['{ certificate: both.pem, certificates: [ { certificate: one.crt, key: other.key } ] }', /error: "other\.key" holds/, 'other.key'],
  ['{ certificate: both.pem, certificates: [ { key: one.key } ] }', /error: key "certificate" is required/],
  ['{ certificate: ended.crt, key: one.key }', /warning: the certificate of "ended\.crt" ended at/, 'ended.crt'],
  ['{ certificate: one.crt, key: one.key }', /warning: the certificate of "one\.crt" ends soon, at/, 'one.crt'],
  ['{ certificate: long.crt, key: one.key }', /^(?![^]*warning: the cert)/],
  ['{ certificate: both.pem, certificates: [ { certificate: one.crt, key: one.key } ] }', /warning: a certificate before it is for "gateway\.test" too/, 'one.crt'],
  ['{ certificate: both.pem, certificates: [ { certificate: other.crt, key: other.key } ] }', /^(?![^]*warning: a certificate before)/],
  ['{ certificate: both.pem, certifcates: [] }', /error: .*"certificates"/],
];
const BACKENDS = [
  ['{ ca: ca.pem }'],
  ['{ ca: ca.pem, client_certificate: both.pem }'],
  ['{ ca: ca.pem, client_certificate: one.crt, client_key: one.key, server_name: inner.test }'],
  ['{ ca: missing.pem }', /error: cannot open "missing\.pem"/, 'missing.pem'],
  ['{ ca: empty.pem }', /error: "empty\.pem" holds no PEM certificate/, 'empty.pem'],
  ['{ client_certificate: one.crt, client_key: other.key }', /error: "other\.key" holds a key that is not/, 'other.key'],
  ['{ client_certificate: one.crt }', /error: "one\.crt" holds no PEM private key/, 'one.crt'],
  ['{ client_key: one.key }', /error: "client_key" is the key of "client_certificate"/, 'one.key'],
  ['{ server_name: "inner.test:443" }', /error: "server_name" is a host name without port/, '"inner.test:443"'],
  ['{ client_certificate: ended.crt, client_key: one.key }', /warning: the certificate of "ended\.crt" ended at/, 'ended.crt'],
];

for (const [what, make, cases, line] of [['listeners', withListener, LISTENERS, 3], ['backends', withBackend, BACKENDS, 5]])
  test(`tls of ${what}`, async (t) => {
    const dir = filesOf(t);
    for (const [section, said, value] of cases) {
      const text = make(section);
      const { status, stderr } = await check(dir, text);
      const isError = said !== undefined && String(said).includes('error:');
      assert.equal(status, isError ? 1 : 0, `${section}: ${stderr}`);
      if (!said) continue;
      assert.match(stderr, said, section);
      if (!value) continue;
      const column = text.split('\n')[line - 1].lastIndexOf(value) + 1;
      const found = stderr.split('\n').find((one) => said.test(one));
      assert.match(found, new RegExp(`^gateway\\.yaml:${line}:${column}:`), `${section}: ${stderr}`);
    }
  });

test('problems of all files are told in one run', async (t) => {
  const { stderr } = await check(filesOf(t), withListener('{ certificate: missing.crt, key: gone.key, certificates: [ { certificate: one.crt, key: other.key } ] }'));
  for (const said of [/missing\.crt/, /gone\.key/, /other\.key/]) assert.match(stderr, said);
});

test('a client_ca that cannot be used hides nothing of the certificates', async (t) => {
  const dir = filesOf(t);
  for (const ca of ['gone.ca', 'empty.pem'])
    for (const [pair, ...said] of [['certificate: missing.crt, key: gone.key', 'missing.crt', 'gone.key'], ['certificate: one.crt, key: other.key', 'other.key'],
      ['certificate: one.crt, key: one.key']]) {
      const { status, stderr } = await check(dir, withListener(`{ ${pair}, client_ca: ${ca}, clients: required }`));
      assert.equal(status, 1);
      const told = stderr.split('\n').flatMap((line) => /error: .*?"(\S+)"/.exec(line)?.[1] ?? []);
      assert.deepEqual(told.sort(), [ca, ...said].sort(), stderr);
    }
});
