// SPDX-License-Identifier: Apache-2.0
// WebSocket servers and clients by npm `ws`, and the handshake in plain bytes where a test breaks it.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { WebSocket, WebSocketServer } from 'ws';
import { until, within } from './until.mjs';

export const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='; // RFC 6455 1.3
export const acceptOf = (key) => createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

// The fields of a right handshake; `more` replaces or, with undefined, removes.
export const handshake = (more = {}) => Object.fromEntries(Object.entries({
  Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Key': KEY, 'Sec-WebSocket-Version': '13', ...more,
}).filter(([, value]) => value !== undefined));

// The 101 that answers it.
export const switching = (more = {}) => {
  const fields = { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Accept': acceptOf(KEY), ...more };
  const lines = Object.entries(fields).filter(([, value]) => value !== undefined).map(([name, value]) => `${name}: ${value}`);
  return `HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`;
};

// A server that echoes, unless `serve(socket, request)` does something else.  leaf: a certificate, for https.
export async function startWebSockets(t, { leaf, serve, options = {} } = {}) {
  const server = leaf ? https.createServer({ cert: leaf.cert, key: leaf.key }) : http.createServer();
  const sockets = new WebSocketServer({ server, ...options });
  const state = { sockets, requests: [], clients: sockets.clients };
  sockets.on('connection', (socket, request) => {
    state.requests.push(request);
    socket.on('error', () => {});
    if (serve) serve(socket, request);
    else socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  server.on('request', (request, response) => response.end('plain'));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const client of sockets.clients) client.terminate();
    server.close();
    server.closeAllConnections();
  });
  state.url = `${leaf ? 'https' : 'http'}://127.0.0.1:${server.address().port}`;
  return state;
}

// A client of the gateway, once it is open.  What comes is kept in `messages`; `closed` gives { code, reason }.
export async function openWebSocket(t, stand, { target = '/', token = stand.issuer.token(), protocols = [], scheme = 'ws', ...options } = {}) {
  const client = new WebSocket(`${scheme}://127.0.0.1:${stand.gateway.port}${target}`, protocols,
    { headers: { Authorization: `Bearer ${token}` }, ...options });
  const closed = new Promise((resolve) => client.on('close', (code, reason) => resolve({ code, reason: reason.toString() })));
  client.messages = [];
  client.on('message', (data, isBinary) => client.messages.push(isBinary ? data : data.toString()));
  t.after(() => client.terminate());
  await within('the open WebSocket', Promise.race([once(client, 'open'), once(client, 'error').then(([error]) => { throw error; })]));
  client.on('error', () => {});
  client.message = (n) => until(`message ${n}`, () => client.messages[n]);
  client.closed = () => within('the close of the WebSocket', closed);
  return client;
}

// The status of a handshake that is refused.
export function refusedWebSocket(stand, options) {
  const client = new WebSocket(`ws://127.0.0.1:${stand.gateway.port}/`, [], options);
  client.on('error', () => {});
  return within('the refusal', new Promise((resolve, reject) => {
    client.on('unexpected-response', (request, response) => {
      resolve(response.statusCode);
      request.destroy();
    });
    client.on('open', () => reject(new Error('the handshake passed')));
  }));
}
