// SPDX-License-Identifier: Apache-2.0
// Attack: claims that are almost the right ones: issuer, audience and required claims compare whole texts, nothing less.
import test from 'node:test';
import { forge, signature } from './harness/keys.mjs';
import { startStand } from './harness/stand.mjs';
import { passesAll, refusesAll } from './harness/verdicts.mjs';

// Values that only look like `right`.
const nearly = (right) => [
  `${right}/`, right.toUpperCase(), right.slice(0, -1), right.slice(1), ` ${right}`, `${right} `, `${right}\0`, `${right}\0more`,
  `${right},other`, `other,${right}`, `${right} other`, '', '*', `${right}x`,
];
const ofWrongType = (right) => [7, true, null, { [right]: 1 }, [[right]], [null], [{ a: right }], []];

const table = (stand, name, values) => Object.fromEntries(values.map((value) => [
  `${name} ${JSON.stringify(value)}`, stand.issuer.token({ [name]: value }),
]));

test('iss', async (t) => {
  const stand = await startStand(t, { algs: ['ES256'] });
  const right = stand.issuer.url;
  await refusesAll(t, stand, {
    ...table(stand, 'iss', [...nearly(right), ...ofWrongType(right), [right], 'https://elsewhere.example', 'http://']),
    'no iss': stand.issuer.token({ iss: undefined }),
    'Iss in other case': stand.issuer.token({ iss: undefined, Iss: right }),
    'iss within another claim': stand.issuer.token({ iss: undefined, nested: { iss: right } }),
  });
  const { kid, privateKey } = stand.issuer.key;
  const escaped = (slash) => forge({ alg: 'ES256', kid }, JSON.stringify(stand.issuer.claims()).replaceAll('/', slash),
    (input) => signature('ES256', privateKey, input));
  await passesAll(t, stand, {
    iss: stand.issuer.token(),
    'iss with its slashes escaped, as some providers print them': escaped('\\/'),
    'iss with its slashes as \\u002f': escaped('\\u002f'),
  });
  await refusesAll(t, stand, { 'iss with its slashes escaped twice': escaped('\\\\/') });
});

test('aud', async (t) => {
  const stand = await startStand(t, { algs: ['ES256'], policy: { audiences: ['api', 'second'] } });
  await refusesAll(t, stand, {
    ...table(stand, 'aud', [...nearly('api'), ...ofWrongType('api'), ['other'], ['ap', 'i'], 'api second']),
    'no aud': stand.issuer.token({ aud: undefined }),
    'aud within another claim': stand.issuer.token({ aud: undefined, nested: { aud: 'api' } }),
  });
  await passesAll(t, stand, table(stand, 'aud', ['api', 'second', ['api'], ['other', 'second', 'more']]));
});

test('required claims', async (t) => {
  const policy = {
    required_claims: [
      { name: 'scp', match: 'any', separator: ' ', values: ['orders.read', 'orders.all'] },
      { name: 'roles', match: 'all', values: ['a', 'b'] },
    ],
  };
  const stand = await startStand(t, { algs: ['ES256'], policy });
  const token = (claims) => stand.issuer.token({ scp: 'x orders.read', roles: ['a', 'b', 'c'], ...claims });
  const cases = {};
  for (const scp of [undefined, null, {}, { 'orders.read': true }, 'orders.readonly', 'orders', 'x,orders.read', 'x\torders.read', 'ORDERS.READ', '', []]) {
    cases[`scp ${JSON.stringify(scp)}`] = token({ scp });
  }
  for (const roles of [undefined, null, ['a'], ['b'], 'a b', 'ab', 'a', [], ['a b'], [['a', 'b']], { a: 1, b: 1 }]) {
    cases[`roles ${JSON.stringify(roles)}`] = token({ roles });
  }
  cases['scp within another claim'] = token({ scp: undefined, nested: { scp: 'orders.read' } });
  await refusesAll(t, stand, cases);
  await passesAll(t, stand, {
    'any one of the values': token({ scp: 'orders.all' }),
    'the separator also splits texts of an array': token({ scp: ['x y', 'z orders.read'] }),
    'all of the values in another order': token({ roles: ['c', 'b', 'a'] }),
  });
});

test('booleans and numbers compare as their text', async (t) => {
  const policy = { required_claims: [{ name: 'member', values: ['true'] }, { name: 'level', match: 'any', values: ['1', '2'] }] };
  const stand = await startStand(t, { algs: ['ES256'], policy });
  const token = (claims) => stand.issuer.token({ member: true, level: 1, ...claims });
  await passesAll(t, stand, { typed: token(), texts: token({ member: 'true', level: '2' }) });
  await refusesAll(t, stand, { False: token({ member: false }), one: token({ member: 1 }), level: token({ level: 12 }), True: token({ member: 'True' }) });
});

test('a configured typ is asked for', async (t) => {
  const stand = await startStand(t, { algs: ['ES256'], policy: { typ: 'at+jwt' } });
  const typed = (typ) => stand.issuer.token({}, { header: { typ } });
  await passesAll(t, stand, { 'at+jwt': typed('at+jwt'), 'application/at+jwt': typed('application/at+jwt'), 'AT+JWT': typed('AT+JWT') });
  await refusesAll(t, stand, { JWT: typed('JWT'), none: typed(undefined), 'id token': typed('id+jwt') });
});
