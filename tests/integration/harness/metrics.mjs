// SPDX-License-Identifier: Apache-2.0
// What /metrics says.
import { send } from './client.mjs';

// The samples of /metrics by name and labels.
export async function metricsOf(gateway) {
  const { text } = await send(gateway.adminPort, { target: '/metrics', host: 'localhost' });
  const lines = text.split('\n').filter((line) => line && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}
