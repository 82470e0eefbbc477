/** TLS to a broker that asks for certificates, and several addresses of which some do not answer. */
import { rmSync } from 'node:fs';
import { afterAll, afterEach, expect, test } from '@jest/globals';
import { freePort, until } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import type { RabbitOptions } from '../src/options/options.js';
import { consume, openBinder, produce, record, type RabbitBinder } from './support/binder.js';
import { PASSWORD, makeCertificates } from './support/certificates.js';

const certificates = makeCertificates('localhost');
const tlsPort = await freePort();

await describeWithBroker(
  'rabbit',
  'TLS',
  ({ address }) => {
    const binders: RabbitBinder[] = [];
    afterEach(async () => {
      await Promise.all(binders.splice(0).map((binder) => binder.close()));
    });
    afterAll(() => rmSync(certificates.directory, { recursive: true, force: true }));

    const open = async (options: Partial<RabbitOptions>) => {
      const opened = await openBinder({ ...address, host: 'localhost', port: tlsPort }, options);
      binders.push(opened.binder);
      return opened;
    };
    const trusted: Partial<RabbitOptions> = { 'ssl.enabled': true, 'ssl.trustStore': certificates.authority };
    const client: Partial<RabbitOptions> = {
      'ssl.keyStore': certificates.client,
      'ssl.keyStoreType': 'PKCS12',
      'ssl.keyStorePassword': PASSWORD,
    };

    /** What one message came to, there and back. */
    async function sent(options: Partial<RabbitOptions>): Promise<{ got: string[]; reports: Error[] }> {
      const { binder, told } = await open(options);
      const got: string[] = [];
      await consume(binder, 'secret', ({ payload }) => {
        got.push(Buffer.from(payload!).toString());
        return { kind: 'ack' };
      });
      await (await produce(binder, 'secret')).send(record('hello'));
      await until(() => got.length === 1, 5000, 'it arrives');
      return { got, reports: told.reports };
    }
    const WELL = { got: ['hello'], reports: [] };

    /** The first thing that is reported. */
    async function fails(options: Partial<RabbitOptions>): Promise<string> {
      const { binder, told } = await open(options);
      const binding = produce(binder, 'secret');
      binding.catch(() => undefined);
      await until(() => told.reports.length > 0, 10_000, 'it is reported');
      await binder.close();
      await expect(binding).rejects.toMatchObject({ code: 'CLOSED' });
      const [{ message }] = told.reports as [Error];
      expect(message).toContain(`localhost:${tlsPort}`);
      expect(message).not.toContain(PASSWORD);
      return message;
    }

    test.each<[string, Partial<RabbitOptions>]>([
      ['a PKCS12 key store', client],
      [
        'a PEM key store, as a file: resource',
        { 'ssl.keyStore': `file:${certificates.clientPem}`, 'ssl.keyStoreType': 'PEM' },
      ],
      ['TLS 1.3 alone', { ...client, 'ssl.algorithm': 'TLSv1.3' }],
    ])('with %s', async (_, options) => {
      expect(await sent({ ...trusted, ...options })).toEqual(WELL);
    });

    test('by the scheme of an address', async () => {
      expect(await sent({ ...trusted, ...client, addresses: [`amqps://localhost:${tlsPort}`] })).toEqual(WELL);
    });

    test('an authority that is not trusted is refused, unless nobody asks', async () => {
      const strange = { ...trusted, ...client, 'ssl.trustStore': certificates.stranger };
      expect(await fails(strange)).toMatch(/certificate/);
      expect(await sent({ ...strange, 'ssl.validateServerCertificate': false })).toEqual(WELL);
    });

    test('a certificate for another name is refused, unless nobody asks', async () => {
      const other = { ...trusted, ...client, addresses: [`amqps://127.0.0.1:${tlsPort}`] };
      const { binder, told } = await open(other);
      produce(binder, 'secret').catch(() => undefined);
      await until(() => told.reports.length > 0, 10_000, 'it is reported');
      expect(told.reports[0]!.message).toMatch(/altnames|does not match/i);
      expect(await sent({ ...other, 'ssl.verifyHostname': false })).toEqual(WELL);
    });

    test('without the certificate that the broker asks for it says so', async () => {
      expect(await fails(trusted)).toMatch(/certificate|alert|closed/i);
    });

    test('a key store that cannot be opened is a mistake in the configuration', async () => {
      await expect(open({ ...trusted, ...client, 'ssl.keyStore': '/nowhere.p12' })).rejects.toMatchObject({
        code: 'CONFIG_VALUE',
        message: expect.stringMatching(/spring\.rabbitmq\.ssl\.key-store[^]*\/nowhere\.p12/) as unknown,
      });
      await expect(open({ ...trusted, ...client, 'ssl.keyStorePassword': 'wrong' })).rejects.toMatchObject({
        code: 'CONFIG_VALUE',
        message: expect.stringContaining('spring.rabbitmq.ssl.key-store') as unknown,
      });
    });

    test.each(['none', 'random', 'inorder'] as const)(
      'of several addresses one that answers is enough: %s',
      async (mode) => {
        const nobody = await freePort();
        const { binder, told } = await open({
          addresses: [`127.0.0.1:${nobody}`, `${address.host}:${address.port}`],
          addressShuffleMode: mode,
        });
        await (await produce(binder, 'plain')).send(record('hello'));
        expect(told.reports).toEqual([]);
      },
    );
  },
  { own: true, config: certificates.config(tlsPort) },
);
