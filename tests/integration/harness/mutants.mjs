// SPDX-License-Identifier: Apache-2.0
// Tokens near the right one: each is a sound token with something changed, before it was signed or after.  The same dice give
// the same changes; keys and the signatures of ECDSA and PSS are new in every run.
import { b64u, signature } from './keys.mjs';

export const NOW = 1795219200;
export const ISSUER = 'https://i.example/';
export const AUDIENCE = 'api';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const ALGS = ['HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];

// Values as raw JSON, so that texts stand there which no JSON printer makes.
const TIMES = [
  `${NOW - 1}`, `${NOW}`, `${NOW + 1}`, `${NOW - 0.5}`, `${NOW + 0.5}`, `${NOW}.0`, `${NOW + 600}e0`, '0', '-1', '-0', '1e10', '1e300', '-1e300', '1e400',
  '-1e400', '9007199254740991', '9007199254740992', '9007199254740993', '-9007199254740993', '9223372036854775807', '9223372036854775808',
  '18446744073709551616', `${NOW + 600 - 2 ** 32}`, `${NOW + 600 + 2 ** 32}`, '"soon"', `"${NOW + 600}"`, '"2099-01-01T00:00:00Z"', 'true', 'false', 'null',
  `[${NOW + 600}]`, `{"at":${NOW + 600}}`, '[]', '{}', '""',
];
const texts = (right) => [
  `"${right}"`, `"${right}/"`, `"${right.toUpperCase()}"`, `"${right.slice(0, -1)}"`, `" ${right}"`, `"${right} "`, `"${right}\\u0000"`, `"${right},other"`,
  `["${right}"]`, `["other","${right}"]`, `["${right}",7]`, `["${right}",null]`, `[null,["${right}"]]`, `[["${right}"]]`, `{"${right}":1}`, '[]', '""', 'null', '7',
  'true', `"\\u00${right.charCodeAt(0).toString(16)}${right.slice(1)}"`, `"${right}\\ud800"`,
];
const OTHERS = ['1', '-0.0', '1e5', '123456789012345678901234567890', '"a\\u0000b"', '"\\ud83d\\ude00"', '"\\ud83d"', '"\\udc00x"', '"\u00e9"', '[]', '{}', '[[[]]]',
  '{"a":{"b":[1,2,{"c":null}]}}', 'null', '"x"', 'true'];
const MEMBERS = {
  typ: ['"JWT"', '"at+jwt"', '"jwt"', '""', '7', 'null', '["JWT"]'],
  kid: ['"other"', '""', '"k"', '7', 'null', '{}', '"k\\u0000"', '"../k"'],
  alg: [...ALGS.map((alg) => `"${alg}"`), '"none"', '"None"', '"rs256"', '"es256"', '"hs256"', '" RS256"', '""', '7', 'null', '["RS256"]', '"ES256K"', '"Ed448"'],
  crit: ['["exp"]', '["b64"]', '[]', '["x"]', '"x"', 'null'],
  b64: ['false', 'true', 'null', '"false"'],
  cty: ['"JWT"', '7'],
  zip: ['"DEF"'],
  jku: ['"https://attacker.example/keys"', '7'],
  x5u: ['"https://attacker.example/key"'],
  x5t: ['"AAAA"', '""', '7', 'null'],
  jwk: ['{"kty":"oct","k":"AAAA"}', 'null', '7'],
  x5c: ['["AAAA"]', '7'],
  enc: ['"A128GCM"'],
  other: OTHERS,
};

// Members in their order: [name as JSON, value as JSON].
const writeObject = (members) => `{${members.map(([name, value]) => `${name}:${value}`).join(',')}}`;
const member = (name, value) => [JSON.stringify(name), value];
const nested = (depth, open, close) => open.repeat(depth) + (open.includes(':') ? '1' : '') + close.repeat(depth);

function setMember(members, name, value) {
  const found = members.find(([spelled]) => spelled === JSON.stringify(name));
  if (found) found[1] = value;
  else members.push(member(name, value));
}

// A text with one place changed: a byte flipped, taken out, put in, or a stretch doubled.
function touchBytes(dice, bytes) {
  const at = dice.roll(bytes.length + 1);
  const odd = dice.pick([0x00, 0x09, 0x20, 0x22, 0x2c, 0x30, 0x3a, 0x5c, 0x7b, 0x7d, 0x80, 0xc0, 0xef, 0xff, dice.roll(256)]);
  switch (dice.roll(4)) {
    case 0: return Buffer.concat([bytes.subarray(0, at), Buffer.of(odd), bytes.subarray(at + 1)]);
    case 1: return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
    case 2: return Buffer.concat([bytes.subarray(0, at), Buffer.of(odd), bytes.subarray(at)]);
    default: return Buffer.concat([bytes.subarray(0, at), bytes.subarray(dice.roll(at + 1))]);
  }
}

// Other spellings of a segment; none brings a line feed, a NUL or a dot.
function respell(dice, text) {
  const at = dice.roll(text.length + 1);
  const last = ALPHABET.indexOf(text.at(-1));
  return dice.pick([
    () => `${text}=`, () => `${text}==`, () => text.replaceAll('-', '+').replaceAll('_', '/'), () => `${text.slice(0, at)} ${text.slice(at)}`,
    () => `${text.slice(0, at)}${dice.pick(['*', '%', '\t', '"', '~', '!', '+', '/'])}${text.slice(at)}`, () => `${text}A`,
    () => text.slice(0, -1) + ALPHABET[(last + dice.between(1, 15)) % 64], () => text.slice(0, -1),
    () => text.slice(0, at) + ALPHABET[dice.roll(64)] + text.slice(at + 1),
  ])();
}

// Changes of what is signed: they get { header, payload } as members, `texts` of bytes and `segments`, all of which they may set.
const BEFORE = {
  'a time': (dice, draft) => setMember(draft.payload, dice.pick(['exp', 'exp', 'nbf', 'nbf', 'iat']), dice.pick(TIMES)),
  'the issuer': (dice, draft) => setMember(draft.payload, 'iss', dice.pick(texts(ISSUER))),
  'the audience': (dice, draft) => setMember(draft.payload, 'aud', dice.pick(texts(AUDIENCE))),
  'another claim': (dice, draft) => setMember(draft.payload, dice.pick(['sub', 'jti', 'tid', 'scp', 'typ', 'x']), dice.pick(OTHERS)),
  'the key of the sender': (dice, draft) => setMember(draft.payload, 'cnf', dice.pick(['{"jkt":"AAAA"}', '{"x5t#S256":"AAAA"}', '{"jwk":{}}', ...OTHERS])),
  'a claim left out': (dice, draft) => draft.payload.splice(dice.roll(draft.payload.length), 1),
  'a header member': (dice, draft) => {
    const name = dice.pick(Object.keys(MEMBERS));
    setMember(draft.header, name, dice.pick(MEMBERS[name]));
  },
  'crit and b64': (dice, draft) => {
    setMember(draft.header, 'crit', dice.pick(['["b64"]', '["exp"]', '["b64","b64"]']));
    setMember(draft.header, 'b64', dice.pick(['true', 'false']));
  },
  'a member twice': (dice, draft) => {
    const members = dice.pick([draft.header, draft.payload]);
    const [name, value] = dice.pick(members);
    members.splice(dice.roll(members.length + 1), 0, [name, dice.pick([value, 'null', '"x"', `${NOW + 900}`])]);
  },
  'a name with escapes': (dice, draft) => {
    const found = dice.pick(dice.pick([draft.header, draft.payload]));
    const name = JSON.parse(found[0]);
    if (name !== '') found[0] = `"\\u00${name.charCodeAt(0).toString(16).padStart(2, '0')}${JSON.stringify(name.slice(1)).slice(1)}`;
  },
  'nesting': (dice, draft) => {
    const value = dice.pick([nested(dice.between(28, 36), '[', ']'), nested(dice.between(28, 36), '{"a":', '}')]);
    setMember(dice.pick([draft.header, draft.payload]), 'deep', value);
  },
  'bytes of the payload': (dice, draft) => (draft.texts[1] = touchBytes(dice, Buffer.from(writeObject(draft.payload)))),
  'bytes of the header': (dice, draft) => (draft.texts[0] = touchBytes(dice, Buffer.from(writeObject(draft.header)))),
  'what stands around the JSON': (dice, draft) => {
    const which = dice.roll(2);
    const text = Buffer.from(writeObject(which ? draft.payload : draft.header));
    const around = dice.pick([Buffer.from('efbbbf', 'hex'), Buffer.from(' \n'), Buffer.of(0), Buffer.from('/**/'), Buffer.from('{}')]);
    draft.texts[which] = Buffer.concat(dice.pick([[around, text], [text, around]]));
  },
  'JSON that is no object': (dice, draft) => (draft.texts[dice.roll(2)] = Buffer.from(dice.pick(['[]', '"x"', '7', 'null', '', 'true', '{', '{"a":NaN}', "{'a':1}"]))),
  'the spelling of a segment, signed': (dice, draft) => {
    const which = dice.roll(2);
    draft.respelled[which] = (text) => respell(dice, text);
  },
  'who signs': (dice, draft) => (draft.signer = dice.pick(['another key', 'another algorithm', 'the public key as a secret', 'nothing'])),
};

const AFTER = {
  'a character': (dice, parts) => {
    const which = dice.roll(3);
    const at = dice.roll(parts[which].length);
    parts[which] = parts[which].slice(0, at) + ALPHABET[dice.roll(64)] + parts[which].slice(at + 1);
  },
  'the spelling of a segment': (dice, parts) => {
    const which = dice.roll(3);
    if (parts[which] !== '') parts[which] = respell(dice, parts[which]);
  },
  'bits of the signature': (dice, parts) => {
    const bytes = Buffer.from(parts[2], 'base64url');
    if (bytes.length > 0) bytes[dice.roll(bytes.length)] ^= 1 << dice.roll(8);
    parts[2] = b64u(bytes);
  },
  'the form of the signature': (dice, parts) => {
    const bytes = Buffer.from(parts[2], 'base64url');
    const half = bytes.length / 2;
    parts[2] = b64u(dice.pick([
      Buffer.alloc(0), Buffer.alloc(bytes.length), bytes.subarray(1), bytes.subarray(0, -1), Buffer.concat([Buffer.of(0), bytes]), Buffer.concat([bytes, Buffer.of(0)]),
      Buffer.concat([bytes, bytes]), dice.bytes(bytes.length), Buffer.concat([bytes.subarray(half), bytes.subarray(0, half)]), Buffer.from(bytes.toString('hex')),
    ]));
  },
  'the parts': (dice, parts) => dice.pick([
    () => parts.push('AAAA'), () => parts.pop(), () => parts.unshift('AAAA'), () => parts.push(''), () => parts.push('', ''), () => parts.reverse(),
    () => (parts[1] = ''), () => (parts[0] = ''), () => ([parts[0], parts[1]] = [parts[1], parts[0]]),
  ])(),
};

const HASHES = { 256: 'HS256', 384: 'HS384', 512: 'HS512' };

function signWith(draft, { alg, key, stranger }, input, dice) {
  const size = alg.slice(2);
  switch (draft.signer) {
    case 'another key': return signature(alg, stranger.privateKey, input);
    case 'nothing': return Buffer.alloc(0);
    case 'the public key as a secret': {
      if (!key.publicKey) return signature(alg, Buffer.alloc(1), input);
      const made = key.publicKey.export({ type: 'spki', format: dice.pick(['pem', 'der']) });
      return signature(HASHES[size] ?? 'HS256', Buffer.from(made), input);
    }
    case 'another algorithm': {
      const likes = ALGS.filter((other) => other !== alg && other.slice(0, 2) === alg.slice(0, 2) && other.slice(0, 2) !== 'ES');
      if (/^[RP]S/.test(alg)) likes.push(...ALGS.filter((other) => /^[RP]S/.test(other) && other[0] !== alg[0]));
      return likes.length > 0 ? signature(dice.pick(likes), key.privateKey, input) : dice.bytes(64);
    }
    default: return signature(alg, key.privateKey, input);
  }
}

// The next token: { token, changed }, where `changed` names what was.
// bench: { alg, key, stranger } with keys as newKey makes them; a secret is { privateKey: bytes }.
export function makeMutant(dice, bench) {
  const draft = {
    header: [member('alg', `"${bench.alg}"`), member('kid', '"k"'), member('typ', '"JWT"')],
    payload: [member('iss', `"${ISSUER}"`), member('aud', `"${AUDIENCE}"`), member('exp', `${NOW + 600}`), member('nbf', `${NOW - 5}`),
      member('iat', `${NOW - 5}`), member('sub', '"someone"')],
    texts: [null, null], respelled: [(text) => text, (text) => text], signer: 'the key',
  };
  const changed = [];
  const change = (table, what) => {
    const name = dice.pick(Object.keys(table));
    changed.push(name);
    table[name](dice, what);
  };
  const mode = dice.roll(20); // one in twenty is sound
  if (mode > 0 && mode < 14) change(BEFORE, draft);
  if (mode > 10 && mode < 14) change(BEFORE, draft);
  const segments = [draft.header, draft.payload].map((members, i) => draft.respelled[i](b64u(draft.texts[i] ?? writeObject(members))));
  const input = segments.join('.');
  const parts = [...segments, b64u(signWith(draft, bench, input, dice))];
  if (mode >= 13) change(AFTER, parts);
  return { token: parts.join('.'), changed: changed.join(', ') || 'nothing' };
}
