/**
 * One stream, read for a group. Several of a group share a stream, unless it is read in order: then one of them is its
 * owner, the others wait for it to go, and what an earlier owner held comes before what is new.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type HeaderFilter, type Provision, type Reporter, type Supervisor } from '@streambind/core/binder';
import type { DirectConnection, Command } from '../client/direct.js';
import type { RedisConnection } from '../client/connection.js';
import type { Reply } from '../client/replies.js';
import { join } from '../streams/groups.js';
import { OURS, RETURNED, alivePrefix, consumerName, ownerKey } from '../streams/names.js';
import { ACQUIRE, BEAT, HOLD, LEAVE, READ } from '../streams/scripts.js';
import { Trimmer } from '../streams/trimmer.js';
import { Acks } from './acks.js';
import { Holding, type HoldingOptions } from './holding.js';
import { RedisDelivery, entriesOf, type Batch, type Origin, type RawEntry } from './delivery.js';
import { contested, entriesDeleted, fenced, groupReset } from './mishaps.js';
import { ReadLoop } from './read-loop.js';

/** Milliseconds that a reader takes to leave, at most: what Redis does not hear of, it finds out when the lease ends. */
const LEAVE_MS = 1000;
/** Acknowledgements without confirmation, above which nothing more is read. */
const MOST_UNCONFIRMED = 10_000;

/** What the readers of one input have in common. */
export interface ReaderOptions extends HoldingOptions {
  readonly destination: string;
  readonly links: Supervisor<RedisConnection>;
  readonly connect: (signal: AbortSignal) => Promise<DirectConnection>;
  readonly blockMs: number;
  readonly leaseMs: number;
  readonly filter: HeaderFilter | undefined;
  readonly reporter: () => Reporter;
  readonly fault: (error: Error) => void;
}

export interface GroupReaderOptions extends ReaderOptions {
  readonly group: string;
  readonly startFrom: 'earliest' | 'latest';
  readonly provision: Provision;
  readonly ordered: boolean;
  /** An instance index is to be nobody else's. */
  readonly indexed: boolean;
  readonly trim: { readonly keepMs: number } | undefined;
}

/** Whether the stream is ours, entries, the last id of the group. */
type OwnedReply = readonly [number, readonly RawEntry[], Buffer | null];

/** As XPENDING tells them: id, consumer, idle time, how often it was delivered. */
type PendingEntry = readonly [Buffer, Buffer, number, number];

/** One entry that was taken over: id, how often it was delivered, fields. */
type Taken = readonly [Buffer, number, readonly Buffer[]];

export class GroupReader implements Origin {
  readonly stream: string;
  readonly destination: string;
  readonly filter: HeaderFilter | undefined;
  readonly #options: GroupReaderOptions;
  readonly #me = consumerName();
  readonly #alive: string;
  readonly #owner: string;
  readonly #acks: Acks;
  readonly #loop: ReadLoop;
  readonly #trimmer: Trimmer | undefined;
  readonly #held: Holding;
  #ownership = new AbortController();
  #joined = false;
  /** Of an ordered stream. */
  #owning = false;
  #contested = false;
  /** Own entries beyond `position` come before new ones: the answer that brought them may have been lost. */
  #catchingUp = true;
  #position = '0-0';
  /** The last id that was delivered to the group, as far as is known. */
  #groupLast = '0-0';
  /** From when on the dead are dead: after an outage everyone first gives a sign of life. */
  #inheritFrom = 0;

