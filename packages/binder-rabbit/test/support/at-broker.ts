/** Applications and plain clients at the rig's broker. */
import { connect, type ChannelModel } from 'amqplib';
import type { Application, Class } from '@streambind/core';
import type { RabbitAddress } from '../../../../tools/brokers/index.mjs';
import { binderFactory } from '../../src/index.js';
import { run } from './applications.js';
import type { Properties } from './recorded-messages.js';

/** It is stopped after the test. */
export const startAt = (
  { host, port, username, password, virtualHost }: RabbitAddress,
  components: Class[],
  properties: Properties,
): Promise<Application> =>
  run({ binder: binderFactory }, components, {
    'spring.rabbitmq.host': host,
    'spring.rabbitmq.port': port,
    'spring.rabbitmq.username': username,
    'spring.rabbitmq.password': password,
    'spring.rabbitmq.virtual-host': virtualHost,
    ...properties,
  });

export const clientAt = ({ host, port, username, password, virtualHost }: RabbitAddress): Promise<ChannelModel> =>
  connect({ hostname: host, port, username, password, vhost: encodeURIComponent(virtualHost) });

/** What a passive declaration comes to; on a channel of its own, which a refusal closes. */
export async function look(
  client: ChannelModel,
  queue: string,
): Promise<{ readonly messages: number; readonly consumers: number } | 'missing' | 'locked'> {
  const channel = await client.createChannel();
  channel.on('error', () => {});
  try {
    const { messageCount, consumerCount } = await channel.checkQueue(queue);
    await channel.close();
    return { messages: messageCount, consumers: consumerCount };
  } catch (error) {
    switch ((error as { code?: number }).code) {
      case 404:
        return 'missing';
      case 405:
        return 'locked';
      default:
        throw error;
    }
  }
}
