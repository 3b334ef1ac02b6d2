// SPDX-License-Identifier: Apache-2.0
// What a token says of itself.  Nothing here verifies: the gateway judges.  Pure.
import { textOf } from './base64url.js';
import { isJson, member } from './json.js';

// The token in what was pasted: blanks around it, a field's name and a scheme before it do not belong to it.
export const pasted = (text) => text.trim().replace(/^authorization:\s*/i, '').replace(/^(bearer|dpop)\s+/i, '');

function partOf(text, what) {
  const source = textOf(text);
  if (!isJson(source) || source.trimStart()[0] !== '{') throw new Error('it holds no JSON object');
  return { [what]: source };
}

// { kind: signed, encrypted or opaque; header and claims as JSON text where they can be read; trouble: why not }
export function opened(token) {
  const parts = token.split('.', 6);
  const kind = { 3: 'signed', 5: 'encrypted' }[parts.length] ?? 'opaque';
  const found = { kind };
  if (kind === 'opaque') return { ...found, trouble: `A token that can be read has three or five parts; this has ${parts.length === 6 ? 'more' : parts.length}.` };
  for (const [what, text] of [['header', parts[0]], ...(kind === 'signed' ? [['claims', parts[1]]] : [])]) {
    try {
      Object.assign(found, partOf(text, what));
    } catch (error) {
      found.trouble ??= `The part with the ${what} cannot be read: ${error.message}.`;
    }
  }
  return found;
}

// The text of a member; undefined where there is none, or it is no text.
export function textMember(source, name) {
  const value = source && member(source, name);
  return value?.startsWith('"') ? JSON.parse(value) : undefined;
}
