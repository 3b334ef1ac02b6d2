// SPDX-License-Identifier: Apache-2.0
// A daemon's end of the system's log: node knows no datagrams on unix sockets, so perl, which every Debian has, receives them.
import { spawn } from 'node:child_process';
import { until } from './until.mjs';

const PROGRAM = `
$| = 1;
socket(S, AF_UNIX, SOCK_DGRAM, 0) && bind(S, sockaddr_un($ARGV[0])) && chmod(0666, $ARGV[0]) or die $!;
print "ready\n";
while (defined recv(S, my $datagram, 65536, 0)) { print unpack("H*", $datagram), "\n"; }
`;

// Listens at `path`; `.lines` are the datagrams that came.
export async function startSyslog(t, path) {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', 'perl', '-MSocket', '-e', PROGRAM, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('close', resolve));
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece) => (text += piece));
  t.after(() => {
    child.kill();
    return ended;
  });
  await until('the daemon', () => text.startsWith('ready\n'));
  return {
    get lines() {
      return text.split('\n').slice(1, -1).map((line) => Buffer.from(line, 'hex').toString('latin1'));
    },
  };
}
