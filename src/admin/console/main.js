// SPDX-License-Identifier: Apache-2.0
// The token console: what the tester does, and what follows from it.  Tokens live in this module, the fields of the page and what
// is shown; nothing is stored, and no address ever holds one.
import { ask, hasAdminToken, setAdminToken, Trouble } from './api.js';
import { showContents, retellMoments } from './contents.js';
import { $, announce, fill, h, tell } from './dom.js';
import { member } from './json.js';
import { showKeys } from './keys.js';
import { showMatrix } from './matrix.js';
import { clearAnswer, prefill, prepareForm, requestOfForm, showAnswer, showRequestTrouble } from './request.js';
import { routeOf } from './routes.js';
import { begin, redeem, stopWaiting, isWaiting, ticketOfAddress } from './signin.js';
import { fromField, iso } from './time.js';
import { opened, pasted, textMember } from './token.js';
import { failureName, goToFailure, sentenceOf, showNoVerdict, showVerdict } from './verdict.js';

const RETELL_MS = 15000;
const CLOCKS_APART_S = 5;

const nothing = () => ({ token: '', grant: undefined, results: new Map(), explained: new Map(), turn: 0 });
const state = { settings: {}, routes: [], issuers: [], chosen: undefined, ticket: undefined, apart_s: 0, ...nothing() };

const routeNamed = (name) => state.routes.find((route) => route.name === name);
const chosenAt = () => fromField($('at').value);
const now = () => chosenAt() ?? Date.now() / 1000 + state.apart_s;
const withAt = (body) => (chosenAt() === undefined ? body : { ...body, at: iso(chosenAt()) });

// ---- what is shown

function showRoutes() {
  showMatrix(state.routes, state.results, state.chosen);
}

function partsShown(answer) {
  if (answer === undefined || state.token === '') return state.token === '' ? undefined : opened(state.token);
  const own = opened(state.token);
  const token = member(answer.text, 'token') ?? '{}';
  const source = (name) => (member(token, name)?.startsWith('{') ? member(token, name) : own[name]);
  return { ...own, header: source('header'), claims: source('claims'), isVerified: Boolean(answer.data.key) };
}

function showToken(answer) {
  const parts = partsShown(answer);
  showContents(parts, now());
  showKeys(state.issuers, textMember(parts?.header, 'kid'), now());
}

function showChosen() {
  const route = routeNamed(state.chosen);
  const answer = state.explained.get(state.chosen);
  if (!route) return showNoVerdict('This gateway has no routes.');
  if (route.is_public) showVerdict(route);
  else if (answer) showVerdict(route, answer.data);
  else if (state.token === '') showNoVerdict(`Paste a token${state.settings.sign_in ? ', or sign in' : ''}: each check of the chosen route is shown here, with what was expected and what was found.`);
  if (answer || state.token === '' || route.is_public) showToken(answer);
}

// ---- trouble

const retry = () => h('button', { type: 'button', onclick: () => start() }, 'Try again');

function fail(error) {
  $('verdict').removeAttribute('aria-busy');
  if (!(error instanceof Trouble)) {
    tell(`This page met what it was not made for: ${error.message}`);
    throw error;
  }
  if (error.status === 401) return askForAccess(error.message);
  tell(error.message, ...(error.status === 0 ? [retry()] : []));
}

// Runs what asks the gateway; what goes wrong is told.
async function attempt(work) {
  try {
    await work();
    return true;
  } catch (error) {
    fail(error);
    return false;
  }
}

// ---- access, settings, routes

function askForAccess(trouble) {
  setAdminToken('');
  $('desk').hidden = true;
  $('access').hidden = false;
  tell(trouble);
  $('admin-token').focus();
}

function takeStatus(status) {
  state.routes = (status.routes ?? []).map((route) => ({ ...route, path: route.path ?? '/' }));
  state.issuers = status.issuers ?? [];
  if (!routeNamed(state.chosen)) state.chosen = (state.routes.find((route) => !route.is_public) ?? state.routes[0])?.name;
}

function showSettings() {
  const { version, sign_in, providers = [], listeners = [] } = state.settings;
  $('version').textContent = version ? `version ${version}` : '';
  $('sign-in').hidden = !sign_in;
  $('provider-choice').hidden = !sign_in || providers.length < 2;
  fill($('provider'), h('option', { value: '' }, 'the chosen route’s provider'), providers.map((url) => h('option', { value: url }, url)));
  prepareForm(listeners);
}

