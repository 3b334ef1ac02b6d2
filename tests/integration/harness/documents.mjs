// SPDX-License-Identifier: Apache-2.0
// A server of documents at the addresses that a provider has them at: `answers` is { path with query: what to answer }, an
// object, or { type, body }.
import http from 'node:http';

export async function startDocuments(t, answers, host = '127.0.0.1') {
  const server = http.createServer((request, response) => {
    const answer = answers[request.url];
    if (answer === undefined) return response.writeHead(404).end();
    const { type = 'application/json', body = answer } = answer.body ? answer : {};
    return response.writeHead(200, { 'Content-Type': type }).end(JSON.stringify(body));
  });
  await new Promise((resolve) => server.listen(0, host, resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://${host}:${server.address().port}`, answers };
}
