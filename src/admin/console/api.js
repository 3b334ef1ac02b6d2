// SPDX-License-Identifier: Apache-2.0
// The gateway's admin surface, asked by this page.  The admin token lives in this module's memory.

let adminToken = '';

export const hasAdminToken = () => adminToken !== '';
export const setAdminToken = (token) => (adminToken = token);

// Why there is no answer to work with, in words for the page.  status 0: nobody answered.
export class Trouble extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

const SAYINGS = {
  401: 'The admin token was not accepted.',
  404: 'The gateway does not know this: was its configuration changed?',
  413: 'That is more than the gateway takes.',
  421: 'The gateway does not know the name that this page was opened by: see admin.hosts.',
  503: 'The gateway cannot answer now.',
};

const errorOf = (text) => {
  try {
    return JSON.parse(text).error;
  } catch {
    return undefined;
  }
};

// { data, text }: the JSON of the answer, and how it was written.
export async function ask(method, path, body) {
  const headers = { Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (adminToken) headers.Authorization = `Bearer ${adminToken}`;
  let response, text;
  try {
    response = await fetch(path, { method, headers, body: body && JSON.stringify(body), cache: 'no-store', redirect: 'error' });
    text = await response.text();
  } catch {
    throw new Trouble(0, 'The gateway does not answer: it is not running, or not reached from here.');
  }
  if (!response.ok) {
    const said = errorOf(text);
    const known = SAYINGS[response.status] ?? `The gateway answered with ${response.status}.`;
    throw new Trouble(response.status, typeof said === 'string' && response.status !== 401 ? `${known} It says: ${said}` : known);
  }
  try {
    return { data: JSON.parse(text), text };
  } catch {
    throw new Trouble(response.status, 'The gateway answered with what this page does not understand.');
  }
}
