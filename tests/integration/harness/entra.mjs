// SPDX-License-Identifier: Apache-2.0
// Microsoft Entra as its tenants see it, put together from a real provider: documents of both versions, of one tenant and of
// all, keys that name no algorithm but an issuer, and tokens of both versions, of people and of applications.  Issuers are
// spelled as they are in the world; only the addresses of documents and keys are on loopback.
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { tempDir } from './gateway.mjs';
import { providerKey, startProvider } from './provider.mjs';

export const TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47';
export const NEIGHBOUR = '33e01921-4d64-4f8c-a055-5bdaffd5e33d'; // another company
export const CONSUMERS = '9188040d-6c67-4c5b-b112-36a304b66dad'; // where all personal accounts live
export const API = 'e7134335-f434-48ab-8fa5-1a7e43157681'; // the client id of the protected API's registration
export const CLIENT = '6731de76-14a6-49ae-97bc-6eba6914391e';

export const issuerV1 = (tenant) => `https://sts.windows.net/${tenant}/`;
export const issuerV2 = (tenant) => `https://login.microsoftonline.com/${tenant}/v2.0`;

// A private key with the certificate that Entra lists beside it; its SHA-1 is kid and x5t at once.
export function certifiedKey(dir) {
  const key = providerKey('RS256', 'none');
  const file = path.join(dir, 'key.pem');
  writeFileSync(file, crypto.createPrivateKey({ key, format: 'jwk' }).export({ type: 'pkcs8', format: 'pem' }));
  const der = execFileSync('openssl', ['req', '-x509', '-key', file, '-outform', 'DER', '-days', '5',
    '-subj', '/CN=accounts.accesscontrol.windows.net'], { stdio: ['ignore', 'pipe', 'ignore'] });
  return { ...key, kid: crypto.createHash('sha1').update(der).digest('base64url'), x5c: [der.toString('base64')] };
}

let made;

// Making RSA keys takes long; a test file makes them once.
function certifiedKeys(t) {
  const dir = tempDir(t);
  made ??= Object.fromEntries(['company', 'second', 'consumer', 'custom'].map((name) => [name, certifiedKey(dir)]));
  return made;
}

const listed = ({ kty, use, kid, x5c, n, e }, more) => ({ kty, use, kid, x5t: kid, n, e, x5c, ...more });

class Entra {
  constructor(keys) {
    this.keys = keys; // { company, second, consumer, custom }
    // What v2 key sets say of whom each key may sign for.  A test may change it before its gateway starts.
    this.signers = { company: issuerV2('{tenantid}'), second: issuerV2('{tenantid}'), consumer: issuerV2(CONSUMERS) };
  }

  // The discovery URL of a tenant, or of `common` and `organizations`.
  configUrl(who, version, query = '') {
    return `${this.provider.origin}/${who}${version === 2 ? '/v2.0' : ''}/.well-known/openid-configuration${query}`;
  }

  answers(url) {
    const [, who, ...rest] = url.pathname.split('/');
    const tenant = ['common', 'organizations'].includes(who) ? '{tenantid}' : who;
    switch (rest.join('/')) {
      case 'v2.0/.well-known/openid-configuration': return this.#document(issuerV2(tenant), `${who}/discovery/v2.0/keys`, url);
      case '.well-known/openid-configuration': return this.#document(issuerV1(tenant), `${who}/discovery/keys`, url);
      case 'discovery/v2.0/keys': return this.#keySet(url, (name) => ({ issuer: this.signers[name] }));
      case 'discovery/keys': return this.#keySet(url, () => ({}));
      default: return undefined;
    }
  }

  #document(issuer, keys, { search }) {
    return { issuer, jwks_uri: `${this.provider.origin}/${keys}${search}`, tenant_region_scope: null, cloud_instance_name: 'microsoftonline.com' };
  }

  // An application with signing keys of its own finds them only by its id in the query.
  #keySet({ searchParams }, more) {
    const names = searchParams.get('appid') === API ? ['custom'] : ['company', 'second', 'consumer'];
    return { keys: names.map((name) => listed(this.keys[name], more(name))) };
  }

  // Rewrites a token as Entra lays it out; `claims` and `header` are added, or with undefined left out.
  #shape({ version, tid, kid, isApp, claims, header }) {
    return (jwt, { clientId }) => {
      const { sub, iat, exp, jti } = jwt.payload;
      const user = isApp ? undefined : `${sub}@contoso.com`;
      const v1 = {
        iss: issuerV1(tid), aud: `api://${API}`, appid: CLIENT, appidacr: '1', idp: issuerV1(tid), unique_name: user, upn: user, ver: '1.0',
      };
      const v2 = { iss: issuerV2(tid), aud: API, azp: CLIENT, azpacr: '1', preferred_username: user, ver: '2.0' };
      const ofKind = isApp ? { roles: ['Calculator.Read.All'] } : { scp: 'Calculator.Read', name: `${sub} of ${clientId}` };
      jwt.header = { typ: 'JWT', ...(version === 1 && { x5t: kid }), ...header };
      jwt.payload = {
        iat, nbf: iat, exp, aio: 'E2ZgYPj2', oid: crypto.randomUUID(), rh: '0.AXkA', sub, tid, uti: jti, ...ofKind,
        ...(version === 1 ? v1 : v2), ...claims,
      };
    };
  }

  #wanted({ version = 2, tid = TENANT, key = 'company', isApp, claims, header }) {
    const { kid } = this.keys[key];
    return { kid, shape: this.#shape({ version, tid, kid, isApp, claims, header }) };
  }

  // An app-only token, by client credentials.  wanted: version, tid, key, claims, header.
  appToken(wanted = {}) {
    return this.provider.token(this.#wanted({ ...wanted, isApp: true }));
  }

  // A delegated token laid out likewise; who the user is makes no difference to the gateway.
  userToken(wanted = {}) {
    return this.provider.token(this.#wanted({ ...wanted, isApp: false }));
  }

  // The same by authorization code with PKCE, with a login of `user`; ID token beside it.
  login(client, { user, ...wanted } = {}) {
    return this.provider.login(client, { user, scope: 'openid Calculator.Read', ...this.#wanted({ ...wanted, isApp: false }) });
  }
}

export async function startEntra(t, { clients = [] } = {}) {
  const entra = new Entra(certifiedKeys(t));
  entra.provider = await startProvider(t, Object.values(entra.keys), { clients });
  entra.provider.answers = (url) => entra.answers(url);
  return entra;
}
