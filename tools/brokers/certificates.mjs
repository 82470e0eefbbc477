/** An authority, a server's certificate and a client's, made by openssl for one run. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function makeCertificates() {
  const directory = mkdtempSync(join(tmpdir(), 'streambind-tls-'));
  const file = (name) => join(directory, name);
  const openssl = (...args) => execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
  const authority = (name) => {
    const made = ['-subj', `/CN=${name}`, '-days', '2', '-keyout', `${name}.key`, '-out', `${name}.pem`];
    openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...made);
    return file(`${name}.pem`);
  };
  const signed = (name, madeOutTo) => {
    const asked = ['-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`];
    openssl('req', '-newkey', 'rsa:2048', '-nodes', ...asked);
    writeFileSync(file('names'), `subjectAltName=${madeOutTo}\n`);
    const by = ['-CA', 'authority.pem', '-CAkey', 'authority.key', '-CAcreateserial', '-days', '2'];
    openssl('x509', '-req', '-in', `${name}.csr`, '-extfile', 'names', ...by, '-out', `${name}.pem`);
    const [certificate, key] = [file(`${name}.pem`), file(`${name}.key`)];
    const both = file(`${name}-both.pem`);
    writeFileSync(both, readFileSync(key, 'utf8') + readFileSync(certificate, 'utf8'));
    return { certificate, key, both };
  };
  return {
    directory,
    authority: authority('authority'),
    stranger: authority('stranger'),
    server: signed('server', 'DNS:localhost,IP:127.0.0.1'),
    client: signed('client', 'DNS:client'),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
