/** amqplib alone, as fast as it can be written: plain `publish` with callbacks, and acknowledgements told together. */
import { connect, type ChannelModel, type ConsumeMessage, type Options } from 'amqplib';
import type { Order } from './order.js';
import { serve } from './served.js';
import { EXCHANGE, QUEUE, address } from './wire.js';

const OPTIONS: Options.Publish = { persistent: true, contentType: 'application/json' };

const open = (): Promise<ChannelModel> => connect({ protocol: 'amqp', ...address }, { noDelay: true });

const refused = (error: unknown): void => {
  if (error) throw error as Error;
};

serve({
  async sender() {
    const model = await open();
    const channel = await model.createConfirmChannel();
    const publish = (order: Order, confirmed: (error: unknown) => void): boolean =>
      channel.publish(EXCHANGE, EXCHANGE, Buffer.from(JSON.stringify(order)), OPTIONS, confirmed);
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
      close: () => model.close(),
    };
  },
  async receiver(handle, prefetch, ack) {
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
    const { consumerTag } = await channel.consume(QUEUE, onMessage);
    return {
      async stop() {
        await channel.cancel(consumerTag);
        await channel.close();
        await model.close();
      },
    };
  },
});
