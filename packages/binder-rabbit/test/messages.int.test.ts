/** The recordings once more, through a real broker: what is sent is read back from it, what is received was published to it. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { until, type VirtualHost } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import type { RawMessage } from '../src/client/amqplib.js';
import { RabbitChannel } from '../src/client/channel.js';
import type { RabbitConnection } from '../src/client/connection.js';
import { binderFactory } from '../src/index.js';
import { ALSO, INBOUND, PUBLISHED } from './golden/left-out.js';
import { IN, comparable, run } from './support/applications.js';
import { connectTo } from './support/connections.js';
import type { Fields } from './support/fields.js';
import { Failing, Ordering, SINKS, Sender, got } from './support/listeners.js';
import { recordedProperties } from './support/paper-wire.js';
import {
  asJava,
  comparableHeaders,
  inPlace,
  publishedFor,
  recordedHeaders,
  recordedMessages,
  sentMessage,
  type Properties,
  type Published,
  type WireMessage,
} from './support/recorded-messages.js';

const read = ({ fields, properties, content }: RawMessage): WireMessage => ({
  exchange: fields.exchange,
  routingKey: fields.routingKey,
  properties: recordedProperties(properties),
  body: content.toString('base64'),
});

await describeWithBroker('rabbit', 'the recorded messages', (broker) => {
  let host: VirtualHost;
  let connection: RabbitConnection;
  let channel: RabbitChannel;
  let login: Properties;

  beforeAll(async () => {
    host = await broker.virtualHost();
    const { host: name, port, username, password, virtualHost } = host.address;
    login = Object.fromEntries(
      Object.entries({ host: name, port, username, password, 'virtual-host': virtualHost }).map(([key, value]) => [
        `spring.rabbitmq.${key}`,
        value,
      ]),
    );
    connection = await connectTo(host.address);
    channel = await RabbitChannel.open(connection);
  }, 30_000);
  afterAll(async () => {
    await connection.close();
    await host.remove();
  }, 30_000);

  const start = (components: Parameters<typeof run>[1], properties: Properties) =>
    run({ binder: binderFactory }, components, { ...login, ...properties });

  /** What comes by an exchange from now on. */
  async function tap(exchange: string): Promise<WireMessage[]> {
    const { amqp } = channel;
    const seen: WireMessage[] = [];
    await amqp.assertExchange(exchange, 'topic', { durable: true });
    const { queue } = await amqp.assertQueue('', { exclusive: true });
    await amqp.bindQueue(queue, exchange, '#');
    await amqp.consume(queue, (message) => seen.push(read(message as unknown as RawMessage)), { noAck: true });
    return seen;
  }

  const publish = (on: RabbitChannel, { exchange, routingKey, body, properties }: Published): boolean =>
    on.amqp.publish(exchange, routingKey, Buffer.from(body), properties);

  const sent = recordedMessages.published.filter(({ id, annotation }) => !(id in PUBLISHED) && !annotation.error);

  test.each(sent)('published: $id', async ({ id, properties, sent: { times = 1, ...one }, annotation }) => {
    const seen = await tap(annotation.exchange!);
    await start([Sender], { ...properties, ...ALSO[id] });
    await Promise.all(Array.from({ length: times }, () => Sender.last.output.send(sentMessage(one))));
    await until(() => seen.length > 0, 5000, 'the message comes back');
    expect(seen.map(comparable)).toEqual([comparable(annotation as WireMessage)]);
  });

  test.each(Object.keys(SINKS))('received by %s', async (handler) => {
    const rows = recordedMessages.inbound.filter((row) => row.handler === handler);
    const expected = rows.map((row) => {
      const instead = INBOUND[`${handler}/${row.message}`];
      if (instead) return { payloads: [inPlace(row.body, instead.got)], headers: undefined };
      const payloads = row.got.map(({ payloadType, text }) => ({ payloadType, text }));
      return { payloads, headers: row.got[0]?.headers && recordedHeaders(row.got[0].headers) };
    });
    const handled = expected.filter(({ payloads }) => payloads.length > 0);
    got.length = 0;
    const application = await start([SINKS[handler]!], {
      [`${IN}.destination`]: 'inb',
      [`${IN}.group`]: 'g',
      [`${IN}.consumer.max-attempts`]: 1,
    });
    for (const row of rows) publish(channel, publishedFor(row));
    await until(() => got.length >= handled.length, 10_000, 'all are handled');
    const dead = async (): Promise<number> =>
      rows.length === handled.length ? 0 : (await channel.amqp.checkQueue('inb.g.dlq')).messageCount;
    await until(async () => (await dead()) === rows.length - handled.length, 10_000, 'the others are dead letters');
    await application.stop();
    expect(got.map(({ payload }) => asJava(payload))).toEqual(handled.flatMap(({ payloads }) => payloads));
    const compared = handled.flatMap(({ headers }, n) =>
      headers ? [[comparableHeaders(got[n]!.headers), headers]] : [],
    );
    expect(compared.map(([ours]) => ours)).toEqual(compared.map(([, theirs]) => theirs));
    for (const queue of ['inb.g', 'inb.g.dlq']) await channel.amqp.deleteQueue(queue);
  });

  const buried = recordedMessages.deadLetters.filter(({ inDlq }) => inDlq.length > 0);

  test.each(buried)('dead letter: $case', async (row) => {
    const handler = row.case.startsWith('conversion') ? Ordering : Failing;
    const application = await start([handler], { ...row.properties, ...ALSO[row.case] });
    // RabbitMQ 3.10 fails a connection that knew a queue as classic when it comes back as quorum
    const own = await connectTo(host.address);
    const on = await RabbitChannel.open(own);
    const { exchange, routingKey } = row.inDlq[0]!;
    const queue = `${exchange.replace('DLX', '')}orders.g.dlq`;
    const letters: WireMessage[] = [];
    const consumer = await on.amqp.consume(queue, (message) => letters.push(read(message as unknown as RawMessage)), {
      noAck: true,
    });
    publish(on, row.sent);
    await until(() => letters.length > 0, 10_000, 'the dead letter is there');
    await application.stop();
    await on.amqp.cancel(consumer.consumerTag);
    for (const name of [routingKey, queue]) await on.amqp.deleteQueue(name);
    for (const name of [row.sent.exchange, exchange]) await on.amqp.deleteExchange(name);
    await own.close();
    expect(letters.map(told)).toEqual(row.inDlq.map(told));
  });
});

/**
 * Stack traces, texts of libraries and times of deaths are another program's: their types remain. How often a quorum
 * queue handed a message out is said to some readers and not to others.
 */
function told({ exchange, routingKey, properties, body }: WireMessage): object {
  const { 'x-death': deaths, 'x-delivery-count': _, ...headers } = properties['headers'] as Fields;
  const types = ['x-exception-stacktrace', 'x-exception-message'].map((name) => [name, headers[name]?.t]);
  const death = (deaths?.v as { v: Fields }[] | undefined)?.map(({ v: { time, ...rest } }) => ({
    rest,
    time: time!.t,
  }));
  const comparableHeaders = { ...headers, ...(Object.fromEntries(types) as object), death };
  return { exchange, routingKey, properties: { ...properties, headers: comparableHeaders }, body };
}
