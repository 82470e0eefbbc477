/** Components that decide about retries and partitions. */
import { describe, expect, test } from '@jest/globals';
import {
  Component,
  EnableBinding,
  MessageBuilder,
  PartitionKeyExtractorStrategy,
  PartitionSelectorStrategy,
  RetryTemplate,
  Sink,
  Source,
  StreamListener,
  type Application,
  type Message,
} from '@streambind/core';
import { binding, failures, run } from '../support/applications.js';
import { MemoryBroker } from '../support/memory-binder.js';
import { until } from '../support/until.js';

describe('a retry template', () => {
  @Component('patient')
  class Patient extends RetryTemplate {
    override backOff(attempts: number, error: Error): number | undefined {
      if (error.message === 'broken template') throw new Error('the template fails');
      return error.message === 'hopeless' || attempts >= 5 ? undefined : 1;
    }
  }
  const attempts: Record<string, number> = {};
  @Component()
  @EnableBinding(Sink)
  class Listener {
    @StreamListener(Sink.INPUT)
    on(body: string): void {
      attempts[body] = (attempts[body] ?? 0) + 1;
      throw new Error(body);
    }
  }

  test('decides how often and when, by the error too; one that fails ends the attempts', async () => {
    const broker = new MemoryBroker();
    await run(
      broker,
      [Listener, Patient],
      binding('input', { group: 'g', 'consumer.retry-template-name': 'patient', 'consumer.max-attempts': 2 }),
    );
    for (const body of ['hopeless', 'again', 'broken template'])
      broker.publish('input', { payload: Buffer.from(body), headers: {} });
    await until(() => broker.waiting('input.g.dlq', 'parked').length === 3);
    expect(attempts).toEqual({ hopeless: 1, again: 5, 'broken template': 1 });
  });

  test('that does not exist is refused, with the nearest name', async () => {
    const options = binding('input', { 'consumer.retry-template-name': 'patint' });
    expect(await failures(new MemoryBroker(), [Listener, Patient], options)).toMatchObject([
      { code: 'COMPONENT_MISSING', details: { nearest: 'patient' } },
    ]);
  });
});

describe('partitions', () => {
  @Component()
  @EnableBinding(Source)
  class Sender {}

  @Component()
  class ByTenant extends PartitionKeyExtractorStrategy {
    override extractKey(message: Message): unknown {
      return message.headers['tenant'];
    }
  }
  @Component()
  class ById extends PartitionKeyExtractorStrategy {
    override extractKey(message: Message<{ id: string }>): unknown {
      return message.payload.id;
    }
  }
  @Component()
  class ByLength extends PartitionSelectorStrategy {
    override selectPartition(key: unknown): number {
      return -String(key).length;
    }
  }

  async function partitions(
    components: (typeof Sender)[],
    producer: Record<string, string | number>,
  ): Promise<number[]> {
    const broker = new MemoryBroker();
    broker.subscription('output', 'probe');
    const options = Object.fromEntries(Object.entries(producer).map(([key, value]) => [`producer.${key}`, value]));
    const application: Application = await run(
      broker,
      [Sender, ...components],
      binding('output', { ...options, 'producer.partition-count': 10 }),
    );
    const { output } = application.get(Source);
    for (const [id, tenant] of [
      ['a', 'b'],
      ['ccc', undefined],
    ] as const)
      await output.send(MessageBuilder.withPayload({ id }).setHeader('tenant', tenant).build());
    return broker.waiting('output', 'probe').map(({ partition }) => partition!);
  }
  const hash = (text: string): number => Buffer.from(text).reduce((sum, byte) => 31 * sum + byte, 0) % 10;

  test('are those of the only extractor there is, and where it gives none, of the expression', async () => {
    expect(await partitions([ByTenant], { 'partition-key-expression': 'payload.id' })).toEqual([
      hash('b'),
      hash('ccc'),
    ]);
  });

  test('are those of the extractor that is named', async () => {
    expect(await partitions([ByTenant, ById], { 'partition-key-extractor-name': 'byId' })).toEqual([
      hash('a'),
      hash('ccc'),
    ]);
  });

  test('are chosen by the selector, modulo the count, unless there is a selector expression', async () => {
    const key = { 'partition-key-expression': 'payload.id' };
    expect(await partitions([ByLength], key)).toEqual([1, 3]);
    expect(await partitions([ByLength], { ...key, 'partition-selector-expression': '17' })).toEqual([7, 7]);
  });

  test('need a name where there are several strategies, and a name that exists', async () => {
    const several = { 'producer.partition-key-expression': 'payload.id' };
    expect(await failures(new MemoryBroker(), [Sender, ByTenant, ById], binding('output', several))).toMatchObject([
      { code: 'COMPONENT_AMBIGUOUS' },
    ]);
    const missing = { ...several, 'producer.partition-selector-name': 'byLenth' };
    expect(await failures(new MemoryBroker(), [Sender, ByLength], binding('output', missing))).toMatchObject([
      { code: 'COMPONENT_MISSING', details: { nearest: 'byLength' } },
    ]);
    // Spring asks for one of them only where the output is partitioned
    await run(new MemoryBroker(), [Sender, ByTenant, ById]);
  });
});
