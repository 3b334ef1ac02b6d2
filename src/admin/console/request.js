// SPDX-License-Identifier: Apache-2.0
// A request through the gateway's own listener, and its answer.
import { bytesOfBase64 } from './base64url.js';
import { $, fill, h, icon, long } from './dom.js';
import { indented, isJson } from './json.js';
import { fieldsOf, hostFor } from './routes.js';
import { span } from './time.js';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const SHOWN_MAX = 60000;

let prefilled = { target: '/', host: '' };

export function prepareForm(listeners) {
  fill($('method'), METHODS.map((method) => h('option', {}, method)));
  $('listener-field').hidden = listeners.length < 2;
  fill($('listener'), listeners.map(({ address, tls }) => h('option', { value: address }, `${address}${tls ? ' (TLS)' : ''}`)));
}

// The route's path and host, where the tester has not written others.
export function prefill(route) {
  const next = { target: route.path, host: hostFor(route) };
  for (const name of ['target', 'host']) if ($(name).value === prefilled[name]) $(name).value = next[name];
  prefilled = next;
  if (route.methods?.length && !route.methods.includes($('method').value)) $('method').value = route.methods.find((m) => METHODS.includes(m)) ?? 'GET';
}

// What /send is asked for; throws an Error with what is wrong in the form.
export function requestOfForm(token) {
  const target = $('target').value.trim();
  if (!target.startsWith('/')) throw new Error('The path begins with /.');
  const request = { method: $('method').value, target, fields: fieldsOf($('fields').value) };
  if ($('listener').value) request.listener = $('listener').value;
  if ($('host').value.trim()) request.host = $('host').value.trim();
  if ($('body').value) request.body = $('body').value;
  if ($('with-token').checked && token) request.token = token;
  return request;
}

function bodyOf(answer) {
  if (typeof answer.body === 'string') return { text: answer.body };
  if (typeof answer.body_base64 !== 'string') return { text: '' };
  return { bytes: bytesOfBase64(answer.body_base64) };
}

const dump = (bytes) => Array.from(bytes.subarray(0, 4096), (byte, i) => `${byte.toString(16).padStart(2, '0')}${i % 16 === 15 ? '\n' : ' '}`).join('');

const pane = (title, text) => h('div', { class: 'pane' }, h('h3', {}, title),
  h('pre', { tabindex: '0', role: 'region', 'aria-label': title }, long(text, SHOWN_MAX)));

function panes(answer) {
  const { text, bytes } = bodyOf(answer);
  if (bytes) return [pane(`Body, ${bytes.length.toLocaleString('en')} bytes that are no text`, dump(bytes))];
  if (text === '') return [h('p', { class: 'hint' }, 'The answer has no body.')];
  const type = answer.fields.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? '';
  const isData = !answer.truncated && (/json/i.test(type) || /^\s*[[{]/.test(text)) && isJson(text);
  return isData ? [pane('Body, as JSON', indented(text)), pane('Body, as sent', text)] : [pane('Body', text)];
}

function fieldTable(fields) {
  return h('table', { class: 'members', 'aria-label': 'Fields of the answer' },
    h('tbody', {}, fields.map(([name, value]) => h('tr', {}, h('th', { scope: 'row' }, h('code', {}, name)), h('td', {}, long(value, 2000))))));
}

const sizeOf = ({ text, bytes }) => (bytes ? bytes.length : new TextEncoder().encode(text).length);

// why: what links the answer to the judgement, an element; or nothing.
export function showAnswer(answer, why = []) {
  const kind = answer.status < 400 ? 'pass' : 'refuse';
  fill($('answer'),
    h('div', { class: `banner ${kind}` }, icon(kind === 'pass' ? 'pass' : 'fail'),
      h('div', {},
        h('p', { class: 'banner-title', id: 'answer-status' }, `${answer.status} ${answer.reason_phrase ?? ''}`),
        h('p', {}, `${span(answer.ms)}, ${sizeOf(bodyOf(answer)).toLocaleString('en')} bytes${answer.truncated ? ', and more that is not shown' : ''}`),
        why)),
    h('div', { class: 'panes' }, panes(answer)),
    h('h3', {}, 'Fields'), fieldTable(answer.fields));
}

export const clearAnswer = () => fill($('answer'));
export const showRequestTrouble = (text) => fill($('answer'), h('p', { class: 'odd', role: 'alert' }, text));
