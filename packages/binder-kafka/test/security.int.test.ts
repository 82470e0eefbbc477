/** Logins and encryption at a real broker, by the names that Java's clients have for them. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { BinderContext } from '@streambind/core/binder';
import { makeCertificates } from '../../../tools/brokers/certificates.mjs';
import { until } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import { binderFactory } from '../src/index.js';
import { ACK, consume, freshTopic, produce, record, textOf, type KafkaBinder } from './support/binder.js';
import { BINDER, below, planned, type Given } from './support/configurations.js';

const LIMIT_MS = 20_000;
const SECRET = 'pa55 "word"';
const CHANGED = 'change it';

const certificates = makeCertificates();
afterAll(() => certificates.remove());
const keys = join(certificates.directory, 'client.p12');
const pkcs12 = ['-inkey', certificates.client.key, '-in', certificates.client.certificate, '-out', keys];
execFileSync('openssl', ['pkcs12', '-export', ...pkcs12, '-passout', `pass:${CHANGED}`]);
const read = (path: string): string => readFileSync(path, 'utf8');

const module = (name: string): string => `org.apache.kafka.common.security.${name} required`;
const PLAIN = 'plain.PlainLoginModule';
const SCRAM = 'scram.ScramLoginModule';
const quoted = SECRET.replaceAll('"', String.raw`\"`);

const keyStore = (listener: string, file: string): string[] => [
  `listener.name.${listener}.ssl.keystore.type=PEM`,
  `listener.name.${listener}.ssl.keystore.location=${file}`,
];
/** A properties file takes a backslash for its own. */
const logins = (listener: string): string[] => [
  `listener.name.${listener}.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512`,
  `listener.name.${listener}.plain.sasl.jaas.config=${module(PLAIN)} user_ada="${quoted.replaceAll('\\', '\\\\')}";`,
  `listener.name.${listener}.scram-sha-256.sasl.jaas.config=${module(SCRAM)};`,
  `listener.name.${listener}.scram-sha-512.sasl.jaas.config=${module(SCRAM)};`,
];

