/**
 * Mistakes that users of RabbitMQ make. Each application says what is wrong, where, and what to do; it tries again,
 * stops, or keeps the message, as its user would want; and it never prints a password.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { connect, type Channel, type ChannelModel } from 'amqplib';
import { until } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import { proxy } from '../../../tools/brokers/proxy.mjs';
import { addUsers, setPassword, setPermissions } from './support/broker-users.js';
import { Child, killAll } from './support/child.js';

jest.setTimeout(60_000);

const LARGEST = 65_536;
const SECRET = 'pa55word-of-the-clerk';
const ALL = '.*';

await describeWithBroker(
  'rabbit',
  'a user of RabbitMQ who',
  (broker) => {
    const { host, port } = broker.address;
    const at = `${host}:${port}`;

    beforeAll(() =>
      addUsers(broker, [
        { name: 'clerk', password: SECRET, configure: ALL, write: ALL, read: ALL },
        { name: 'locked', password: `${SECRET}-to-come`, configure: ALL, write: ALL, read: ALL },
        { name: 'reader', password: SECRET, configure: '', write: ALL, read: ALL },
        { name: 'writer', password: SECRET, configure: ALL, write: ALL, read: '^$' },
        { name: 'neighbour', password: SECRET, configure: ALL, write: '^(?!DLX)', read: ALL },
      ]),
    );
    afterEach(killAll);

    /** Of an application that is right but for what is changed. */
    const properties = (
      destination: string,
      changed: Readonly<Record<string, string | number | boolean>>,
    ): Readonly<Record<string, string | number | boolean>> => ({
      'spring.rabbitmq.host': host,
      'spring.rabbitmq.port': port,
      'spring.rabbitmq.username': 'clerk',
      'spring.rabbitmq.password': SECRET,
      'spring.cloud.stream.bindings.input.destination': destination,
      'spring.cloud.stream.bindings.input.group': 'billing',
      'spring.cloud.stream.bindings.output.destination': destination,
      ...changed,
    });

    const start = (...given: Parameters<typeof properties>): Child => new Child('input,output', properties(...given));

    /** `application.yml:2:23`, of the value of a key that stands in the file. */
    const placeOf = (key: string, given: ReturnType<typeof properties>): string =>
      `application.yml:${Object.keys(given).indexOf(key) + 1}:${key.length + 3}`;

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
      // 500 ms, 1 s, 2 s, half of it at the least: no more than five tries in three seconds
      expect(entries.length).toBeGreaterThanOrEqual(2);
      expect(entries.length).toBeLessThanOrEqual(6);
      for (const part of parts) expect(entries[0]).toContain(part);
      for (const entry of entries) expect(entry).toMatch(/; try \d+ in \d+ ms$/m);
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

    async function withChannel(use: (channel: Channel, model: ChannelModel) => Promise<unknown>): Promise<void> {
      const { username, password } = broker.address;
      const model = await connect({ hostname: host, port, username, password });
      try {
        await use(await model.createChannel(), model);
      } finally {
        await model.close();
      }
    }

    const messagesIn = async (queue: string): Promise<number> => {
      let count = 0;
      await withChannel(async (channel) => (count = (await channel.checkQueue(queue)).messageCount));
      return count;
    };

    describe('cannot get in', () => {
      test('with a wrong port', async () => {
        const door = await proxy({ host, port });
        await door.down();
        const given = properties('port', { 'spring.rabbitmq.port': door.port });
        expect(
          await tryingUntilCured(
            new Child('input,output', given),
            /cannot be reached/,
            [
              `RabbitMQ at ${host}:${door.port} cannot be reached: connect ECONNREFUSED`,
              `where:   ${host}:${door.port}`,
              `fix:     Check spring.rabbitmq.host (${placeOf('spring.rabbitmq.host', given)})`,
              `spring.rabbitmq.port (${placeOf('spring.rabbitmq.port', given)})`,
              'code:    BROKER_UNAVAILABLE',
            ],
            () => door.restore(),
          ),
        ).toBe(0);
        await door.close();
      });

      test('with a wrong password', async () => {
        const given = properties('password', { 'spring.rabbitmq.username': 'locked' });
        expect(
          await tryingUntilCured(
            new Child('input,output', given),
            /refused the login/,
            [
              `RabbitMQ at ${at} refused the login of "locked"`,
              `where:   ${at}`,
              `spring.rabbitmq.username (${placeOf('spring.rabbitmq.username', given)})`,
              `spring.rabbitmq.password (${placeOf('spring.rabbitmq.password', given)})`,
              'code:    AUTH',
            ],
            () => setPassword(broker, 'locked', SECRET),
          ),
        ).toBe(0);
      });

      test('with a virtual host that is missing', async () => {
        const given = properties('vhost', { 'spring.rabbitmq.virtual-host': 'shop' });
        expect(
          await tryingUntilCured(
            new Child('input,output', given),
            /into the virtual host/,
            [
              `RabbitMQ at ${at} does not let "clerk" into the virtual host "shop"`,
              `Check spring.rabbitmq.virtual-host (${placeOf('spring.rabbitmq.virtual-host', given)})`,
              'rabbitmqctl add_vhost "shop"',
              'code:    AUTH',
            ],
            async () => {
              await broker.virtualHost('shop');
              await setPermissions(broker, {
                name: 'clerk',
                virtualHost: 'shop',
                configure: ALL,
                write: ALL,
                read: ALL,
              });
            },
          ),
        ).toBe(0);
      });

      test('with TLS at a plain port', async () => {
        const given = properties('tls', { 'spring.rabbitmq.ssl.enabled': true });
        const child = new Child('input,output', given);
        await child.says(/; try 3 in/);
        const entries = child.entries(/cannot be reached/);
        for (const part of [
          `RabbitMQ at ${at} cannot be reached: it does not speak TLS there`,
          `spring.rabbitmq.ssl.enabled (${placeOf('spring.rabbitmq.ssl.enabled', given)})`,
          'code:    BROKER_UNAVAILABLE',
        ]) {
          expect(entries[0]).toContain(part);
        }
        // it is no use to wait, and it can be stopped while it does
        expect(await child.stop()).toBe(0);
        expect(child.log).not.toMatch(/connected again/);
        expect(child.log).not.toContain(SECRET);
      });
    });

    describe('meets what others have made', () => {
      test('a queue with other arguments: it is used, with a warning', async () => {
        await withChannel((channel) => channel.assertQueue('arguments.billing', { maxLength: 5 }));
        const given = properties('arguments', {});
        const child = new Child('input,output', given);
        await child.starts();
        child.send('hello');
        await child.sees('it handles a message', () => child.of('handled').length > 0);
        const warnings = child.entries(/ WARN /);
        expect(warnings).toHaveLength(1);
        for (const part of [
          'The queue "arguments.billing" exists and is used as it is',
          `inequivalent arg 'x-max-length'`,
          `where:   ${placeOf('spring.cloud.stream.bindings.input.destination', given)}`,
          'fix:     Give the binding the options',
        ]) {
          expect(warnings[0]).toContain(part);
        }
        expect(await child.stop()).toBe(0);
      });

      test('an exchange of another type: the start ends', async () => {
        await withChannel((channel) => channel.assertExchange('typed', 'fanout'));
        const given = properties('typed', {});
        expect(
          await failing(new Child('input', given), [
            'The exchange "typed" exists, and is of another type than the binding asks for.',
            `where:   ${placeOf('spring.cloud.stream.bindings.input.destination', given)} (spring.cloud.stream.bindings.input.destination)`,
            `received 'topic' but current is 'fanout'`,
            'fix:     Set exchange-type: fanout',
            'code:    TOPOLOGY_CONFLICT',
          ]),
        ).toBe(1);
      });
    });

    describe('waits, and is told for what', () => {
      const consumer = 'spring.cloud.stream.rabbit.bindings.input.consumer';

      test('for a queue that somebody else makes', async () => {
        const given = properties('later', { [`${consumer}.bind-queue`]: false });
        const child = new Child('input', given);
        await child.says(/; try 3 in/);
        const [said] = child.entries(/ WARN /);
        for (const part of [
          'RabbitMQ has no queue "later.billing"',
          `where:   ${placeOf('spring.cloud.stream.bindings.input.destination', given)}`,
          'fix:     Make it, or let the binding do so: bind-queue: true.',
          'code:    DESTINATION_GONE',
        ]) {
          expect(said).toContain(part);
        }
        const impatient = new Child('input', given);
        await impatient.says(/has no queue/);
        expect(await impatient.stop()).toBe(0);
        expect(impatient.log).not.toMatch(/connected again/);

        await withChannel((channel) => channel.assertQueue('later.billing'));
        await child.starts();
        expect(await child.stop()).toBe(0);
      });

      test('for a queue that another instance has for itself', async () => {
        const given = properties('alone', { [`${consumer}.exclusive`]: true });
        const first = new Child('input', given);
        await first.starts();
        const second = new Child('input,output', given);
        await second.says(/; try 3 in/);
        const [said] = second.entries(/ WARN /);
        expect(said).toContain('Another consumer has the queue for itself');
        expect(said).toContain('With exclusive: true one instance consumes');
        expect(await first.stop()).toBe(0);
        await second.starts();
        second.send('hello');
        await second.sees('it handles a message', () => second.of('handled').length > 0);
        expect(await second.stop()).toBe(0);
      });
    });

    describe('may not', () => {
      test('read: the start ends', async () => {
        const given = properties('unread', { 'spring.rabbitmq.username': 'writer' });
        await withChannel(async (channel) => {
          await channel.assertExchange('unread', 'topic');
          await channel.assertQueue('unread.billing');
          await channel.bindQueue('unread.billing', 'unread', '#');
        });
        const bound = { ...given, 'spring.cloud.stream.rabbit.bindings.input.consumer.bind-queue': false };
        expect(
          await failing(new Child('input', bound), [
            'RabbitMQ does not let this user read from the queue.',
            `where:   ${placeOf('spring.cloud.stream.bindings.input.destination', given)}`,
            `given:   ACCESS_REFUSED - access to queue 'unread.billing'`,
            'rabbitmqctl set_permissions',
            'code:    ACCESS_REFUSED',
          ]),
        ).toBe(1);
      });

      test('declare: the start ends', async () => {
        const given = properties('forbidden', { 'spring.rabbitmq.username': 'reader' });
        expect(
          await failing(new Child('input', given), [
            'RabbitMQ does not let this user declare the exchange "forbidden".',
            `where:   ${placeOf('spring.cloud.stream.bindings.input.destination', given)}`,
            `given:   ACCESS_REFUSED - access to exchange 'forbidden'`,
            `for user 'reader'`,
            'rabbitmqctl set_permissions',
            'code:    ACCESS_REFUSED',
          ]),
        ).toBe(1);
      });

      test('write to the dead-letter exchange: the message is kept until it can go there', async () => {
        const given = properties('kept', {
          'spring.rabbitmq.username': 'neighbour',
          'spring.cloud.stream.bindings.input.consumer.max-attempts': 1,
        });
        const child = new Child('input,output', given);
        await child.starts();
        child.send('poison');
        await child.says(/ACCESS_REFUSED/);
        const [said] = child.entries(/ WARN .*dead letter/);
        for (const part of [
          'input',
          'may not publish dead letters to the exchange "DLX"',
          `where:   ${placeOf('spring.cloud.stream.bindings.input.destination', given)}`,
          `given:   ACCESS_REFUSED - access to exchange 'DLX'`,
          'rabbitmqctl set_permissions',
        ]) {
          expect(said).toContain(part);
        }
        expect(await child.health()).toMatchObject({
          readiness: 'degraded',
          binders: { rabbit: { reason: expect.stringMatching(/1 dead letter is refused/) as unknown } },
        });
        child.send('hello');
        await child.sees('it handles what comes behind', () => child.of('handled').length > 1);
        expect(await messagesIn('kept.billing.dlq')).toBe(0);

        await setPermissions(broker, { name: 'neighbour', virtualHost: '/', configure: ALL, write: ALL, read: ALL });
        await until(async () => (await messagesIn('kept.billing.dlq')) === 1, 20_000, 'the dead letter');
        expect(await child.health()).toMatchObject({ readiness: 'up' });
        expect(child.of('handled').map(({ text }) => text)).toEqual(['poison', 'hello']);
        expect(await child.stop()).toBe(0);
        expect(await messagesIn('kept.billing')).toBe(0);
        expect(child.log).not.toContain(SECRET);
      });

      test('send more than the broker takes: that send is refused, and no other', async () => {
        const child = start('large', {});
        await child.starts();
        child.send('before', 'x'.repeat(LARGEST + 1), 'after');
        await child.sees('two are handled', () => child.of('handled').length >= 2);
        await child.sees('one is refused', () => child.of('refused').length > 0);
        expect(child.of('refused')).toEqual([
          expect.objectContaining({ length: LARGEST + 1, code: 'PAYLOAD_TOO_LARGE' }),
        ]);
        const [{ message } = { message: '' }] = child.of('refused');
        expect(message).toContain(`given:   ${LARGEST + 1} bytes`);
        expect(message).toContain(`allowed: ${LARGEST} bytes`);
        expect(new Set(child.of('handled').map(({ text }) => text))).toEqual(new Set(['before', 'after']));
        // it has learned the limit: nothing is written that the broker would close the channel for
        child.send('x'.repeat(LARGEST + 2));
        await child.sees('another one is refused', () => child.of('refused').length > 1);
        expect(child.entries(/closed a channel/)).toHaveLength(1);
        expect(await child.stop()).toBe(0);
      });
    });

    describe('writes down', () => {
      test('a routing expression that is none: the start ends', async () => {
        const key = 'spring.cloud.stream.rabbit.bindings.output.producer.routing-key-expression';
        const given = properties('expression', { [key]: `headers['region' + payload` });
        expect(
          await failing(new Child('output', given), [
            `where:   ${placeOf(key, given)} (${key})`,
            `given:   headers['region' + payload`,
            'code:    EXPRESSION_SYNTAX',
          ]),
        ).toBe(1);
      });

      test('the index of an instance that is out of range: the start ends', async () => {
        const key = 'spring.cloud.stream.bindings.input.consumer.instance-index';
        const given = properties('index', {
          'spring.cloud.stream.bindings.input.consumer.partitioned': true,
          'spring.cloud.stream.bindings.input.consumer.instance-count': 2,
          [key]: 2,
        });
        expect(
          await failing(new Child('input', given), [
            `where:   ${placeOf(key, given)} (${key})`,
            'given:   instance-index 2, instance-count 2',
            'allowed: 0 to 1',
            'code:    CONFIG_VALUE',
          ]),
        ).toBe(1);
      });

      test('properties that do not exist: it starts, and names the nearest of each', async () => {
        const consumer = 'spring.cloud.stream.rabbit.bindings.input.consumer';
        const given = properties('unknown', {
          'spring.rabbitmq.pasword': 'another secret',
          [`${consumer}.auto-bind-dql`]: true,
        });
        const child = new Child('input,output', given);
        await child.starts();
        const warnings = child.entries(/ WARN .*CONFIG_KEY/);
        expect(warnings).toHaveLength(2);
        expect(warnings[0]).toMatch(/^.*application\.yml:8:.*spring\.rabbitmq\.pasword: is not known/);
        expect(warnings[0]).toContain('nearest: password');
        expect(warnings[1]).toMatch(/^.*application\.yml:9:.*auto-bind-dql: is not known/);
        expect(warnings[1]).toContain('nearest: auto-bind-dlq');
        expect(await child.stop()).toBe(0);
        expect(child.log).not.toContain('another secret');
      });
    });
  },
  { own: true, config: [`max_message_size = ${LARGEST}`] },
);
