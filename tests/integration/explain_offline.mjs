// SPDX-License-Identifier: Apache-2.0
// Goal: a token, a policy file and a key set are enough to know what becomes of the token, at any time one likes, without a
// network: as text for people and as JSON for programs.
import assert from 'node:assert/strict';
import test from 'node:test';
import { CompactEncrypt, generateKeyPair } from 'jose';
import { adviceOf, failed, startExplaining } from './harness/explaining.mjs';
import { newKey, sign } from './harness/keys.mjs';
import { secret } from './harness/secrets.mjs';

const ISSUER = 'https://idp.example.com';
const NOW = '2026-11-21T16:00:00Z';
const NOW_S = Date.parse(NOW) / 1000;
const POLICY = `<validate-jwt header-name="Authorization" require-scheme="Bearer">
  <openid-config url="${ISSUER}/.well-known/openid-configuration"/>
  <audiences><audience>orders</audience></audiences>
  <required-claims><claim name="groups" match="any"><value>readers</value><value>writers</value></claim></required-claims>
</validate-jwt>`;

const key = newKey('RS256', 'k1');
const second = newKey('ES256', 'k2');
const FILES = { 'policy.xml': POLICY, 'jwks.json': { keys: [key.jwk, second.jwk] } };
const BASE = ['--policy', 'policy.xml', '--jwks', 'jwks.json', '--at', NOW];

const claims = (more = {}) => ({ iss: ISSUER, aud: 'orders', sub: 'bob', iat: NOW_S, exp: NOW_S + 3240, groups: ['readers'], ...more });