  constructor(stream: string, options: GroupReaderOptions) {
    const { group, links, leaseMs, fault } = options;
    this.stream = stream;
    this.destination = options.destination;
    this.filter = options.filter;
    this.#options = options;
    this.#alive = alivePrefix(stream, group);
    this.#owner = ownerKey(stream, group);
    this.#held = new Holding(options);
    this.#trimmer = options.trim && new Trimmer(stream, options.trim.keepMs);
    this.#acks = new Acks({ stream, group, connections: links, fault });
    this.#loop = new ReadLoop({
      stream,
      links,
      connect: options.connect,
      prepare: (link) => this.#prepare(link),
      room: () => this.#room(),
      read: (connection, count) => this.#read(connection, count),
      offer: (batch, connection) => this.#offer(batch, connection),
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

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  /** What is still held goes back to the group at once. */
  async leave(): Promise<void> {
    await Promise.race([this.#leave(), sleep(LEAVE_MS, undefined, { ref: false })]);
    this.#loop.end();
  }

  async #leave(): Promise<void> {
    const { links, group } = this.#options;
    if (!links.current || !this.#joined) return;
    await this.#acks.drained();
    // a sign of life after the last words would outlive them
    this.#loop.end();
    const keys = [this.stream, this.#alive + this.#me, this.#owner];
    await links.current?.client.eval(LEAVE, 3, ...keys, group, this.#me, RETURNED);
  }

  ack(id: string): void {
    this.#held.delete(id);
    this.#acks.ack(id);
  }

  async #prepare(link: RedisConnection): Promise<void> {
    const { group, startFrom, provision, fault, leaseMs } = this.#options;
    const from = this.#joined ? later(this.#position, this.#groupLast) : startFrom;
    const { made, last } = await join(link, this.stream, group, from, provision);
    this.#groupLast = last;
    this.#catchingUp = true;
    if (this.#joined) {
      this.#inheritFrom = performance.now() + leaseMs;
      if (made) fault(groupReset(this.stream, group));
    }
    this.#joined = true;
    if (!this.#options.ordered) await this.#beat(link);
  }

  async #room(): Promise<number> {
    const { ordered, leaseMs } = this.#options;
    const room = await this.#held.whenRoom();
    const acked = this.#acks.pending <= MOST_UNCONFIRMED;
    if (acked && (!ordered || this.#owning || (await this.#acquire()))) return room;
    await sleep(beatOf(leaseMs), undefined, { signal: this.#loop.stopping }).catch(() => undefined);
    return 0;
  }

  async #acquire(): Promise<boolean> {
    const { links, group, leaseMs, indexed, fault } = this.#options;
    const link = links.current;
    if (!link || performance.now() < this.#inheritFrom) return false;
    const keys = [this.stream, this.#alive, this.#owner];
    const owner = await link.client.eval(ACQUIRE, 3, ...keys, group, this.#me, leaseMs, OURS);
    this.#owning = owner === this.#me;
    if (this.#owning) {
      this.#contested = false;
      this.#position = '0-0';
      this.#catchingUp = true;
      return true;
    }
    if (this.#held.oldest !== undefined) this.#fenced();
    if (indexed && !this.#contested) {
      this.#contested = true;
      fault(contested(this.stream, group, String(owner)));
    }
    return false;
  }

  /** Acknowledgements of what was handled go along with it. */
  async #read(connection: DirectConnection, count: number): Promise<Batch> {
    const { group, ordered } = this.#options;
    const again = this.#catchingUp;
    const acks = this.#acks.takeAlong();
    const read = again ? this.#pendingOnes(count) : ordered ? this.#ownedOnes(count) : this.#newOnes(count);
    let replies: readonly Reply[] = [];
    try {
      replies = await connection.exchange(acks.length > 0 ? [['XACK', this.stream, group, ...acks], read] : [read]);
    } finally {
      if (acks.length > 0) this.#acks.alongWas(replies.length > 1 && !(replies[0] instanceof Error));
    }
    const reply = replies.at(-1)!;
    if (reply instanceof Error) throw reply;
    if (ordered && !again) return { entries: await this.#owned(connection, reply as OwnedReply), again };
    const entries = entriesOf(reply);
    if (again && entries.length === 0) this.#catchingUp = false;
    return { entries, again };
  }

  #pendingOnes(count: number): Command {
    return [
      'XREADGROUP',
      'GROUP',
      this.#options.group,
      this.#me,
      'COUNT',
      count,
      'STREAMS',
      this.stream,
      this.#position,
    ];
  }

  #newOnes(count: number): Command {
    const { group, blockMs } = this.#options;
    return ['XREADGROUP', 'GROUP', group, this.#me, 'COUNT', count, 'BLOCK', blockMs, 'STREAMS', this.stream, '>'];
  }

  #ownedOnes(count: number): Command {
    return ['EVAL', READ, 2, this.stream, this.#owner, this.#options.group, this.#me, count];
  }

  /** Where there is nothing, waits until there may be. */
  async #owned(connection: DirectConnection, [owned, entries, last]: OwnedReply): Promise<readonly RawEntry[]> {
    if (owned === 0) {
      this.#owning = false;
    } else if (last) {
      const { blockMs } = this.#options;
      const wait = ['XREAD', 'COUNT', 1, 'BLOCK', blockMs, 'STREAMS', this.stream, last.toString()];
      const [reply] = await connection.exchange([wait]);
      if (reply instanceof Error) throw reply;
    }
    return entries;
  }

  async #offer({ entries, again }: Batch, connection: DirectConnection): Promise<void> {
    const { ordered, intake } = this.#options;
    // what came too late is pending in our name, and whoever owns the stream now takes it over
    if (ordered && !this.#owning) return;
    const deliveries = again ? await this.#again(connection, entries) : this.#fresh(entries);
    if (again || !this.#catchingUp) this.#position = entries.at(-1)![0].toString('latin1');
    intake.offerAll(deliveries);
  }

  #fresh(entries: readonly RawEntry[]): RedisDelivery[] {
    const deliveries: RedisDelivery[] = [];
    for (const [bytes, fields] of entries) {
      const id = bytes.toString('latin1');
      if (fields && !this.#held.has(id)) deliveries.push(this.#delivery(id, fields, 1));
    }
    return deliveries;
  }

  /** What is pending in our name, and not in our hands. */
  async #again(connection: DirectConnection, entries: readonly RawEntry[]): Promise<RedisDelivery[]> {
    const { group } = this.#options;
    const [first, last] = [entries[0]![0].toString('latin1'), entries.at(-1)![0].toString('latin1')];
    const [pending] = await connection.exchange([
      ['XPENDING', this.stream, group, first, last, entries.length, this.#me],
    ]);
    if (pending instanceof Error) throw pending;
    const counts = new Map((pending as readonly PendingEntry[]).map(([id, , , count]) => [id.toString(), count]));
    const deliveries: RedisDelivery[] = [];
    let deleted = 0;
    for (const [bytes, fields] of entries) {
      const id = bytes.toString('latin1');
      if (this.#held.has(id) || this.#acks.has(id)) continue;
      if (fields) {
        deliveries.push(this.#delivery(id, fields, counts.get(id) ?? 1));
      } else {
        deleted++;
        this.#acks.ack(id);
      }
    }
    this.#tellDeleted(deleted);
    return deliveries;
  }

  #delivery(id: string, fields: readonly Buffer[], deliveries: number): RedisDelivery {
    this.#held.add(id);
    return new RedisDelivery(this, id, fields, this.#ownership.signal, deliveries);
  }

  async #beat(link: RedisConnection): Promise<void> {
    if (this.#options.ordered) await this.#hold(link);
    else await this.#share(link);
    await this.#trimmer?.trim(link);
  }

  async #hold({ client }: RedisConnection): Promise<void> {
    const { group, leaseMs } = this.#options;
    if (!this.#owning) return;
    const keys = [this.stream, this.#alive, this.#owner];
    const reply = (await client.eval(HOLD, 3, ...keys, group, this.#me, leaseMs, OURS, ...this.#held.ids)) as [
      string,
      string[],
      string | null,
      number,
    ];
    const [owner, gone, last, left] = reply;
    if (owner !== this.#me || gone.some((id) => this.#held.has(id))) this.#fenced();
    else if (left > 0) await this.#acquire();
    if (last) this.#groupLast = last;
  }

  async #share({ client }: RedisConnection): Promise<void> {
    const { group, leaseMs, intake } = this.#options;
    const { room } = this.#held;
    const inherit = performance.now() >= this.#inheritFrom ? 1 : 0;
    const reply = (await client.callBuffer(
      'eval',
      BEAT,
      2,
      this.stream,
      this.#alive,
      group,
      this.#me,
      leaseMs,
      room,
      OURS,
      RETURNED,
      inherit,
      ...this.#held.ids,
    )) as [readonly Buffer[], readonly Taken[], number, Buffer | null];
    const [gone, taken, deleted, last] = reply;
    if (last) this.#groupLast = last.toString();
    if (gone.some((id) => this.#held.has(id.toString()))) this.#fenced();
    this.#tellDeleted(deleted);
    const deliveries: RedisDelivery[] = [];
    for (const [bytes, count, fields] of taken) {
      const id = bytes.toString();
      if (!this.#held.has(id) && !this.#acks.has(id)) deliveries.push(this.#delivery(id, fields, count));
    }
    intake.offerAll(deliveries);
  }

  /** Whoever took over may be at work already: what we hold is no longer ours. */
  #fenced(): void {
    const { group, fault, leaseMs } = this.#options;
    const error = fenced(this.stream, group, leaseMs);
    this.#ownership.abort(error);
    this.#ownership = new AbortController();
    this.#held.clear();
    this.#owning = false;
    fault(error);
  }

  #tellDeleted(count: number): void {
    if (count > 0) this.#options.fault(entriesDeleted(this.stream, count));
  }
}

/** Milliseconds between two signs of life. */
export const beatOf = (leaseMs: number): number => Math.min(1000, Math.max(50, leaseMs / 8));

/** The later of two ids. */
export function later(one: string, other: string): string {
  const [a, b] = [one.split('-').map(BigInt), other.split('-').map(BigInt)];
  return a[0]! > b[0]! || (a[0] === b[0] && (a[1] ?? 0n) >= (b[1] ?? 0n)) ? one : other;
}
