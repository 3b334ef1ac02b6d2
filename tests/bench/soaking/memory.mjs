// SPDX-License-Identifier: Apache-2.0
// Memory of the gateway over time, without what the cache of tokens holds: that one grows to its bound and says how large it is.
import { send } from '../../integration/harness/client.mjs';
import { pause } from './world.mjs';

const SAMPLE_MS = 500;
const WARM_UP = 1 / 4; // of the samples
const GROWTH_KIB_MAX = 4096;

export class Memory {
  samples = []; // { at_s, kib, cache_kib }

  constructor(world) {
    this.world = world;
  }

  async #cacheKib() {
    const answer = await send(this.world.gateway.adminPort, { target: '/metrics', host: 'localhost' });
    const sum = [...answer.text.matchAll(/^jwtgate_token_cache_bytes(?:\{[^}]*\})? (\d+)/gm)].reduce((all, [, value]) => all + Number(value), 0);
    return sum / 1024;
  }

  async watch() {
    const begin = Date.now();
    while (!this.world.isEnding) {
      const cache_kib = await this.#cacheKib();
      const { now } = this.world.gateway.memory();
      this.samples.push({ at_s: (Date.now() - begin) / 1000, kib: now - cache_kib, cache_kib, rss_kib: now });
      await pause(SAMPLE_MS);
    }
  }

  // The straight line through the samples after warming up: what it gained from first to last.
  verdict() {
    const kept = this.samples.slice(Math.floor(this.samples.length * WARM_UP));
    const mean = (of) => kept.reduce((sum, sample) => sum + of(sample), 0) / kept.length;
    const [at, kib] = [mean(({ at_s }) => at_s), mean((sample) => sample.kib)];
    const slope = kept.reduce((sum, s) => sum + (s.at_s - at) * (s.kib - kib), 0) / kept.reduce((sum, s) => sum + (s.at_s - at) ** 2, 0);
    const span_s = kept.at(-1).at_s - kept[0].at_s;
    const last = this.samples.at(-1);
    return { mean_kib: Math.round(kib), slope_kib_per_minute: Math.round(slope * 60), growth_kib: Math.round(slope * span_s), cache_kib: Math.round(last.cache_kib),
      rss_kib: last.rss_kib, isFlat: slope * span_s <= Math.max(GROWTH_KIB_MAX, kib / 10) };
  }
}
