// SPDX-License-Identifier: Apache-2.0
// Header and claims as the token spells them, with what they mean beside.
import { $, fill, h, long } from './dom.js';
import { indented, items, members } from './json.js';
import { inLocal, inUtc, inWords, isMoment, iso, looksLikeMilliseconds } from './time.js';

const MEANINGS = {
  iss: 'Issuer', sub: 'Subject', aud: 'Audience', exp: 'Expires', nbf: 'Not before', iat: 'Issued', auth_time: 'Signed in',
  updated_at: 'Profile changed', jti: 'Token id', scope: 'Scope', scp: 'Scope', azp: 'Authorized party', appid: 'Application',
  client_id: 'Client', roles: 'Roles', groups: 'Groups', tid: 'Tenant', oid: 'Object id', upn: 'User name',
  preferred_username: 'User name', nonce: 'Nonce', acr: 'Authentication class', amr: 'Authentication methods', cnf: 'Bound to a key',
  alg: 'Algorithm', kid: 'Key id', typ: 'Type', cty: 'Content type', enc: 'Content encryption', x5t: 'Certificate thumbprint',
};
const MOMENTS = new Set(['exp', 'nbf', 'iat', 'auth_time', 'updated_at']);
const LISTS = new Set(['scope', 'scp']);
const MEMBERS_MAX = 200;

let shown; // what stands there, so that its words can be told anew as time goes by

function moment(source, now) {
  const seconds = Number(source);
  if (!/^-?\d/.test(source) || !isMoment(seconds)) return undefined;
  if (looksLikeMilliseconds(seconds, now)) return h('p', { class: 'odd' }, 'This looks like milliseconds; claims count seconds.');
  return h('p', { class: 'moment' },
    h('time', { datetime: iso(seconds), 'data-seconds': String(seconds) }, inWords(seconds, now)),
    h('span', {}, inLocal(seconds)), h('span', {}, inUtc(seconds)));
}

const chips = (texts) => h('ul', { class: 'chips' }, texts.map((text) => h('li', {}, long(text, 300))));

const textOf = (source) => (source.startsWith('"') ? JSON.parse(source) : source);

function value(name, source) {
  const first = source[0];
  if (first === '[') {
    const each = items(source);
    const isFlat = each.length > 0 && each.length <= MEMBERS_MAX && each.every((item) => !'[{'.includes(item[0]));
    if (isFlat) return chips(each.map(textOf));
  }
  if (first === '{' || first === '[') return h('pre', { tabindex: '0', role: 'region', 'aria-label': `${name}, as JSON` }, long(indented(source)));
  const text = textOf(source);
  const words = LISTS.has(name) && first === '"' ? text.split(' ').filter(Boolean) : [];
  if (words.length > 1 && words.length <= MEMBERS_MAX) return chips(words);
  return h('span', { class: first === '"' ? 'text' : 'literal' }, text === '' ? h('em', {}, 'empty') : long(text));
}

function row([name, source], now) {
  return h('tr', {},
    h('th', { scope: 'row' }, h('code', {}, long(name, 200)), MEANINGS[name] && h('span', { class: 'meaning' }, MEANINGS[name])),
    h('td', {}, value(name, source), (MOMENTS.has(name) && moment(source, now)) || []));
}

function table(caption, source, now) {
  const rows = members(source);
  const cut = rows.length - MEMBERS_MAX;
  return [
    h('h3', {}, caption),
    rows.length === 0 ? h('p', { class: 'hint' }, 'There is nothing in it.')
      : h('table', { class: 'members', 'aria-label': caption },
        h('tbody', {}, rows.slice(0, MEMBERS_MAX).map((each) => row(each, now)))),
    cut > 0 && h('p', { class: 'hint' }, `${cut} more are not shown.`),
  ];
}

// parts: { kind, header, claims, trouble, isVerified } of token.js; the last says that a key has verified the signature.
export function showContents(parts, now) {
  shown = parts;
  $('contents').hidden = parts === undefined;
  if (parts === undefined) return fill($('contents-body'));
  const origin = parts.isVerified ? h('p', { class: 'hint' }, 'A key of a configured issuer has signed this.')
    : h('p', { class: 'caution' }, 'Nobody is known to have signed this: read it as what somebody claims.');
  fill($('contents-body'),
    parts.trouble && h('p', { class: 'odd' }, parts.trouble),
    parts.header || parts.claims ? origin : [],
    parts.header ? h('div', { class: 'part' }, table('Header', parts.header, now)) : [],
    parts.claims ? h('div', { class: 'part' }, table('Claims', parts.claims, now))
      : parts.kind === 'encrypted' ? h('p', { class: 'hint' }, 'The claims are encrypted; this gateway has not opened them.') : []);
}

export function retellMoments(now) {
  if (!shown) return;
  for (const time of $('contents-body').querySelectorAll('time')) {
    const words = inWords(Number(time.dataset.seconds), now);
    if (time.textContent !== words) time.textContent = words;
  }
}
