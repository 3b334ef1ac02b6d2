// SPDX-License-Identifier: Apache-2.0
// A certificate authority of our own, by the openssl program.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { tempDir } from './gateway.mjs';

// { caFile, issue(names) } where issue gives { cert, key, certFile, keyFile } for IP addresses and DNS names.
export function newAuthority(t, name = 'Test CA') {
  const dir = tempDir(t);
  const at = (file) => path.join(dir, file);
  const openssl = (...args) => execFileSync('openssl', args, { cwd: dir, stdio: ['ignore', 'pipe', 'ignore'] });
  const newkey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...newkey, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', `/CN=${name}`,
    '-addext', 'keyUsage=critical,keyCertSign,cRLSign');
  let count = 0;
  const issue = (...names) => {
    const stem = `leaf${++count}`;
    const alternatives = names.map((one) => (/^[0-9.]+$/.test(one) ? `IP:${one}` : `DNS:${one}`)).join(',');
    writeFileSync(at(`${stem}.ext`), `subjectAltName=${alternatives}\n`);
    openssl('req', ...newkey, '-keyout', `${stem}.key`, '-out', `${stem}.csr`, '-subj', `/CN=${names[0]}`);
    openssl('x509', '-req', '-in', `${stem}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2',
      '-extfile', `${stem}.ext`, '-out', `${stem}.pem`);
    const [certFile, keyFile] = [at(`${stem}.pem`), at(`${stem}.key`)];
    return { cert: readFileSync(certFile), key: readFileSync(keyFile), certFile, keyFile };
  };
  return { caFile: at('ca.pem'), ca: readFileSync(at('ca.pem')), issue };
}
