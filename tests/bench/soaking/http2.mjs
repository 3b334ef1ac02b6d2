// SPDX-License-Identifier: Apache-2.0
// Clients that speak HTTP/2: many streams at once on one connection, some given up.
import crypto from 'node:crypto';
import http2 from 'node:http2';
import { connect } from '../../integration/harness/client.mjs';
import { within } from '../../integration/harness/until.mjs';
import { judgeAnswer, pickRequest } from './clients.mjs';
import { pause } from './world.mjs';

const STREAMS = 6;
const WAIT_MS = 20000;

// Whether the gateway offers it.
export async function speaksHttp2(port) {
  const client = await connect(port, { tls: { rejectUnauthorized: false, servername: 'gateway.test', ALPNProtocols: ['h2'] } }).catch(() => undefined);
  const is = client?.socket.alpnProtocol === 'h2';
  client?.destroy();
  return is;
}

function giveUp(stream, resolve) {
  resolve(undefined); // what still comes is not counted
  stream.close(http2.constants.NGHTTP2_CANCEL);
}

// The answer as the other clients have it; undefined: the stream was given up.
function ask(session, request) {
  const fields = { ':method': request.method ?? 'GET', ':path': request.target, 'x-tag': request.fields['X-Tag'] };
  if (request.token !== undefined) fields.authorization = `Bearer ${request.token}`;
  const stream = session.request(fields, { endStream: request.body === undefined });
  if (request.body !== undefined) stream.end(request.body);
  return new Promise((resolve, reject) => {
    const answer = { bytes: 0, isWhole: false, chunks: [] };
    if (crypto.randomInt(30) === 0) setTimeout(() => giveUp(stream, resolve), crypto.randomInt(20));
    stream.on('response', (fields) => {
      answer.status = fields[':status'];
      answer.field = (name) => fields[name];
    });
    stream.on('data', (piece) => {
      answer.bytes += piece.length;
      answer.chunks.push(piece);
    });
    stream.on('error', () => {});
    // Node does not tell the close of a stream that was answered and reset before all of its body went: the answer's end counts.  It
    // tells an end also where the connection broke, and does not compare lengths.
    stream.on('end', () => {
      const stated = Number(answer.field?.('content-length') ?? answer.bytes);
      answer.isWhole = answer.status !== undefined && stream.rstCode === http2.constants.NGHTTP2_NO_ERROR && answer.bytes === stated;
      conclude();
    });
    stream.on('close', conclude);
    function conclude() {
      answer.text = Buffer.concat(answer.chunks).toString();
      if (answer.status === undefined) reject(new Error(`a stream ended with ${stream.rstCode} and no answer`));
      else resolve(answer);
    }
  });
}

const describe = ({ kind, method, target, body }) => `${kind} ${method ?? 'GET'} ${target} (${body?.length ?? 0} bytes) on a stream`;

async function askAll(world, tally, session) {
  const wasDisturbed = world.isDisturbed();
  await Promise.all(Array.from({ length: STREAMS }, async () => {
    const request = pickRequest(world);
    const answer = await within(`an answer to ${describe(request)}`, ask(session, request), WAIT_MS);
    if (answer) judgeAnswer(world, tally, request, answer, wasDisturbed);
    else tally.counts.aborted++;
    tally.counts.http2++;
  }));
}

export async function keepMultiplexing(world, tally) {
  while (!world.isEnding) {
    const session = http2.connect(`https://127.0.0.1:${world.tlsPort}`, { rejectUnauthorized: false, servername: 'gateway.test' });
    session.on('error', () => {});
    tally.counts.connections++;
    try {
      for (let i = 0; i < 10 && !world.isEnding && !session.closed; i++) await askAll(world, tally, session);
    } catch (error) {
      tally.note(tally.lost, `HTTP/2: ${String(error.stack).slice(0, 300)}`);
    }
    session.destroy();
    await pause(5);
  }
}
