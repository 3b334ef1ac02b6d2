// SPDX-License-Identifier: Apache-2.0
// Goal: certificates are replaced under the running gateway: new connections get the new one, none is dropped, and what does not
// fit together changes nothing.
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { newAuthority } from './harness/certs.mjs';
import { requestBytes, send } from './harness/client.mjs';
import { tempDir } from './harness/gateway.mjs';
import { startSecure } from './harness/tls.mjs';
import { until } from './harness/until.mjs';

// A folder with server.crt and server.key, replaced as certificate tools do.
function folderOf(t, leaf) {
  const dir = tempDir(t);
  const at = (name) => path.join(dir, name);
  const place = (from, name) => (copyFileSync(from, at(`${name}.new`)), renameSync(at(`${name}.new`), at(name)));
  place(leaf.certFile, 'server.crt');
  place(leaf.keyFile, 'server.key');
  return { at, place, section: { certificate: at('server.crt'), key: at('server.key') } };
}

const serialOf = async (stand) => {
  const { socket, error } = await stand.meet();
  if (error) throw error;
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
};

const metrics = async (stand) => (await send(stand.gateway.adminPort, { target: '/metrics', host: 'localhost' })).text;

test('a new certificate is taken up, and no connection is lost over it', async (t) => {
  const authority = newAuthority(t);
  const folder = folderOf(t, authority.issue('gateway.test'));
  const stand = await startSecure(t, authority, { section: folder.section });
  const before = await serialOf(stand);
  let isOver = false;
  const statuses = [];
  const ask = async (keeps) => {
    let client = await stand.connect();
    while (!isOver) {
      client.write(requestBytes());
      statuses.push((await client.answer())?.status);
      if (!keeps) {
        client.destroy();
        client = await stand.connect();
      }
    }
    client.destroy();
  };
  const asking = [ask(true), ask(false)];
  for (let i = 0; i < 3; i++) {
    const leaf = authority.issue('gateway.test');
    folder.place(leaf.certFile, 'server.crt');
    folder.place(leaf.keyFile, 'server.key');
    await stand.gateway.event('certificate-reloaded', i);
  }
  await until('the new certificate', async () => (await serialOf(stand)) !== before);
  isOver = true;
  await Promise.all(asking);
  assert.ok(statuses.length > 20);
  assert.deepEqual([...new Set(statuses)], [200]);
  assert.equal(stand.gateway.events('certificate-failed').length, 0);
  const text = await metrics(stand);
  assert.match(text, /jwtgate_listener_certificate_reads_total\{result="ok"\} 3\n/);
  const [, end] = /jwtgate_listener_certificate_end_seconds\{listener="127.0.0.1:0",file="[^"]+"\} (\d+)/.exec(text);
  assert.ok(Math.abs(Number(end) - Date.now() / 1000 - 2 * 86400) < 3600);
});

test('a pair that does not fit changes nothing, is told once, and is over when it fits again', async (t) => {
  const authority = newAuthority(t);
  const folder = folderOf(t, authority.issue('gateway.test'));
  const stand = await startSecure(t, authority, { section: folder.section });
  const before = await serialOf(stand);
  const fits = async () => Number(/jwtgate_listener_certificate_ok\{listener="127.0.0.1:0"\} (\d)/.exec(await metrics(stand))[1]);
  assert.equal(await fits(), 1);
  const leaf = authority.issue('gateway.test');
  folder.place(leaf.keyFile, 'server.key');
  const told = await stand.gateway.event('certificate-failed');
  assert.match(told.error, /server\.key.*not that of the certificate/);
  assert.equal(await fits(), 0);
  assert.equal(await serialOf(stand), before);
  writeFileSync(folder.at('server.crt'), readFileSync(leaf.certFile).subarray(0, 300));
  await stand.gateway.event('certificate-failed', 1);
  assert.equal(await serialOf(stand), before);
  rmSync(folder.at('server.crt'));
  await stand.gateway.event('certificate-failed', 2);
  assert.equal(await serialOf(stand), before);
  folder.place(leaf.certFile, 'server.crt');
  await stand.gateway.event('certificate-reloaded');
  await until('the new certificate', async () => (await serialOf(stand)) !== before);
  assert.match(await metrics(stand), /jwtgate_listener_certificate_reads_total\{result="failed"\} 3\n/);
  assert.equal(await fits(), 1);
});

// As Kubernetes mounts secrets: a link to a folder that is swapped.
test('a folder that is swapped by its link is seen', async (t) => {
  const authority = newAuthority(t);
  const dir = tempDir(t);
  const fill = (name) => {
    const leaf = authority.issue('gateway.test');
    mkdirSync(path.join(dir, name));
    copyFileSync(leaf.certFile, path.join(dir, name, 'tls.crt'));
    copyFileSync(leaf.keyFile, path.join(dir, name, 'tls.key'));
  };
  fill('one');
  fill('two');
  symlinkSync('one', path.join(dir, 'data'));
  const stand = await startSecure(t, authority, { section: { certificate: path.join(dir, 'data/tls.crt'), key: path.join(dir, 'data/tls.key') } });
  const before = await serialOf(stand);
  symlinkSync('two', path.join(dir, 'data.new'));
  renameSync(path.join(dir, 'data.new'), path.join(dir, 'data'));
  await stand.gateway.event('certificate-reloaded');
  await until('the new certificate', async () => (await serialOf(stand)) !== before);
});

test('a reload takes up other files, and TLS itself, with connections kept', async (t) => {
  const authority = newAuthority(t);
  const folder = folderOf(t, authority.issue('gateway.test'));
  const stand = await startSecure(t, authority, { section: folder.section });
  const kept = await stand.connect();
  kept.write(requestBytes());
  assert.equal((await kept.answer()).status, 200);
  const before = await serialOf(stand);
  const other = folderOf(t, authority.issue('gateway.test'));
  await stand.gateway.reload({ ...stand.config, listeners: [{ bind: '127.0.0.1:0', tls: other.section }] });
  await until('the other certificate', async () => (await serialOf(stand)) !== before);
  kept.write(requestBytes());
  assert.equal((await kept.answer()).status, 200);
  kept.destroy();
  await stand.gateway.reload({ ...stand.config, listeners: [{ bind: '127.0.0.1:0' }] });
  await until('plain HTTP', async () => (await send(stand.gateway.port).catch(() => undefined))?.status === 200);
});
