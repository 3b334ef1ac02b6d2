// SPDX-License-Identifier: Apache-2.0
// The bug that this shuts out: keys came when the wait for them was about to be over, many requests stood in line to have their
// signatures verified, and the end of the wait judged one that stood there.
//
// Goal: however late the keys come, each request gets one answer, a pass or a 503, and the gateway goes on.
import assert from 'node:assert/strict';
import test from 'node:test';
import { send } from './harness/client.mjs';
import { startIssuer } from './harness/issuer.mjs';
import { policyOf, startStand } from './harness/stand.mjs';

const WAIT_MS = 400;
const REQUESTS = 120;

for (const early of [120, 60, 20, 0]) {
  test(`keys come ${early} ms before the wait is over`, async (t) => {
    const issuer = await startIssuer(t, 'ES512');
    let serve;
    const asked = new Promise((resolve) => {
      issuer.jwks = (_, response) => {
        serve = () => response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(issuer.keySet()));
        resolve();
      };
    });
    const stand = await startStand(t, {
      issuer,
      hasKeys: false,
      config: {
        workers: 1,
        keys: { wait: `${WAIT_MS}ms`, cooldown: '100ms' },
        algorithms: ['ES512'],
        routes: [{ name: 'main', path: '/', backend: 'main', validate_jwt: policyOf(issuer) }],
      },
    });
    await asked;
    const tokens = Array.from({ length: REQUESTS }, (_, i) => issuer.token({ jti: `${i}` }));
    const answers = tokens.map((token) => send(stand.gateway.port, { token }));
    setTimeout(serve, WAIT_MS - early);
    const counts = {};
    for (const each of answers) {
      const { status } = await each;
      counts[status] = (counts[status] ?? 0) + 1;
    }
    t.diagnostic(JSON.stringify(counts));
    assert.deepEqual(Object.keys(counts).filter((status) => !['200', '503'].includes(status)), []);
    issuer.jwks = null;
    assert.equal((await stand.send({ token: 'not.a.token' })).status, 401);
  });
}
