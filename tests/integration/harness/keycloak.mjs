// SPDX-License-Identifier: Apache-2.0
// A Keycloak realm, which is what IFS Cloud signs with: a real provider at the realm's addresses, with its kinds of keys, and
// tokens laid out as the realm's.
import crypto from 'node:crypto';
import { SignJWT } from 'jose';
import { now } from './keys.mjs';
import { NO_AUDIENCE, providerKey, startProvider } from './provider.mjs';
import { secret } from './secrets.mjs';

// A default realm signs with RS256 and lists a second RSA key for encryption.
export const signingKey = (kid, alg = 'RS256') => providerKey(alg, kid, { alg });
export const encryptionKey = (kid) => providerKey('RS256', kid, { use: 'enc', alg: 'RSA-OAEP' });

let made;

// Making RSA keys takes long; a test file makes its first ones once.
function realmKeys() {
  made ??= [encryptionKey('enc-1'), signingKey('sig-1')];
  return made;
}

const ROUTES = {
  authorization: '/protocol/openid-connect/auth', token: '/protocol/openid-connect/token', jwks: '/protocol/openid-connect/certs',
};

export const ROLES = ['default-roles-prod', 'offline_access', 'odata-users'];

// What a realm puts into an access token.  The client itself is no audience; without roles of other clients there is none.
function payloadOf({ iss, sub, iat, exp }, { scope = '', clientId, accountId }) {
  const isService = accountId === undefined;
  const name = isService ? `service-account-${clientId.toLowerCase()}` : sub;
  const isMicroprofile = scope.split(' ').includes('microprofile-jwt');
  return {
    exp, iat, jti: `onrtac:${crypto.randomUUID()}`, iss, aud: 'account', sub: crypto.randomUUID(), typ: 'Bearer', azp: clientId,
    ...(isService ? { client_id: clientId, clientHost: '127.0.0.1', clientAddress: '127.0.0.1' } : { sid: crypto.randomUUID() }),
    acr: '1', realm_access: { roles: ROLES }, resource_access: { account: { roles: ['manage-account', 'view-profile'] } },
    scope: `openid ${scope}`.trim(), email_verified: false, preferred_username: name, ...(isMicroprofile && { upn: name, groups: ROLES }),
  };
}

class Realm {
  constructor(keys, provider) {
    Object.assign(this, { keys, provider });
  }

  get url() {
    return this.provider.url;
  }

  // claims and header are added, or with undefined left out; an `aud` of undefined is no aud.
  #shape({ claims = {}, header }) {
    return (jwt, token) => {
      jwt.header = { typ: 'JWT', ...header };
      jwt.payload = { ...payloadOf(jwt.payload, token), ...claims };
      jwt.payload.aud ??= NO_AUDIENCE;
    };
  }

  // An access token of a service account.  wanted: client, alg, kid, scope, claims, header.
  token({ claims, header, ...wanted } = {}) {
    return this.provider.token({ scope: 'microprofile-jwt', ...wanted, shape: this.#shape({ claims, header }) });
  }

  // All tokens of a user who logged in by authorization code and PKCE.
  login(client, { claims, header, scope = 'openid microprofile-jwt', ...wanted } = {}) {
    return this.provider.login(client, { scope, ...wanted, shape: this.#shape({ claims, header }) });
  }

  // A refresh token: signed with the realm's secret, which is published nowhere, and meant for the realm itself.
  async refreshToken(claims = {}) {
    const token = await new SignJWT({ typ: 'Refresh', azp: 'NC_Flow_AuthCode', sid: crypto.randomUUID(), scope: 'openid', ...claims })
      .setProtectedHeader({ alg: 'HS512', typ: 'JWT', kid: crypto.randomUUID() })
      .setIssuer(this.url).setAudience(this.url).setSubject(crypto.randomUUID()).setIssuedAt().setExpirationTime(now() + 1800)
      .sign(crypto.randomBytes(64));
    return secret(token);
  }
}

// options: realm, prefix, clients; keys as for a provider.
export async function startRealm(t, { realm = 'prod', prefix = '/auth', clients = [], keys = realmKeys() } = {}) {
  const provider = await startProvider(t, keys, {
    prefix: `${prefix}/realms/${realm}`, routes: ROUTES, clients, scopes: ['microprofile-jwt'],
    account: (_, client) => ({ typ: 'ID', azp: client }),
  });
  return new Realm(keys, provider);
}
