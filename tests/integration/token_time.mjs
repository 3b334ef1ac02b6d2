// SPDX-License-Identifier: Apache-2.0
// Goal: lifetimes hold to the second, with the configured skew and no other; odd values of time never pass.
import assert from 'node:assert/strict';
import test from 'node:test';
import { forge, now, signature } from './harness/keys.mjs';
import { startIssuer } from './harness/issuer.mjs';
import { startStand } from './harness/stand.mjs';
import { passesAll, refusesAll } from './harness/verdicts.mjs';
import { until } from './harness/until.mjs';

test('exp and nbf', async (t) => {
  const stand = await startStand(t, { algs: ['ES256'] });
  const { issuer } = stand;
  // Members as raw JSON, so that texts stand there which no JSON printer makes.
  const timed = (members) => {
    const rest = JSON.stringify({ iss: issuer.url, aud: 'api' }).slice(0, -1);
    return forge({ alg: 'ES256', kid: issuer.key.kid }, `${rest},${members}}`, (input) => signature('ES256', issuer.key.privateKey, input));
  };
  const soon = now() + 600;
  const cases = { 'no exp': timed('"sub":"x"'), 'expired a second ago': timed(`"exp":${now() - 1}`) };
  for (const value of [`"${soon}"`, '"2099-01-01T00:00:00Z"', 'true', 'null', `[${soon}]`, `{"v":${soon}}`, 'NaN', 'Infinity', '1e400', '-1e400',
    '0', '-1', '-1e300', '-9223372036854775808', '-9223372036854775809', '18446744073709551616', '9223372036854775808', `${soon - 2 ** 32}`,
    '1e300']) {
    cases[`exp ${value}`] = timed(`"exp":${value}`);
  }
  for (const value of [`${soon}`, `"${now() - 5}"`, 'null', `[${now() - 5}]`, 'true', '1e300']) {
    cases[`nbf ${value}`] = timed(`"exp":${soon + 600},"nbf":${value}`);
  }
  cases['nbf after exp'] = timed(`"exp":${soon},"nbf":${soon + 1}`);
  await refusesAll(t, stand, cases);
  await passesAll(t, stand, {
    'exp ahead': timed(`"exp":${soon}`),
    'exp as a fraction': timed(`"exp":${soon}.5`),
    'exp with an exponent': timed(`"exp":${soon / 10}e1`),
    'nbf in the past': timed(`"exp":${soon},"nbf":${now() - 1}`),
    'iat in the future: nobody asked': timed(`"exp":${soon},"iat":${soon}`),
  });
});

test('the skew widens both ends by just that much', async (t) => {
  const stand = await startStand(t, { algs: ['ES256'], policy: { clock_skew: 60 } });
  const { issuer } = stand;
  await passesAll(t, stand, {
    'exp within the skew': issuer.token({ exp: now() - 30 }),
    'nbf within the skew': issuer.token({ nbf: now() + 30 }),
  });
  await refusesAll(t, stand, {
    'exp beyond the skew': issuer.token({ exp: now() - 61 }),
    'nbf beyond the skew': issuer.token({ nbf: now() + 90 }),
  });
});

test('a token that passed is refused when it has expired, however often it was seen', async (t) => {
  const issuer = await startIssuer(t, 'ES256');
  const stand = await startStand(t, { issuer });
  const exp = now() + 2;
  const token = issuer.token({ exp });
  assert.equal((await stand.send({ token })).status, 200);
  await until('the refusal', async () => {
    const { status } = await stand.send({ token });
    assert.ok(status === 200 || Date.now() >= exp * 1000 - 50, 'refused before its time');
    return status === 401;
  });
  assert.ok(Date.now() < (exp + 2) * 1000, 'it lived on');
});

test('require_expiration_time false lets a token without exp pass, and still refuses an expired one', async (t) => {
  const stand = await startStand(t, { algs: ['ES256'], policy: { require_expiration_time: false } });
  await passesAll(t, stand, { 'no exp': stand.issuer.token({ exp: undefined }) });
  await refusesAll(t, stand, { expired: stand.issuer.token({ exp: now() - 5 }), 'exp of a wrong type': stand.issuer.token({ exp: 'x' }) });
});
