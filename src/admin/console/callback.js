// SPDX-License-Identifier: Apache-2.0
// The end of a sign-in: the ticket goes to the console that waits for it, over a channel that only pages of this origin hear; where
// none takes it, this window becomes the console.

const ACK_MS = 1000; // a page that waits answers at once

const message = document.getElementById('message');
const { ticket } = message.dataset;
const channel = new BroadcastChannel('jwtgate-login');

// The query held the code, which is used; it is not to stand in the address or the history.
history.replaceState(null, '', '/callback');

if (ticket) {
  const alone = setTimeout(() => location.replace(`/#ticket=${ticket}`), ACK_MS);
  channel.onmessage = ({ data }) => {
    if (data?.taken !== true) return;
    clearTimeout(alone);
    channel.close();
    window.close();
  };
  channel.postMessage({ ticket });
} else {
  channel.postMessage({ error: message.textContent });
}
