// SPDX-License-Identifier: Apache-2.0
// The sign-in page of `jwtgate-dev issuer`, filled in as a browser would.

const unescaped = (text) => text.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(code));

// What would be posted: the action and all hidden inputs.
export function formOf(page) {
  const inputs = [...page.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)].map(([, name, value]) => [name, unescaped(value)]);
  return { action: unescaped(/<form method="post" action="([^"]*)">/.exec(page)[1]), fields: Object.fromEntries(inputs) };
}

// Posts the form of the page at `url` with `fields` beside the hidden ones; the answer, no redirect followed.
export async function submit(page, url, fields) {
  const { action, fields: hidden } = formOf(page);
  return fetch(new URL(action, url), { method: 'POST', body: new URLSearchParams({ ...hidden, ...fields }), redirect: 'manual' });
}
