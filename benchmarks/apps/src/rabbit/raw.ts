/** amqplib alone, as fast as it can be written: plain `publish` with callbacks, and acknowledgements told together. */
import { randomUUID } from 'node:crypto';
import { connect, type ChannelModel, type ConsumeMessage, type Options } from 'amqplib';
import type { Order } from '../sides/order.js';
import { serve } from '../sides/served.js';
import { address } from './wire.js';

const OPTIONS: Options.Publish = { persistent: true, contentType: 'application/json' };

/** What every message of Spring's, and so of the framework's, has on the wire. */
const sameAsFramework = (): Options.Publish => ({
  ...OPTIONS,
  mandatory: true,
  headers: {},
  priority: 0,
  messageId: randomUUID(),
  timestamp: Math.floor(Date.now() / 1000),
});
const options = process.argv[2] === 'same' ? sameAsFramework : () => OPTIONS;

const open = (): Promise<ChannelModel> => connect({ protocol: 'amqp', ...address }, { noDelay: true });

const refused = (error: unknown): void => {
  if (error) throw error as Error;
};

serve({
  async sender({ destination: exchange }) {
    const model = await open();
    const channel = await model.createConfirmChannel();
    const publish = (order: Order, confirmed: (error: unknown) => void): boolean =>
      channel.publish(exchange, exchange, Buffer.from(JSON.stringify(order)), options(), confirmed);
    return {
      sendAll: (order, messages, inFlight) =>
        new Promise((resolve) => {
          let sent = 0;
          let confirmed = 0;
          const next = (error: unknown): void => {
            refused(error);
            if (++confirmed === messages) resolve();
            else if (sent < messages) {
              sent++;
              publish(order, next);
            }
          };
          for (; sent < Math.min(inFlight, messages); sent++) publish(order, next);
        }),
      send: (order, confirmed) =>
        void publish(order, (error) => {
          refused(error);
          confirmed();
        }),
      async close() {
        await channel.waitForConfirms();
        await model.close();
      },
    };
  },
  async receiver(handle, { destination, group, prefetch, ack }) {
    const model = await open();
    const channel = await model.createChannel();
    await channel.prefetch(prefetch);
    const take = ({ content }: ConsumeMessage): void => handle(JSON.parse(content.toString()) as Order);
    let last: ConsumeMessage | undefined;
    const flush = (): void => {
      if (last) channel.ack(last, true);
      last = undefined;
    };
    const onMessage =
      ack === 'each'
        ? (message: ConsumeMessage | null): void => {
            take(message!);
            channel.ack(message!);
          }
        : (message: ConsumeMessage | null): void => {
            take(message!);
            if (!last) process.nextTick(flush);
            last = message!;
          };
    const { consumerTag } = await channel.consume(`${destination}.${group}`, onMessage);
    return {
      async stop() {
        await channel.cancel(consumerTag);
        await channel.close();
        await model.close();
      },
    };
  },
});
