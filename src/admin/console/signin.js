// SPDX-License-Identifier: Apache-2.0
// Signing in at the provider, in a window of its own, which hands back a ticket; the tokens are asked for with that.
//
// The ticket comes over a channel that only pages of this origin hear.  Where no window may be opened, this one goes there, and
// comes back with the ticket behind #.
import { ask, Trouble } from './api.js';

const CHANNEL = 'jwtgate-login';

let channel;

export const isWaiting = () => channel !== undefined;

export function stopWaiting() {
  channel?.close();
  channel = undefined;
}

// The tokens { access_token, id_token, expires_in, scope } that a ticket stands for; once.
export const redeem = async (ticket) => (await ask('POST', '/console/ticket', { ticket })).data;

// The ticket in this page's address, which is taken out of it and of the history.
export function ticketOfAddress() {
  const ticket = new URLSearchParams(location.hash.slice(1)).get('ticket');
  if (ticket !== null) history.replaceState(null, '', location.pathname);
  return ticket ?? undefined;
}

function listen(done) {
  stopWaiting();
  channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = async ({ data }) => {
    if (typeof data !== 'object' || data === null || channel === undefined) return;
    if (typeof data.ticket === 'string') channel.postMessage({ taken: true });
    else if (typeof data.error !== 'string') return;
    stopWaiting();
    done(data);
  };
}

function addressOf(data) {
  const url = new URL(data.location);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new Trouble(0, 'The provider’s address is none for a browser.');
  return url.href;
}

// Opens the provider's page.  `wish`: { route } or { provider }.  `done({ ticket } or { error })` is called when the window came back.
// Called in a click: else browsers open no window.
export async function begin(wish, done) {
  const sheet = window.open('about:blank', '_blank', 'popup,width=560,height=760');
  if (sheet) sheet.opener = null; // the provider's page is not to lead this one elsewhere
  try {
    listen(done);
    const address = addressOf((await ask('POST', '/login', wish)).data);
    if (sheet) sheet.location.replace(address);
    else location.assign(address);
  } catch (error) {
    stopWaiting();
    sheet?.close();
    throw error;
  }
}
