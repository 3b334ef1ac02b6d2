// SPDX-License-Identifier: Apache-2.0
// Goal: where clients are to show certificates, none comes in without one that is right, and one that was trusted is not trusted
// any more once its CA is gone, also not by resuming.
import assert from 'node:assert/strict';
import test from 'node:test';
import { newAuthority } from './harness/certs.mjs';
import { pairOf, startSecure } from './harness/tls.mjs';
import { until } from './harness/until.mjs';

const shown = ({ cert, key }) => ({ cert, key });
const VERSIONS = ['TLSv1.2', 'TLSv1.3'];
const at = (version) => ({ minVersion: version, maxVersion: version });

async function start(t, section) {
  const authority = newAuthority(t);
  const pair = pairOf(authority.issue('gateway.test'));
  const stand = await startSecure(t, authority, { section: { ...pair, client_ca: authority.caFile, ...section } });
  return { authority, pair, stand, other: newAuthority(t, 'Other CA') };
}

for (const clients of ['required', 'optional'])
  test(`clients: ${clients}`, async (t) => {
    const { authority, other, stand } = await start(t, { clients });
    for (const version of VERSIONS) {
      const right = await stand.meet({ ...at(version), ...shown(authority.issue('client')) });
      assert.ok(right.socket, `${version}: ${right.error}`);
      right.socket.destroy();
      const none = await stand.meet(at(version));
      assert.equal(none.error === undefined, clients === 'optional', version);
      none.socket?.destroy();
      if (none.error) assert.match(String(none.error), /certificate required|handshake failure/);
      const strange = await stand.meet({ ...at(version), ...shown(other.issue('client')) });
      assert.match(String(strange.error), /unknown ca|certificate unknown|bad certificate/i, version);
    }
    await stand.gateway.event('handshake-failed');
  });

test('with client_ca alone a certificate is required', async (t) => {
  const { authority, stand } = await start(t, {});
  assert.ok((await stand.meet()).error);
  (await stand.meet(shown(authority.issue('client')))).socket.destroy();
});

test('no byte of a client without its certificate reaches the backend', async (t) => {
  const { stand } = await start(t, {});
  await stand.meet();
  await stand.gateway.event('handshake-failed');
  assert.equal(stand.backend.requests.length, 0);
});

// Attack: a session from the time when another CA was trusted.
test('a session is not resumed under another client_ca', async (t) => {
  const { authority, other, pair, stand } = await start(t, {});
  const client = shown(authority.issue('client'));
  for (const version of VERSIONS) {
    const options = { ...at(version), ...client };
    const first = await stand.meet(options);
    const session = await until('a session', () => first.sessions.at(-1) ?? first.socket.getSession());
    first.socket.destroy();
    const again = await stand.meet({ ...options, session });
    assert.equal(again.socket.isSessionReused(), true, version);
    again.socket.destroy();
    const config = (tls) => ({ ...stand.config, listeners: [{ bind: '127.0.0.1:0', tls }] });
    await stand.gateway.reload(config({ ...pair, client_ca: other.caFile }));
    assert.ok((await stand.meet({ ...options, session })).error, version);
    (await stand.meet({ ...at(version), ...shown(other.issue('client')) })).socket.destroy();
    await stand.gateway.reload(config({ ...pair, client_ca: authority.caFile }));
    (await stand.meet(options)).socket.destroy();
  }
});
