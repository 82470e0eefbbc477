/** An authority, a broker's certificate and a client's, made by openssl for one run. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const PASSWORD = 'change it';

export interface Certificates {
  readonly directory: string;
  /** PEM. */
  readonly authority: string;
  /** Another authority that signed nothing of these. */
  readonly stranger: string;
  /** PKCS12, with PASSWORD. */
  readonly client: string;
  /** Certificate and key in one PEM file. */
  readonly clientPem: string;
  /** Lines for rabbitmq.conf. */
  readonly config: (port: number) => readonly string[];
}

/** @param host the name that the broker's certificate is made out to */
export function makeCertificates(host: string): Certificates {
  const directory = mkdtempSync(join(tmpdir(), 'streambind-tls-'));
  // the broker may run as somebody else
  chmodSync(directory, 0o755);
  const file = (name: string): string => join(directory, name);
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
  const authority = (name: string): string => {
    const subject = ['-subj', `/CN=${name}`, '-days', '2', '-keyout', `${name}.key`, '-out', `${name}.pem`];
    openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...subject);
    return file(`${name}.pem`);
  };
  const signed = (name: string, common: string): void => {
    openssl(
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      `/CN=${common}`,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
    );
    writeFileSync(file(`${name}.ext`), `subjectAltName=DNS:${common}\n`);
    const by = ['-CA', 'authority.pem', '-CAkey', 'authority.key', '-CAcreateserial', '-days', '2'];
    openssl('x509', '-req', '-in', `${name}.csr`, '-extfile', `${name}.ext`, ...by, '-out', `${name}.pem`);
    chmodSync(file(`${name}.key`), 0o644);
  };
  const ours = authority('authority');
  const stranger = authority('stranger');
  signed('broker', host);
  signed('client', 'client');
  const pkcs12 = ['-inkey', 'client.key', '-in', 'client.pem', '-out', 'client.p12', '-passout', `pass:${PASSWORD}`];
  openssl('pkcs12', '-export', ...pkcs12);
  writeFileSync(
    file('client-both.pem'),
    readFileSync(file('client.pem'), 'utf8') + readFileSync(file('client.key'), 'utf8'),
  );
  return {
    directory,
    authority: ours,
    stranger,
    client: file('client.p12'),
    clientPem: file('client-both.pem'),
    config: (port) => [
      `listeners.ssl.default = 127.0.0.1:${port}`,
      `ssl_options.cacertfile = ${ours}`,
      `ssl_options.certfile = ${file('broker.pem')}`,
      `ssl_options.keyfile = ${file('broker.key')}`,
      'ssl_options.verify = verify_peer',
      'ssl_options.fail_if_no_peer_cert = true',
    ],
  };
}
