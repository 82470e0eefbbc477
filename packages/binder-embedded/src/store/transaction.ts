/**
 * One write for everything at hand: what was published, what was settled, and what there is room to claim. Replies,
 * deliveries and rings follow its commit.
 */
import * as claims from './claims.js';
import type { Consumers } from './consumers.js';
import { contents, type Content } from './contents.js';
import type { Database } from './database.js';
import { failureOf, isBusy } from './failure.js';
import { isLive } from './groups.js';
import type { Outbox } from './outbox.js';
import type { Publication } from './protocol.js';
import type { Publisher } from './publisher.js';
import type { ReaderState } from './reader.js';
import * as settlements from './settlements.js';
import type { Trouble } from './trouble.js';
import type { Upkeep } from './upkeep.js';

/** Handlers run while what follows is read. */
const DELIVERED_AT_ONCE = 50;

interface Claim {
  readonly reader: ReaderState;
  readonly result: claims.ClaimResult;
}

export class Transactions {
  /** Publications that are not committed yet; more are pushed here. */
  readonly publications: Publication[] = [];

  constructor(
    private readonly directory: string,
    private readonly db: Database,
    private readonly publisher: Publisher,
    private readonly consumers: Consumers,
    private readonly outbox: Outbox,
    private readonly upkeep: Upkeep,
    private readonly trouble: Trouble,
  ) {}

  /** @param evenLittle also claims where hardly any room became free. */
  commit(evenLittle: boolean): void {
    const readers = this.consumers.all.filter(({ consumer }) => consumer > 0);
    if (!this.trouble.active || this.publications.length === 0) {
      this.#write(this.publications, readers, evenLittle);
    } else {
      // a disk that has no room for a message may have room for an acknowledgement
      this.#write(this.publications, [], false);
      this.#write([], readers, evenLittle);
    }
  }

  #write(publications: Publication[], readers: readonly ReaderState[], evenLittle: boolean): void {
    const now = Date.now();
    const settling = readers.filter((reader) => reader.settling);
    const writing = publications.length > 0 || settling.length > 0;
    const claiming = readers.filter(
      ({ hungry, allowance }) => hungry && (evenLittle ? allowance.room > 0 : allowance.worthwhile),
    );
    // looking costs no lock, so nobody takes one to find nothing
    if (!writing && !claiming.some((reader) => this.#isHungry(reader, now))) return;
    const fenced = new Set<ReaderState>();
    const claimed: Claim[] = [];
    try {
      const fates = this.db.write(() => {
        const appended = publications.map((publication) => this.publisher.append(publication, now));
        for (const reader of new Set([...settling, ...claiming])) {
          if (!isLive(this.db, reader.consumer)) fenced.add(reader);
        }
        for (const reader of settling) if (!fenced.has(reader)) this.#settle(reader, now);
        for (const reader of claiming) if (!fenced.has(reader)) this.#claim(reader, now, claimed);
        return appended;
      }, this.publisher.isDurable(publications));
      for (const fate of fates) this.outbox.published(fate);
    } catch (error) {
      this.publisher.forget();
      this.#failed(error, publications);
      return;
    }
    this.trouble.over();
    if (publications.length > 0) {
      publications.length = 0;
      // the sender need not wait for what follows
      this.outbox.post();
    }
    for (const reader of settling) {
      this.upkeep.touch(reader.destination);
      if (reader.returns.length > 0) this.consumers.lookWhenDue(reader);
      reader.settled();
    }
    try {
      for (const { reader, result } of claimed) this.#deliver(reader, result);
    } catch (error) {
      // what is claimed and not delivered would wait for ever
      this.trouble.giveUp(error);
    }
    for (const destination of this.publisher.ring()) this.upkeep.touch(destination);
    if (fenced.size > 0) this.consumers.rejoin([...fenced]);
  }

  #isHungry(reader: ReaderState, now: number): boolean {
    return (reader.hungry = claims.hasWork(this.db, reader, now));
  }

  #settle(reader: ReaderState, now: number): void {
    for (const message of reader.failures) settlements.recordFailure(this.db, reader, message, now);
    if (reader.acks.length > 0) settlements.acknowledge(this.db, reader, reader.acks);
    for (let at = 0; at < reader.returns.length; at += 3) {
      const [message, delayMs, failed] = reader.returns.slice(at, at + 3) as [number, number, number];
      settlements.giveBack(this.db, reader, { message, delayMs, failed: failed !== 0 }, now);
    }
  }

  #claim(reader: ReaderState, now: number, claimed: Claim[]): void {
    let { room } = reader.allowance;
    for (const other of claimed) {
      if (other.reader.allowance === reader.allowance) room -= other.result.claimed.length;
    }
    if (room > 0) claimed.push({ reader, result: claims.claim(this.db, reader, room, now) });
  }

  #deliver(reader: ReaderState, { claimed, lookAgainMs }: claims.ClaimResult): void {
    reader.hungry = lookAgainMs === 0;
    if (lookAgainMs) this.consumers.lookIn(reader, lookAgainMs);
    for (let at = 0; at < claimed.length; at += DELIVERED_AT_ONCE) {
      this.#handOver(reader, claimed.slice(at, at + DELIVERED_AT_ONCE));
    }
  }

  #handOver(reader: ReaderState, claimed: readonly claims.Claimed[]): void {
    const said = contents(this.db, claimed);
    const found: (readonly [claims.Claimed, Content])[] = [];
    for (const each of claimed) {
      const content = said.get(each.message);
      if (content) found.push([each, content]);
      // a cap has dropped it
      else reader.acks.push(each.message);
    }
    reader.opened(found.length);
    this.outbox.deliver(reader, found);
    this.outbox.post();
  }

  /** Publications get the error; what is settled waits for better times, as does all for a lock. */
  #failed(error: unknown, publications: Publication[]): void {
    if (!isBusy(error)) {
      const failure = failureOf(error, this.directory);
      for (let count = publications.length; count > 0; count--) this.outbox.published({ failure });
      publications.length = 0;
    }
    this.trouble.met(error);
  }
}
