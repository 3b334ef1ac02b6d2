// SPDX-License-Identifier: Apache-2.0
// Debian's nginx as a backend: a parser of requests that nobody of us wrote.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { tempDir } from './gateway.mjs';
import { until } from './until.mjs';

const PROGRAM = ['/usr/sbin/nginx', '/usr/local/sbin/nginx', 'nginx'].find((name) => !spawnSync(name, ['-v']).error);

export const hasNginx = PROGRAM !== undefined;

async function freePort() {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const configuration = (port, body, listen) => `
${process.getuid() === 0 ? 'user root;' : ''}
worker_processes 1;
pid nginx.pid;
error_log stderr warn;
events { worker_connections 256; }
http {
  access_log off;
  keepalive_timeout 60s;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  client_max_body_size 0;
  server {
    listen 127.0.0.1:${port} ${listen};
    ${body}
  }
}
`;

const accepts = (port) => new Promise((resolve) => {
  const socket = net.connect(port, '127.0.0.1', () => socket.destroy() && resolve(true));
  socket.on('error', () => resolve(false));
});

// nginx takes no port 0: a free one is looked for, and another one when somebody was faster.
async function attempt(dir, body, listen) {
  const port = await freePort();
  writeFileSync(path.join(dir, 'nginx.conf'), configuration(port, body, listen));
  const args = ['--pdeathsig', 'KILL', '--', PROGRAM, '-p', dir, '-c', path.join(dir, 'nginx.conf'), '-g', 'daemon off; master_process off;'];
  const child = spawn('setpriv', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  let isEnded = false;
  child.stderr.on('data', (text) => (errors += text));
  const ended = new Promise((resolve) => child.on('close', () => resolve((isEnded = true))));
  await until('nginx', async () => isEnded || accepts(port));
  if (!isEnded) return { port, stop: () => child.kill('SIGTERM') && ended };
  if (!/Address already in use/.test(errors)) throw new Error(`nginx: ${errors}`);
  return undefined;
}

// `server` is the inside of the server block; files are { name: text } below `html`; `listen` stands behind the port.
export async function startNginx(t, server = 'location / { root html; }', files = {}, listen = '') {
  const dir = tempDir(t);
  mkdirSync(path.join(dir, 'html'), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(dir, 'html', name), text);
  for (;;) {
    const nginx = await attempt(dir, server, listen);
    if (!nginx) continue;
    t.after(nginx.stop);
    return { ...nginx, url: `http://127.0.0.1:${nginx.port}` };
  }
}
