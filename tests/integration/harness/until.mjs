// SPDX-License-Identifier: Apache-2.0
// Waiting for a condition, never for a time: the limit only says when to give up.

// Instrumented builds are slower; the build tells how much.
const slowness = Number(process.env.JWTGATE_SLOWNESS ?? 1);

export const patience = (ms) => ms * slowness;

// As much work as such a build does in the time that others take for `count`.
export const scaled = (count) => Math.ceil(count / slowness ** 2);

// Resolves with the first truthy value of `condition`; rejects after `limit_ms` saying what did not come.
export async function until(what, condition, limit_ms = 10000) {
  const end = Date.now() + patience(limit_ms);
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

// The value of `promise`, or a rejection that says what did not come.
export async function within(what, promise, limit_ms = 10000) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), patience(limit_ms));
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
