import { expect, test } from '@jest/globals';
import { MessageBuilder } from '@streambind/core';
import type { ProducerBinding, WireRecord } from '../../src/binder/index.js';
import { partitioner } from '../../src/binding/partitioner.js';
import { Converters } from '../../src/converter/index.js';
import { Meters } from '../../src/observability/index.js';
import { outboundPipeline } from '../../src/pipeline/index.js';

test('the partition is one of those that the broker has, also of what was sent before that was known', async () => {
  const sent: WireRecord[] = [];
  const bound: ProducerBinding = {
    partitionCount: 8,
    send: (record) => {
      sent.push(record);
      return Promise.resolve();
    },
    close: () => Promise.resolve({ confirmed: 0, unconfirmed: 0 }),
  };
  let bind!: (producer: ProducerBinding) => void;
  const binding = new Promise<ProducerBinding>((resolve) => (bind = resolve));
  let producer: ProducerBinding | Promise<ProducerBinding> = binding;
  const current = (): typeof producer => producer;
  const outbound = outboundPipeline({
    settings: { binding: 'output', contentType: 'application/json', sendTimeout: 1000, maxInFlight: 10 },
    converters: new Converters(),
    meters: new Meters(),
    producer: current,
    partitionOf: partitioner({ keyExpression: { text: 'payload', where: '' }, count: 1 }, {}, current),
  });
  const send = (): Promise<void> => outbound.send(MessageBuilder.withPayload(13).build());

  const before = send();
  bind(bound);
  producer = bound;
  await Promise.all([before, send()]);
  expect(sent.map(({ partition }) => partition)).toEqual([5, 5]);
});
