/** A message that always fails, with nothing configured: tried three times, kept whole, and in nobody's way. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { ChannelModel, Options } from 'amqplib';
import { Component, EnableBinding, Message, Sink, StreamListener } from '@streambind/core';
import { until, type VirtualHost } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import { IN } from './support/applications.js';
import { clientAt, look, startAt } from './support/at-broker.js';

jest.setTimeout(60_000);

const HEALTHY = 1940;
const POISON = 20;

@Component()
@EnableBinding(Sink)
class Failing {
  readonly calls: number[] = [];

  @StreamListener(Sink.INPUT)
  on(_message: Message<Buffer>): void {
    this.calls.push(performance.now());
    throw new TypeError('the customer is unknown', { cause: new Error('no row 4711') });
  }
}

@Component()
@EnableBinding(Sink)
class Worker {
  healthy = 0;
  readonly calls = new Map<string, number>();
  finishedAt = 0;

  @StreamListener(Sink.INPUT)
  async on(body: string): Promise<void> {
    if (body.startsWith('poison')) {
      this.calls.set(body, (this.calls.get(body) ?? 0) + 1);
      throw new Error(`cannot take ${body}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (++this.healthy === HEALTHY) this.finishedAt = performance.now();
  }
}

await describeWithBroker('rabbit', 'a message that always fails', (broker) => {
  let host: VirtualHost;
  let client: ChannelModel;
  beforeAll(async () => {
    host = await broker.virtualHost();
    client = await clientAt(host.address);
  }, 30_000);
  afterAll(async () => {
    await client.close();
    await host.remove();
  }, 30_000);

  const publish = async (exchange: string, bodies: readonly Buffer[], properties: Options.Publish): Promise<void> => {
    const channel = await client.createConfirmChannel();
    for (const body of bodies) channel.publish(exchange, 'eu.new', body, { persistent: true, ...properties });
    await channel.waitForConfirms();
    await channel.close();
  };

  test('is tried three times with growing gaps, and kept with its bytes, its headers and the reason', async () => {
    const application = await startAt(host.address, [Failing], {
      [`${IN}.destination`]: 'orders',
      [`${IN}.group`]: 'g',
    });
    const body = Buffer.concat([Buffer.from([0, 0xff, 0xfe]), randomBytes(64)]);
    const headers = {
      tenant: 'blue',
      number: { '!': 'int64', value: 1234567890123 },
      short: { '!': 'short', value: 7 },
      nested: { list: ['a', true] },
    };
    await publish('orders', [body], {
      headers,
      messageId: 'm-1',
      correlationId: 'c-1',
      contentType: 'application/octet-stream',
      priority: 3,
    });
    const dead = async (): Promise<boolean> => {
      const seen = await look(client, 'orders.g.dlq');
      return typeof seen === 'object' && seen.messages > 0;
    };
    await until(dead, 20_000, 'the dead letter');
    const { calls } = application.get(Failing);
    await application.stop();

    expect(calls).toHaveLength(3);
    const [first, second, third] = calls as [number, number, number];
    expect(second - first).toBeGreaterThanOrEqual(998);
    expect(second - first).toBeLessThan(1500);
    expect(third - second).toBeGreaterThanOrEqual(1998);
    expect(third - second).toBeLessThan(3000);
    expect(await look(client, 'orders.g')).toEqual({ messages: 0, consumers: 0 });
    expect(await look(client, 'orders.g.dlq')).toEqual({ messages: 1, consumers: 0 });

    const channel = await client.createChannel();
    const letter = await channel.get('orders.g.dlq', { noAck: true });
    if (!letter) throw new Error('the dead-letter queue is empty');
    expect(letter.content.equals(body)).toBe(true);
    expect(letter.properties).toMatchObject({
      messageId: 'm-1',
      correlationId: 'c-1',
      contentType: 'application/octet-stream',
      priority: 3,
      deliveryMode: 2,
    });
    const { 'x-exception-stacktrace': stack, ...rest } = letter.properties.headers!;
    expect(rest).toEqual({
      tenant: 'blue',
      number: 1234567890123,
      short: 7,
      nested: { list: ['a', true] },
      'x-exception-message': 'the customer is unknown',
      'x-original-exchange': 'orders',
      'x-original-routingKey': 'eu.new',
    });
    expect(stack).toMatch(/^TypeError: the customer is unknown\n\s+at Failing\.on /);
    expect(stack).toMatch(/\nCaused by: Error: no row 4711\n/);
    // a service that knows nothing of dead letters declares the same queue
    expect(await channel.assertQueue('orders.g', { durable: true })).toMatchObject({ messageCount: 0 });
    await channel.close();
  });

  /** Milliseconds in which the healthy messages of a backlog are handled, and the calls with each poison. */
  async function timeOf(destination: string, poison: number): Promise<{ ms: number; calls: readonly number[] }> {
    const channel = await client.createChannel();
    await channel.assertExchange(destination, 'topic');
    await channel.assertQueue(`${destination}.g`);
    await channel.bindQueue(`${destination}.g`, destination, '#');
    await channel.close();
    const every = poison === 0 ? Infinity : Math.floor(HEALTHY / poison);
    const bodies = Array.from({ length: HEALTHY }, (_, n) =>
      n % every === every - 1 ? [`healthy ${n}`, `poison ${n}`] : [`healthy ${n}`],
    );
    await publish(
      destination,
      bodies.flat().map((body) => Buffer.from(body)),
      { contentType: 'text/plain' },
    );

    const started = performance.now();
    const application = await startAt(host.address, [Worker], {
      [`${IN}.destination`]: destination,
      [`${IN}.group`]: 'g',
    });
    const worker = application.get(Worker);
    await until(() => worker.finishedAt > 0, 30_000, 'the healthy ones');
    const calls = (): number => [...worker.calls.values()].reduce((sum, each) => sum + each, 0);
    await until(() => calls() === 3 * poison, 30_000, 'three calls with each poison');
    await application.stop();
    return { ms: worker.finishedAt - started, calls: [...worker.calls.values()] };
  }

  test('twenty of them among 1,940 healthy ones do not hold those up', async () => {
    const alone = await timeOf('alone', 0);
    const together = await timeOf('together', POISON);
    expect(together.ms).toBeLessThanOrEqual(alone.ms * 2);
    expect(together.calls).toEqual(Array.from({ length: POISON }, () => 3));
    expect(await look(client, 'together.g')).toEqual({ messages: 0, consumers: 0 });
    expect(await look(client, 'together.g.dlq')).toEqual({ messages: POISON, consumers: 0 });
  });
});
