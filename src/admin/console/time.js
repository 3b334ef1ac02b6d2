// SPDX-License-Identifier: Apache-2.0
// Moments of a token (RFC 7519 2: seconds since 1970, perhaps with a fraction) as people read them.  Pure: `now` is a parameter.

const UNITS = [['year', 31557600], ['month', 2629800], ['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]];
const DATE_MAX_S = 8.64e12; // what a Date can hold

const words = new Intl.RelativeTimeFormat('en', { numeric: 'always' });
const local = new Intl.DateTimeFormat(undefined, {
  weekday: 'short', year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit',
  timeZoneName: 'short',
});

export const isMoment = (seconds) => typeof seconds === 'number' && Math.abs(seconds) <= DATE_MAX_S;

// "in 9 minutes", "2 hours ago": whole units only, so never more than is true.
export function inWords(seconds, now) {
  const apart = Math.trunc(seconds - now);
  if (apart === 0) return 'now';
  if (!Number.isFinite(apart)) return 'nobody knows when';
  const [unit, size] = UNITS.find(([, each]) => Math.abs(apart) >= each);
  return words.format(Math.trunc(apart / size), unit);
}

// A number that makes sense only when it is taken for milliseconds, which some libraries write.
export const looksLikeMilliseconds = (seconds, now) => seconds > 1e11 && Math.abs(seconds / 1000 - now) < 20 * 31557600;

export const inUtc = (seconds) => `${iso(seconds).replace('T', ' ').replace('Z', '')} UTC`;
export const inLocal = (seconds) => local.format(new Date(seconds * 1000));

// RFC 3339, in whole seconds.
export const iso = (seconds) => new Date(Math.floor(seconds) * 1000).toISOString().replace('.000Z', 'Z');

// The seconds of what a datetime-local field holds, undefined for nothing.
export function fromField(value) {
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.floor(at / 1000);
}

// How long something took, or has lasted: "850 ms", "3 min", "2 h".
export function span(ms) {
  if (ms < 1) return 'under 1 ms';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60e3) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 3600e3) return `${Math.floor(ms / 60e3)} min`;
  return ms < 48 * 3600e3 ? `${Math.floor(ms / 3600e3)} h` : `${Math.floor(ms / 86400e3)} days`;
}
