// SPDX-License-Identifier: Apache-2.0
// The verdict on one route: what decided, large; then every check in its order.
import { $, breakable, fill, h, icon, long, unseen } from './dom.js';
import { difference } from './routes.js';

const NAMES = {
  token: 'Token', header: 'Header', alg: 'Algorithm', key: 'Key', signature: 'Signature', nbf: 'Not before', exp: 'Expiry',
  audience: 'Audience', issuer: 'Issuer',
};
const WORDS = { pass: 'passes', fail: 'fails', skip: 'skipped' };
const TITLES = { pass: 'Passes', refuse: 'Refused', unknown: 'Cannot be judged', public: 'Public' };
export const ICONS = { pass: 'pass', refuse: 'fail', unknown: 'unknown', public: 'public' };

const nameOf = (check) => NAMES[check.name] ?? (check.name.startsWith('claim:') ? `Claim ${check.name.slice(6)}` : check.name);
const indexOfFailure = (explained) => explained.checks.findIndex(({ verdict }) => verdict === 'fail');

// The check that decided; where nothing failed but there is no verdict either, none.
export const failureOf = (explained) => explained.checks[indexOfFailure(explained)];

const marked = ([before, differing, after]) => [before, differing && h('mark', {}, differing), after];

function comparison(check) {
  const { expected, found } = check;
  const parts = check.verdict === 'fail' && expected && found ? difference(expected, found) : undefined;
  const row = (term, text, i) => text && h('div', {}, h('dt', {}, term), h('dd', {}, parts ? marked(parts[i]) : long(text, 1200)));
  return h('dl', { class: 'compare' }, row('Expected', expected, 0) || [], row('Found', found, 1) || []);
}

function checkItem(check, i) {
  const { verdict } = check;
  const raw = nameOf(check).startsWith('Claim') ? '' : check.name;
  return h('li', { class: `check ${verdict}`, id: `check-${i}`, tabindex: '-1' },
    icon(verdict),
    h('div', { class: 'check-name' }, h('h4', {}, nameOf(check), unseen(` ${WORDS[verdict]}`)), raw && h('code', { 'aria-hidden': 'true' }, raw)),
    h('div', { class: 'check-facts' }, comparison(check), check.advice && h('p', { class: 'advice' }, check.advice)));
}

function decisive(explained, route) {
  const i = indexOfFailure(explained);
  const check = explained.checks[i];
  if (explained.verdict === 'pass' || !check) return [];
  const others = explained.checks.filter(({ verdict }) => verdict === 'fail').length - 1;
  return h('div', { class: 'decisive' },
    h('h3', {}, `${nameOf(check)} is what fails`),
    comparison(check),
    check.advice && h('p', { class: 'advice' }, check.advice),
    others > 0 && h('p', { class: 'hint' }, others === 1 ? 'One more check fails; it is listed below.' : `${others} more checks fail; they are listed below.`),
    route.mode === 'report-only' && h('p', { class: 'hint' }, 'This route only reports: requests pass, what it would refuse is logged and counted.'));
}

function banner(verdict, route, explained) {
  const sentence = {
    pass: 'lets this token through.',
    refuse: `answers this token with ${explained?.status}.`,
    unknown: 'has no verdict on this token now.',
    public: 'asks for no token: every request goes through.',
  }[verdict];
  return h('div', { class: `banner ${verdict}` },
    icon(ICONS[verdict]),
    h('div', {},
      h('p', { class: 'banner-title' }, TITLES[verdict], explained?.reason && h('code', {}, breakable(explained.reason))),
      h('p', {}, h('strong', {}, route.name), ` ${sentence}`)));
}

function keyLine(key) {
  const facts = [key.kid && `kid ${key.kid}`, key.alg, key.thumbprint && `thumbprint ${key.thumbprint}`].filter(Boolean).join(', ');
  return h('p', { class: 'hint' }, `Verified by the key ${facts}${key.provider ? `, of ${key.provider}` : ''}.`);
}

const notes = (texts) => texts.length > 0 && h('ul', { class: 'notes' }, texts.map((text) => h('li', {}, text)));

function checks(explained) {
  const counts = ['pass', 'fail', 'skip'].map((verdict) => [verdict, explained.checks.filter((check) => check.verdict === verdict).length]);
  const tally = counts.filter(([, n]) => n > 0).map(([verdict, n]) => `${n} ${{ pass: 'pass', fail: 'fail', skip: 'skipped' }[verdict]}`);
  return [
    h('div', { class: 'sub-head' }, h('h3', {}, 'Checks, in the order of judging'), h('p', { class: 'tally' }, tally.join(', '))),
    h('ol', { class: 'checks' }, explained.checks.map(checkItem)),
  ];
}

export function showVerdict(route, explained) {
  $('verdict').removeAttribute('aria-busy');
  if (explained === undefined) return fill($('verdict-body'), banner('public', route));
  const opinion = explained.second_opinion;
  fill($('verdict-body'),
    banner(explained.verdict, route, explained),
    decisive(explained, route),
    explained.key ? keyLine(explained.key) : [],
    notes([...(explained.notes ?? []), ...(opinion ? [`Second opinion, by ${opinion.by}: ${opinion.text}`] : [])]),
    checks(explained));
}

export function showNoVerdict(text) {
  $('verdict').removeAttribute('aria-busy');
  fill($('verdict-body'), h('p', { class: 'empty' }, text));
}

// What is said to those who listen.
export function sentenceOf(route, explained) {
  if (explained === undefined) return `${route.name} is public.`;
  const check = failureOf(explained);
  if (explained.verdict === 'pass') return `${route.name}: passes.`;
  const why = check ? ` ${nameOf(check)} fails: expected ${check.expected ?? 'something else'}, found ${check.found ?? 'nothing'}.` : '';
  return `${route.name}: ${explained.verdict === 'refuse' ? 'refused' : 'cannot be judged'}, ${explained.reason}, status ${explained.status}.${why}`;
}

// Brings the decisive check into view and the reader to it.
export function goToFailure(explained) {
  const item = $(`check-${indexOfFailure(explained)}`);
  item?.scrollIntoView({ block: 'center', behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' });
  item?.focus({ preventScroll: true });
}

export const failureName = (explained) => (failureOf(explained) ? nameOf(failureOf(explained)) : undefined);
