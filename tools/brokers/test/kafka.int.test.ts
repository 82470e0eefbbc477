import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { broker, freePort, startPrivate, until, type KafkaVersion } from '../index.mjs';
import { makeCertificates } from '../certificates.mjs';
import { describeWithBroker } from '../jest.mjs';
import { proxy } from '../proxy.mjs';

const START_MS = 120_000;
const proxied = await freePort();

await describeWithBroker(
  'kafka',
  'Kafka',
  (kafka) => {
    const { address } = kafka;
    const lines = (text: string): string[] => text.trim().split('\n');

    beforeAll(async () => {
      await kafka.ctl('topics', '--create', '--topic', 'letters');
    });

    test('is a private broker on a loopback port, asked by its protocol', async () => {
      expect(kafka).toMatchObject({ name: 'kafka', origin: 'process', address: { host: '127.0.0.1' } });
      expect(await kafka.probe()).toMatch(/^Kafka 3\.9\.\d+$/);
      expect(address.bootstrapServers).toBe(`127.0.0.1:${address.port}`);
      expect(kafka.environment).toEqual({ SPRING_KAFKA_BOOTSTRAP_SERVERS: address.bootstrapServers });
      expect(kafka.yml).toBe(`spring:\n  kafka:\n    bootstrap-servers: ${address.bootstrapServers}`);
    });

    test('Kafka’s own tools write and read, and the lines of configuration count', async () => {
      expect(await kafka.ctl('topics', '--describe', '--topic', 'letters')).toContain('PartitionCount: 3\t');
      await kafka.ctlWith('a\nb\n', 'console-producer', '--topic', 'letters');
      const read = ['--topic', 'letters', '--from-beginning', '--max-messages', '2', '--group', 'readers'];
      expect(lines(await kafka.ctl('console-consumer', ...read)).toSorted()).toEqual(['a', 'b']);
      expect(await kafka.ctl('consumer-groups', '--list')).toBe('readers\n');
      const verified = await kafka.ctl('verifiable-producer', '--topic', 'letters', '--max-messages', '3');
      expect(verified).toContain('"sent":3,"acked":3');
      const ends = lines(await kafka.ctl('get-offsets', '--topic', 'letters'));
      expect(ends.reduce((sum, line) => sum + Number(line.split(':')[2]), 0)).toBe(5);
      const load = ['--topic', 'letters', '--num-records', '100', '--record-size', '10', '--throughput', '-1'];
      expect(await kafka.ctl('producer-perf-test', 'acks=all', ...load)).toContain('100 records sent');
    }, 60_000);

    test('a tool that fails says why, and one that is not there which there are', async () => {
      await expect(kafka.ctl('topics', '--describe', '--topic', 'nowhere')).rejects.toThrow(/nowhere.* does not exist/);
      await expect(kafka.ctl('rabbits' as 'topics')).rejects.toThrow(/no tool "rabbits".*console-consumer/);
    });

    test('frozen it does not answer, thawed it does', async () => {
      await kafka.freeze();
      await expect(kafka.probe()).rejects.toThrow('no Kafka answer');
      await kafka.thaw();
      await expect(kafka.probe()).resolves.toMatch(/Kafka/);
    });

    test('clients of a listener are sent on to the proxy before it', async () => {
      const port = kafka.ports.PROXIED!;
      const between = await proxy({ port }, { port: proxied });
      try {
        expect(lines(await kafka.ctl('topics', '--list', '--bootstrap-server', `127.0.0.1:${port}`))).toContain(
          'letters',
        );
        expect(between.accepted).toBeGreaterThan(0);
      } finally {
        await between.close();
      }
    });

    test('one that is found is used and not touched', async () => {
      const before = process.env.SPRING_KAFKA_BOOTSTRAP_SERVERS;
      process.env.SPRING_KAFKA_BOOTSTRAP_SERVERS = `${address.bootstrapServers},127.0.0.1:1`;
      try {
        const found = await broker('kafka', { administered: true });
        expect([found.origin, found.address.port, await found.probe()]).toEqual(['found', address.port, 'Kafka']);
        await expect(found.kill9()).rejects.toThrow("use startPrivate('kafka')");
      } finally {
        if (before === undefined) delete process.env.SPRING_KAFKA_BOOTSTRAP_SERVERS;
        else process.env.SPRING_KAFKA_BOOTSTRAP_SERVERS = before;
      }
    });

    test('its class path runs a program on Kafka’s own client', async () => {
      const source = join(kafka.directory, 'Version.java');
      const said = 'System.out.print(org.apache.kafka.common.utils.AppInfoParser.getVersion());';
      writeFileSync(source, `class Version { public static void main(String[] none) { ${said} } }`);
      const { stdout } = spawnSync('java', ['-cp', await kafka.classpath(), source], { encoding: 'utf8' });
      expect(`Kafka ${stdout}`).toBe(await kafka.probe());
    });

    test(
      'killed and started it is on its port with its data; restarted empty it has none',
      async () => {
        const { port } = address;
        await kafka.kill9();
        await expect(kafka.probe()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
        await kafka.start();
        expect(lines(await kafka.ctl('topics', '--list'))).toContain('letters');
        await kafka.restart({ data: 'empty' });
        expect(await kafka.ctl('topics', '--list')).toBe('\n');
        expect(kafka.address.port).toBe(port);
      },
      START_MS,
    );

    test('removed, nothing of it is left', async () => {
      await kafka.remove();
      expect(await kafka.running()).toBe(false);
      expect(existsSync(kafka.directory)).toBe(false);
    });
  },
  {
    own: true,
    config: ['num.partitions=3'],
    listeners: { PROXIED: { protocol: 'PLAINTEXT', advertised: proxied } },
  },
);

const certificates = makeCertificates();
afterAll(() => certificates.remove());

const pem = (what: string, file: string): string[] => [
  `listener.name.tls.ssl.${what}.type=PEM`,
  `listener.name.tls.ssl.${what}.location=${file}`,
];
const module = (name: string): string => `org.apache.kafka.common.security.${name} required`;

await describeWithBroker(
  'kafka',
  'Kafka 4.1, with logins and encryption',
  (kafka) => {
    beforeAll(async () => void (await kafka.ctl('topics', '--create', '--topic', 'secrets')));

    /** Asks for the topics at one of its listeners. */
    const listed = (listener: string, ...properties: string[]): Promise<string> => {
      const file = join(kafka.directory, 'client.properties');
      writeFileSync(file, `${properties.join('\n')}\ndefault.api.timeout.ms=10000\nrequest.timeout.ms=5000\n`);
      const at = ['--bootstrap-server', `127.0.0.1:${kafka.ports[listener]}`, '--command-config', file];
      return kafka.ctl('topics', '--list', ...at);
    };
    const as = (mechanism: string, name: string, password: string): string[] => [
      'security.protocol=SASL_PLAINTEXT',
      `sasl.mechanism=${mechanism}`,
      `sasl.jaas.config=${module(name)} username="ada" password="${password}";`,
    ];

    test('is of that version', async () => {
      expect(await kafka.probe()).toMatch(/^Kafka 4\.1\.\d+$/);
    });

    test('PLAIN and SCRAM let in who knows the password', async () => {
      const user = ['--entity-type', 'users', '--entity-name', 'ada'];
      await kafka.ctl('configs', '--alter', ...user, '--add-config', 'SCRAM-SHA-256=[password=enchantress]');
      expect(await listed('LOGIN', ...as('PLAIN', 'plain.PlainLoginModule', 'countess'))).toBe('secrets\n');
      await expect(listed('LOGIN', ...as('PLAIN', 'plain.PlainLoginModule', 'wrong'))).rejects.toThrow(
        /Authentication/,
      );
      const scram = as('SCRAM-SHA-256', 'scram.ScramLoginModule', 'enchantress');
      // the broker may not have heard yet of the user that its controller has
      await until(() => listed('LOGIN', ...scram).then(Boolean, () => false), 20_000, 'the user to be known');
    }, 60_000);

    test('TLS lets in who has a certificate of the authority', async () => {
      const tls = [
        'security.protocol=SSL',
        'ssl.truststore.type=PEM',
        `ssl.truststore.location=${certificates.authority}`,
        'ssl.keystore.type=PEM',
        `ssl.keystore.location=${certificates.client.both}`,
      ];
      expect(await listed('TLS', ...tls)).toBe('secrets\n');
    });
  },
  {
    own: true,
    version: '4.1',
    listeners: { LOGIN: 'SASL_PLAINTEXT', TLS: 'SSL' },
    config: [
      'listener.name.login.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256',
      `listener.name.login.plain.sasl.jaas.config=${module('plain.PlainLoginModule')} user_ada="countess";`,
      `listener.name.login.scram-sha-256.sasl.jaas.config=${module('scram.ScramLoginModule')};`,
      ...pem('keystore', certificates.server.both),
      ...pem('truststore', certificates.authority),
      'listener.name.tls.ssl.client.auth=required',
    ],
  },
);

test.each<[string, object, RegExp]>([
  ['a version it does not have', { version: '0.8' }, /no Kafka 0\.8 in the rig; there are: 3\.9, 4\.1/],
  ['an option it does not have', { partitions: 3 }, /no option "partitions"; it has: version, load, listeners$/],
])('%s is told with what there is', async (_, options, words) => {
  await expect(startPrivate('kafka', options as { version: KafkaVersion })).rejects.toThrow(words);
});
