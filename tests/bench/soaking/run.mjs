// SPDX-License-Identifier: Apache-2.0
// The whole of it: starts, lets everything happen at once, stops, says what was seen.
import { keepAsking, Tally } from './clients.mjs';
import { keepMultiplexing, speaksHttp2 } from './http2.mjs';
import { Memory } from './memory.mjs';
import { World, pause, save } from './world.mjs';

const isInstrumented = Number(process.env.JWTGATE_SLOWNESS ?? 1) > 1; // its allocator keeps what was freed

function say(summary) {
  const { counts, changes, memory } = summary;
  console.log(`${summary.minutes} minutes: ${JSON.stringify(changes)} ${JSON.stringify(counts)}`);
  for (const [kind, statuses] of Object.entries(summary.answers)) console.log(`  ${kind}: ${JSON.stringify(statuses)}`);
  console.log(`  memory: ${JSON.stringify(memory)}${isInstrumented ? ' (not judged: instrumented)' : ''}`);
  for (const text of summary.wrong) console.log(`WRONG ${text}`);
  for (const text of summary.lost) console.log(`LOST  ${text}`);
  for (const text of summary.failures) console.log(`FAILED ${text}`);
}

async function happen(world, tally, memory, options) {
  const clients = Array.from({ length: options.clients }, () => keepAsking(world, tally));
  const http2 = world.can.tls && (await speaksHttp2(world.tlsPort)) ? [keepMultiplexing(world, tally), keepMultiplexing(world, tally)] : [];
  const disturbing = world.disturb();
  const watching = memory.watch();
  const failed = Promise.all([disturbing, watching]).then(() => new Promise(() => {}));
  try {
    await Promise.race([pause(options.minutes * 60000), failed]);
  } finally {
    world.isEnding = true;
  }
  await Promise.all([...clients, ...http2, disturbing, watching]);
}

export async function soak(options) {
  const hooks = [];
  const t = { after: (hook) => hooks.unshift(hook) };
  const [world, tally] = [new World(), new Tally()];
  const memory = new Memory(world);
  const failures = [];
  const attempt = (what) => Promise.resolve().then(what).catch((error) => failures.push(String(error.stack).slice(0, 2000)));
  await attempt(async () => {
    await world.start(t);
    await happen(world, tally, memory, options);
  });
  for (const hook of hooks) await attempt(hook); // the gateway's own end is judged there: sanitizers, tokens in its log
  const summary = { minutes: options.minutes, changes: world.counts, counts: tally.counts, answers: tally.answers,
    memory: memory.samples.length > 8 ? memory.verdict() : undefined, wrong: tally.wrong, lost: tally.lost, failures };
  if (!isInstrumented && !summary.memory?.isFlat) failures.push('memory grew, or was not seen');
  say(summary);
  if (options.out) save(options.out, summary);
  process.exit(tally.wrong.length + tally.lost.length + failures.length > 0 ? 1 : 0);
}
