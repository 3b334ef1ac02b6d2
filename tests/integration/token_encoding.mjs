// SPDX-License-Identifier: Apache-2.0
// Attack: texts that one decoder reads and another does not: base64url, UTF-8 and JSON at their edges (RFC 7515 2,
// RFC 8725 3.7).
import test from 'node:test';
import { b64u, forge, signature } from './harness/keys.mjs';
import { secret } from './harness/secrets.mjs';
import { startStand } from './harness/stand.mjs';
import { passesAll, refusesAll } from './harness/verdicts.mjs';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

// The same bytes by another last character: the bits that no byte uses are set.
const loose = (text) => text.slice(0, -1) + ALPHABET[ALPHABET.indexOf(text.at(-1)) | 1];

test('segments', async (t) => {
  const stand = await startStand(t, { algs: ['ES256'] });
  const good = stand.issuer.token();
  const [h, p, s] = good.split('.');
  const cases = {
    'one segment': h, 'two segments': `${h}.${p}`, 'four segments': `${good}.AAAA`, 'six segments': `${good}.AAAA.AAAA.AAAA`,
    'a dot in front': `.${good}`, 'a dot behind': `${good}.`, 'an empty header': `.${p}.${s}`, 'an empty payload': `${h}..${s}`,
    'nothing but dots': '..', 'padding behind the header': `${h}=.${p}.${s}`, 'padding behind the payload': `${h}.${p}==.${s}`,
    'padding behind the signature': `${good}==`, 'a plus': `${h}.${p}.+${s.slice(1)}`, 'a slash': `${h}.${p}./${s.slice(1)}`,
    'unused bits set in the signature': `${h}.${p}.${loose(s)}`, 'an escaped dot': good.replace('.', '%2E'), 'in quotes': `"${good}"`,
    'a star': `${good}*`, 'a comma behind': `${good},`, 'a semicolon behind': `${good};`, 'a character too many': `${h}.${p}.${s}AAA`,
  };
  const { issuer } = stand;
  const short = forge({ alg: 'ES256', kid: issuer.key.kid, pad: '' }, issuer.claims(), (input) => signature('ES256', issuer.key.privateKey, input));
  const [sh, sp, ss] = short.split('.');
  for (const [name, text] of Object.entries({ header: [loose(sh), sp, ss], payload: [sh, loose(sp), ss] })) {
    if (text.join('.') !== short) cases[`unused bits set in the ${name}`] = text.join('.');
  }
  Object.values(cases).forEach(secret);
  await refusesAll(t, stand, cases);
  await refusesAll(t, stand, {
    'a blank within': { fields: { Authorization: `Bearer ${h}. ${p}.${s}` } },
    'the flattened JSON form': { fields: { Authorization: `Bearer ${JSON.stringify({ protected: h, payload: p, signature: s })}` } },
    'JSON and compact mixed': { fields: { Authorization: `Bearer {"a.${p}.": "${good}"}` } },
    'thousands of dots': { token: '.'.repeat(12000) },
    'more bytes than a token may have': { token: `${h}.${'A'.repeat(20000)}.${s}` },
    'more bytes than a field may have': { token: `${h}.${'A'.repeat(40000)}.${s}` },
  }, [400, 401, 431]);
  await passesAll(t, stand, { 'the token as it was made': good });
});

test('header and payload are JSON objects, and nothing else', async (t) => {
  const stand = await startStand(t, { algs: ['ES256'] });
  const { issuer } = stand;
  const { kid, privateKey } = issuer.key;
  const signer = (input) => signature('ES256', privateKey, input);
  const head = JSON.stringify({ alg: 'ES256', kid });
  const claims = JSON.stringify(issuer.claims());
  const payload = (text) => forge(head, text, signer);
  const header = (text) => forge(text, claims, signer);
  const within = (member) => payload(claims.replace(/}$/, `,${member}}`));
  const cases = {};
  for (const text of ['[]', '"x"', '7', 'null', '', 'true']) {
    cases[`header ${text || 'empty'}`] = header(text);
    cases[`payload ${text || 'empty'}`] = payload(text);
  }
  const behind = ['x', '{}', '\0', '\0more', ',', '}', '\u00a0', '//'];
  for (const text of behind) {
    cases[`header and ${JSON.stringify(text)}`] = header(head + text);
    cases[`payload and ${JSON.stringify(text)}`] = payload(claims + text);
  }
  const byteMark = Buffer.from('efbbbf', 'hex');
  Object.assign(cases, {
    'payload in UTF-16': payload(Buffer.from(claims, 'utf16le')),
    'payload behind a byte order mark': payload(Buffer.concat([byteMark, Buffer.from(claims)])),
    'an overlong form': payload(Buffer.concat([Buffer.from(claims.slice(0, -1)), Buffer.from(',"x":"'), Buffer.from('c0af', 'hex'), Buffer.from('"}')])),
    'a stray byte': payload(Buffer.concat([Buffer.from(claims.slice(0, -1)), Buffer.from(',"x":"'), Buffer.of(0xff), Buffer.from('"}')])),
    'a lone surrogate': within('"x":"\\ud800"'),
    'a comment': payload(`/* */${claims}`),
    'single quotes': payload(claims.replaceAll('"', "'")),
    'a comma at the end': payload(claims.replace(/}$/, ',}')),
    'a control character in a string': within('"x":"a\nb"'),
    'an octal number': within('"x":010'),
    'a hexadecimal number': within('"x":0x10'),
    NaN: within('"x":NaN'),
    Infinity: within('"x":-Infinity'),
    'an exponent without digits': within('"x":1e'),
    'two exp': within(`"exp":${issuer.claims().exp}`),
    'two iss': within(`"iss":"${issuer.url}"`),
    'two aud, one escaped': within('"\\u0061ud":"api"'),
    'two members of no meaning': within('"x":1,"x":1'),
    'deep arrays': within(`"x":${'['.repeat(40)}${']'.repeat(40)}`),
    'deep objects': within(`"x":${'{"a":'.repeat(40)}1${'}'.repeat(40)}`),
    'thousands of arrays, never closed': within(`"x":${'['.repeat(5000)}`),
  });
  await refusesAll(t, stand, cases);
  const escaped = claims.replace('"iss"', '"\\u0069ss"');
  await passesAll(t, stand, {
    'an escaped name counts as the name': payload(escaped),
    'blanks between members': payload(claims.replaceAll(',', ' ,\n\t')),
    'letters beyond ASCII': within('"name":"Žofie \\ud83d\\ude00"'),
    'arrays within the depth': within(`"x":${'['.repeat(20)}${']'.repeat(20)}`),
    'a long number that nobody reads': within(`"x":${'9'.repeat(300)}`),
    'a few hundred members': within(Array.from({ length: 300 }, (_, i) => `"m${i}":${i}`).join(',')),
  });
});

test('an escaped member of the header counts as the member', async (t) => {
  const stand = await startStand(t, { algs: ['ES256'] });
  const { issuer } = stand;
  const signer = (input) => signature('ES256', issuer.key.privateKey, input);
  await passesAll(t, stand, { escaped: forge(`{"\\u0061lg":"ES256","kid":"${issuer.key.kid}"}`, issuer.claims(), signer) });
  await refusesAll(t, stand, { 'escaped twice': forge(`{"\\u0061lg":"ES256","alg":"ES256","kid":"${issuer.key.kid}"}`, issuer.claims(), signer) });
  const wordy = b64u(JSON.stringify({ alg: 'ES256', kid: issuer.key.kid }));
  await refusesAll(t, stand, { 'a header alone': wordy });
});
