// SPDX-License-Identifier: Apache-2.0
// What a gateway shows of itself.
import { send } from './client.mjs';
import { until } from './until.mjs';

// The value of a series, or 0 where it is not there: figure(gateway, 'jwtgate_backend_pending', { backend: 'main' }).
export async function figure(gateway, name, labels = {}) {
  const { text } = await send(gateway.adminPort, { target: '/metrics', host: 'localhost' });
  const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
  const line = text.split('\n').find((each) => {
    const [, found, inner] = /^(\w+)(?:\{(.*)\})? \S+$/.exec(each) ?? [];
    return found === name && wanted.every((label) => (inner ?? '').includes(label));
  });
  return line ? Number(line.slice(line.lastIndexOf(' ') + 1)) : 0;
}

// Waits until a series has a value.
export function untilFigure(gateway, name, labels, value) {
  return until(`${name} = ${value}`, async () => (await figure(gateway, name, labels)) === value);
}
