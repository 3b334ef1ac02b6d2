// SPDX-License-Identifier: Apache-2.0
// Goal: what people do in the labs of API Management, from the policy to the developer console, done before the gateway.
// Method: the lab's document as it stands there, tokens of Entra's layout from a real provider, the Basic Calculator API behind.
import assert from 'node:assert/strict';
import test from 'node:test';
import { connect, requestBytes, send } from './harness/client.mjs';
import { startDev } from './harness/dev.mjs';
import { API, TENANT, issuerV1, startEntra } from './harness/entra.mjs';
import { startBackend } from './harness/backend.mjs';
import { awaitKeys, startGateway } from './harness/gateway.mjs';
import { LAB_BODY, labAudiences, labOpenid, labPolicy } from './harness/lab.mjs';
import { loginClient } from './harness/provider.mjs';
import { until } from './harness/until.mjs';

const SUM = '<result><value>100</value><broughtToYouBy>Azure API Management - http://azure.microsoft.com/apim/ </broughtToYouBy></result>';
const TARGET = '/calc/add?a=51&b=49';

// A gateway before the API, where routes are { name: content of validate-jwt }, each at the host of its name.
async function startLab(t, apiUrl, routes) {
  const names = Object.keys(routes);
  const gateway = await startGateway(t, {
    backends: { calculator: { servers: [apiUrl] } },
    routes: names.map((name) => ({
      name, host: `${name}.test`, path: '/calc/', rewrite: '/api/', backend: 'calculator', policy: `${name}.xml`,
    })),
  }, { files: Object.fromEntries(names.map((name) => [`${name}.xml`, labPolicy(routes[name])])) });
  await awaitKeys(gateway);
  return gateway;
}

test('the lab policy with v1 and with v2 tokens', async (t) => {
  const entra = await startEntra(t);
  const { url } = await startDev(t, ['calculator', '--port', '0']);
  const gateway = await startLab(t, url, {
    // accessTokenAcceptedVersion 2: the document of all tenants, and the bare id of the application.
    v2: labOpenid(entra.configUrl('common', 2)) + labAudiences(API),
    // The older tutorial: the tenant's v1 document, and the URI of the application.
    v1: labOpenid(entra.configUrl(TENANT, 1)) + labAudiences(`api://${API}`),
    // Both generations, where registrations are being moved.
    both: `${labOpenid(entra.configUrl(TENANT, 2))}${labAudiences(API, `api://${API}`)}<issuers><issuer>${issuerV1(TENANT)}</issuer></issuers>`,
  });
  const tokens = { v1: await entra.userToken({ version: 1 }), v2: await entra.userToken({ version: 2 }) };
  const v1WithId = await entra.userToken({ version: 1, claims: { aud: API } });
  const ask = (route, token) => send(gateway.port, { target: TARGET, host: `${route}.test`, token });
  const lineOf = (route, reason) => until(`a line of ${route} with ${reason}`,
    () => gateway.events('access').find((event) => event.route === route && event.reason === reason));

  for (const [route, version] of [['v2', 'v2'], ['v1', 'v1'], ['both', 'v1'], ['both', 'v2']]) {
    await t.test(`a ${version} token passes the policy "${route}" and gets the sum`, async () => {
      const answer = await ask(route, tokens[version]);
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.text, SUM);
      assert.equal(answer.field('content-length'), '124');
    });
  }
  for (const [name, route, token, reason] of [
    ['a v1 token', 'v2', tokens.v1, 'TokenAudienceNotAllowed'],
    ['a v1 token for the bare id', 'v2', v1WithId, 'TokenIssuerNotAllowed'],
    ['a v2 token', 'v1', tokens.v2, 'TokenAudienceNotAllowed'],
  ]) {
    await t.test(`${name} does not pass the policy "${route}": the lab's answer, and the reason in the log`, async () => {
      const answer = await ask(route, token);
      assert.deepEqual([answer.status, answer.text], [401, LAB_BODY]);
      await lineOf(route, reason);
    });
  }
});

test('a developer-console style call: 401, then 200', async (t) => {
  const page = { id: '1fdf5a3e-9b2c-4c4f-8f0e-5f4a3f6f7a10' };
  const entra = await startEntra(t, { clients: [loginClient(page)] });
  const backend = await startBackend(t);
  backend.answer({ fields: { 'Content-Type': 'application/xml; charset=utf-8', 'Access-Control-Allow-Origin': '*' }, body: SUM });
  const gateway = await startLab(t, backend.url, { lab: labOpenid(entra.configUrl('common', 2)) + labAudiences(API) });
  // What the console's page lets a browser send.
  const fields = {
    'User-Agent': 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
    Accept: '*/*',
    'Accept-Encoding': 'gzip, deflate, br, zstd',
    'Accept-Language': 'en-GB,en;q=0.9,sv;q=0.8',
    'Cache-Control': 'no-cache',
    Origin: 'https://apim-lab.developer.azure-api.net',
    Referer: 'https://apim-lab.developer.azure-api.net/',
    'Sec-Fetch-Dest': 'empty',
    'Sec-Fetch-Mode': 'cors',
    'Sec-Fetch-Site': 'cross-site',
    'sec-ch-ua': '"Chromium";v="126", "Not/A)Brand";v="8"',
    'Ocp-Apim-Subscription-Key': '1e2f3a4b5c6d7e8f90a1b2c3d4e5f607',
    'Ocp-Apim-Trace': 'true',
  };
  const client = await connect(gateway.port); // a browser keeps its connection
  t.after(() => client.destroy());
  const call = async (more = {}) => {
    await client.write(requestBytes({ target: TARGET, host: 'lab.test', fields, ...more }));
    return client.answer();
  };

  const refused = await call();
  assert.deepEqual([refused.status, refused.text], [401, LAB_BODY]);
  assert.equal(refused.field('www-authenticate'), 'Bearer realm="lab"');
  assert.equal(backend.requests.length, 0);

  const { access_token: token } = await entra.login(page, { user: 'alice' });
  const passed = await call({ token });
  assert.deepEqual([passed.status, passed.text], [200, SUM]);
  assert.equal(passed.field('access-control-allow-origin'), '*');
  const [request] = backend.requests;
  assert.equal(request.target, '/api/add?a=51&b=49');
  assert.equal(request.field('authorization'), `Bearer ${token}`);
  for (const [name, value] of Object.entries(fields)) assert.deepEqual(request.all(name.toLowerCase()), [value], name);

  // The console's key is no credential of this policy: beside a wrong token it changes nothing.
  const stale = await call({ token: `${token.slice(0, -8)}AAAAAAAA` });
  assert.deepEqual([stale.status, stale.text], [401, LAB_BODY]);
  assert.equal(stale.field('www-authenticate'), 'Bearer realm="lab", error="invalid_token"');
  assert.equal(backend.requests.length, 1);
});
