// SPDX-License-Identifier: Apache-2.0
// The keys that the gateway has of each issuer, and whether the one that the token names is among them.
import { $, breakable, fill, h } from './dom.js';
import { inWords } from './time.js';

const secondsOf = (value) => (typeof value === 'string' ? Date.parse(value) / 1000 : value);
const ago = (value, now) => (value ? inWords(secondsOf(value), now) : undefined);

function keyRow(key, kid) {
  const isNamed = kid !== undefined && key.kid === kid;
  return h('tr', { class: isNamed ? 'named' : '' },
    h('td', {}, h('code', {}, key.kid ?? '–'), isNamed && h('span', { class: 'badge' }, 'the token’s')),
    h('td', {}, key.alg ?? '–'),
    h('td', {}, key.use ?? '–'),
    h('td', {}, h('code', {}, key.thumbprint ?? '–')));
}

function facts(issuer, now) {
  const clock = issuer.clock_difference ?? issuer.clock_ahead ?? issuer.clock_ahead_s ?? issuer.clock_difference_s;
  return [
    ago(issuer.fetched ?? issuer.fetched_at, now) && `fetched ${ago(issuer.fetched ?? issuer.fetched_at, now)}`,
    ago(issuer.next_refresh, now) && `next refresh ${ago(issuer.next_refresh, now)}`,
    clock && `its clock is ${Math.abs(clock)} s ${clock > 0 ? 'ahead' : 'behind'}`,
  ].filter(Boolean).join(' · ');
}

function issuerBlock(issuer, kid, now) {
  const keys = issuer.keys ?? [];
  return h('section', { class: 'issuer' },
    h('h3', { class: 'url' }, issuer.url),
    h('p', { class: 'hint' }, facts(issuer, now)),
    issuer.last_error && h('p', { class: 'odd' }, `Last error: ${issuer.last_error}`),
    keys.length === 0 ? h('p', { class: 'odd' }, 'No usable keys.')
      : h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': `Keys of ${issuer.url}` }, h('table', { class: 'keys' },
        h('thead', {}, h('tr', {}, ['kid', 'alg', 'use', 'thumbprint'].map((name) => h('th', { scope: 'col' }, breakable(name))))),
        h('tbody', {}, keys.map((key) => keyRow(key, kid))))));
}

// kid: that of the token; undefined: it names none, or there is no token.
export function showKeys(issuers, kid, now) {
  const count = issuers.reduce((n, issuer) => n + (issuer.keys?.length ?? 0), 0);
  const isThere = issuers.some((issuer) => issuer.keys?.some((key) => key.kid === kid));
  const verdict = kid === undefined ? '' : isThere ? ', the token’s among them' : ', the token’s not among them';
  $('keys-tally').textContent = `${count}${verdict}`;
  fill($('keys'), issuers.length === 0 ? h('p', { class: 'empty' }, 'No route asks an issuer for keys.')
    : issuers.map((issuer) => issuerBlock(issuer, kid, now)));
}
