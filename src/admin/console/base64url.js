// SPDX-License-Identifier: Apache-2.0
// base64url without padding (RFC 7515 2), read strictly.  Pure.

// The bytes; throws an Error that says what is wrong.
export function bytesOf(text) {
  const stray = /[^A-Za-z0-9_-]/.exec(text);
  if (stray) throw new Error(`the character ${JSON.stringify(stray[0])} at ${stray.index + 1} is not of base64url`);
  if (text.length % 4 === 1) throw new Error(`${text.length} characters cannot be base64url`);
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (c) => c.charCodeAt(0));
}

// The text; throws where the bytes are not UTF-8.
export function textOf(text) {
  const bytes = bytesOf(text);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Error('the bytes are not UTF-8');
  }
}

// The bytes of base64 with padding (RFC 4648 4), as the gateway sends bodies that are no text.
export const bytesOfBase64 = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
