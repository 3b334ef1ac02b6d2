// SPDX-License-Identifier: Apache-2.0
// Elements made by scripts.  Texts of others become text nodes and nothing else; no element gets a style of its own.

const SVG = 'http://www.w3.org/2000/svg';

const kept = (children) => children.flat().filter((child) => child !== undefined && child !== null && child !== false);

export const $ = (id) => document.getElementById(id);

// h('p', { class: 'hint', onclick: f }, 'text', element, [more], undefined)
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...kept(children));
  return element;
}

export const fill = (element, ...children) => element.replaceChildren(...kept(children));

export const unseen = (text) => h('span', { class: 'unseen' }, text);

// A symbol of index.html.  The word beside it is what says it to those who don't see it.
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  const use = document.createElementNS(SVG, 'use');
  svg.setAttribute('class', `icon ${name}`);
  svg.setAttribute('aria-hidden', 'true');
  use.setAttribute('href', `#i-${name}`);
  svg.append(use);
  return svg;
}

// A name in camel case that may be broken between its words.
export const breakable = (name) => name.split(/(?<=[a-z])(?=[A-Z])/).flatMap((part, i) => (i === 0 ? [part] : [h('wbr'), part]));

// A path, an address or a host that may be broken behind its marks.
export const address = (text) => text.split(/(?<=[/,])(?=[^/])/).flatMap((part, i) => (i === 0 ? [part] : [h('wbr'), part]));

const SHOWN_MAX = 4000;

// A text of any length: of a very long one the beginning, with a button for the rest.
export function long(text, max = SHOWN_MAX) {
  if (text.length <= max) return [text];
  const rest = h('button', { type: 'button', class: 'more' }, `Show all ${text.length.toLocaleString('en')} characters`);
  const shown = document.createTextNode(`${text.slice(0, max)}…`);
  rest.addEventListener('click', () => {
    shown.data = text;
    rest.remove();
  });
  return [shown, rest];
}

// Said to those who listen, beside what is seen.  The same text twice is said twice.
export function announce(text) {
  $('live').textContent = '';
  setTimeout(() => ($('live').textContent = text), 50);
}

export function tell(trouble, ...more) {
  const box = $('trouble');
  box.hidden = !trouble;
  fill(box, trouble && [h('p', {}, trouble), ...more]);
}
