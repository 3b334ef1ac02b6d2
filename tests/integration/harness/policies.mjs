// SPDX-License-Identifier: Apache-2.0
// One gateway whose routes have policy documents: { name: { inbound, backend, outbound, 'on-error' } or a whole text }.
import { startBackend } from './backend.mjs';
import { awaitKeys, startGateway } from './gateway.mjs';
import { connect, send } from './client.mjs';
import { startIssuer } from './issuer.mjs';

export function documentOf(sections) {
  if (typeof sections === 'string') return sections;
  const section = (name) => `<${name}>${sections[name] ?? '<base />'}</${name}>`;
  return `<policies>\n${['inbound', 'backend', 'outbound', 'on-error'].map(section).join('\n')}\n</policies>\n`;
}

// The element that every document here has at its heart.
export function validate(issuer, attributes = '', children = '<audiences><audience>api</audience></audiences>') {
  return `<validate-jwt header-name="Authorization" ${attributes}><openid-config url="${issuer.configUrl}" />${children}</validate-jwt>`;
}

// documents: (issuer) => { name: sections or text }.  options: handler, config, routes: { name: more of the route }.
export async function startPolicies(t, documents, { handler, config = {}, routes = {}, backends = {} } = {}) {
  const issuer = await startIssuer(t, 'RS256');
  const backend = await startBackend(t, handler);
  const texts = documents(issuer);
  const files = Object.fromEntries(Object.entries(texts).map(([name, sections]) => [`${name}.xml`, documentOf(sections)]));
  const whole = {
    backends: { main: { servers: [backend.url] }, ...backends },
    routes: Object.keys(texts).map((name) => ({ name, path: `/${name}`, backend: 'main', policy: `${name}.xml`, ...routes[name] })),
    ...config,
  };
  const gateway = await startGateway(t, whole, { files });
  await awaitKeys(gateway);
  return {
    issuer,
    backend,
    gateway,
    config: whole,
    connect: () => connect(gateway.port),
    // Without `token` one that passes is sent; null: none.
    ask: (target, { token = issuer.token(), ...request } = {}) => send(gateway.port, { target, token: token ?? undefined, ...request }),
    get reached() {
      return backend.requests.at(-1);
    },
  };
}