await describeWithBroker(
  'kafka',
  'a binder',
  (broker) => {
    const binders: KafkaBinder[] = [];
    afterEach(async () => {
      await Promise.all(binders.splice(0).map((binder) => binder.close()));
    });

    beforeAll(async () => {
      const ada = ['--entity-type', 'users', '--entity-name', 'ada'];
      for (const mechanism of ['SCRAM-SHA-256', 'SCRAM-SHA-512']) {
        await broker.ctl('configs', '--alter', ...ada, '--add-config', `${mechanism}=[password=scrambled]`);
      }
    });

    /** Through `configuration` of the binder. */
    async function open(listener: string, configuration: Given): Promise<{ binder: KafkaBinder; reports: Error[] }> {
      const { options, context } = planned('input', {
        ...below(`${BINDER}.configuration`, configuration),
        [`${BINDER}.brokers`]: `127.0.0.1:${broker.ports[listener]}`,
      });
      const reports: Error[] = [];
      const silent = (): void => {};
      const log: BinderContext['log'] = {
        name: 'test',
        enabled: () => false,
        debug: silent,
        info: silent,
        warn: silent,
        error: silent,
      };
      const report = (error: Error): void => void reports.push(error);
      const binder = await binderFactory.create(options, { ...context, log, report, recovered: silent });
      binders.push(binder);
      return { binder, reports };
    }

    /** Sends, and reads what it sent. */
    async function works(...given: Parameters<typeof open>): Promise<readonly string[]> {
      const { binder } = await open(...given);
      const topic = freshTopic();
      const seen: string[] = [];
      await consume(binder, topic, (delivery) => {
        seen.push(textOf(delivery));
        return ACK;
      });
      await (await produce(binder, topic)).send(record('hello'));
      await until(() => seen.length > 0, LIMIT_MS, 'the message');
      return seen;
    }

    /** What it says of why it does not get in. */
    async function refused(...given: Parameters<typeof open>): Promise<Error> {
      const { binder, reports } = await open(...given);
      const bound = produce(binder, 'never').catch(() => undefined);
      await until(() => reports.length > 0, LIMIT_MS, 'a report');
      await binder.close();
      await bound;
      return reports[0]!;
    }

    const login = (mechanism: string, name: string, password: string): Given => ({
      'sasl.mechanism': mechanism,
      'sasl.jaas.config': `${module(name)} username="ada" password="${password}";`,
    });
    const trusting: Given = { 'ssl.truststore.location': certificates.authority };

    test.each([
      ['PLAIN', PLAIN, quoted],
      ['SCRAM-SHA-256', SCRAM, 'scrambled'],
      ['SCRAM-SHA-512', SCRAM, 'scrambled'],
    ])('logs in by %s', async (mechanism, name, password) => {
      const given = { 'security.protocol': 'SASL_PLAINTEXT', ...login(mechanism, name, password) };
      expect(await works('LOGIN', given)).toEqual(['hello']);
    });

    test.each([
      ['PLAIN', PLAIN],
      ['SCRAM-SHA-512', SCRAM],
    ])('is told who may not come in by %s, and no password', async (mechanism, name) => {
      const given = { 'security.protocol': 'SASL_PLAINTEXT', ...login(mechanism, name, 'wr0ng') };
      const error = await refused('LOGIN', given);
      expect(error).toMatchObject({ code: 'AUTH', message: expect.stringContaining('"ada"') as unknown });
      expect(error.message).not.toContain('wr0ng');
    });

    test.each<[string, Given]>([
      ['as a PKCS#12 file', { 'ssl.keystore.location': keys, 'ssl.keystore.password': CHANGED }],
      ['as a PEM file', { 'ssl.keystore.type': 'PEM', 'ssl.keystore.location': certificates.client.both }],
      [
        'as PEM in the configuration',
        {
          'ssl.keystore.certificate.chain': read(certificates.client.certificate),
          'ssl.keystore.key': read(certificates.client.key),
        },
      ],
    ])('shows a certificate that it has %s', async (_, store) => {
      expect(await works('TLS', { 'security.protocol': 'SSL', ...trusting, ...store })).toEqual(['hello']);
    });

    test('trusts an authority that stands in the configuration, and logs in over TLS', async () => {
      const given = {
        'security.protocol': 'SASL_SSL',
        'ssl.truststore.certificates': read(certificates.authority),
        ...login('PLAIN', PLAIN, quoted),
      };
      expect(await works('BOTH', given)).toEqual(['hello']);
    });

    test.each<[string, string, Given]>([
      ['of an authority that it does not know', 'BOTH', { 'ssl.truststore.location': certificates.stranger }],
      ['made out to somebody else', 'MISNAMED', trusting],
    ])('does not trust a broker with a certificate %s', async (_, listener, given) => {
      const error = await refused(listener, {
        'security.protocol': 'SASL_SSL',
        ...login('PLAIN', PLAIN, quoted),
        ...given,
      });
      expect(error).toMatchObject({ code: 'AUTH', message: expect.stringMatching(/certificate/i) as unknown });
    });

    test('may be told not to mind the name in a certificate', async () => {
      const given = {
        'security.protocol': 'SASL_SSL',
        'ssl.endpoint.identification.algorithm': '',
        ...trusting,
        ...login('PLAIN', PLAIN, quoted),
      };
      expect(await works('MISNAMED', given)).toEqual(['hello']);
    });
  },
  {
    own: true,
    listeners: { LOGIN: 'SASL_PLAINTEXT', TLS: 'SSL', BOTH: 'SASL_SSL', MISNAMED: 'SASL_SSL' },
    config: [
      ...logins('login'),
      ...logins('both'),
      ...logins('misnamed'),
      ...keyStore('tls', certificates.server.both),
      ...keyStore('both', certificates.server.both),
      ...keyStore('misnamed', certificates.client.both),
      'listener.name.tls.ssl.truststore.type=PEM',
      `listener.name.tls.ssl.truststore.location=${certificates.authority}`,
      'listener.name.tls.ssl.client.auth=required',
    ],
  },
);
