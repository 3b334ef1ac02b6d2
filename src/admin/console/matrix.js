// SPDX-License-Identifier: Apache-2.0
// All routes at once: a table of radio buttons, so that arrow keys walk from route to route.
import { $, address, breakable, fill, h, icon, unseen } from './dom.js';
import { placeOf } from './routes.js';
import { ICONS } from './verdict.js';

const WORDS = { pass: 'passes', refuse: 'refused', unknown: 'unknown', public: 'public' };
const FILTER_FROM = 9;

function row(route, result, isChosen) {
  const verdict = result?.verdict ?? (route.is_public ? 'public' : undefined);
  const why = result?.reason && [h('span', { class: 'reason' }, breakable(result.reason)), result.check && h('span', { class: 'meaning' }, result.check)];
  return h('tr', { class: verdict ?? '' },
    h('td', {}, h('label', { class: 'route' },
      h('input', { type: 'radio', name: 'route', value: route.name, checked: isChosen }),
      h('span', {}, h('span', { class: 'route-name' }, route.name), h('span', { class: 'place' }, address(placeOf(route)))))),
    h('td', { class: 'outcome' },
      verdict ? h('span', { class: `verdict-word ${verdict}` }, icon(ICONS[verdict]), WORDS[verdict]) : h('span', { class: 'meaning' }, '–', unseen('not judged yet')),
      route.mode === 'report-only' && h('span', { class: 'meaning' }, 'report-only')),
    h('td', { class: 'why' }, why ?? []));
}

function tally(results) {
  const counts = ['pass', 'refuse', 'unknown', 'public'].map((verdict) => [WORDS[verdict], [...results.values()].filter((r) => r.verdict === verdict).length]);
  return counts.filter(([, n]) => n > 0).map(([word, n]) => `${n} ${word === 'passes' && n > 1 ? 'pass' : word}`).join(', ');
}

// results: Map of route name -> { verdict, reason, status, check }, empty before there is a token.
export function showMatrix(routes, results, chosen) {
  const wanted = $('filter').value.trim().toLowerCase();
  const isShown = (route) => wanted === '' || `${route.name} ${placeOf(route)}`.toLowerCase().includes(wanted);
  const hadFocus = $('matrix').contains(document.activeElement);
  $('filter-field').hidden = routes.length < FILTER_FROM;
  $('tally').textContent = tally(results);
  const shown = routes.filter(isShown);
  if (shown.length === 0) return fill($('matrix'), h('p', { class: 'empty' }, routes.length ? 'No route contains that.' : 'This gateway has no routes.'));
  fill($('matrix'), h('table', { class: 'matrix', 'aria-label': 'Routes, and the verdict of each on the token; choose one to see its checks' },
    h('thead', {}, h('tr', {}, ['Route', 'Verdict', 'Why'].map((title) => h('th', { scope: 'col' }, title)))),
    h('tbody', {}, shown.map((route) => row(route, results.get(route.name), route.name === chosen)))));
  if (hadFocus) $('matrix').querySelector('input:checked')?.focus({ preventScroll: true });
}
