/**
 * Mistakes that users of Kafka make. Each application says what is wrong, where, and what to do; it tries again or stops,
 * as its user would want; and it never prints a password.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, jest, test } from '@jest/globals';
import { makeCertificates } from '../../../tools/brokers/certificates.mjs';
import { freePort, until } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import { proxy } from '../../../tools/brokers/proxy.mjs';
import { Child, killAll } from '../../binder-rabbit/test/support/child.js';

jest.setTimeout(60_000);

const SECRET = 'pa55word-of-the-clerk';
const BINDER = 'spring.cloud.stream.kafka.binder';
const BOOTSTRAP = 'spring.kafka.bootstrap-servers';
const INPUT = 'spring.cloud.stream.bindings.input';
const OUTPUT = 'spring.cloud.stream.bindings.output';
const KAFKA_INPUT = 'spring.cloud.stream.kafka.bindings.input.consumer';

type Given = Readonly<Record<string, string | number | boolean>>;

const certificates = makeCertificates();
afterAll(() => certificates.remove());
/** Nobody listens there, and that is where the broker says it is. */
const elsewhere = await freePort();

const login = (module: string): string => `org.apache.kafka.common.security.${module} required`;
const PLAIN = 'plain.PlainLoginModule';

await describeWithBroker(
  'kafka',
  'a user of Kafka who',
  (broker) => {
    const { bootstrapServers } = broker.address;
    const at = (listener: string): string => `127.0.0.1:${broker.ports[listener]}`;
    afterEach(killAll);

    /** Of an application that is right but for what is changed. */
    const properties = (destination: string, changed: Given): Given => ({
      [BOOTSTRAP]: bootstrapServers,
      [`${INPUT}.destination`]: destination,
      [`${INPUT}.group`]: 'billing',
      [`${OUTPUT}.destination`]: destination,
      ...changed,
    });

    const start = (parts: 'input' | 'output' | 'input,output', given: Given): Child =>
      new Child(parts, given, '@streambind/binder-kafka');

    /** `application.yml:2:23`, of the value of a key that stands in the file. */
    const placeOf = (key: string, given: Given): string =>
      `application.yml:${Object.keys(given).indexOf(key) + 1}:${key.length + 3}`;

    /** As errors name it: where it is written, and what. */
    const keyOf = (key: string, given: Given): string => `${placeOf(key, given)} (${key})`;

    /** It tries again with growing pauses, says the whole once, and works as soon as it can. @returns its exit code after a stop */
    async function tryingUntilCured(
      child: Child,
      what: RegExp,
      parts: readonly string[],
      cure: () => Promise<unknown>,
    ): Promise<number | null> {
      await child.says(what);
      await sleep(3000);
      const entries = child.entries(what);
      expect(entries.length).toBeLessThanOrEqual(12);
      for (const part of parts) expect(entries[0]).toContain(part);
      for (const later of entries.slice(1)) expect(later.trimEnd()).not.toContain('\n');
      await cure();
      await child.starts();
      child.send('hello');
      await child.sees('it handles a message', () => child.of('handled').length > 0);
      expect(child.log).toMatch(/connected again after \d+ failed tries/);
      const code = await child.stop();
      expect(child.log).not.toContain(SECRET);
      return code;
    }

    /** It goes on trying in vain, and can be stopped while it does. @returns its exit code */
    async function tryingInVain(child: Child, what: RegExp, parts: readonly string[]): Promise<number | null> {
      await child.says(/; try 2 in/);
      const [said] = child.entries(what);
      for (const part of parts) expect(said).toContain(part);
      const code = await child.stop();
      expect(child.log).not.toMatch(/connected again/);
      expect(child.log).not.toContain(SECRET);
      return code;
    }

    /** It says all of it in one readable message, without a stack. @returns its exit code */
    async function failing(child: Child, parts: readonly string[]): Promise<number | null> {
      const code = await child.ends();
      expect(child.entries(/ ERROR /)).toHaveLength(1);
      const [failure] = child.entries(/APPLICATION FAILED TO START/);
      for (const part of parts) expect(failure).toContain(part);
      expect(child.log).not.toMatch(/^\s+at /m);
      expect(child.log).not.toMatch(/connected again/);
      expect(child.log).not.toContain(SECRET);
      return code;
    }

    let written = 0;

    const topic = (name: string, partitions: number): Promise<string> =>
      broker.ctl('topics', '--create', '--topic', name, '--partitions', String(partitions));

    const sasl = (port: string, password: string): Given => ({
      [BOOTSTRAP]: port,
      [`${BINDER}.configuration.security.protocol`]: 'SASL_PLAINTEXT',
      [`${BINDER}.configuration.sasl.mechanism`]: 'PLAIN',
      [`${BINDER}.configuration.sasl.jaas.config`]: `${login(PLAIN)} username="clerk" password="${password}";`,
    });

    describe('cannot get in', () => {
      test('with a wrong port', async () => {
        const door = await proxy({ host: broker.address.host, port: broker.address.port });
        await door.down();
        const given = properties('port', { [BOOTSTRAP]: `127.0.0.1:${door.port}` });
        expect(
          await tryingUntilCured(
            start('input,output', given),
            /cannot be reached/,
            [
              'Kafka cannot be reached: ',
              `ECONNREFUSED 127.0.0.1:${door.port}`,
              `where:   127.0.0.1:${door.port}`,
              `fix:     Is it running, and is this its address? See ${keyOf(BOOTSTRAP, given)}.`,
              'code:    BROKER_UNAVAILABLE',
            ],
            () => door.restore(),
          ),
        ).toBe(0);
        await door.close();
      });

      test('because the broker says that it is elsewhere', async () => {
        const given = properties('advertised', { [BOOTSTRAP]: at('LOST') });
        expect(
          await tryingInVain(start('input,output', given), /cannot be reached/, [
            `ECONNREFUSED 127.0.0.1:${elsewhere}`,
            `where:   ${at('LOST')}`,
            'advertised.listeners',
            'code:    BROKER_UNAVAILABLE',
          ]),
        ).toBe(0);
      });

      test('with a wrong password', async () => {
        const given = properties('password', sasl(at('LOGIN'), `${SECRET}-not`));
        const jaas = `${BINDER}.configuration.sasl.jaas.config`;
        expect(
          await tryingInVain(start('input,output', given), /does not let/, [
            'Kafka does not let "clerk" in: ',
            `where:   ${at('LOGIN')}`,
            keyOf(jaas, given),
            'code:    AUTH',
          ]),
        ).toBe(0);
      });

      test('with a login at a port that knows none', async () => {
        const given = properties('no-login', sasl(bootstrapServers, SECRET));
        expect(await tryingInVain(start('input', given), /does not let|cannot be reached/, ['security.protocol'])).toBe(
          0,
        );
      });

      test('without the login that the port wants', async () => {
        const given = properties('no-password', { [BOOTSTRAP]: at('LOGIN') });
        expect(
          await tryingInVain(start('input', given), /does not let|cannot be reached/, [
            `where:   ${at('LOGIN')}`,
            'security.protocol',
          ]),
        ).toBe(0);
      });

      test('with TLS at a plain port', async () => {
        const key = `${BINDER}.configuration.security.protocol`;
        const given = properties('tls', { [key]: 'SSL' });
        expect(
          await tryingInVain(start('input', given), /does not let|cannot be reached/, [
            `where:   ${bootstrapServers}`,
            keyOf(key, given),
          ]),
        ).toBe(0);
      });

      test('with a certificate of an authority that is not trusted', async () => {
        const key = `${BINDER}.configuration.ssl.truststore.location`;
        const given = properties('stranger', {
          [BOOTSTRAP]: at('TLS'),
          [`${BINDER}.configuration.security.protocol`]: 'SSL',
          [key]: certificates.stranger,
        });
        expect(
          await tryingInVain(start('input', given), /does not let/, [
            'certificate',
            `where:   ${at('TLS')}`,
            keyOf(key, given),
            'code:    AUTH',
          ]),
        ).toBe(0);
      });
    });

    describe('writes down', () => {
      test.each<[string, Given, string, readonly string[]]>([
        [
          'brokers among the properties of the client',
          { [`${BINDER}.configuration.bootstrap.servers`]: 'kafka:9092' },
          `${BINDER}.configuration.bootstrap.servers`,
          [
            'Brokers are named where they cannot be.',
            `spring.cloud.stream.kafka.binder.brokers`,
            'code:    CONFIG_VALUE',
          ],
        ],
        [
          'a name that no topic can have',
          { [`${INPUT}.destination`]: 'orders/new' },
          `${INPUT}.destination`,
          ['Kafka has no topics of such a name.', 'given:   orders/new', "'.', '_' and '-'", 'code:    CONFIG_VALUE'],
        ],
        [
          'fewer acknowledgements than nothing can be lost with',
          { [`${BINDER}.required-acks`]: 1 },
          `${OUTPUT}.destination`,
          ['is confirmed by the leader', 'given:   acks: 1', 'required-acks: all', 'code:    GUARANTEE'],
        ],
        [
          'more copies than there are brokers',
          { [`${BINDER}.replication-factor`]: 3 },
          `${OUTPUT}.destination`,
          ['replication-factor: 3', 'set replication-factor to as many as there are, or -1', 'code:    BINDER_FAILED'],
        ],
        [
          'a trust store that is not there',
          {
            [`${BINDER}.configuration.security.protocol`]: 'SSL',
            [`${BINDER}.configuration.ssl.truststore.location`]: '/nowhere/truststore.jks',
          },
          `${BINDER}.configuration.ssl.truststore.location`,
          ['ENOENT', 'given:   /nowhere/truststore.jks', 'code:    CONFIG_VALUE'],
        ],
        [
          'a login that cannot be read',
          { ...sasl('127.0.0.1:1', SECRET), [`${BINDER}.configuration.sasl.jaas.config`]: `clerk:${SECRET}` },
          `${BINDER}.configuration.sasl.jaas.config`,
          ['given:   ******', 'PlainLoginModule required username=', 'code:    CONFIG_VALUE'],
        ],
      ])('%s: the start ends', async (_, changed, key, parts) => {
        const given = properties(`written-${++written}`, changed);
        expect(await failing(start('input,output', given), [...parts, `where:   ${keyOf(key, given)}`])).toBe(1);
      });

      test('dead letters without a group: the start ends', async () => {
        const { [`${INPUT}.group`]: _, ...given } = properties('alone', { [`${KAFKA_INPUT}.enable-dlq`]: true });
        expect(
          await failing(start('input', given), [
            'An input without a group has no dead letters.',
            'given:   enable-dlq: true',
            'Give the binding a group',
            'code:    CONFIG_VALUE',
          ]),
        ).toBe(1);
      });

      test('partitions without a group: the start ends', async () => {
        const { [`${INPUT}.group`]: _, ...given } = properties('alone', { [`${INPUT}.consumer.partitioned`]: true });
        expect(
          await failing(start('input', given), [
            'A consumer group is required for a partitioned subscription',
            'code:    CONFIG_VALUE',
          ]),
        ).toBe(1);
      });

      test('a beginning that is none: the start ends', async () => {
        const key = `${KAFKA_INPUT}.start-offset`;
        const given = properties('beginning', { [key]: 'erliest' });
        const child = start('input', given);
        expect(await child.ends()).toBe(1);
        for (const part of [`application.yml:${Object.keys(given).indexOf(key) + 1}:`, 'erliest', 'earliest, latest']) {
          expect(child.log).toContain(part);
        }
      });

      test('what has no effect: it starts, and names the nearest of each, or says why', async () => {
        const given = properties('unknown', {
          [`${INPUT}.consumer.start-offset`]: 'earliest',
          [`${KAFKA_INPUT}.enable-dql`]: true,
          [`${BINDER}.configuration.sesion.timeout.ms`]: 10_000,
          [`${BINDER}.producer-properties.key.serializer`]: 'org.apache.kafka.common.serialization.StringSerializer',
          [`${BINDER}.consumer-properties.group.id`]: 'mine',
          [`${BINDER}.zk-nodes`]: 'zookeeper',
          [`${BINDER}.configuration.sasl.jaas.config`]: `${login(PLAIN)} username="clerk" password="${SECRET}";`,
        });
        const child = start('input,output', given);
        await child.starts();
        const warned = (what: RegExp): string => child.entries(/ WARN /).find((entry) => what.test(entry)) ?? '';
        expect(warned(/consumer\.start-offset/)).toContain(KAFKA_INPUT);
        expect(warned(/enable-dql/)).toContain('nearest: enable-dlq');
        expect(warned(/sesion\.timeout\.ms/)).toContain('nearest: session.timeout.ms');
        expect(warned(/key\.serializer/)).toContain('content type');
        expect(warned(/group\.id/)).toContain('the group of the binding is used');
        expect(warned(/zk-nodes/)).toContain('ZooKeeper');
        expect(warned(/A login is configured/)).toContain('security.protocol is PLAINTEXT');
        expect(await child.stop()).toBe(0);
        expect(child.log).not.toContain(SECRET);
      });
    });

    describe('meets what others have made', () => {
      test('a topic with fewer partitions than it sends to: the start ends', async () => {
        await topic('small', 2);
        const given = properties('small', { [`${OUTPUT}.producer.partition-count`]: 4 });
        expect(
          await failing(start('output', given), [
            'The topic "small" has fewer partitions than the binding needs.',
            `where:   ${keyOf(`${OUTPUT}.destination`, given)}`,
            'given:   2, where partition-count says 4',
            'auto-add-partitions: true',
            'code:    TOPOLOGY_CONFLICT',
          ]),
        ).toBe(1);
      });

      test('a topic with fewer partitions than it could read: it works, and says so', async () => {
        await topic('narrow', 1);
        const child = start('input,output', properties('narrow', { [`${INPUT}.consumer.concurrency`]: 3 }));
        await child.starts();
        child.send('hello');
        await child.sees('it handles a message', () => child.of('handled').length > 0);
        expect(child.entries(/ WARN /)).toEqual([expect.stringContaining('2 have nothing to do')]);
        expect(await child.stop()).toBe(0);
      });

      test('no topic, where it may not make one: it waits for who does', async () => {
        const given = properties('absent', { [`${BINDER}.auto-create-topics`]: false });
        const child = start('input', given);
        await child.says(/; try 3 in/);
        const [said] = child.entries(/ WARN /);
        for (const part of [
          'Kafka has no topic "absent"',
          `where:   ${keyOf(`${INPUT}.destination`, given)}`,
          'auto-create-topics: true',
          'code:    DESTINATION_GONE',
        ]) {
          expect(said).toContain(part);
        }
        await topic('absent', 1);
        await child.starts();
        expect(child.log).toMatch(/connected again after \d+ failed tries/);
        expect(await child.stop()).toBe(0);
      });
    });

    test('gives the right password gets in', async () => {
      const given = properties('inside', sasl(at('LOGIN'), SECRET));
      const child = start('input,output', given);
      await child.starts();
      child.send('hello');
      await until(() => child.of('handled').length > 0, 20_000, 'a message');
      expect(await child.stop()).toBe(0);
      expect(child.log).not.toContain(SECRET);
    });
  },
  {
    own: true,
    config: [
      'listener.name.login.sasl.enabled.mechanisms=PLAIN',
      `listener.name.login.plain.sasl.jaas.config=${login(PLAIN)} user_clerk="${SECRET}";`,
      'listener.name.tls.ssl.keystore.type=PEM',
      `listener.name.tls.ssl.keystore.location=${certificates.server.both}`,
    ],
    listeners: {
      LOGIN: 'SASL_PLAINTEXT',
      TLS: 'SSL',
      LOST: { protocol: 'PLAINTEXT', advertised: elsewhere },
    },
  },
);
