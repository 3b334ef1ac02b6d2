// SPDX-License-Identifier: Apache-2.0
// A second opinion: thousands of tokens near the right one, judged here and by `jose`, called as its users should (algorithm,
// issuer and audience given, exp demanded).  What passes one of them alone does so for a reason that has a name; the names are
// explained in DESIGN.md, "Differential test against jose".  A difference without a name fails the test and shows the token.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import path from 'node:path';
import test from 'node:test';
import { jwtVerify } from 'jose';
import { Dice } from './harness/dice.mjs';
import { BINARY, tempDir, writeFiles } from './harness/gateway.mjs';
import { newKey } from './harness/keys.mjs';
import { AUDIENCE, ISSUER, NOW, makeMutant } from './harness/mutants.mjs';

const JUDGE = path.resolve(path.dirname(BINARY), '../tests/judge_lines');
const DEPTH_MAX = 32;
const COUNTS = { HS256: 1200, HS384: 800, HS512: 800, RS256: 1200, RS384: 800, RS512: 800, PS256: 1200, PS384: 800, PS512: 800, ES256: 1200, ES384: 800,
  ES512: 800, EdDSA: 1200, Ed25519: 800 };
const SHARE = process.env.JWTGATE_SLOWNESS > 1 ? 4 : 1; // sanitized builds judge a part of them

// ---- the two judges ----

function makeBench(alg) {
  const secretly = () => ({ privateKey: crypto.randomBytes(64) });
  const make = () => (alg.startsWith('HS') ? secretly() : newKey(alg, 'k'));
  return { alg, key: make(), stranger: make() };
}

async function passesJose(token, { alg, key }) {
  try {
    await jwtVerify(token, key.publicKey ?? key.privateKey, {
      algorithms: [alg], issuer: ISSUER, audience: AUDIENCE, currentDate: new Date(NOW * 1000), requiredClaims: ['exp'],
    });
    return true;
  } catch {
    return false;
  }
}

// `passed`, or the name of the reason, of each token.
function judge(t, { alg, key }, tokens) {
  const dir = tempDir(t);
  const secret = key.publicKey ? '' : `<issuer-signing-keys><key id="k">${key.privateKey.toString('base64')}</key></issuer-signing-keys>`;
  writeFiles(dir, {
    'keys.json': { keys: [(key.publicKey ? key : newKey('ES256', 'of the provider')).jwk] },
    'policy.xml': `<validate-jwt header-name="X-Token"><openid-config url="${ISSUER}"/>${secret}<audiences><audience>${AUDIENCE}</audience></audiences>`
      + '</validate-jwt>',
  });
  const run = spawnSync(JUDGE, ['policy.xml', alg, ISSUER, 'keys.json', `${NOW}`], { cwd: dir, input: `${tokens.join('\n')}\n`, maxBuffer: 1 << 26 });
  assert.equal(run.status, 0, `${run.error ?? ''}${run.stderr}`);
  return run.stdout.toString().trimEnd().split('\n');
}

// ---- what a token is, read as leniently as may be ----

function parse(bytes) {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

// Names of each object, depth and strings of a JSON text that JSON.parse takes.
function scan(text) {
  const found = { depth: 0, hasDuplicates: false, isWellFormed: true };
  const stack = [];
  const lexemes = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]/g) ?? [];
  lexemes.forEach((lexeme, i) => {
    if (lexeme === '{' || lexeme === '[') stack.push(new Set());
    if (lexeme === '}' || lexeme === ']') stack.pop();
    found.depth = Math.max(found.depth, stack.length);
    if (lexeme[0] !== '"') return;
    const value = JSON.parse(lexeme);
    found.isWellFormed &&= value.isWellFormed();
    if (lexemes[i + 1] !== ':') return;
    found.hasDuplicates ||= stack.at(-1).has(value);
    stack.at(-1).add(value);
  });
  return found;
}

function exhibit(token) {
  const parts = token.split('.');
  const bytes = parts.slice(0, 2).map((part) => Buffer.from(part, 'base64url'));
  const [header, payload] = bytes.map(parse);
  const scans = bytes.map((text) => (parse(text) === undefined ? {} : scan(new TextDecoder().decode(text))));
  return { parts, bytes, header: header ?? {}, payload: payload ?? {}, scans };
}

const isCanonical = (part) => /^[\w-]*$/.test(part) && Buffer.from(part, 'base64url').toString('base64url') === part;
const isUtf8 = (bytes) => Buffer.from(bytes.toString('utf8')).equals(bytes);
const times = ({ payload }) => [payload.exp, payload.nbf].filter((time) => typeof time === 'number');
const hasFraction = (e) => times(e).some((time) => !Number.isInteger(time) && Number.isFinite(time));

