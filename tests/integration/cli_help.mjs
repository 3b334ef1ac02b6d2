// SPDX-License-Identifier: Apache-2.0
// Goal: every command tells what it does and how, and the program its version.
import assert from 'node:assert/strict';
import test from 'node:test';
import { run } from './harness/gateway.mjs';

test('--help and --version', async () => {
  for (const args of [['--help'], ['serve', '--help'], ['check', '--help'], ['explain', '--help'], ['test', '--help'], ['health', '--help']]) {
    const { status, stdout, stderr } = await run(args);
    assert.equal(status, 0, args.join(' '));
    assert.equal(stderr, '');
    assert.match(stdout, /jwtgate/);
    if (args.length > 1) assert.match(stdout, /example/i);
    assert.doesNotMatch(stdout, /\u001b/, 'colour without a terminal');
  }
  const { status, stdout } = await run(['--version']);
  assert.equal(status, 0);
  assert.match(stdout, /^jwtgate \d+\.\d+\.\d+/);
});

test('no command, or a wrong one, is a usage error', async () => {
  for (const args of [[], ['srve']]) assert.equal((await run(args)).status, 2);
});
