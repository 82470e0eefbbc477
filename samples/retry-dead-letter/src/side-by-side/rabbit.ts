/** RabbitMQ: a virtual host of its own, read by amqplib and counted by rabbitmqctl. */
import { connect } from 'amqplib';
import type { RabbitBroker } from '../../../../tools/brokers/index.mjs';
import type { DeadLetter, Stage } from './stage.js';

export async function rabbit(broker: RabbitBroker): Promise<Stage> {
  const virtualHost = await broker.virtualHost();
  const { host: hostname, port, username, password, virtualHost: vhost } = virtualHost.address;
  const messages = async (): Promise<Map<string, number>> => {
    const lines = (await virtualHost.ctl('list_queues', 'name', 'messages')).trim().split('\n');
    return new Map(lines.map((line) => line.split('\t') as [string, string]).map(([name, n]) => [name, Number(n)]));
  };
  return {
    type: 'rabbit',
    title: await broker.probe(),
    environment: virtualHost.environment,
    deadLetterName: (destination, group) => `${destination}.${group}.dlq`,
    async deadLetters(name) {
      if (!(await messages()).get(name)) return [];
      const connection = await connect({ hostname, port, username, password, vhost });
      try {
        const channel = await connection.createChannel();
        const letters: DeadLetter[] = [];
        // not acknowledged: they are back in the queue when the connection is closed
        for (let got = await channel.get(name); got !== false; got = await channel.get(name)) {
          const { contentType, headers } = got.properties as { contentType?: string; headers?: object };
          const all = Object.entries({ ...headers, contentType }) as [string, unknown][];
          letters.push({
            payload: got.content.toString(),
            headers: Object.fromEntries(all.map(([header, value]) => [header, String(value)])),
          });
        }
        return letters;
      } finally {
        await connection.close();
      }
    },
    left: async (destination, group) => (await messages()).get(`${destination}.${group}`) ?? 0,
    leave: () => virtualHost.remove(),
  };
}
