/** RabbitMQ: a broker of the run's own, which may be hurt, and a proxy through which all applications reach it. */
import { connect } from 'amqplib';
import { ID } from '../apps/witness.js';
import type { BrokerUnderTest, Scene, Subject } from '../subject.js';
import { proxy } from '../../../brokers/proxy.mjs';
import { startPrivate, type RabbitBroker } from '../../../brokers/index.mjs';

/** Seconds; as in `application-rabbit.yml`. */
const HEARTBEAT = 2;
/** Consumers that each worker has at the broker; as in `application.yml`. */
const CONCURRENCY = 40;
const SILENCE_MS = 2 * HEARTBEAT * 1000 + 5000;
const POLICY = 'refusal';

let shared: Promise<RabbitBroker> | undefined;

export const rabbit: Subject = {
  name: 'rabbit',
  ordered: false,
  resends: false,
  silenceMs: SILENCE_MS,
  recoveryMs: {
    X01: 2000,
    X07: SILENCE_MS,
    X08: SILENCE_MS,
    X13: 15_000,
    X14: 5000,
    X15: 30_000,
    X17: 30_000,
    others: 10_000,
  },
  cannot: {},
  open,
  close: async () => {
    const broker = await shared?.catch(() => undefined);
    shared = undefined;
    await broker?.remove();
  },
};

async function open(): Promise<BrokerUnderTest> {
  const broker = await (shared ??= startPrivate('rabbit'));
  const { host, port, username, password } = broker.address;
  const link = await proxy({ host, port });
  const done = async (work: Promise<unknown>): Promise<void> => void (await work);
  const now = (work: () => void) => (): Promise<void> => {
    work();
    return Promise.resolve();
  };
  /** How much room a broker has that must not be without any. */
  const memory = (share: string): Promise<void> => done(broker.ctl('set_vm_memory_high_watermark', share));
  const disk = (bytes: string): Promise<void> => done(broker.ctl('set_disk_free_limit', bytes));
  const queue = async (destination: string, group: string): Promise<{ messages: number; consumers: number }> => {
    const name = `${destination}.${group}`;
    for (const line of (await broker.ctl('list_queues', 'name', 'messages', 'consumers')).split('\n')) {
      const [found, messages, consumers] = line.split('\t');
      if (found === name) return { messages: Number(messages), consumers: Number(consumers) };
    }
    return { messages: 0, consumers: 0 };
  };
  return {
    properties: {
      'spring.rabbitmq.host': link.host,
      'spring.rabbitmq.port': String(link.port),
      'spring.rabbitmq.username': username,
      'spring.rabbitmq.password': password,
    },
    verbs: {
      'kill broker': () => broker.kill9(),
      'stop broker': () => broker.stop(),
      'start broker': () => done(broker.start()),
      'start broker empty': () => done(broker.restart({ data: 'empty' })),
      'freeze broker': () => broker.freeze(),
      'thaw broker': () => broker.thaw(),
      cut: () => link.down(),
      'lose requests': now(() => link.blackHole({ direction: 'toBroker' })),
      'lose deliveries': now(() => link.blackHole({ direction: 'toClient' })),
      silence: now(() => link.blackHole()),
      reset: now(() => link.reset()),
      restore: () => link.restore(),
      block: () => memory('0.00001'),
      unblock: () => memory('0.4'),
      'fill disk': () => disk('1000000GB'),
      'free disk': () => disk('50MB'),
      'delete queue': ({ destination, group }) => done(broker.ctl('delete_queue', `${destination}.${group}`)),
      'refuse dead letters': async (scene) => {
        // a limit that comes together with its overflow would first drop what is there
        for (const room of [1_000_000, 0]) await broker.ctl('set_policy', POLICY, deadLettersOf(scene), limit(room));
      },
      'accept dead letters': () => done(broker.ctl('clear_policy', POLICY)),
    },
    backlog: async (destination, group) => (await queue(destination, group)).messages,
    consumers: async (destination, group) => (await queue(destination, group)).consumers / CONCURRENCY,
    deadLetters: async (destination, group) => {
      const name = `${destination}.${group}.dlq`;
      if ((await queue(destination, `${group}.dlq`)).messages === 0) return [];
      const connection = await connect({ hostname: host, port, username, password });
      const channel = await connection.createChannel();
      const ids: string[] = [];
      for (;;) {
        const message = await channel.get(name, { noAck: true });
        if (!message) break;
        ids.push(message.properties.headers?.[ID] as string);
      }
      await connection.close();
      return ids;
    },
    close: () => link.close(),
  };
}

/** A queue that takes no more: publishers get a basic.nack. */
const limit = (room: number): string => JSON.stringify({ 'max-length': room, overflow: 'reject-publish' });
const deadLettersOf = ({ destination, group }: Scene): string => `^${destination}\\.${group}\\.dlq$`;
