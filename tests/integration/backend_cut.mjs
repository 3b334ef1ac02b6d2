// SPDX-License-Identifier: Apache-2.0
// Goal: a backend may break off after any byte of its answer; the client sees a 502 or a message that is plainly cut,
// never a clean end of half an answer.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Malformed } from './harness/reader.mjs';
import { startStand } from './harness/stand.mjs';

const ANSWERS = {
  'of a known length': 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nhello world!',
  chunked: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n7\r\n world!\r\n0\r\n\r\n',
};
const BODY = 'hello world!';

// The answer, or `undefined` where the connection was closed on the client within the head or before it.
async function ask(stand) {
  try {
    return await stand.get();
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

for (const [name, bytes] of Object.entries(ANSWERS)) {
  for (const how of ['end', 'resetAndDestroy']) {
    test(`an answer ${name}, cut by ${how} after each byte`, async (t) => {
      let length = 0;
      const stand = await startStand(t, {
        handler: async (request, conn) => {
          await request.whole;
          conn.write(bytes.slice(0, length), () => (length < bytes.length ? conn[how]() : undefined));
        },
      });
      for (length = 0; length < bytes.length; length++) {
        const answer = await ask(stand);
        if (answer?.status === 502) continue;
        assert.ok(!answer || !answer.isWhole, `after ${length} bytes the answer looks whole: ${answer?.status} ${answer?.text}`);
        if (answer) assert.ok(BODY.startsWith(answer.text), 'bytes of the answer were changed');
      }
      assert.equal((await stand.get()).text, BODY);
    });
  }
}
