/** Deliveries from a real broker: exact headers, settlements, and consumers that come back. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { connect, type ChannelModel, type ConfirmChannel } from 'amqplib';
import type { Delivery } from '@streambind/core/binder';
import { until, type VirtualHost } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import { consume, openBinder, type RabbitBinder } from './support/binder.js';

const textOf = ({ payload }: Pick<Delivery, 'payload'>): string => Buffer.from(payload!).toString();

await describeWithBroker('rabbit', 'consuming', (broker) => {
  const binders: RabbitBinder[] = [];
  let host: VirtualHost;
  let raw: ChannelModel;
  let channel: ConfirmChannel;

  beforeAll(async () => {
    host = await broker.virtualHost();
    const { host: hostname, port, username, password } = host.address;
    raw = await connect({ hostname, port, username, password, vhost: encodeURIComponent(host.name) });
    channel = await raw.createConfirmChannel();
  }, 30_000);
  afterEach(async () => {
    await Promise.all(binders.splice(0).map((binder) => binder.close()));
  });
  afterAll(async () => {
    await raw.close();
    await host.remove();
  }, 30_000);

  const open = async () => {
    const opened = await openBinder(host.address);
    binders.push(opened.binder);
    return opened;
  };
  const publish = async (exchange: string, texts: readonly string[], headers = {}): Promise<void> => {
    for (const text of texts) channel.publish(exchange, exchange, Buffer.from(text), { headers });
    await channel.waitForConfirms();
  };
  const left = async (queue: string): Promise<number> => {
    const listed = await host.ctl('list_queues', 'name', 'messages');
    return Number(new RegExp(`^${queue}\t(\\d+)$`, 'm').exec(listed)?.[1] ?? Number.NaN);
  };

  test('header values arrive exact, whatever amqplib makes of them', async () => {
    const { binder } = await open();
    const got: Delivery[] = [];
    await consume(binder, 'exact', (delivery) => {
      got.push(delivery);
      return { kind: 'ack' };
    });
    const typed = (type: string, value: unknown) => ({ '!': type, value });
    await publish('exact', ['x'], {
      beyond: typed('long', 9007199254740993n),
      least: typed('long', -9223372036854775808n),
      long: typed('long', 5),
      narrow: typed('short', 7),
      list: [typed('long', 9007199254740993n), { deep: typed('long', 9007199254740995n) }],
      when: typed('timestamp', 1_700_000_000),
    });
    await until(() => got.length === 1, 5000, 'it arrives');
    expect(got[0]!.headers).toMatchObject({
      beyond: 9007199254740993n,
      least: -9223372036854775808n,
      long: 5,
      narrow: 7,
      list: [9007199254740993n, { deep: 9007199254740995n }],
      when: new Date(1_700_000_000_000),
    });
  });

  test('a large body in many frames, and an empty one', async () => {
    const { binder } = await open();
    const got: number[] = [];
    await consume(binder, 'sizes', ({ payload }) => {
      got.push(payload!.byteLength);
      return { kind: 'ack' };
    });
    for (const size of [1_000_000, 0, 131_064, 131_065, 3]) channel.publish('sizes', 'x', Buffer.alloc(size));
    await until(() => got.length === 5, 5000, 'all arrive');
    expect(got).toEqual([1_000_000, 0, 131_064, 131_065, 3]);
  });

  test('what is acknowledged in the last step before the close stays acknowledged', async () => {
    for (let round = 0; round < 10; round++) {
      const { binder } = await open();
      let count = 0;
      let closing: Promise<unknown> | undefined;
      const { binding } = await consume(binder, 'last', async () => {
        count++;
        if (count === 20) closing = Promise.resolve().then(() => binding.close());
        return { kind: 'ack' };
      });
      await publish(
        'last',
        Array.from({ length: 20 }, (_, n) => `${n}`),
      );
      await until(() => closing, 5000, 'all are handled');
      await closing;
      await binder.close();
      expect(await left('last.g')).toBe(0);
    }
  }, 60_000);

  test('a queue that is deleted is declared again, and it is told', async () => {
    const { binder } = await open();
    const got: string[] = [];
    const { faults } = await consume(binder, 'vanishing', (delivery) => {
      got.push(textOf(delivery));
      return { kind: 'ack' };
    });
    await publish('vanishing', ['before']);
    await until(() => got.length === 1, 5000, 'it works');
    await channel.deleteQueue('vanishing.g');
    await until(async () => (await left('vanishing.g')) === 0, 10_000, 'it is there again');
    await until(() => faults.length > 0, 5000, 'it is told');
    await publish('vanishing', ['after']);
    await until(() => got.length === 2, 5000, 'it works again');
    expect(faults).toMatchObject([{ code: 'DESTINATION_RESET' }]);
  });

  test('connections that the operator closes come back, with one consumer', async () => {
    const { binder, told } = await open();
    const got: string[] = [];
    await consume(binder, 'forced', (delivery) => {
      got.push(textOf(delivery));
      return { kind: 'ack' };
    });
    const consumers = async (): Promise<number> => (await channel.checkQueue('forced.g')).consumerCount;
    for (let round = 1; round <= 3; round++) {
      const pids = await host.ctl('list_consumers', 'queue_name', 'channel_pid');
      expect(pids.match(/^forced\.g\t/gm)).toHaveLength(1);
      const listed = await broker.ctl('list_connections', 'pid', 'client_properties', 'vhost');
      for (const line of listed
        .split('\n')
        .filter((each) => each.includes(host.name) && each.includes('streambind.test'))) {
        await broker.ctl('close_connection', line.split('\t')[0]!, 'the operator');
      }
      await until(async () => (await consumers()) === 1, 10_000, 'it is back');
      await publish('forced', [`round ${round}`]);
      await until(() => got.includes(`round ${round}`), 5000, 'it works');
    }
    expect(got).toHaveLength(3);
    expect(told.reports.some(({ message }) => message.includes('the operator'))).toBe(true);
  }, 60_000);

  test('records that were sent as one message are settled as one', async () => {
    const { binder } = await open();
    const got: string[] = [];
    let first = true;
    const { binding } = await consume(binder, 'batched', (delivery) => {
      got.push(textOf(delivery));
      const kind = first && textOf(delivery) === 'two' ? 'requeue' : 'ack';
      return kind === 'ack' ? { kind } : { kind, delayMs: 0 };
    });
    const part = (text: string): Buffer => {
      const length = Buffer.alloc(4);
      length.writeInt32BE(Buffer.byteLength(text));
      return Buffer.concat([length, Buffer.from(text)]);
    };
    const batch = Buffer.concat(['one', 'two', 'three'].map(part));
    channel.publish('batched', 'x', batch, { headers: { springBatchFormat: 'lengthHeader4' } });
    await until(() => got.length >= 3, 5000, 'they arrive');
    expect(got.slice(0, 3)).toEqual(['one', 'two', 'three']);
    // one of them went back, and with it the whole message
    await until(() => got.length >= 6, 5000, 'they arrive again');
    first = false;
    await until(async () => (await left('batched.g')) === 0, 10_000, 'it is settled');
    await binding.close();
    expect(got.length % 3).toBe(0);
  });

  test('of records that were sent as one message the one that failed is dead, by itself', async () => {
    const { binder } = await open();
    await consume(binder, 'parted', (delivery) =>
      textOf(delivery) === 'two' ? { kind: 'deadLetter', reason: new Error('no') } : { kind: 'ack' },
    );
    const batch = Buffer.from('\0\0\0\u0003one\0\0\0\u0003two\0\0\0\u0005three');
    const headers = { springBatchFormat: 'lengthHeader4', amqp_batchSize: 3, kept: 'x' };
    channel.publish('parted', 'x', batch, { headers });
    await until(async () => (await left('parted.g.dlq')) === 1, 10_000, 'it is dead');
    const dead = await channel.get('parted.g.dlq', { noAck: true });
    if (!dead) throw new Error('it is gone');
    expect(dead.content.toString()).toBe('two');
    expect(Object.keys(dead.properties.headers!)).toEqual(expect.arrayContaining(['kept', 'x-exception-message']));
    expect(dead.properties.headers).not.toHaveProperty('springBatchFormat');
    expect(await left('parted.g')).toBe(0);
  });

  test('rejected goes where the queue says; nothing is acknowledged where the broker wants no acknowledgement', async () => {
    const { binder } = await open();
    const dead = () => ({ kind: 'deadLetter', reason: new Error('no') }) as const;
    await consume(binder, 'rejecting', dead, { options: { autoBindDlq: true, republishToDlq: false } });
    await publish('rejecting', ['a', 'b']);
    await until(async () => (await left('rejecting.g.dlq')) === 2, 10_000, 'they are dead letters');
    expect(await left('rejecting.g')).toBe(0);

    let count = 0;
    await consume(
      binder,
      'unacknowledged',
      () => {
        count++;
        return { kind: 'ack' };
      },
      { options: { acknowledgeMode: 'none' } },
    );
    await publish('unacknowledged', ['a', 'b', 'c']);
    await until(() => count === 3, 5000, 'they arrive');
    await publish('unacknowledged', ['d']);
    await until(() => count === 4, 5000, 'the channel is well');
  });

  test('several consumers on one channel each have the prefetch', async () => {
    const { binder } = await open();
    let running = 0;
    let release!: () => void;
    const released = new Promise<void>((resolve) => (release = resolve));
    await consume(
      binder,
      'several',
      async () => {
        running++;
        await released;
        return { kind: 'ack' };
      },
      { concurrency: 3, prefetch: 6, options: { prefetch: 2 } },
    );
    await publish(
      'several',
      Array.from({ length: 20 }, (_, n) => `${n}`),
    );
    const unsettled = async (): Promise<string> =>
      /^several\.g\t(\d+)$/m.exec(await host.ctl('list_queues', 'name', 'messages_unacknowledged'))![1]!;
    await until(async () => running === 3 && (await unsettled()) === '6', 10_000, 'three run, six are taken');
    release();
    await until(async () => (await left('several.g')) === 0, 10_000, 'all are settled');
    expect(running).toBe(20);
  });
});
