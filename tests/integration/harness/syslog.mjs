// SPDX-License-Identifier: Apache-2.0
// A daemon's end of the system's log: node knows no datagrams on unix sockets, so python3 receives them.
import { spawn } from 'node:child_process';
import { until } from './until.mjs';

const PROGRAM = `
import json, os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
print(json.dumps("ready"), flush=True)
while True:
    print(json.dumps(s.recv(65536).decode("latin-1")), flush=True)
`;

// Listens at `path`; `.lines` are the datagrams that came.
export async function startSyslog(t, path) {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', 'python3', '-c', PROGRAM, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const syslog = { text: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => (syslog.text += text));
  Object.defineProperty(syslog, 'lines', { get: () => syslog.text.split('\n').slice(0, -1).map((line) => JSON.parse(line)).slice(1) });
  t.after(() => {
    child.kill();
    return ended;
  });
  await until('the daemon', () => syslog.text.includes('ready'));
  return syslog;
}
