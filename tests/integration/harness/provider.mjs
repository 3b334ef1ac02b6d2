// SPDX-License-Identifier: Apache-2.0
// A real OpenID provider: oidc-provider, a certified implementation.
//
// It gives tokens by client credentials and, after a login as a browser makes it, by authorization code with PKCE.  How its
// tokens and documents look is the test's choice: `shape` rewrites header and payload just before they are signed, `answers`
// takes the place of whole documents.  So tokens laid out as Entra's or Keycloak's come from a signer that is not ours.
import http from 'node:http';
import Provider from 'oidc-provider';
import { newKey } from './keys.mjs';
import { authorize } from './login.mjs';
import { secret } from './secrets.mjs';

const ALGS = new Set(['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA']);

export const MACHINE = { id: 'machine', secret: 'no secret at all' };
const CALLBACK = 'http://127.0.0.1/callback'; // nobody listens: a login ends when it is sent there

// One RSA key serves RS256 and PS256 and names no algorithm, as the providers in the field do.
export function providerKeys(generation = 1) {
  return ['RS256', 'ES256', 'ES384', 'EdDSA'].map((alg) => providerKey(alg, `${alg}-${generation}`));
}

// One private key; `members` such as alg, use and x5c are listed with it.
export function providerKey(alg, kid, members = {}) {
  const key = newKey(alg, kid);
  return { ...key.privateKey.export({ format: 'jwk' }), kid, use: 'sig', ...members };
}

// In the place of an audience: the token then has none, which the provider itself would not do.
export const NO_AUDIENCE = { toJSON: () => undefined };

// A client that gets tokens for itself, and one that people log in with.
export const machineClient = ({ id, secret: password }) => ({
  client_id: id, client_secret: password, grant_types: ['client_credentials'], redirect_uris: [], response_types: [],
});
export const loginClient = ({ id, secret: password, redirect_uri = CALLBACK, ...more }) => ({
  client_id: id,
  ...(password === undefined ? { token_endpoint_auth_method: 'none' } : { client_secret: password }),
  grant_types: ['authorization_code', 'refresh_token'],
  redirect_uris: [redirect_uri],
  response_types: ['code'],
  ...more,
});

const basic = ({ id, secret: password }) => {
  const text = new URLSearchParams([[id, password]]).toString().replace('=', ':');
  return { authorization: `Basic ${btoa(text)}` };
};

class RealProvider {
  counts = { discovery: 0, jwks: 0 };
  answers = () => undefined; // (URL) => an object to answer in place of the provider
  #resources = new Map(); // resource indicator -> what its tokens are to be

