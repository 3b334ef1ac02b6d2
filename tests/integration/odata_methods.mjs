// SPDX-License-Identifier: Apache-2.0
// Attack: a POST, which the route allows, that asks the service by a field to take it for a DELETE, which it does not.
// Services of OData heed X-HTTP-Method and X-HTTP-Method-Override, some X-Method-Override; behind CGI-like servers `_` is
// as good as `-`, behind some of them any other mark.
import assert from 'node:assert/strict';
import test from 'node:test';
import { startStand } from './harness/stand.mjs';

const PREFIX = '/main/ifsapplications/projection/';
const SET = `${PREFIX}v1/X.svc/Set('A%2FB')`;
const NAMES = ['X-HTTP-Method', 'X-HTTP-Method-Override', 'X-Method-Override'];

const spellings = (name) => [
  name, name.toLowerCase(), name.toUpperCase(), name.replaceAll('-', '_'), name.toLowerCase().replaceAll('-', '_'), name.replace('-', '_'),
  name.replace(/-(?=[^-]*$)/, '_'), name.replaceAll('-', '.'),
];
const SPELLINGS = NAMES.flatMap(spellings);
// Names that nobody takes for one of these.
const OTHERS = [
  'X-HTTP-Methods', 'XX-HTTP-Method', 'X-HTTP-Method-Overrides', 'X-HTTPMethod', 'X-Method', 'HTTP-Method', 'Method-Override',
];

// How each shape of `errors` says that a request is bad.
const SHAPES = {
  'apim': (answer) => {
    assert.match(answer.field('content-type'), /^application\/json\b/);
    assert.equal(JSON.parse(answer.text).statusCode, 400);
  },
  'problem+json': (answer) => {
    assert.match(answer.field('content-type'), /^application\/problem\+json\b/);
    assert.equal(JSON.parse(answer.text).status, 400);
  },
  'odata': (answer) => {
    assert.match(answer.field('content-type'), /^application\/json\b/);
    assert.equal(answer.field('odata-version'), '4.0');
    assert.equal(JSON.parse(answer.text).error.code, 'BadRequest');
  },
};

const standWith = (t, route) => startStand(t, { route: { path: PREFIX, ...route } });

for (const [errors, assertShape] of Object.entries(SHAPES)) {
  test(`where methods are named, a field that names another is 400, as ${errors}`, async (t) => {
    const stand = await standWith(t, { methods: ['GET', 'POST'], errors });
    for (const name of SPELLINGS) {
      await t.test(`${name} is refused`, async () => {
        const answer = await stand.get(SET, { method: 'POST', fields: { [name]: 'DELETE' }, body: '{}' });
        assert.equal(answer?.status, 400);
        assertShape(answer);
        assert.equal(stand.backend.requests.length, 0, 'it reached the service');
      });
    }
    assert.equal((await stand.get(SET, { method: 'POST', fields: { 'X-Other': 'DELETE' }, body: '{}' })).status, 200);
  });
}

test('whatever its value, whichever the method, and twice as well', async (t) => {
  const stand = await standWith(t, { methods: ['GET', 'POST'] });
  for (const value of ['PATCH', 'patch', 'GET', 'POST', '', 'x y', 'DELETE, POST']) {
    for (const method of ['GET', 'POST']) {
      const answer = await stand.get(SET, { method, fields: { 'X-HTTP-Method': value } });
      assert.equal(answer?.status, 400, `${method} with ${JSON.stringify(value)}`);
    }
  }
  const both = { 'X-HTTP-Method': ['POST', 'DELETE'], 'X-HTTP-Method-Override': 'POST' };
  assert.equal((await stand.get(SET, { method: 'POST', fields: both, body: '{}' })).status, 400);
  assert.equal(stand.backend.requests.length, 0);
});

test('naming it in Connection takes nothing away from that', async (t) => {
  const stand = await standWith(t, { methods: ['POST'] });
  const fields = { Connection: 'X-HTTP-Method', 'X-HTTP-Method': 'DELETE' };
  const answer = await stand.get(SET, { method: 'POST', fields, body: '{}' });
  if (answer.status !== 400) assert.equal(stand.backend.requests[0].has('x-http-method'), false, 'it went on');
});

test('without a token it stays a refusal', async (t) => {
  const stand = await standWith(t, { methods: ['POST'] });
  const answer = await stand.send({ target: SET, method: 'POST', fields: { 'X-HTTP-Method': 'DELETE' }, body: '{}' });
  assert.ok([400, 401].includes(answer.status), String(answer.status));
  assert.equal(stand.backend.requests.length, 0);
});

test('a public route that names methods keeps to them too', async (t) => {
  const stand = await standWith(t, { methods: ['GET', 'POST'], policy: 'none' });
  assert.equal((await stand.send({ target: SET, method: 'POST', fields: { 'X-HTTP-Method': 'DELETE' }, body: '{}' })).status, 400);
  assert.equal(stand.backend.requests.length, 0);
  assert.equal((await stand.send({ target: SET, method: 'POST', body: '{}' })).status, 200);
});

test('where methods are named, fields of other names pass unchanged', async (t) => {
  const stand = await standWith(t, { methods: ['GET', 'POST'] });
  for (const name of OTHERS) {
    const before = stand.backend.requests.length;
    assert.equal((await stand.get(SET, { method: 'POST', fields: { [name]: 'DELETE' }, body: '{}' })).status, 200, name);
    assert.deepEqual(stand.backend.requests[before].fields.find(([found]) => found === name), [name, 'DELETE']);
  }
});

test('where no methods are named, they pass unchanged', async (t) => {
  const stand = await standWith(t);
  for (const name of [...SPELLINGS, ...OTHERS]) {
    const before = stand.backend.requests.length;
    assert.equal((await stand.get(SET, { method: 'POST', fields: { [name]: 'MERGE' }, body: '{}' })).status, 200, name);
    const { method, fields } = stand.backend.requests[before];
    assert.equal(method, 'POST');
    assert.deepEqual(fields.filter(([found]) => found === name), [[name, 'MERGE']]);
  }
});

test('a second route of the same path for another method does not open the way', async (t) => {
  const route = (name, methods) => ({ name, path: PREFIX, methods, backend: 'main', policy: 'none' });
  const stand = await startStand(t, { config: { routes: [route('read', ['GET', 'POST']), route('write', ['DELETE', 'PATCH'])] } });
  assert.equal((await stand.get(SET, { method: 'POST', fields: { 'X-HTTP-Method': 'DELETE' }, body: '{}' })).status, 400);
  assert.equal(stand.backend.requests.length, 0);
  assert.equal((await stand.get(SET, { method: 'DELETE' })).status, 200);
});
