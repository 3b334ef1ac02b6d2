// SPDX-License-Identifier: Apache-2.0
// The usual stand: scripted issuer, recording backend, and the gateway between client and backend with one route.
import { startBackend } from './backend.mjs';
import { connect, send } from './client.mjs';
import { awaitKeys, startGateway } from './gateway.mjs';
import { startIssuer } from './issuer.mjs';

// The policy of the usual route, as it stands in YAML.
export function policyOf(issuer, more = {}) {
  return { openid_config: [{ url: issuer.configUrl }], audiences: ['api'], ...more };
}

// The usual configuration; `route`, `backend` and `policy` are merged into theirs, `config` into the whole.
export function configOf({ issuer, backend, route = {}, policy = {}, backendMore = {}, config = {} }) {
  const guard = route.policy ? {} : { validate_jwt: policyOf(issuer, policy) };
  return {
    backends: { main: { servers: [backend.url], ...backendMore } },
    routes: [{ name: 'main', path: '/', backend: 'main', ...guard, ...route }],
    ...config,
  };
}

// Starts all three.  options: algs, handler, files, env, around, hasKeys (false: do not wait for keys), and what configOf takes.
export async function startStand(t, { algs = ['RS256'], handler, files, env, around, hasKeys = true, ...rest } = {}) {
  const issuer = rest.issuer ?? (await startIssuer(t, ...algs));
  const backend = rest.backend ?? (await startBackend(t, handler));
  const config = configOf({ ...rest, issuer, backend });
  const gateway = await startGateway(t, config, { files, env, around });
  if (hasKeys && !issuer.isDown && !issuer.discovery) await awaitKeys(gateway);
  return {
    issuer,
    backend,
    gateway,
    config,
    connect: (options) => connect(gateway.port, options),
    send: (request) => send(gateway.port, request),
    // A request with a token that passes, unless it names another.
    get: (target = '/', request = {}) => send(gateway.port, { target, token: issuer.token(), ...request }),
  };
}
