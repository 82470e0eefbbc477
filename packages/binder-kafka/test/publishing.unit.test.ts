/** What becomes of records whose requests fail, at producers on paper. */
import { expect, test } from '@jest/globals';
import { Trouble } from '@streambind/core/binder';
import { KafkaTrouble } from '../src/client/errors.js';
import type { OutgoingRecord } from '../src/client/port.js';
import { isPermanent } from '../src/client/refusals.js';
import { Publisher, type PublisherOptions } from '../src/publishing/publisher.js';
import { PaperProducer } from './support/paper-client.js';

const record = (text: string): OutgoingRecord => ({ topic: 't', key: null, value: Buffer.from(text), headers: {} });
const missing = (): KafkaTrouble => new KafkaTrouble('missing', 'no such topic');

async function open(
  producers: readonly PaperProducer[],
  options: Partial<PublisherOptions> = {},
): Promise<{ publisher: Publisher; reports: Error[] }> {
  const reports: Error[] = [];
  const left = [...producers];
  const publisher = new Publisher({
    name: 'output',
    open: () => Promise.resolve(left.shift()!),
    maxBytes: () => 1000,
    compressed: false,
    reporter: new Trouble({ report: (error) => void reports.push(error), recovered: () => {} }).reporter(),
    permanent: isPermanent,
    ...options,
  });
  await publisher.open();
  return { publisher, reports };
}

test('a topic that is gone, and that nobody makes, holds nothing up: the record is refused', async () => {
  const [first, second] = [new PaperProducer(), new PaperProducer()];
  first.onSend = () => Promise.reject(missing());
  const { publisher } = await open([first, second]);
  await expect(publisher.send(record('a'))).rejects.toMatchObject({ code: 'PUBLISH_REFUSED' });
  await publisher.send(record('b'));
  expect(first.closed).toBe(true);
  await publisher.close();
});

test('one that is made again gets the record', async () => {
  const producer = new PaperProducer();
  let made = false;
  producer.onSend = () => (made ? Promise.resolve() : Promise.reject(missing()));
  const { publisher } = await open([producer], { provision: () => Promise.resolve(void (made = true)) });
  await publisher.send(record('a'));
  expect(producer.closed).toBe(false);
  await publisher.close();
});

test('before other records are sent than those that were refused the producer is replaced', async () => {
  const producers = Array.from({ length: 4 }, () => new PaperProducer());
  const sent: string[][] = [];
  for (const [index, producer] of producers.entries()) {
    producer.onSend = (records) => {
      const values = records.map(({ value }) => String(value));
      sent.push([String(index), ...values]);
      return values.includes('bad') ? Promise.reject(new KafkaTrouble('refused', 'bad')) : Promise.resolve();
    };
  }
  const { publisher } = await open(producers);
  const outcomes = await Promise.allSettled(['a', 'bad', 'b'].map((text) => publisher.send(record(text))));
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(sent).toEqual([
    ['0', 'a', 'bad', 'b'],
    ['1', 'a'],
    ['1', 'bad'],
    ['2', 'b'],
  ]);
  await publisher.close();
});

test('what nobody knows the fate of is sent again as it was, by the same producer', async () => {
  const producer = new PaperProducer();
  const sent: (readonly OutgoingRecord[])[] = [];
  producer.onSend = (records) => {
    sent.push(records);
    return sent.length === 1 ? Promise.reject(new KafkaTrouble('unknown', 'no answer')) : Promise.resolve();
  };
  const { publisher } = await open([producer]);
  await publisher.send(record('a'));
  expect(sent).toHaveLength(2);
  expect(sent[1]).toBe(sent[0]);
  await publisher.close();
});
