// SPDX-License-Identifier: Apache-2.0
// An issuer that does what the test says: counts what is fetched, rotates, fails, hangs, or serves garbage.
import http from 'node:http';
import { newKey, now, sign } from './keys.mjs';

const cache = new Map();

// Making RSA keys takes long; a test file makes each of its first keys once.
function firstKey(alg) {
  if (!cache.has(alg)) cache.set(alg, newKey(alg, `${alg}-1`, { alg }));
  return cache.get(alg);
}

class Issuer {
  counts = { discovery: 0, jwks: 0, other: 0 };
  fetchTimes = []; // of the key set, ms
  isDown = false; // connections are cut without an answer
  discovery = null; // (request, response) => ... in place of the right answer
  jwks = null;

  constructor(algs) {
    this.keys = algs.map(firstKey);
    this.server = http.createServer((request, response) => this.#answer(request, response));
    this.server.on('connection', (socket) => {
      if (this.isDown) socket.destroy();
    });
    this.server.keepAliveTimeout = 60000;
  }

  get configUrl() {
    return `${this.url}/.well-known/openid-configuration`;
  }

  get key() {
    return this.keys[0];
  }

  // What the key set lists: keys made by newKey, or { jwk } as it stands.
  keySet() {
    return { keys: this.keys.map(({ jwk }) => jwk) };
  }

  document() {
    return { issuer: this.url, jwks_uri: `${this.url}/jwks` };
  }

  claims(more = {}) {
    return { iss: this.url, aud: 'api', sub: 'someone', iat: now(), exp: now() + 600, ...more };
  }

  // A token that passes; claims and header members changed, or with undefined left out.
  token(claims = {}, { key = this.key, header } = {}) {
    return sign(key, this.claims(claims), header);
  }

  // In place of the key that is there now.
  rotate(alg = this.key.alg, kid = `${alg}-${this.counts.jwks}-${Date.now()}`) {
    this.keys = [newKey(alg, kid, { alg })];
    return this.key;
  }

  // From now on there is nobody; what is open is cut.
  goDown() {
    this.isDown = true;
    this.server.closeAllConnections();
  }

  comeBack() {
    this.isDown = false;
  }

  #answer(request, response) {
    const name = { '/.well-known/openid-configuration': 'discovery', '/jwks': 'jwks' }[request.url] ?? 'other';
    this.counts[name]++;
    if (name === 'jwks') this.fetchTimes.push(Date.now());
    if (this[name]) return this[name](request, response);
    if (name === 'other') return response.writeHead(404).end();
    const body = JSON.stringify(name === 'jwks' ? this.keySet() : this.document());
    return response.writeHead(200, { 'Content-Type': 'application/json' }).end(body);
  }

  listen() {
    return new Promise((resolve) => {
      this.server.listen(0, '127.0.0.1', () => {
        this.url = `http://127.0.0.1:${this.server.address().port}`;
        resolve(this);
      });
    });
  }

  stop() {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    return closed;
  }
}

export async function startIssuer(t, ...algs) {
  const issuer = await new Issuer(algs.length ? algs : ['RS256']).listen();
  t.after(() => issuer.stop());
  return issuer;
}