// Refused here, always as malformed, and passes jose.
const STRICTER = {
  'base64url in another spelling': (e) => !e.parts.every(isCanonical),
  'text that is not UTF-8, or behind a byte order mark': (e) => e.bytes.some((bytes) => !isUtf8(bytes) || bytes.subarray(0, 3).toString('hex') === 'efbbbf'),
  'lone surrogates': (e) => e.scans.some(({ isWellFormed }) => isWellFormed === false),
  'duplicate members': (e) => e.scans.some(({ hasDuplicates }) => hasDuplicates),
  'crit or b64': (e) => 'crit' in e.header || 'b64' in e.header,
  'header parameters of the wrong type': (e) => ['kid', 'x5t', 'typ'].some((name) => name in e.header && typeof e.header[name] !== 'string'),
  'cnf where no proof by a key is asked for': (e) => 'cnf' in e.payload,
  'nesting past the limit': (e) => e.scans.some(({ depth }) => depth > DEPTH_MAX),
  'times past 2^53': (e) => times(e).some((time) => Math.abs(time) >= 2 ** 53), // as read: 2^53 + 1 is 2^53
};
// Refused here by the check of that claim or of the signature, and passes jose.
const RSA_BYTES = 256; // of the keys here
const STRICTER_CLAIMS = {
  // RFC 8017 8.1.2: as long as the modulus, also where the first byte is zero, as it is in one signature of 256.
  TokenSignatureInvalid: { 'a PSS signature without the zero in front': (e) => /^PS/.test(e.header.alg) && Buffer.from(e.parts[2], 'base64url').length === RSA_BYTES - 1 },
  TokenExpired: { 'times with a fraction': hasFraction },
  TokenAudienceNotAllowed: { 'aud with anything but texts in it': ({ payload }) => Array.isArray(payload.aud) && payload.aud.some((aud) => typeof aud !== 'string') },
};
// Passes here, refused by jose.
const WIDER = {
  'iat that is no number': ({ payload }) => 'iat' in payload && typeof payload.iat !== 'number',
  'times with a fraction': hasFraction,
};

// ---- the trial ----

function nameOf(token, verdict) {
  const e = exhibit(token);
  const classes = verdict === 'passed' ? WIDER : verdict === 'JwtInvalid' ? STRICTER : STRICTER_CLAIMS[verdict] ?? {};
  return Object.keys(classes).find((name) => classes[name](e));
}

async function tryAlgorithm(t, alg, tally) {
  const dice = new Dice(0x6a77 + Object.keys(COUNTS).indexOf(alg));
  const bench = makeBench(alg);
  const mutants = Array.from({ length: Math.ceil(COUNTS[alg] / SHARE) }, () => makeMutant(dice, bench));
  const verdicts = judge(t, bench, mutants.map(({ token }) => token));
  assert.equal(verdicts.length, mutants.length);
  let both = 0;
  for (const [i, { token, changed }] of mutants.entries()) {
    const passesHere = verdicts[i] === 'passed';
    const passesThere = await passesJose(token, bench);
    tally.tokens++;
    if (passesHere && passesThere) both++;
    if (!passesHere && !passesThere) tally.refused++;
    if (passesHere === passesThere) continue;
    const name = nameOf(token, verdicts[i]);
    const where = passesHere ? 'here' : 'jose';
    if (name) tally.named[`pass ${where} only: ${name}`] = (tally.named[`pass ${where} only: ${name}`] ?? 0) + 1;
    else tally.nameless.push(`${alg}, changed: ${changed}; ${verdicts[i]} here, ${passesThere ? 'passes' : 'refused by'} jose: ${token} ${exhibit(token).bytes.join(' ')}`);
  }
  assert.ok(both > 0, `no token of ${alg} passes both`);
  tally.passed += both;
}

test('no token passes that jose would refuse, nor the other way, but for differences that have a name', async (t) => {
  const tally = { tokens: 0, passed: 0, refused: 0, named: {}, nameless: [] };
  for (const alg of Object.keys(COUNTS)) await tryAlgorithm(t, alg, tally);
  t.diagnostic(`${tally.tokens} tokens: ${tally.passed} pass both, ${tally.refused} are refused by both`);
  for (const [name, count] of Object.entries(tally.named).sort()) t.diagnostic(`${count} ${name}`);
  assert.deepEqual(tally.nameless.slice(0, 20), [], `${tally.nameless.length} differences without a name`);
  assert.ok(tally.tokens * SHARE >= 10000);
  assert.ok(tally.passed > tally.tokens / 10 && tally.refused > tally.tokens / 10, 'the tokens are too much alike');
});