test('a token that is right', async (t) => {
  const { told, explain } = startExplaining(t, FILES);
  const said = await told(BASE, sign(key, claims()));
  assert.deepEqual([said.verdict, said.reason, said.status, said.at, said.route], ['pass', null, 200, NOW_S, null]);
  assert.deepEqual(said.token, { header: { alg: 'RS256', kid: 'k1', typ: 'JWT' }, claims: claims() });
  assert.deepEqual(said.checks.map(({ name, verdict }) => `${name} ${verdict}`), ['token pass', 'header pass', 'alg pass', 'key pass',
    'signature pass', 'nbf skip', 'exp pass', 'audience pass', 'issuer pass', 'claim:groups pass']);
  assert.equal(said.key.kid, 'k1');
  assert.equal(said.key.provider, `${ISSUER}/.well-known/openid-configuration`);
  assert.equal(said.second_opinion.verdict, 'agrees');
  const { status, stdout, stderr } = await explain(BASE, sign(second, claims()));
  assert.equal(status, 0);
  assert.equal(stderr, '');
  assert.match(stdout, /^pass: valid for another 54 min\n/);
  assert.match(stdout, /^key: kid k2, ES256 of 256 bits, thumbprint [\w-]{43}, of https:\/\/idp\.example\.com\//m);
  assert.match(stdout, /^second opinion: libjwt agrees: /m);
  assert.match(stdout, /^ {2}exp +\d+ {2}\(2026-11-21T16:54:00Z, valid for another 54 min\)$/m);
});

test('a token that is refused: every check is told, with what to do', async (t) => {
  const { told, explain } = startExplaining(t, FILES);
  const token = sign(key, claims({ exp: NOW_S - 192, aud: 'orders/', groups: 'Readers' }));
  const said = await told(BASE, token);
  assert.equal(said.reason, 'TokenExpired');
  assert.equal(said.status, 401);
  assert.deepEqual(failed(said), ['exp', 'audience', 'claim:groups']);
  const { status, stdout } = await explain(BASE, token);
  assert.equal(status, 1);
  assert.match(stdout, /^refuse TokenExpired \(401\): exp, expired 3 min 12 s ago\n/);
  assert.match(stdout, /^fail {2}audience: expected orders; found orders\/\n {6}-> .*slash/m);
  assert.match(stdout, /^fail {2}claim:groups: .*\n {6}-> .*letter case/m);
  assert.match(stdout, /^pass {2}signature: /m);
});

test('the time can be chosen, in either form', async (t) => {
  const { told } = startExplaining(t, FILES);
  const token = sign(key, claims({ nbf: NOW_S }));
  const at = (time) => told(['--policy', 'policy.xml', '--jwks', 'jwks.json', '--at', time], token);
  for (const time of [NOW, String(NOW_S), '2026-11-21T17:00:00+01:00']) assert.equal((await at(time)).verdict, 'pass', time);
  assert.deepEqual(failed(await at(String(NOW_S - 1))), ['nbf']);
  assert.equal((await at(String(NOW_S + 3239))).verdict, 'pass');
  assert.equal((await at(String(NOW_S + 3240))).reason, 'TokenExpired');
});

test('the issuer of --jwks is given, or assumed and marked', async (t) => {
  const { told, explain } = startExplaining(t, FILES);
  const other = sign(key, claims({ iss: `${ISSUER}/tenant` }));
  const assumed = await told(BASE, other);
  assert.deepEqual(failed(assumed), ['issuer']);
  assert.match(assumed.notes[0], /issuer https:\/\/idp\.example\.com is assumed/);
  assert.match(assumed.checks.find(({ name }) => name === 'issuer').advice, /--issuer/);
  assert.match((await explain(BASE, other)).stdout, /^note: the issuer .* is assumed/m);
  const given = await told([...BASE, '--issuer', `${ISSUER}/tenant`], other);
  assert.equal(given.verdict, 'pass');
  assert.deepEqual(given.notes, []);
  assert.deepEqual(failed(await told([...BASE, '--issuer', `${ISSUER}/tenant`], sign(key, claims()))), ['issuer']);
});

test('keys of which none may be used: no verdict on the token, and why', async (t) => {
  const { told, explain, write } = startExplaining(t, FILES);
  const token = sign(key, claims());
  const rows = {
    'for encryption': [[{ ...key.jwk, use: 'enc' }], /none of 1 keys is usable: k1: use is enc, not sig.*key for signatures/],
    'for other operations': [[{ ...key.jwk, key_ops: ['encrypt'] }], /k1: .*key_ops/],
    'of several kinds': [[{ ...key.jwk, use: 'enc' }, { kty: 'oct', k: 'AAAA' }], /none of 2 keys is usable: k1: .*; without kid: /],
    none: [[], /the key set holds no keys/],
  };
  const inline = POLICY.replace(/<openid-config.*>/, '<issuer-signing-keys><key>AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=</key></issuer-signing-keys>');
  for (const [what, [keys, why]] of Object.entries(rows)) {
    for (const policy of [POLICY, inline]) {
      write({ 'jwks.json': { keys }, 'policy.xml': policy });
      const said = await told(BASE, token);
      assert.deepEqual([said.verdict, said.reason, failed(said)], ['unknown', 'OpenIdConfigUnavailable', ['key']], what);
      assert.match(adviceOf(said, 'key'), why, what);
      const { status, stdout } = await explain(BASE, token);
      assert.equal(status, 2, what);
      assert.match(stdout, /^pass {2}exp: /m, what);
    }
  }
  write({ 'jwks.json': { keys: [{ ...key.jwk, use: 'sig', key_ops: ['verify'] }] }, 'policy.xml': POLICY });
  assert.equal((await told(BASE, token)).verdict, 'pass');
});

test('the issuer assumed of Entra is the one that its documents publish', async (t) => {
  const TENANT = '11111111-2222-3333-4444-555555555555';
  const v1 = `https://sts.windows.net/${TENANT}/`;
  const v2 = `https://login.microsoftonline.com/${TENANT}/v2.0`;
  const entra = (path) => `<validate-jwt header-name="Authorization"><openid-config url="https://login.microsoftonline.com/${path}/.well-known/openid-configuration"/></validate-jwt>`;
  const { told, write } = startExplaining(t, FILES);
  const by = async (path, iss) => {
    write({ 'policy.xml': entra(path) });
    return told(BASE, sign(key, claims({ iss, tid: TENANT })));
  };
  for (const [path, iss] of [[TENANT, v1], [`${TENANT}/v2.0`, v2], ['common', v1], ['organizations/v2.0', v2]]) {
    const said = await by(path, iss);
    assert.equal(said.verdict, 'pass', path);
    assert.match(said.notes[0], /is assumed from the configured URL/, path);
  }
  assert.match(adviceOf(await by(TENANT, v2), 'issuer'), /v2 token of Entra meets a v1 document/);
  assert.match(adviceOf(await by(`${TENANT}/v2.0`, v1), 'issuer'), /v1 token of Entra meets a v2 document/);
  assert.match(adviceOf(await by(TENANT, v1.replace('1111', '2222')), 'issuer'), /--issuer/);
  write({ 'policy.xml': POLICY });
  const auth0 = sign(key, claims({ iss: `${ISSUER}/` }));
  assert.match(adviceOf(await told(BASE, auth0), 'issuer'), /was assumed.*--issuer 'https:\/\/idp\.example\.com\/' settles it/);
  assert.equal((await told([...BASE, '--issuer', `${ISSUER}/`], auth0)).verdict, 'pass');
});

test('an encrypted token that is opened is told as one', async (t) => {
  const bytes = Buffer.alloc(32, 7);
  const { told, write } = startExplaining(t, FILES);
  write({ 'policy.xml': POLICY.replace('<audiences>', `<decryption-keys><key>${bytes.toString('base64')}</key></decryption-keys><audiences>`) });
  const jwe = await new CompactEncrypt(Buffer.from(sign(key, claims()))).setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: 'e1', cty: 'JWT' }).encrypt(bytes);
  const said = await told(BASE, secret(jwe));
  assert.equal(said.verdict, 'pass', JSON.stringify(said.checks));
  assert.equal(said.token.header.alg, 'RS256');
  assert.deepEqual([said.token.encrypted, said.token.outer], [true, { alg: 'dir', enc: 'A256GCM', kid: 'e1' }]);
  assert.match(said.notes.join(), /kid e1\) and was opened/);
});