async function load() {
  state.settings = (await ask('GET', '/console/settings')).data;
  if (state.settings.needs_token && !hasAdminToken()) return askForAccess('');
  takeStatus((await ask('GET', '/status')).data);
  tell('');
  $('access').hidden = true;
  $('desk').hidden = false;
  $('forget').hidden = !hasAdminToken() && state.token === '';
  showSettings();
  showRoutes();
  showChosen();
  if (routeNamed(state.chosen)) prefill(routeNamed(state.chosen));
  if (state.ticket) await takeTicket(state.ticket);
  else if (state.token) await judge();
}

const start = () => attempt(load);

// ---- judging

function noteClock(answer) {
  if (chosenAt() !== undefined || typeof answer.data.at !== 'number') return;
  const apart = answer.data.at - Date.now() / 1000;
  state.apart_s = Math.abs(apart) > CLOCKS_APART_S ? apart : 0;
}

async function explain(name, turn) {
  const route = routeNamed(name);
  if (!route || route.is_public || state.token === '') return;
  if (!state.explained.has(name)) {
    const answer = await ask('POST', '/explain', withAt({ route: name, token: state.token }));
    if (turn !== state.turn) return;
    noteClock(answer);
    state.explained.set(name, answer);
  }
}

async function explainAll(turn) {
  const { data } = await ask('POST', '/explain/all', withAt({ token: state.token }));
  if (turn === state.turn) state.results = new Map(data.results.map((result) => [result.route, result]));
}

function sayVerdict() {
  const others = [...state.results.values()].filter((result) => result.verdict === 'pass').length;
  const route = routeNamed(state.chosen);
  if (route) announce(`${sentenceOf(route, state.explained.get(state.chosen)?.data)} ${others} of ${state.routes.length} routes let the token pass.`);
}

async function judge() {
  const turn = ++state.turn;
  state.token = pasted($('token').value);
  state.results = new Map();
  state.explained = new Map();
  clearAnswer();
  $('token').scrollTop = 0;
  $('forget').hidden = !hasAdminToken() && state.token === '';
  showRoutes();
  showToken();
  if (state.token === '') return showChosen();
  $('verdict').setAttribute('aria-busy', 'true');
  takeStatus((await ask('GET', '/status')).data);
  await Promise.all([explainAll(turn), explain(state.chosen, turn)]);
  if (turn !== state.turn) return;
  tell('');
  showRoutes();
  showChosen();
  sayVerdict();
}

async function choose(name) {
  const turn = state.turn;
  state.chosen = name;
  prefill(routeNamed(name));
  if (!routeNamed(name).is_public && state.token && !state.explained.has(name)) $('verdict').setAttribute('aria-busy', 'true');
  await explain(name, turn);
  if (turn !== state.turn || state.chosen !== name) return;
  showChosen();
  if (state.token) announce(sentenceOf(routeNamed(name), state.explained.get(name)?.data));
}

// ---- signing in

function showGrant() {
  const { grant } = state;
  $('kinds').hidden = !grant;
  $('grant').textContent = [grant?.scope && `Granted: ${grant.scope}.`, ...(grant?.notes ?? [])].filter(Boolean).join(' ');
  for (const radio of document.querySelectorAll('input[name=kind]')) radio.closest('label').hidden = !grant?.[radio.value];
}

function useKind(kind) {
  $('token').value = state.grant[kind];
  document.querySelector(`input[name=kind][value=${kind}]`).checked = true;
  return attempt(judge);
}

async function takeTicket(ticket) {
  state.ticket = undefined;
  state.grant = await redeem(ticket);
  showGrant();
  announce('Signed in.');
  await useKind(state.grant.access_token ? 'access_token' : 'id_token');
}

function showWait() {
  $('sign-in-wait').hidden = !isWaiting();
  $('sign-in').hidden = isWaiting() || !state.settings.sign_in;
}

function afterSignIn({ ticket, error }) {
  showWait();
  if (error) return tell(error);
  window.focus();
  return attempt(() => takeTicket(ticket));
}

async function signIn() {
  const provider = $('provider').value;
  const wish = provider ? { provider } : state.chosen && !routeNamed(state.chosen).is_public ? { route: state.chosen } : {};
  tell('');
  const begun = begin(wish, afterSignIn);
  showWait();
  await attempt(() => begun);
  showWait();
}

