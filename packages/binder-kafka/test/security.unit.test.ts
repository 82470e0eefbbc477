/** TLS and logins from the names that Java's clients have for them; what is refused, and that no secret is in an error. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { makeCertificates } from '../../../tools/brokers/certificates.mjs';
import { parseJaas, pem } from '../src/options/security.js';
import { clientSettings } from '../src/options/settings.js';
import { BINDER, below, planned, thrown, type Given } from './support/configurations.js';

const SECRET = 'pa55"word';
const PLAIN = 'org.apache.kafka.common.security.plain.PlainLoginModule';
const SCRAM = 'org.apache.kafka.common.security.scram.ScramLoginModule';

const certificates = makeCertificates();
afterAll(() => certificates.remove());
const file = (name: string): string => join(certificates.directory, name);
const keys = file('client.p12');
const pkcs12 = ['-inkey', certificates.client.key, '-in', certificates.client.certificate, '-out', keys];
execFileSync('openssl', ['pkcs12', '-export', ...pkcs12, '-passout', 'pass:opens']);
writeFileSync(file('java.jks'), Buffer.from('feedfeed00000002', 'hex'));
const [authority, certificate, key, both] = [
  certificates.authority,
  certificates.client.certificate,
  certificates.client.key,
  certificates.client.both,
].map((path) => readFileSync(path, 'utf8')) as [string, string, string, string];

function told(configuration: Given, more: Given = {}) {
  const { options, context } = planned('input', { ...below(`${BINDER}.configuration`, configuration), ...more });
  return clientSettings(options, context);
}
const settings = (...given: Parameters<typeof told>) => told(...given).settings;

describe('a login', () => {
  const jaas = (module: string, options: string): string => `${module} required ${options};`;
  const user = `username="clerk" password="${SECRET.replace('"', '\\"')}"`;

  test.each([
    ['PLAIN', PLAIN, 'plain'],
    ['SCRAM-SHA-256', SCRAM, 'scram-sha-256'],
    ['scram-sha-512', SCRAM, 'scram-sha-512'],
  ])('by %s', (mechanism, module, expected) => {
    const { settings: made, notices } = told({
      'security.protocol': 'SASL_PLAINTEXT',
      'sasl.mechanism': mechanism,
      'sasl.jaas.config': jaas(module, user),
    });
    expect(made.sasl).toEqual({ mechanism: expected, username: 'clerk', password: SECRET });
    expect(made).not.toHaveProperty('tls');
    expect(notices).toEqual([]);
  });

  test.each([BINDER, 'spring.kafka'])('by jaas of %s', (prefix) => {
    const made = settings(
      { 'security.protocol': 'SASL_PLAINTEXT', 'sasl.mechanism': 'PLAIN' },
      {
        [`${prefix}.jaas.login-module`]: PLAIN,
        [`${prefix}.jaas.options.username`]: 'u',
        [`${prefix}.jaas.options.password`]: SECRET,
      },
    );
    expect(made.sasl).toEqual({ mechanism: 'plain', username: 'u', password: SECRET });
  });

  test.each<[string, Given, RegExp]>([
    [
      'of Kerberos, which is the default',
      { 'sasl.jaas.config': jaas(PLAIN, user) },
      /default of sasl\.mechanism[\s\S]*PLAIN/,
    ],
    ['of Kerberos', { 'sasl.mechanism': 'GSSAPI' }, /PLAIN, SCRAM-SHA-256, SCRAM-SHA-512/],
    ['of an unknown mechanism', { 'sasl.mechanism': 'OAUTHBEARER' }, /PLAIN, SCRAM-SHA-256/],
    ['of nobody', { 'sasl.mechanism': 'PLAIN' }, /sasl\.jaas\.config/],
    [
      'by the wrong module',
      { 'sasl.mechanism': 'PLAIN', 'sasl.jaas.config': jaas(SCRAM, user) },
      /allowed: PlainLoginModule/,
    ],
    [
      'without a password',
      { 'sasl.mechanism': 'PLAIN', 'sasl.jaas.config': jaas(PLAIN, 'username="clerk"') },
      /given: {3}username\n.*username and password/,
    ],
    [
      'by a text that is no login',
      { 'sasl.mechanism': 'PLAIN', 'sasl.jaas.config': `clerk:${SECRET}` },
      /given: {3}\*{6}\n/,
    ],
    [
      'by a text that ends in a quote',
      { 'sasl.mechanism': 'PLAIN', 'sasl.jaas.config': `${PLAIN} required username="a" password="${SECRET}` },
      /given: {3}\*{6}\n/,
    ],
  ])('is refused: %s', (_, given, expected) => {
    const error = thrown(() => settings({ 'security.protocol': 'SASL_PLAINTEXT', ...given })) as Error;
    expect(error).toMatchObject({ code: 'CONFIG_VALUE' });
    expect(error.message).toMatch(expected);
    expect(error.message).not.toContain('pa55');
  });

  test('that is not used is told, without its secret', () => {
    const { settings: made, notices } = told({ 'sasl.mechanism': 'PLAIN', 'sasl.jaas.config': jaas(PLAIN, user) });
    expect(made).not.toHaveProperty('sasl');
    expect(notices).toEqual([expect.stringMatching(/security\.protocol is PLAINTEXT: nobody logs in/)]);
    expect(notices.join()).not.toContain('pa55');
  });
});

test.each<[string, ReturnType<typeof parseJaas>]>([
  [
    `${PLAIN} required username="a b" password='c\\'d' ;`,
    { module: PLAIN, options: { username: 'a b', password: "c'd" } },
  ],
  [`  x.Y optional\n  one=1\n  two = "2"\n`, { module: 'x.Y', options: { one: '1', two: '2' } }],
  ['x.Y required;', { module: 'x.Y', options: {} }],
  ['x.Y username="a"', undefined],
  ['x.Y required username', undefined],
])('a login is read from %j', (text, expected) => {
  expect(parseJaas(text)).toEqual(expected);
});

describe('TLS', () => {
  const ssl = (given: Given) => settings({ 'security.protocol': 'SSL', ...given }).tls;

  test('by itself trusts whom Node trusts', () => {
    expect(ssl({})).toEqual({ verifyHostname: true });
    expect(ssl({ 'ssl.endpoint.identification.algorithm': '' })).toEqual({ verifyHostname: false });
    expect(settings({ 'security.protocol': 'PLAINTEXT' })).not.toHaveProperty('tls');
  });

  test('takes files of PEM', () => {
    expect(ssl({ 'ssl.truststore.location': certificates.authority })).toEqual({ ca: authority, verifyHostname: true });
    expect(
      ssl({
        'ssl.truststore.type': 'PEM',
        'ssl.keystore.type': 'PEM',
        'ssl.keystore.location': `file:${certificates.client.both}`,
      }),
    ).toMatchObject({ certificate: both, key: both });
  });

  test('takes a key store of PKCS#12 with its password', () => {
    expect(ssl({ 'ssl.keystore.location': keys, 'ssl.keystore.password': 'opens' })).toMatchObject({
      pfx: readFileSync(keys),
      passphrase: 'opens',
    });
  });

  test("takes PEM that stands in the configuration itself, and by Spring Boot's names", () => {
    const line = (text: string): string => text.replaceAll('\n', ' ');
    const expected = { certificate, key, ca: authority };
    expect(
      ssl({
        'ssl.keystore.certificate.chain': line(certificate),
        'ssl.keystore.key': line(key),
        'ssl.truststore.certificates': authority.replaceAll('\n', '\\n'),
      }),
    ).toMatchObject(expected);
    const boot = {
      'spring.kafka.security.protocol': 'SSL',
      'spring.kafka.ssl.key-store-certificate-chain': certificate,
      'spring.kafka.ssl.key-store-key': key,
      'spring.kafka.ssl.trust-store-certificates': authority,
    };
    expect(settings({}, boot).tls).toMatchObject(expected);
  });

  test.each<[string, Given, RegExp]>([
    ['a file that is not there', { 'ssl.truststore.location': '/nowhere/ca.pem' }, /ENOENT[\s\S]*given: {3}\/nowhere/],
    ['a key store of JKS', { 'ssl.keystore.location': file('java.jks') }, /not of JKS[\s\S]*keytool -importkeystore/],
    ['a trust store of JKS', { 'ssl.truststore.location': file('java.jks') }, /not of JKS[\s\S]*keytool -exportcert/],
    ['a trust store of PKCS#12', { 'ssl.truststore.location': keys }, /PEM[\s\S]*openssl pkcs12/],
    ['a wrong password', { 'ssl.keystore.location': keys, 'ssl.keystore.password': 'pa55' }, /cannot be used/],
    ['a key that is none', { 'ssl.keystore.certificate.chain': 'pa55', 'ssl.keystore.key': 'pa55' }, /cannot be used/],
    ['trusted certificates that are none', { 'ssl.truststore.certificates': 'ca.pem' }, /certificates as PEM/],
    ['a wrong protocol', { 'security.protocol': 'TLS' }, /PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL/],
  ])('refuses %s', (_, given, expected) => {
    const error = thrown(() => ssl(given)) as Error;
    expect(error).toMatchObject({ code: 'CONFIG_VALUE' });
    expect(error.message).toMatch(expected);
    expect(error.message).not.toContain('pa55');
  });

  test('that is not used is told', () => {
    expect(told({ 'ssl.truststore.location': certificates.authority }).notices).toEqual([
      expect.stringMatching(/TLS is configured, and security\.protocol is PLAINTEXT/),
    ]);
  });
});

test('PEM with headers of its own is left as it is', () => {
  const encrypted = '-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n';
  expect(pem(encrypted)).toBe(encrypted);
});
