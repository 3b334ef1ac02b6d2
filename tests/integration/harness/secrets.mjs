// SPDX-License-Identifier: Apache-2.0
// Texts that must never show up in what the gateway writes: every token made by the harness is one.

const LEAST_BYTES = 24; // shorter parts may stand in a line by chance
const texts = new Set();

// Notes a token (its payload and its signature too, wherever they are long enough), and gives it back.
export function secret(text) {
  const parts = text.split('.');
  for (const part of [text, ...parts.slice(1)]) {
    if (part.length >= LEAST_BYTES) texts.add(part);
  }
  return text;
}

// The first secret found in `output`, or undefined.
export function leaked(output) {
  return [...texts].find((text) => output.includes(text));
}
