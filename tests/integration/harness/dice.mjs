// SPDX-License-Identifier: Apache-2.0
// Numbers that look random and are the same in every run (mulberry32).
export class Dice {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  // From 0 to sides - 1.
  roll(sides) {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % sides;
  }

  pick(values) {
    return values[this.roll(values.length)];
  }

  // An integer within both ends.
  between(least, most) {
    return least + this.roll(most - least + 1);
  }

  bytes(count) {
    return Buffer.from(Array.from({ length: count }, () => this.roll(256)));
  }
}
