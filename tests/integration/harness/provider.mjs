// SPDX-License-Identifier: Apache-2.0
// A real OpenID provider: oidc-provider, a certified implementation, with one machine client.
import http from 'node:http';
import Provider from 'oidc-provider';
import { newKey } from './keys.mjs';
import { secret } from './secrets.mjs';

const ALGS = { RS256: 'RS256', PS256: 'RS256', ES256: 'ES256', ES384: 'ES384', EdDSA: 'EdDSA' };

// One RSA key serves RS256 and PS256 and names no algorithm, as the providers in the field do.
export function providerKeys(generation = 1) {
  return ['RS256', 'ES256', 'ES384', 'EdDSA'].map((alg) => {
    const key = newKey(alg, `${alg}-${generation}`);
    return { ...key.privateKey.export({ format: 'jwk' }), kid: key.kid, use: 'sig' };
  });
}

// resource `urn:calc:ES256` gives a token signed by ES256 for the audience api://calc; another word before the last
// colon gives another audience.
function configuration(keys) {
  return {
    jwks: { keys },
    cookies: { keys: ['k'] },
    scopes: ['openid', 'Calculator.Read'],
    clients: [{
      client_id: 'machine', client_secret: 'no secret at all', grant_types: ['client_credentials'], redirect_uris: [], response_types: [],
    }],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: async () => 'urn:calc:RS256',
        useGrantedResource: async () => true,
        getResourceServerInfo: async (_, resource) => {
          const [, audience, alg] = resource.split(':');
          return {
            scope: 'Calculator.Read',
            audience: `api://${audience}`,
            accessTokenFormat: 'jwt',
            accessTokenTTL: 600,
            jwt: { sign: { alg: ALGS[alg] ? alg : 'RS256' } },
          };
        },
      },
    },
  };
}

class RealProvider {
  counts = { discovery: 0, jwks: 0 };

  constructor() {
    this.server = http.createServer((request, response) => {
      if (request.url === '/jwks') this.counts.jwks++;
      if (request.url.startsWith('/.well-known/')) this.counts.discovery++;
      this.handle(request, response);
    });
  }

  get configUrl() {
    return `${this.url}/.well-known/openid-configuration`;
  }

  // A provider restarted with other keys on the same port.
  use(keys) {
    const provider = new Provider(this.url, configuration(keys));
    provider.on('server_error', (_, error) => console.error(error));
    this.handle = provider.callback();
  }

  // An access token by client credentials.
  async token({ alg = 'RS256', audience = 'calc' } = {}) {
    const response = await fetch(`${this.url}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa('machine:no+secret+at+all')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'Calculator.Read', resource: `urn:${audience}:${alg}` }),
    });
    const body = await response.json();
    if (!body.access_token) throw new Error(JSON.stringify(body));
    return secret(body.access_token);
  }
}

export async function startProvider(t, keys = providerKeys()) {
  const provider = new RealProvider();
  await new Promise((resolve) => provider.server.listen(0, '127.0.0.1', resolve));
  provider.url = `http://127.0.0.1:${provider.server.address().port}`;
  provider.use(keys);
  t.after(() => {
    provider.server.close();
    provider.server.closeAllConnections();
  });
  return provider;
}
