// SPDX-License-Identifier: Apache-2.0
// Goal: what streams is not held back: each piece of a backend's answer, and each piece of a client's chunked body, goes on at once,
// before the next one exists.  Method: either side sends a piece only when the other has told that it has the one before.
import assert from 'node:assert/strict';
import http from 'node:http';
import test from 'node:test';
import { startStand } from './harness/stand.mjs';
import { until, within } from './harness/until.mjs';

// A backend of Node's own http server.
async function startServer(t, serve) {
  const server = http.createServer(serve);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${server.address().port}` };
}

// What a browser's EventSource does: reads events as they come, and after an end asks again with the id of the last one.
class Events {
  events = [];
  opened = 0;
  #abort = new AbortController();

  constructor(url, token) {
    this.url = url;
    this.token = token;
    this.done = this.#run();
  }

  close() {
    this.#abort.abort();
    return this.done;
  }

  event(n) {
    return until(`event ${n}`, () => this.events[n]);
  }

  async #run() {
    while (!this.#abort.signal.aborted) {
      try {
        await this.#once();
      } catch (error) {
        this.error = error;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async #once() {
    const last = this.events.findLast(({ id }) => id !== undefined)?.id;
    const headers = { Accept: 'text/event-stream', Authorization: `Bearer ${this.token}`, ...(last && { 'Last-Event-ID': last }) };
    const answer = await fetch(this.url, { headers, signal: this.#abort.signal });
    assert.equal(answer.headers.get('content-type'), 'text/event-stream');
    this.opened++;
    let text = '';
    for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
      text += piece;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        this.#take(text.slice(0, end).split('\n'));
        text = text.slice(end + 2);
      }
    }
  }

  #take(lines) {
    const event = {};
    for (const line of lines) {
      const [, name, value] = /^([a-z]*): ?(.*)$/.exec(line);
      if (name) event[name] = value;
    }
    if (event.data !== undefined) this.events.push(event);
  }
}

const listen = (t, stand, target = '/') => {
  const events = new Events(`http://127.0.0.1:${stand.gateway.port}${target}`, stand.issuer.token());
  t.after(() => events.close());
  return events;
};

test('server-sent events come one by one', async (t) => {
  let response;
  const backend = await startServer(t, (request, answer) => {
    answer.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders();
    response = answer;
  });
  const stand = await startStand(t, { backend });
  const events = listen(t, stand);
  await until('the head, which comes before the first event', () => events.opened === 1);
  for (let i = 0; i < 20; i++) {
    response.write(`id: ${i}\ndata: ${i}\n\n`);
    assert.equal((await events.event(i)).data, String(i));
  }
});

test('after the end the client asks again with the id of the last event, and misses none', async (t) => {
  let count = 0;
  const backend = await startServer(t, (request, answer) => {
    const next = Number(request.headers['last-event-id'] ?? -1) + 1;
    answer.writeHead(200, { 'Content-Type': 'text/event-stream' });
    answer.write(`id: ${next}\ndata: ${next}\n\n`, () => (count++ % 2 ? answer.destroy() : answer.end()));
  });
  const stand = await startStand(t, { backend });
  const events = listen(t, stand);
  await events.event(4);
  assert.deepEqual(events.events.slice(0, 5).map(({ data }) => data), ['0', '1', '2', '3', '4']);
});

test('silence of the backend is bounded by the backend\'s timeouts.idle alone; a comment now and then keeps it open', async (t) => {
  const backend = await startServer(t, (request, answer) => {
    answer.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders();
    const beat = request.url === '/beating' ? setInterval(() => answer.write(': still here\n\n'), 100) : undefined;
    const late = setTimeout(() => answer.write('data: late\n\n'), 1500);
    answer.on('close', () => [clearInterval(beat), clearTimeout(late)]);
  });
  // What a client is held to does not count while it is the backend's turn.
  const config = { timeouts: { idle: '200ms', body: '200ms', head: '200ms', drain: '2s' } };
  const stand = await startStand(t, { backend, backendMore: { timeouts: { idle: '700ms' } }, config });
  const beating = listen(t, stand, '/beating');
  const silent = listen(t, stand, '/silent');
  assert.equal((await beating.event(0)).data, 'late');
  assert.equal(beating.opened, 1);
  await until('the silent one\'s second try', () => silent.opened > 1);
  assert.equal(silent.events.length, 0);
  const line = await stand.gateway.event('access');
  assert.deepEqual([line.path, line.reason], ['/silent', 'BackendTimeout']);
});

test('a long poll may take as long as the backend\'s timeouts.response, and its answer comes at once', async (t) => {
  const waiting = [];
  const backend = await startServer(t, (request, answer) => waiting.push(answer));
  const config = { timeouts: { idle: '200ms', body: '200ms', head: '200ms', drain: '2s' } };
  const stand = await startStand(t, { backend, backendMore: { timeouts: { response: '3s', idle: '200ms' } }, config });
  const poll = stand.get('/poll');
  await until('the poll', () => waiting.length === 1);
  await new Promise((resolve) => setTimeout(resolve, 900));
  waiting[0].end('news');
  assert.equal((await poll).text, 'news');
});

// A client that has closed looks like one that only ended its side, until something is sent to it.
test('a client that leaves ends the stream at the backend, by the next pieces', async (t) => {
  let closed;
  const backend = await startServer(t, (request, answer) => {
    answer.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders();
    const beat = setInterval(() => answer.write(': still here\n\n'), 50);
    closed = new Promise((resolve) => answer.on('close', resolve)).then(() => clearInterval(beat));
  });
  const stand = await startStand(t, { backend });
  const events = listen(t, stand);
  await until('the stream', () => events.opened === 1);
  await events.close();
  await within('the close at the backend', closed);
});

test('a chunked request body goes on piece by piece, while its answer comes piece by piece', async (t) => {
  const backend = await startServer(t, (request, answer) => {
    answer.writeHead(200, { 'Content-Type': 'text/plain' }).flushHeaders();
    request.on('data', (piece) => answer.write(`<${piece}>`));
    request.on('end', () => answer.end('.'));
  });
  const stand = await startStand(t, { backend });
  const headers = { Authorization: `Bearer ${stand.issuer.token()}`, 'Transfer-Encoding': 'chunked' };
  const request = http.request({ port: stand.gateway.port, host: '127.0.0.1', method: 'POST', headers });
  let text = '';
  request.on('response', (answer) => answer.setEncoding('utf8').on('data', (piece) => (text += piece)));
  let expected = '';
  for (let i = 0; i < 20; i++) {
    request.write(String(i));
    expected += `<${i}>`;
    await until(`the echo of piece ${i}`, () => text === expected);
  }
  request.end();
  await until('the end', () => text === `${expected}.`);
});

test('a body of known length goes on piece by piece too', async (t) => {
  const stand = await startStand(t, { handler: async (request, conn) => {
    if (await request.whole) conn.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  } });
  const client = await stand.connect();
  client.write(`POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${stand.issuer.token()}\r\nContent-Length: 20\r\n\r\n`);
  const request = await stand.backend.request();
  for (let i = 1; i <= 20; i++) {
    client.write('x');
    await until(`byte ${i}`, () => request.bytes === i);
  }
  assert.equal((await client.answer()).text, 'ok');
  client.destroy();
});
