/** Compressed records, of Java's producer and for Java's consumer. */
import { afterEach, expect, jest, test } from '@jest/globals';
import * as zlib from 'node:zlib';
import { until } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import type { Compression } from '../src/options/options.js';
import { ACK, consume, freshTopic, openBinder, produce, record, textOf, type KafkaBinder } from './support/binder.js';

jest.setTimeout(60_000);

const hasZstd = 'zstdCompressSync' in zlib;
const codecs: Compression[] = ['gzip', 'snappy', 'lz4', ...(hasZstd ? (['zstd'] as const) : [])];

await describeWithBroker('kafka', 'compression', (broker) => {
  const binders: KafkaBinder[] = [];
  afterEach(async () => {
    await Promise.all(binders.splice(0).map((binder) => binder.close()));
  });

  async function open() {
    const opened = await openBinder(broker.address);
    binders.push(opened.binder);
    return opened;
  }

  /** Long enough to be worth packing, and more than one block of any format. */
  const text = Array.from({ length: 20_000 }, (_, n) => `line ${n}`).join(' ');

  async function javaWrites(topic: string, compression: string): Promise<void> {
    await broker.ctl('topics', '--create', '--topic', topic);
    await broker.ctlWith(`${text}\n`, 'console-producer', '--topic', topic, '--compression-codec', compression);
  }

  test.each(codecs)('%s, written by Java and read by Java', async (compression) => {
    const topic = freshTopic();
    await javaWrites(topic, compression);
    const { binder } = await open();
    const seen: string[] = [];
    await consume(binder, topic, (delivery) => (seen.push(textOf(delivery)), ACK));
    await until(() => seen.length === 1, 20_000);
    expect(seen[0]).toBe(text);
    const producer = await produce(binder, topic, { options: { compressionType: compression } });
    await producer.send(record(text));
    const read = await broker.ctl('console-consumer', '--topic', topic, '--from-beginning', '--max-messages', '2');
    expect(read.split('\n').filter((line) => line === text)).toHaveLength(2);
  });

  const testWithoutZstd = hasZstd ? test.skip : test;
  if (hasZstd) process.stderr.write('skipped: records that cannot be unpacked. This Node has every codec.\n');
  testWithoutZstd('what cannot be unpacked is said, and nothing of it is passed over', async () => {
    const topic = freshTopic();
    await javaWrites(topic, 'zstd');
    const { binder, told } = await open();
    const seen: string[] = [];
    const { binding } = await consume(binder, topic, (delivery) => (seen.push(textOf(delivery)), ACK));
    await until(() => told.reports.some(({ message }) => /zstd, which Node has from 22.15/.test(message)), 20_000);
    await binding.close();
    expect(seen).toEqual([]);
    // a line for each partition in which the group has committed
    expect(await broker.ctl('consumer-groups', '--describe', '--group', `g-${topic}`)).not.toContain(` ${topic} `);
  });
});
