// SPDX-License-Identifier: Apache-2.0
// A gateway whose listener speaks TLS, and clients that tell what they met there.
import { once } from 'node:events';
import tls from 'node:tls';
import { startBackend } from './backend.mjs';
import { connect, send } from './client.mjs';
import { startGateway } from './gateway.mjs';
import { within } from './until.mjs';

// The files of a leaf as the section `tls` names them.
export const pairOf = (leaf) => ({ certificate: leaf.certFile, key: leaf.keyFile });

// Gateway and backend with one public route; `section` is the listener's tls, `listener` stands beside it.
export async function startSecure(t, authority, { section, listener = {}, handler, backend, config = {} }) {
  const behind = backend ?? (await startBackend(t, handler));
  const all = {
    listeners: [{ bind: '127.0.0.1:0', tls: section, ...listener }],
    backends: { main: { servers: [behind.url] } },
    routes: [{ name: 'main', path: '/', backend: 'main', policy: 'none' }],
    ...config,
  };
  const gateway = await startGateway(t, all);
  const usual = { ca: authority.ca, servername: 'gateway.test' };
  return {
    gateway,
    backend: behind,
    config: all,
    connect: (options = {}) => connect(gateway.port, { tls: { ...usual, ...options } }),
    send: (request = {}, options = {}) => send(gateway.port, { ...request, tls: { ...usual, ...options } }),
    meet: (options = {}) => meet(gateway.port, { ...usual, ...options }),
  };
}

// One handshake: { socket }, or { error } by what the client was told, also after its own side was done as TLS 1.3 has it.
export async function meet(port, options) {
  const socket = tls.connect({ port, host: '127.0.0.1', ...options });
  const sessions = [];
  socket.on('session', (session) => sessions.push(session));
  const failed = once(socket, 'error').then(([error]) => ({ error }));
  failed.catch(() => {});
  const shaken = once(socket, 'secureConnect').then(() => new Promise((resolve) => {
    // A refused certificate is told behind the handshake; an answer says that it was not.
    socket.once('data', () => resolve({ socket, sessions }));
    socket.write('GET /met HTTP/1.1\r\nHost: gateway.test\r\n\r\n');
  }));
  shaken.catch(() => {});
  const met = await within('the handshake', Promise.race([failed, shaken]));
  if (met.error) socket.destroy();
  socket.on('error', () => {});
  return met;
}
