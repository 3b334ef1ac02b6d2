// SPDX-License-Identifier: Apache-2.0
// A forward proxy: absolute-form for http, CONNECT for https; it leads every name to loopback and notes what it was asked.
import http from 'node:http';
import net from 'node:net';

export async function startProxy(t) {
  const proxy = { requests: [], refusal: undefined };
  const sockets = new Set();
  const server = http.createServer((request, response) => {
    proxy.requests.push(`${request.method} ${request.url}`);
    if (proxy.refusal) return response.writeHead(proxy.refusal).end();
    const { port, pathname, search } = new URL(request.url);
    const headers = { ...request.headers, host: new URL(request.url).host };
    const onward = http.request({ host: '127.0.0.1', port, path: pathname + search, method: request.method, headers });
    onward.on('response', (answer) => answer.pipe(response.writeHead(answer.statusCode, answer.headers)));
    onward.on('error', () => response.destroy());
    return onward.end();
  });
  server.on('connect', (request, socket, head) => {
    proxy.requests.push(`CONNECT ${request.url}`);
    socket.on('error', () => {});
    if (proxy.refusal) return socket.end(`HTTP/1.1 ${proxy.refusal} No\r\nContent-Length: 0\r\n\r\n`);
    const onward = net.connect(Number(/:(\d+)$/.exec(request.url)[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connected\r\n\r\n');
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    sockets.add(onward);
    return onward.on('error', () => socket.destroy());
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
    for (const socket of sockets) socket.destroy();
  });
  proxy.url = `http://127.0.0.1:${server.address().port}`;
  return proxy;
}
