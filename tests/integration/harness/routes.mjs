// SPDX-License-Identifier: Apache-2.0
// One gateway with a route for each policy, and tables of tokens that say what it has to answer and why.
import assert from 'node:assert/strict';
import { startBackend } from './backend.mjs';
import { send } from './client.mjs';
import { awaitKeys, startGateway } from './gateway.mjs';
import { until } from './until.mjs';

const isXml = (policy) => typeof policy === 'string';

const routeOf = ([name, policy]) => ({
  name, path: `/${name}/`, backend: 'main', ...(isXml(policy) ? { policy: `${name}.xml` } : { validate_jwt: policy }),
});

// policies: { route: validate_jwt as in YAML, or the text of a policy in XML }; config is merged into the whole.
export async function startRoutes(t, policies, config = {}) {
  const backend = await startBackend(t);
  const xml = Object.entries(policies).filter(([, policy]) => isXml(policy));
  const gateway = await startGateway(t, {
    backends: { main: { servers: [backend.url] } },
    routes: Object.entries(policies).map(routeOf),
    ...config,
  }, { files: Object.fromEntries(xml.map(([name, text]) => [`${name}.xml`, text])) });
  await awaitKeys(gateway);
  return { backend, gateway };
}

let asked = 0;

// Sends the token to the route: { answer, event, reached } with its event in the access log, and the request as the backend got it.
export async function ask({ gateway, backend }, route, token, request = {}) {
  const target = `/${route}/${++asked}`;
  const answer = await send(gateway.port, { target, token, ...request });
  const event = await until(`the access line of ${target}`, () => gateway.events('access').find(({ path }) => path === target));
  return { answer, event, reached: backend.requests.find((one) => one.target === target) };
}

// rows: { what it is: { at: route, token, refused: reason, check } }; without `refused` it has to pass.
export async function judgesAll(t, stand, rows) {
  for (const [name, { at, token, refused, check, fields }] of Object.entries(rows)) {
    await t.test(`${name} at ${at}: ${refused ?? 'passes'}`, async () => {
      const { answer, event, reached } = await ask(stand, at, token, { fields });
      assert.deepEqual({ status: answer.status, reason: event.reason, check: event.check },
        { status: refused ? 401 : 200, reason: refused, check: refused && check }, JSON.stringify(event));
      assert.equal(reached === undefined, refused !== undefined, 'the backend');
    });
  }
}
