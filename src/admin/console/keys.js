// SPDX-License-Identifier: Apache-2.0
// The keys that the gateway has of each issuer, and whether the one that the token names is among them.
import { $, fill, h } from './dom.js';
import { inWords } from './time.js';

const ago = (moment, now) => inWords(Date.parse(moment) / 1000, now);

function keyRow(key, kid) {
  const isNamed = kid !== undefined && key.kid === kid;
  return h('tr', { class: isNamed ? 'named' : '' },
    h('td', {}, h('code', {}, key.kid ?? '–'), isNamed && h('span', { class: 'badge' }, 'the token’s')),
    h('td', {}, key.alg ?? 'any that fits'),
    h('td', {}, [key.kty, key.bits].filter(Boolean).join(' ')),
    h('td', {}, h('code', {}, key.thumbprint)));
}

function facts(issuer, now) {
  const apart = issuer.clock_difference_s;
  return [
    issuer.fetched_at && `fetched ${ago(issuer.fetched_at, now)}`,
    issuer.next_refresh && `next refresh ${ago(issuer.next_refresh, now)}`,
    apart && `its clock is ${Math.abs(apart)} s ${apart > 0 ? 'ahead' : 'behind'}`,
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
        h('thead', {}, h('tr', {}, ['kid', 'alg', 'kind', 'thumbprint'].map((name) => h('th', { scope: 'col' }, name)))),
        h('tbody', {}, keys.map((key) => keyRow(key, kid))))),
    (issuer.skipped_keys ?? []).map((key) => h('p', { class: 'hint' }, 'Not used: ', h('code', {}, key.kid ?? 'a key without kid'), `, ${key.why}.`)));
}

// kid: that of the token; undefined: it names none, or there is no token.
export function showKeys(issuers, kid, now) {
  const count = issuers.reduce((n, issuer) => n + (issuer.keys?.length ?? 0), 0);
  const isThere = issuers.some((issuer) => issuer.keys?.some((key) => key.kid === kid));
  const verdict = kid === undefined ? '' : isThere ? ', the token’s among them' : ', the token’s not among them';
  $('keys-tally').textContent = `${count === 1 ? '1 key' : `${count} keys`}${verdict}`;
  fill($('keys'), issuers.length === 0 ? h('p', { class: 'empty' }, 'No route asks an issuer for keys.')
    : issuers.map((issuer) => issuerBlock(issuer, kid, now)));
}
