// SPDX-License-Identifier: Apache-2.0
// JSON as it was written: numbers keep their digits, names that stand twice stand twice.  JSON.parse drops both.
//
// All functions but isJson want text that is JSON.  None calls itself: depth is the sender's choice.

export function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const BLANK = /\s*/y;
const WORD = /[^\s,:[\]{}"]+/y;

function past(pattern, text, at) {
  pattern.lastIndex = at;
  pattern.test(text);
  return pattern.lastIndex || at;
}

// The index past the string that begins at `at`.
function pastString(text, at) {
  for (let end = text.indexOf('"', at + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text[end - 1 - slashes] === '\\') slashes++;
    if (slashes % 2 === 0) return end + 1;
  }
  return text.length;
}

// Each mark, string, number or word, blanks left out.
function* pieces(text) {
  for (let at = past(BLANK, text, 0); at < text.length;) {
    const first = text[at];
    const end = first === '"' ? pastString(text, at) : '{}[],:'.includes(first) ? at + 1 : Math.max(at + 1, past(WORD, text, at));
    yield [text.slice(at, end), at, end];
    at = past(BLANK, text, end);
  }
}

// The sources of what stands at the first level, between commas; where there are names, with them before: [name, source].
function parts(text) {
  const found = [];
  let depth = 0, begin, end, name;
  const finish = () => {
    if (begin !== undefined) found.push([name, text.slice(begin, end)]);
    begin = name = undefined;
  };
  for (const [piece, from, to] of pieces(text)) {
    const isOpening = piece === '{' || piece === '[';
    const isClosing = piece === '}' || piece === ']';
    if (isClosing && --depth === 0) finish();
    else if (depth === 1 && piece === ',') finish();
    else if (depth === 1 && piece === ':') [name, begin] = [JSON.parse(text.slice(begin, end)), undefined];
    else if (depth > 0) [begin, end] = [begin ?? from, to];
    if (isOpening) depth++;
  }
  return found;
}

// Of an object, each name with the source of its value: [[name, source], ...].
export const members = (text) => (text.trimStart()[0] === '{' ? parts(text) : []);
// Of an array, the source of each item.
export const items = (text) => (text.trimStart()[0] === '[' ? parts(text).map(([, source]) => source) : []);
// The source of one member; undefined: it has none of that name.
export const member = (text, wanted) => members(text).findLast(([name]) => name === wanted)?.[1];

// The same text, a member or item a line.
export function indented(text) {
  const out = [];
  let depth = 0, before = '';
  const line = () => `\n${'  '.repeat(Math.min(depth, 60))}`;
  for (const [piece] of pieces(text)) {
    const isClosing = piece === '}' || piece === ']';
    if (isClosing) depth--;
    const isFirst = before === '{' || before === '[';
    if (isClosing ? !isFirst : isFirst || before === ',') out.push(line());
    out.push(piece === ':' ? ': ' : piece);
    if (piece === '{' || piece === '[') depth++;
    before = piece;
  }
  return out.join('');
}
