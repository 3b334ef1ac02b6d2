// SPDX-License-Identifier: Apache-2.0
// Which route a request gets to, and what a form needs to know of routes.  Pure.

const hosts = (route) => [].concat(route.hosts ?? []);

// 0: the host is not the route's; else the larger the closer.
function closeness(route, host) {
  const own = hosts(route);
  if (own.length === 0) return 1;
  const name = host.toLowerCase().replace(/:\d+$/, '');
  const fitting = own.map((one) => one.toLowerCase()).filter((one) => one === name || (one.startsWith('*.') && name.endsWith(one.slice(1))));
  return Math.max(0, ...fitting.map((one) => (one.startsWith('*.') ? 1 : 1000) + one.length));
}

// `/a` is /a and what lies below; `/a/` only what lies below.
const isBelow = (prefix, path) => path.startsWith(prefix) && (prefix.endsWith('/') || path.length === prefix.length || path[prefix.length] === '/');

// The route that a request gets to: closest host, then longest path.  undefined: none.
export function routeOf(routes, host, target) {
  const path = target.replace(/[?#].*$/s, '');
  let best;
  for (const route of routes) {
    const rank = [closeness(route, host), route.path.length];
    if (rank[0] === 0 || !isBelow(route.path, path)) continue;
    if (!best || rank[0] > best.rank[0] || (rank[0] === best.rank[0] && rank[1] > best.rank[1])) best = { route, rank };
  }
  return best?.route;
}

// A Host for requests to the route; empty: any will do.
export const hostFor = (route) => (hosts(route).find((host) => !host.startsWith('*.')) ?? hosts(route)[0]?.replace('*', 'www') ?? '');

// How a route's place is written.
export const placeOf = (route) => `${hosts(route).join(', ')}${route.path}`;

// Lines `Name: value` as [[name, value]...]; throws an Error that names the line which is none.
export function fieldsOf(text) {
  return text.split(/\r\n|\r|\n/).flatMap((line, i) => {
    if (line.trim() === '') return [];
    const match = /^\s*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)\s*:(.*)$/.exec(line);
    if (!match) throw new Error(`Line ${i + 1} is not of the form Name: value.`);
    return [[match[1], match[2].trim()]];
  });
}

// Where two texts differ, as [same, differing, same] of each; undefined where they have too little in common to compare.
export function difference(a, b) {
  const shorter = Math.min(a.length, b.length);
  let head = 0, tail = 0;
  while (head < shorter && a[head] === b[head]) head++;
  while (tail < shorter - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  if (a === b || (head + tail) * 10 < Math.max(a.length, b.length) * 6) return undefined;
  return [a, b].map((text) => [text.slice(0, head), text.slice(head, text.length - tail), text.slice(text.length - tail)]);
}
