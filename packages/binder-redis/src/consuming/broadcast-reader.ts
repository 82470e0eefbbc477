/**
 * One stream, read by an input without a group: from now on, all of it, and nothing of it remains. There is no group on
 * the server, so nothing has to be cleaned up after a crash; how far it has read is noted for those who trim.
 */
import type { HeaderFilter } from '@streambind/core/binder';
import type { DirectConnection } from '../client/direct.js';
import type { RedisConnection } from '../client/connection.js';
import { commandFailed } from '../client/errors.js';
import { consumerName, positionsKey } from '../streams/names.js';
import { LAST_ID, NOTE_POSITION } from '../streams/scripts.js';
import { RedisDelivery, entriesOf, type Origin, type Batch } from './delivery.js';
import { Holding } from './holding.js';
import { beatOf, later, type ReaderOptions } from './group-reader.js';
import { streamReset } from './mishaps.js';
import { ReadLoop } from './read-loop.js';

export interface BroadcastReaderOptions extends ReaderOptions {
  /** `earliest` for a stream that appeared when the input was there already. */
  readonly startFrom: 'earliest' | 'latest';
}

export class BroadcastReader implements Origin {
  readonly stream: string;
  readonly destination: string;
  readonly filter: HeaderFilter | undefined;
  readonly #options: BroadcastReaderOptions;
  readonly #me = consumerName();
  readonly #loop: ReadLoop;
  readonly #lost = new AbortController().signal;
  readonly #held: Holding;
  #position: string | undefined;

  constructor(stream: string, options: BroadcastReaderOptions) {
    const { links, leaseMs, fault } = options;
    this.stream = stream;
    this.destination = options.destination;
    this.filter = options.filter;
    this.#options = options;
    this.#held = new Holding(options);
    this.#loop = new ReadLoop({
      stream,
      links,
      connect: options.connect,
      prepare: (link) => this.#prepare(link),
      room: () => this.#held.whenRoom(),
      read: (connection, count) => this.#read(connection, count),
      offer: (batch) => this.#offer(batch),
      beat: (link) => this.#beat(link),
      beatMs: beatOf(leaseMs),
      reporter: options.reporter(),
      fault,
    });
  }

  get trouble(): Error | undefined {
    return this.#loop.trouble;
  }

  open(): Promise<void> {
    return this.#loop.open();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  async leave(): Promise<void> {
    this.#loop.end();
    await this.#options.links.current?.client.hdel(positionsKey(this.stream), this.#me);
  }

  ack(id: string): void {
    this.#held.delete(id);
  }

  async #prepare(link: RedisConnection): Promise<void> {
    const { startFrom, fault } = this.#options;
    if (this.#position === undefined && startFrom === 'earliest') {
      this.#position = '0-0';
    } else {
      const last = await this.#last(link);
      if (this.#position !== undefined && later(last, this.#position) !== last) {
        fault(streamReset(this.stream));
        this.#position = '0-0';
      }
      this.#position ??= last;
    }
    await this.#beat(link);
  }

  async #last({ client, target }: RedisConnection): Promise<string> {
    try {
      return (await client.eval(LAST_ID, 1, this.stream)) as string;
    } catch (error) {
      throw commandFailed(error, `XINFO STREAM ${this.stream}`, target);
    }
  }

  async #read(connection: DirectConnection, count: number): Promise<Batch> {
    const { blockMs } = this.#options;
    const [reply] = await connection.exchange([
      ['XREAD', 'COUNT', count, 'BLOCK', blockMs, 'STREAMS', this.stream, this.#position!],
    ]);
    if (reply instanceof Error) throw reply;
    const entries = entriesOf(reply!);
    if (entries.length > 0) this.#position = entries.at(-1)![0].toString('latin1');
    return { entries, again: false };
  }

  #offer({ entries }: Batch): void {
    const deliveries = entries.map(([bytes, fields]) => {
      const id = bytes.toString('latin1');
      this.#held.add(id);
      return new RedisDelivery(this, id, fields!, this.#lost, 1);
    });
    this.#options.intake.offerAll(deliveries);
  }

  /** Those who trim keep what is from here on. */
  async #beat({ client }: RedisConnection): Promise<void> {
    const id = this.#held.oldest ?? this.#position!;
    await client.eval(NOTE_POSITION, 1, positionsKey(this.stream), this.#me, id, this.#options.leaseMs * 2);
  }
}