  // prefix: path of the issuer; routes: paths below it; clients, scopes: beside the usual; account(user,
  // client): claims of ID tokens.
  constructor({ prefix = '', routes = {}, clients = [], scopes = [], account = () => ({}) } = {}) {
    Object.assign(this, { prefix, routes, clients, scopes: ['Calculator.Read', ...scopes], account });
    this.server = http.createServer((request, response) => this.#serve(request, response));
  }

  #serve(request, response) {
    const url = new URL(request.url, this.origin);
    if (url.pathname === this.prefix + (this.routes.jwks ?? '/jwks')) this.counts.jwks++;
    if (url.pathname.endsWith('/.well-known/openid-configuration')) this.counts.discovery++;
    const answer = this.answers(url);
    if (answer) return response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(answer));
    if (!request.url.startsWith(this.prefix)) return response.writeHead(404).end();
    request.originalUrl = request.url;
    request.url = request.url.slice(this.prefix.length) || '/';
    return this.handle(request, response);
  }

  get configUrl() {
    return `${this.url}/.well-known/openid-configuration`;
  }

  // A provider restarted with other keys on the same port.
  use(keys) {
    const provider = new Provider(this.url, this.#configuration(keys));
    provider.on('server_error', (_, error) => console.error(error));
    this.handle = provider.callback();
  }

  #configuration(keys) {
    return {
      jwks: { keys },
      cookies: { keys: ['k'] },
      scopes: ['openid', 'offline_access', ...this.scopes],
      claims: { openid: ['sub', 'typ', 'azp'] },
      clients: [machineClient(MACHINE), ...this.clients],
      routes: this.routes,
      pkce: { required: () => true },
      conformIdTokenClaims: false,
      issueRefreshToken: async () => true,
      findAccount: ({ oidc }, id) => ({
        accountId: id, claims: async () => ({ sub: id, ...this.account(id, oidc.client?.clientId) }),
      }),
      formats: {
        customizers: { jwt: (_, token, jwt) => this.#resources.get(token.resourceServer?.identifier())?.shape?.(jwt, token) },
      },
      features: {
        clientCredentials: { enabled: true },
        devInteractions: { enabled: true },
        encryption: { enabled: true }, // else the provider takes no keys for it
        resourceIndicators: {
          enabled: true,
          defaultResource: async () => 'urn:calc:RS256',
          useGrantedResource: async () => true,
          getResourceServerInfo: async (_, resource) => this.#resourceServer(resource),
        },
      },
    };
  }

  // resource `urn:calc:ES256` gives a token signed by ES256 for the audience api://calc; another word before the last
  // colon gives another audience.
  #resourceServer(resource) {
    const [, audience, alg] = resource.split(':');
    const wanted = this.#resources.get(resource);
    return {
      scope: this.scopes.join(' '),
      audience: `api://${audience}`,
      accessTokenFormat: 'jwt',
      accessTokenTTL: 600,
      jwt: { sign: { alg: ALGS.has(alg) ? alg : 'RS256', ...(wanted?.kid && { kid: wanted.kid }) } },
    };
  }

  // The indicator to ask for such tokens with: signed by `alg` and the key `kid`, rewritten by `shape(jwt, token)`.
  #resource({ alg = 'RS256', audience = 'calc', kid, shape }) {
    const isPlain = kid === undefined && shape === undefined;
    const resource = `urn:${audience}:${alg}${isPlain ? '' : `:${this.#resources.size}`}`;
    if (!isPlain) this.#resources.set(resource, { kid, shape });
    return resource;
  }

  // What the token endpoint says: { status, body }.
  async grant(client, form) {
    const isPublic = client.secret === undefined;
    const response = await fetch(`${this.url}${this.routes.token ?? '/token'}`, {
      method: 'POST',
      headers: isPublic ? {} : basic(client),
      body: new URLSearchParams({ ...form, ...(isPublic && { client_id: client.id }) }),
    });
    return { status: response.status, body: await response.json() };
  }

  // An access token by client credentials.
  async token({ client = MACHINE, scope = 'Calculator.Read', ...wanted } = {}) {
    const form = { grant_type: 'client_credentials', scope, resource: this.#resource(wanted) };
    const { body } = await this.grant(client, form);
    if (!body.access_token) throw new Error(JSON.stringify(body));
    return secret(body.access_token);
  }

  // All tokens of a login by authorization code: { access_token, id_token, refresh_token, ... }.
  async login(client, { scope = 'openid', user = 'alice', ...wanted } = {}) {
    const { code, verifier } = await authorize(`${this.url}${this.routes.authorization ?? '/auth'}`, user, {
      client_id: client.id, redirect_uri: CALLBACK, scope, resource: this.#resource(wanted),
    });
    const form = { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: verifier };
    const { body } = await this.grant(client, form);
    if (!body.access_token) throw new Error(JSON.stringify(body));
    for (const name of ['access_token', 'id_token', 'refresh_token']) body[name] && secret(body[name]);
    return body;
  }
}

export async function startProvider(t, keys = providerKeys(), options = {}) {
  const provider = new RealProvider(options);
  await new Promise((resolve) => provider.server.listen(0, '127.0.0.1', resolve));
  provider.origin = `http://127.0.0.1:${provider.server.address().port}`;
  provider.url = provider.origin + provider.prefix;
  provider.use(keys);
  t.after(() => {
    provider.server.close();
    provider.server.closeAllConnections();
  });
  return provider;
}