function cancelSignIn() {
  stopWaiting();
  showWait();
  $('sign-in').focus();
}

// ---- sending

// How the answer and the judgement belong together, for the route that the request got to.
async function linkOf(request, answer) {
  const route = routeOf(state.routes, request.host ?? '', request.target) ?? undefined;
  if (!route || route.is_public || ![401, 403, 503].includes(answer.status)) return [];
  if (!request.token) return h('p', {}, `${route.name} asks for a token, and none was sent.`);
  await explain(route.name, state.turn);
  const explained = state.explained.get(route.name)?.data;
  if (!explained || explained.verdict === 'pass') return h('p', {}, `${route.name} lets this token pass: the answer is the backend’s.`);
  const name = failureName(explained);
  const show = async () => {
    if (state.chosen !== route.name) {
      await choose(route.name);
      showRoutes();
    }
    goToFailure(explained);
  };
  return [
    h('p', {}, `${route.name} refused it: `, h('code', {}, explained.reason), name ? `, because this check fails: ${name}.` : '.'),
    name ? h('button', { type: 'button', class: 'link', onclick: () => attempt(show) }, 'Show the check') : [],
  ];
}

async function send() {
  let request;
  try {
    request = requestOfForm(pasted($('token').value));
  } catch (error) {
    return showRequestTrouble(error.message);
  }
  $('send').disabled = true;
  $('answer').setAttribute('aria-busy', 'true');
  try {
    const { data } = await ask('POST', '/send', request);
    tell('');
    showAnswer(data, await linkOf(request, data));
    announce(`The answer is ${data.status} ${data.reason_phrase ?? ''}.`);
  } catch (error) {
    if (!(error instanceof Trouble) || error.status === 401 || error.status === 0) throw error;
    showRequestTrouble(error.message);
  } finally {
    $('send').disabled = false;
    $('answer').removeAttribute('aria-busy');
  }
}

// ---- forgetting

function forget() {
  stopWaiting();
  Object.assign(state, nothing(), { turn: state.turn + 1, ticket: undefined });
  setAdminToken('');
  for (const form of document.forms) form.reset();
  for (const id of ['token', 'admin-token', 'fields', 'body']) $(id).value = '';
  clearAnswer();
  showGrant();
  showRoutes();
  showChosen();
}

function forgetAndSay() {
  forget();
  announce('All tokens are forgotten.');
  start();
  $('token').focus();
}

// ---- wiring

const onSubmit = (id, work) => $(id).addEventListener('submit', (event) => {
  event.preventDefault();
  attempt(work);
});

// Escape closes what is open around the focus.
function onEscape(event) {
  if (event.key !== 'Escape') return;
  if (isWaiting()) return cancelSignIn();
  const fold = document.activeElement?.closest('details[open]');
  if (!fold) return;
  fold.open = false;
  fold.querySelector('summary').focus();
}

function wire() {
  onSubmit('token-form', judge);
  onSubmit('request-form', send);
  onSubmit('access-form', async () => {
    setAdminToken($('admin-token').value.trim());
    $('admin-token').value = '';
    await load();
  });
  $('token').addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    attempt(judge);
  });
  $('token').addEventListener('paste', () => setTimeout(() => attempt(judge)));
  $('token').addEventListener('input', () => {
    for (const radio of document.querySelectorAll('input[name=kind]')) radio.checked = state.grant?.[radio.value] === $('token').value;
  });
  for (const radio of document.querySelectorAll('input[name=kind]')) radio.addEventListener('change', () => useKind(radio.value));
  $('matrix').addEventListener('change', (event) => attempt(() => choose(event.target.value)));
  $('filter').addEventListener('input', showRoutes);
  $('now').addEventListener('click', () => {
    $('at').value = '';
    attempt(judge);
  });
  $('at').addEventListener('change', () => state.token && attempt(judge));
  $('sign-in').addEventListener('click', signIn);
  $('sign-in-cancel').addEventListener('click', cancelSignIn);
  $('forget').addEventListener('click', forgetAndSay);
  document.addEventListener('keydown', onEscape);
  window.addEventListener('pagehide', forget); // the page may be kept for going back to
  window.addEventListener('pageshow', (event) => event.persisted && start());
  setInterval(() => retellMoments(now()), RETELL_MS);
}

state.ticket = ticketOfAddress();
wire();
start();
