// SPDX-License-Identifier: Apache-2.0
// The scripted issuer behind TLS: everything is as with startIssuer, but it is reached by https only.
import https from 'node:https';
import { startIssuer } from './issuer.mjs';

// options: leaf (of newAuthority().issue), name (in its URL), tls (what https.createServer takes besides).
export async function startSecureIssuer(t, leaf, { name = '127.0.0.1', tls = {}, algs = ['ES256'] } = {}) {
  const issuer = await startIssuer(t, ...algs);
  const server = https.createServer({ cert: leaf.cert, key: leaf.key, ...tls });
  server.on('request', (request, response) => issuer.server.emit('request', request, response));
  server.on('tlsClientError', () => {});
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  issuer.secure = server;
  issuer.port = server.address().port;
  issuer.url = `https://${name}:${issuer.port}`;
  return issuer;
}
