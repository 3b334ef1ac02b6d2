// SPDX-License-Identifier: Apache-2.0
// Clients of every kind.  Each knows what its tokens deserve and holds every answer to it.
import crypto from 'node:crypto';
import { connect, requestBytes } from '../../integration/harness/client.mjs';
import { within } from '../../integration/harness/until.mjs';
import { pause } from './world.mjs';

const UNAVAILABLE = [502, 503, 504]; // only where a backend restarts
const BODY_BYTES_MAX = 200000;
const WAIT_MS = 20000;

const below = (count) => crypto.randomInt(count);
const one = (list) => list[below(list.length)];

// What may be sent: its token, and the statuses that it may get.
const KINDS = {
  good: { token: (w) => one(w.tokens), allowed: [200], weight: 10 },
  bad: { token: (w) => spoilt(one(w.tokens)), allowed: [401], weight: 4 },
  foreign: { token: (w) => w.tokens.foreign, allowed: [401], weight: 1 },
  expired: { token: (w) => w.tokens.expired, allowed: [401], weight: 1 },
  absent: { token: () => undefined, allowed: [401], weight: 2 },
  withdrawn: { token: (w) => one(w.withdrawn), allowed: [401], weight: 1, isThere: (w) => w.withdrawn.length > 0 },
  flip: { token: (w) => w.tokens.other, allowed: [200, 401], weight: 1, target: '/flip' },
};
const DECK = Object.entries(KINDS).flatMap(([name, { weight }]) => Array(weight).fill(name));

function spoilt(token) {
  const [signed, signature] = [token.slice(0, token.lastIndexOf('.')), Buffer.from(token.slice(token.lastIndexOf('.') + 1), 'base64url')];
  signature[below(signature.length)] ^= 1 << below(8);
  return `${signed}.${signature.toString('base64url')}`;
}

export class Tally {
  answers = {}; // kind -> status -> count
  wrong = [];
  lost = [];
  counts = { connections: 0, aborted: 0, cut: 0, tunnels: 0, tls: 0, http2: 0, bytes: 0 };

  count(kind, status) {
    const of = (this.answers[kind] ??= {});
    of[status] = (of[status] ?? 0) + 1;
  }

  note(list, text) {
    if (list.length < 20) list.push(text);
    else list[19] = 'and more';
  }
}

export function pickRequest(world) {
  let name = one(DECK);
  if (KINDS[name].isThere && !KINDS[name].isThere(world)) name = 'good';
  const kind = KINDS[name];
  const request = { kind: name, rotation: world.counts.rotations, token: kind.token(world), target: kind.target ?? one(['/a', '/calc/add?a=1&b=2', `/bytes/${below(BODY_BYTES_MAX)}`]),
    fields: { 'X-Tag': crypto.randomUUID() } };
  if (below(4) === 0) {
    request.method = 'POST';
    request.body = crypto.randomBytes(below(BODY_BYTES_MAX));
  }
  return request;
}

// Whether that status may come.  What began while a backend restarted may be answered after.
function isAllowed(world, request, status, wasDisturbed) {
  const { allowed } = KINDS[request.kind];
  if (allowed.includes(status)) return true;
  if (status === 401 && request.rotation < world.goneBefore) return true; // judged when its key was gone already
  return allowed.includes(200) && UNAVAILABLE.includes(status) && (wasDisturbed || world.isDisturbed());
}

// What the backend saw must be what was sent, and come back whole.
function isRightBody(request, answer) {
  if (answer.status !== 200) return true;
  const asked = /^\/bytes\/(\d+)/.exec(request.target);
  if (asked) return answer.bytes === Number(asked[1]);
  const digest = crypto.createHash('sha256').update(request.body ?? '').digest('hex');
  return answer.text === digest && (answer.field('x-tag') ?? request.fields['X-Tag']) === request.fields['X-Tag'];
}

function told({ kind, method, target, body }) {
  return `${kind} ${method ?? 'GET'} ${target}${body ? ` with ${body.length} bytes` : ''}`;
}

export function judgeAnswer(world, tally, request, answer, wasDisturbed) {
  const about = told(request);
  tally.count(request.kind, answer.status);
  tally.counts.bytes += answer.bytes;
  if (!isAllowed(world, request, answer.status, wasDisturbed)) tally.note(tally.wrong, `${about}: ${answer.status} ${answer.text?.slice(0, 200)}`);
  if (!answer.isWhole) {
    tally.counts.cut++;
    if (!wasDisturbed && !world.isDisturbed()) tally.note(tally.lost, `${about}: the answer ended early`);
  } else if (!isRightBody(request, answer)) {
    tally.note(tally.wrong, `${about}: another body than that of the backend: ${answer.bytes} bytes, stated ${answer.field('content-length')}`);
  }
}