test('an expression that asks for more than is known leaves its check open; --url tells it', async (t) => {
  const { told, explain, write } = startExplaining(t, FILES);
  const policyOf = (expression) => write({ 'policy.xml': POLICY.replace('>orders<', `>@(${expression})<`) });
  policyOf('context.Request.OriginalUrl.Host');
  const token = sign(key, claims({ aud: 'api.example.com' }));
  const open = await told(BASE, token);
  assert.deepEqual([open.verdict, open.reason, failed(open)], ['unknown', 'ExpressionValueEvaluationFailure', []]);
  const audience = open.checks.find(({ name }) => name === 'audience');
  assert.deepEqual([audience.verdict, audience.expected], ['skip', '@(context.Request.OriginalUrl.Host)']);
  assert.match(audience.found, /null/);
  assert.match(open.notes.join(), /could not be evaluated: .*--url/);
  const { status, stdout } = await explain(BASE, token);
  assert.equal(status, 2);
  assert.match(stdout, /^unknown ExpressionValueEvaluationFailure \(500\)\n/);
  assert.equal((await told(BASE, sign(key, claims({ exp: NOW_S - 1000 })))).reason, 'TokenExpired', 'what is refused in any case');
  const url = (text) => [...BASE, '--url', text];
  assert.equal((await told(url('https://api.example.com/x'), token)).verdict, 'pass');
  assert.deepEqual(failed(await told(url('https://other.example.com/x'), token)), ['audience']);
  policyOf('context.Request.OriginalUrl.Scheme + context.Request.OriginalUrl.Port + context.Request.OriginalUrl.Path + context.Request.OriginalUrl.QueryString');
  assert.equal((await told(url('http://h:81/a?b=c'), sign(key, claims({ aud: 'http81/a?b=c' })))).verdict, 'pass');
  assert.equal((await told(url('https://h'), sign(key, claims({ aud: 'https443/' })))).verdict, 'pass');
  policyOf('context.Request.Url.Query.GetValueOrDefault(&quot;b c&quot;, &quot;&quot;)');
  assert.equal((await told(url('https://h?x=1&b%20c=%C3%BC'), sign(key, claims({ aud: 'ü' })))).verdict, 'pass');
  for (const wrong of ['orders', 'ftp://h/', 'https://h/?a=%zz']) {
    const said = await explain(url(wrong), token);
    assert.deepEqual([said.status, said.stdout], [2, ''], wrong);
    assert.match(said.stderr, /--url: /, wrong);
  }
});

