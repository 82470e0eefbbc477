/**
 * A program of its own on plain amqplib: it publishes as any foreign application may, and reads what lies in queues. Only
 * field tables are read by code of its own.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Channel, ChannelModel, ConfirmChannel, connect as Connect, GetMessage } from 'amqplib';
import type { RawPublication, RawRecord } from '@streambind/binder-tck';
import { serve } from '@streambind/binder-tck/processes';
import { fieldsOf } from './table.js';

const require = createRequire(import.meta.url);
const codec = require(join(dirname(require.resolve('amqplib')), 'lib/codec.js')) as { decodeFields: unknown };
const WIRE = Symbol('the encoded table');
codec.decodeFields = (table: Buffer): object => Object.defineProperty(fieldsOf(table), WIRE, { value: table });
// after its codec: it remembers the functions that it finds there
const { connect } = require('amqplib') as { connect: typeof Connect };

const [url = ''] = process.argv.slice(2);

/** A connection that is made when it is needed, and again when it was lost. */
class Line<C extends Channel> {
  #model: ChannelModel | undefined;
  #channel: C | undefined;

  constructor(private readonly open: (model: ChannelModel) => Promise<C>) {}

  async channel(): Promise<C> {
    if (!this.#model) {
      const model = await connect(url);
      model.on('error', () => {});
      model.on('close', () => (this.#model = this.#channel = undefined));
      this.#model = model;
    }
    if (!this.#channel) {
      const channel = await this.open(this.#model);
      channel.on('error', () => {});
      channel.on('close', () => (this.#channel = undefined));
      this.#channel = channel;
    }
    return this.#channel;
  }
}

/** Apart from the other: a broker that takes no messages blocks the connections that publish. */
const publishing = new Line<ConfirmChannel>((model) => model.createConfirmChannel());
const reading = new Line<Channel>((model) => model.createChannel());

const taps: { readonly destination: string; readonly queue: string; readonly records: RawRecord[] }[] = [];
const letters = new Map<string, RawRecord[]>();

function recordOf({ content, fields, properties }: GetMessage, destination: string): RawRecord {
  const headers = (properties.headers ?? {}) as Record<string | symbol, unknown>;
  const { contentType, messageId } = properties as { contentType?: string; messageId?: string };
  const [, partition = '0'] = /-(\d+)$/.exec(fields.routingKey.slice(destination.length)) ?? [];
  return {
    payload: content,
    headers: {
      ...(headers as RawRecord['headers']),
      ...(contentType === undefined ? {} : { contentType }),
      ...(messageId === undefined ? {} : { id: messageId }),
    },
    wire: (headers[WIRE] as Buffer | undefined)?.toString('latin1') ?? '',
    partition: Number(partition),
  };
}

/** Everything that the queue has now, out of it. */
async function taken(queue: string, destination: string): Promise<RawRecord[]> {
  const channel = await reading.channel();
  const records: RawRecord[] = [];
  for (let next = await channel.get(queue, { noAck: true }); next; next = await channel.get(queue, { noAck: true })) {
    records.push(recordOf(next, destination));
  }
  return records;
}

const operations = {
  async publish(destination: string, records: readonly RawPublication[]): Promise<void> {
    const channel = await publishing.channel();
    await channel.assertExchange(destination, 'topic');
    for (const { payload, partition, headers: { contentType, ...headers } = {} } of records) {
      const key = partition === undefined ? destination : `${destination}-${partition}`;
      channel.publish(destination, key, Buffer.from(payload ?? []), { headers, contentType, persistent: true });
    }
    await channel.waitForConfirms();
  },

  async tap(destination: string): Promise<number> {
    const channel = await reading.channel();
    const queue = `tap-${taps.length}`;
    await channel.assertExchange(destination, 'topic');
    await channel.assertQueue(queue);
    await channel.bindQueue(queue, destination, '#');
    return taps.push({ destination, queue, records: [] }) - 1;
  },

  async records(tap: number): Promise<RawRecord[]> {
    const { queue, destination, records } = taps[tap]!;
    records.push(...(await taken(queue, destination)));
    return records;
  },

  /** @param queue a queue that may not exist yet */
  async letters(queue: string, destination: string): Promise<RawRecord[]> {
    const found = letters.get(queue) ?? [];
    letters.set(queue, found);
    try {
      found.push(...(await taken(queue, destination)));
    } catch (error) {
      if (!(error as Error).message.includes('NOT_FOUND')) throw error;
    }
    return found;
  },

  async declareExchange(name: string, type: string): Promise<void> {
    await (await reading.channel()).assertExchange(name, type);
  },

  async delete(exchange: string, queues: readonly string[]): Promise<void> {
    const channel = await reading.channel();
    await channel.deleteExchange(exchange);
    for (const queue of queues) await channel.deleteQueue(queue);
  },
};

export type Operations = typeof operations;

serve(operations);
