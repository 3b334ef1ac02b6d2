// SPDX-License-Identifier: Apache-2.0
// What stands around the gateway and never stays as it is: an issuer that rotates, backends that restart, reloads.
import crypto from 'node:crypto';
import http from 'node:http';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { newAuthority } from '../../integration/harness/certs.mjs';
import { completed, run, startGateway, tempDir, writeFiles } from '../../integration/harness/gateway.mjs';
import { startIssuer } from '../../integration/harness/issuer.mjs';
import { newKey, now } from '../../integration/harness/keys.mjs';
import { until } from '../../integration/harness/until.mjs';

const ROTATE_MS = 4000;
const RELOAD_MS = 5000;
const RESTART_MS = 7000;
const DOWN_MS = 600;
const SETTLE_MS = 2500; // after a restart: connections that were cut are found, servers that were left out are tried again
const ADOPT_MS = 400; // from a fetched key set to all workers
const TOKENS_A_KEY = 12;

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Echoes bodies, and gives as many bytes as the path says.
function answer(request, response) {
  const size = Number(/^\/bytes\/(\d+)/.exec(request.url)?.[1] ?? -1);
  if (size >= 0) {
    request.resume();
    response.writeHead(200, { 'Content-Length': size }).end(Buffer.alloc(size, 'b'));
    return;
  }
  const hash = crypto.createHash('sha256');
  request.on('data', (piece) => hash.update(piece)).on('end', () => {
    const digest = hash.digest('hex');
    response.writeHead(200, { 'Content-Type': 'text/plain', 'X-Tag': request.headers['x-tag'] ?? '' }).end(digest);
  });
}

// Shakes hands, then sends back whatever comes: no frames are needed to see whether bytes pass.
function upgrade(request, socket, head) {
  const accept = crypto.createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  socket.on('error', () => {});
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
  if (head.length) socket.write(head);
  socket.pipe(socket);
}

class Backend {
  sockets = new Set();

  async start(port = 0) {
    this.server = http.createServer({ keepAliveTimeout: 60000 }, answer).on('upgrade', upgrade);
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket)).on('error', () => {});
    });
    await new Promise((resolve, reject) => this.server.on('error', reject).listen(port, '127.0.0.1', resolve));
    this.port = this.server.address().port;
    return this;
  }

  async stop() {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }
}

export class World {
  counts = { rotations: 0, reloads: 0, restarts: 0 };
  isEnding = false;
  disturbedUntil = 0; // until then 502, 503 and 504 may come, and answers end early
  goneBefore = 0; // keys of earlier rotations are not published any more
  withdrawn = []; // tokens whose key is not published any more
  tokens = [];

  async start(t) {
    this.issuer = await startIssuer(t);
    this.foreign = newKey('RS256', 'nobody-published-this');
    this.backends = [await new Backend().start(), await new Backend().start()];
    t.after(() => Promise.all(this.backends.map((backend) => backend.stop())));
    this.leaf = newAuthority(t).issue('127.0.0.1', 'gateway.test');
    this.can = await this.#abilities(t);
    this.gateway = await startGateway(t, this.#config(false));
    await until('the keys', () => this.issuer.counts.jwks > 0);
    await pause(ADOPT_MS);
    this.#mint();
  }

  get port() {
    return this.gateway.ports[0];
  }

  get tlsPort() {
    return this.gateway.ports[1];
  }

  isDisturbed() {
    return Date.now() < this.disturbedUntil;
  }

  // Rotates, reloads and restarts until the end; rejects when one of them fails.
  disturb() {
    return Promise.all([this.#every(ROTATE_MS, () => this.#rotate()), this.#every(RELOAD_MS, () => this.#reload()),
      this.#every(RESTART_MS, () => this.#restart())]);
  }

  async #every(ms, what) {
    while (!this.isEnding) {
      await pause(ms);
      if (!this.isEnding) await what();
    }
  }

  // What this build understands, found out by asking it.
  async #abilities(t) {
    const dir = tempDir(t);
    const understands = async (config) => {
      writeFiles(dir, { 'gateway.yaml': completed(config) });
      return (await run(['check', '-c', path.join(dir, 'gateway.yaml')])).status === 0;
    };
    const can = { tls: false, websocket: false };
    for (const name of Object.keys(can)) {
      this.can = { tls: false, websocket: false, [name]: true };
      can[name] = await understands(this.#config(false));
    }
    return can;
  }

  // Two that take turns: they differ in one audience, and in what never shows.
  #config(isOther) {
    const policy = (audiences) => ({ openid_config: [{ url: this.issuer.configUrl }], audiences });
    const listeners = [{ bind: '127.0.0.1:0' }];
    if (this.can.tls) listeners.push({ bind: '127.0.0.1:0', tls: { certificate: this.leaf.certFile, key: this.leaf.keyFile } });
    const routes = [
      { name: 'flip', path: '/flip', backend: 'main', validate_jwt: policy(isOther ? ['api', 'other'] : ['api']) },
      { name: 'main', path: '/', backend: 'main', validate_jwt: policy(['api']), ...(isOther ? { realm: 'another' } : {}) },
    ];
    if (this.can.websocket) routes.unshift({ name: 'ws', path: '/ws', backend: 'main', validate_jwt: policy(['api']), websocket: true });
    return {
      listeners, routes, log: { access: false, level: isOther ? 'warning' : 'error' },
      keys: { refresh: '1s', cooldown: '200ms' },
      backends: { main: { servers: this.backends.map(({ port }) => `http://127.0.0.1:${port}`) } },
    };
  }

  #mint() {
    this.tokens = Array.from({ length: TOKENS_A_KEY }, (_, i) => this.issuer.token({ jti: `${this.counts.rotations}-${i}`, exp: now() + 3600 }));
    this.tokens.other = this.issuer.token({ aud: 'other', exp: now() + 3600 });
    this.tokens.expired = this.issuer.token({ exp: now() - 3600 });
    this.tokens.foreign = this.issuer.token({}, { key: { ...this.foreign, kid: this.issuer.key.kid } });
  }

  // Published first, used when everybody has it; the old one goes when nobody uses it.
  async #rotate() {
    const [old] = this.issuer.keys;
    this.issuer.keys = [newKey('RS256', `key-${this.counts.rotations + 1}`, { alg: 'RS256' }), old];
    await this.#fetchedAnew();
    const last = this.tokens[0];
    this.counts.rotations++;
    this.#mint();
    await pause(1500); // requests with the old ones end
    this.issuer.keys = [this.issuer.keys[0]];
    this.goneBefore = this.counts.rotations;
    await this.#fetchedAnew();
    this.withdrawn = [last];
  }

  // Two fetches: the first may have been under way before.
  async #fetchedAnew() {
    const before = this.issuer.counts.jwks;
    await until('a fetch of the keys', () => this.issuer.counts.jwks >= before + 2 || this.isEnding, 20000);
    await pause(ADOPT_MS);
  }

  async #reload() {
    await this.gateway.reload(this.#config(this.counts.reloads++ % 2 === 0));
    const failed = this.gateway.events('reload-failed');
    if (failed.length > 0) throw new Error(`a reload failed: ${JSON.stringify(failed[0])}`);
  }

  async #restart() {
    const backend = this.backends[this.counts.restarts++ % this.backends.length];
    this.disturbedUntil = Date.now() + DOWN_MS + SETTLE_MS;
    await backend.stop();
    await pause(DOWN_MS);
    await backend.start(backend.port);
    this.disturbedUntil = Date.now() + SETTLE_MS;
  }
}

export function save(file, value) {
  writeFileSync(file, `${JSON.stringify(value, null, 1)}\n`);
}