test('policies in branches are alternatives', async (t) => {
  const { told, explain, write } = startExplaining(t, FILES);
  const rule = (audience) => `<validate-jwt header-name="Authorization"><openid-config url="${ISSUER}"/><audiences><audience>${audience}</audience></audiences></validate-jwt>`;
  const choose = (first, second) => `<choose><when condition="@(context.Request.Method == &quot;POST&quot;)">${rule(first)}</when><otherwise>${rule(second)}</otherwise></choose>`;
  const by = (inbound) => write({ 'policy.xml': `<policies><inbound>${inbound}</inbound></policies>` });
  const token = sign(key, claims());
  const reason = async (inbound) => {
    by(inbound);
    return (await told(BASE, token)).reason;
  };
  by(choose('x', 'orders'));
  const said = await told(BASE, token);
  assert.equal(said.verdict, 'pass');
  assert.match(said.notes.join(), /alternatives.*of 2, 1 takes this token; this is told of policy 2, at choose\[1\]\/otherwise\[1\]\/validate-jwt\[1\]/);
  const { stdout } = await explain(BASE, token);
  assert.match(stdout, /^pass: .*\n\npolicy 1 of 2, at choose\[1\]\/when\[1\]\/validate-jwt\[1\]\nrefuse TokenAudienceNotAllowed/);
  assert.match(stdout, /\npolicy 2 of 2, at choose\[1\]\/otherwise\[1\]\/validate-jwt\[1\]\npass/);
  assert.equal(await reason(choose('orders', 'x')), null);
  assert.equal(await reason(choose('x', 'y')), 'TokenAudienceNotAllowed');
  assert.equal(await reason(rule('orders') + choose('x', 'y')), null);
  assert.equal(await reason(choose('orders', 'orders') + rule('x')), 'TokenAudienceNotAllowed');
});

test('keys that are not those of the token', async (t) => {
  const { told } = startExplaining(t, FILES);
  const stranger = newKey('RS256', 'k1');
  const forged = await told(BASE, sign(stranger, claims()));
  assert.equal(forged.reason, 'TokenSignatureInvalid');
  assert.equal(forged.second_opinion.verdict, 'agrees');
  assert.equal(forged.key, null);
  const unknown = await told(BASE, sign({ ...stranger, kid: 'k9' }, claims(), { kid: 'k9' }));
  assert.equal(unknown.reason, 'TokenSignatureKeyNotFound');
  const elsewhere = await told(BASE, sign(key, claims(), { alg: 'ES256' }));
  assert.deepEqual(failed(elsewhere)[0], 'key');
});

test('what is no token is told as that, and shown nowhere', async (t) => {
  const { told, explain } = startExplaining(t, FILES);
  const pieces = sign(key, claims()).split('.');
  const cases = {
    'an opaque token': [secret('4xIDdzJsn7pTdTzpEzNBcT0nRZ5GRtdV'), 'token', /opaque/],
    'two parts': [pieces.slice(0, 2).join('.'), 'token', /./],
    'a signature in other base64': [secret(`${pieces[0]}.${pieces[1]}.${pieces[2].slice(0, -2)}==`), 'token', /./],
  };
  for (const [what, [token, check, advice]] of Object.entries(cases)) {
    const said = await told(BASE, token);
    assert.deepEqual(failed(said), [check], what);
    assert.match(said.checks[0].advice, advice, what);
    assert.equal((await explain(BASE, token)).status, 1, what);
  }
  const { publicKey } = await generateKeyPair('RSA-OAEP');
  const jwe = await new CompactEncrypt(Buffer.from(sign(key, claims()))).setProtectedHeader({ alg: 'RSA-OAEP', enc: 'A256GCM' }).encrypt(publicKey);
  const said = await told(BASE, secret(jwe));
  assert.deepEqual(failed(said), ['token']);
  assert.match(said.checks[0].advice, /encrypted.*decryption-keys/);
  assert.deepEqual(said.token, { header: null, claims: null, encrypted: true, outer: { alg: 'RSA-OAEP', enc: 'A256GCM', kid: null } });
  assert.match(said.notes.join(), /came encrypted \(JWE: alg RSA-OAEP, enc A256GCM\) and was not opened/);
});

test('bytes of a token do nothing to a terminal', async (t) => {
  const { explain } = startExplaining(t, FILES);
  const token = sign(key, claims({ aud: '\u001b[2J\u0007', '\u001b]0;x': '\u009b1m' }), { x: '\u001b[31m' });
  const { stdout } = await explain(BASE, token);
  // eslint-disable-next-line no-control-regex
  assert.doesNotMatch(stdout, /[^\n\x20-\x7e]/);
  assert.match(stdout, /found \\x1b\[2J\\x07/);
});