// The answers to requests that were sent in one go; true: the connection stays.
async function takeAnswers(world, tally, client, requests, wasDisturbed) {
  for (const request of requests) {
    const answer = await client.answer({ method: request.method, limit_ms: WAIT_MS });
    if (!answer) {
      tally.note(tally.lost, `${told(request)}: closed without an answer, after ${client.last ?? 'nothing'}`);
      return false;
    }
    client.last = `${told(request)}: ${answer.status}`;
    judgeAnswer(world, tally, request, answer, wasDisturbed);
    if (!answer.isWhole || answer.field('connection')?.toLowerCase() === 'close') return false; // what was sent behind it is not handled
  }
  return true;
}

// One connection: requests one by one or in bunches, and perhaps an abort in the middle of anything.
async function speak(world, tally) {
  const isTls = world.can.tls && below(3) === 0;
  const client = await connect(isTls ? world.tlsPort : world.port, isTls ? { tls: { rejectUnauthorized: false, servername: 'gateway.test' } } : {});
  tally.counts.connections++;
  tally.counts.tls += isTls ? 1 : 0;
  try {
    for (let left = 1 + below(20); left > 0 && !world.isEnding; left--) {
      const wasDisturbed = world.isDisturbed();
      const requests = Array.from({ length: below(4) === 0 ? 2 + below(5) : 1 }, () => pickRequest(world));
      const bytes = Buffer.concat(requests.map(requestBytes));
      if (below(40) === 0) return await abort(tally, client, bytes);
      client.write(bytes);
      if (!(await takeAnswers(world, tally, client, requests, wasDisturbed))) return;
    }
  } finally {
    client.destroy();
  }
}

// Goes away within a request, or within its answer.
async function abort(tally, client, bytes) {
  tally.counts.aborted++;
  if (below(2) === 0) {
    client.write(bytes.subarray(0, below(bytes.length)));
    await pause(below(20));
  } else {
    client.write(bytes);
    await Promise.race([client.head().catch(() => {}), pause(below(30))]);
  }
  if (below(2) === 0 && client.socket.encrypted !== true) client.socket.resetAndDestroy();
}

async function tunnel(world, tally) {
  const name = one(['good', 'good', 'bad', 'absent']);
  const wasDisturbed = world.isDisturbed();
  const client = await connect(world.port);
  const fields = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': crypto.randomBytes(16).toString('base64') };
  const request = { kind: name, target: '/ws/echo', token: KINDS[name].token(world), fields };
  try {
    client.write(requestBytes(request));
    const head = await within('an answer to the handshake', client.head(), WAIT_MS);
    if (!head) return tally.note(tally.lost, 'a handshake got no answer');
    tally.counts.tunnels++;
    tally.count(`websocket ${name}`, head.status);
    if (head.status === 101 ? name !== 'good' : !isAllowed(world, request, head.status, wasDisturbed)) {
      tally.note(tally.wrong, `websocket ${name}: ${head.status}`);
    } else if (head.status === 101 && !(await echoes(client)) && !wasDisturbed && !world.isDisturbed()) {
      tally.note(tally.lost, 'bytes in a tunnel did not come back');
    }
  } finally {
    client.destroy();
  }
}

async function echoes(client) {
  for (let i = 0; i < 5; i++) {
    const sent = crypto.randomBytes(1 + below(40000));
    let got = Buffer.alloc(0);
    client.write(sent);
    if (!(await within('an echo', client.reader.body('length', sent.length, (piece) => (got = Buffer.concat([got, piece]))), WAIT_MS))) return false;
    if (!got.equals(sent)) return false;
  }
  return true;
}

// Connects again and again until the end.
export async function keepAsking(world, tally) {
  while (!world.isEnding) {
    const wasDisturbed = world.isDisturbed();
    try {
      await (world.can.websocket && below(20) === 0 ? tunnel(world, tally) : speak(world, tally));
    } catch (error) {
      const list = /reader|Malformed|ended within/.test(error.stack) && (wasDisturbed || world.isDisturbed()) ? [] : tally.lost;
      tally.note(list, String(error.stack).slice(0, 400));
    }
    await pause(below(5));
  }
}
