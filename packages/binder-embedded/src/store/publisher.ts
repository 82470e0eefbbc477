/** The worker's side of the producers: appending their records, and ringing those who should look. */
import { Unpacker } from './bytes.js';
import type { Database } from './database.js';
import { failureOf, isRefusal, plain, StoreFailure, type Failure } from './failure.js';
import { ensureSubscription } from './groups.js';
import { append, declareDestination, findDestination, type Appended, type Destination } from './log.js';
import type { Group, Members } from './members.js';
import { PUBLISHED_FIELDS, type Publication, type TargetRequest } from './protocol.js';
import { SHARE_MS } from './claims.js';

interface Target {
  readonly request: TargetRequest;
  destination: Destination | undefined;
}

export interface Fate {
  readonly refused?: readonly (readonly [number, Failure])[];
}

export class Publisher {
  readonly #targets = new Map<number, Target>();
  /** Records of this transaction by destination. */
  #appended = new Map<number, number>();
  /** Whose turn it is, by subscription. */
  readonly #rotation = new Map<number, number>();
  /** Groups that were rung one by one, until they had time to answer. */
  readonly #rung = new Map<number, Group>();
  #followUp: NodeJS.Timeout | undefined;

  constructor(
    private readonly db: Database,
    private readonly members: Members,
    private readonly directory: string,
  ) {}

  /** Returns the number of partitions, or undefined where nobody asked whether the destination exists. */
  declare(request: TargetRequest): number | undefined {
    const { target, destination: name, partitions, requiredGroups, create, verify } = request;
    let destination = findDestination(this.db, name);
    if (create && (!destination || destination.partitions < partitions || requiredGroups.length > 0)) {
      destination = this.db.write(() => {
        for (const group of requiredGroups) {
          ensureSubscription(this.db, {
            destination: name,
            partitions,
            group,
            anonymous: false,
            startFrom: 'latest',
            create,
          });
        }
        return declareDestination(this.db, name, partitions);
      });
    }
    if (!destination && verify) {
      throw new StoreFailure(
        'BINDER_FAILED',
        `The destination ${name} does not exist, and this binding may not create it.`,
      );
    }
    this.#targets.set(target, { request, destination });
    return destination?.partitions;
  }

  isDurable(publications: readonly Publication[]): boolean {
    for (const { fields } of publications) {
      for (let at = 0; at < fields.length; at += PUBLISHED_FIELDS) {
        if (this.#targets.get(fields[at] as number)?.request.durable) return true;
      }
    }
    return false;
  }

  /** Inside a write transaction. A record that is refused does not touch its neighbours. */
  append({ fields, bytes }: Publication, now: number): Fate {
    const refused: [number, Failure][] = [];
    const unpacker = new Unpacker(bytes);
    for (let at = 0; at < fields.length; at += PUBLISHED_FIELDS) {
      const record = {
        partition: fields[at + 1] as number,
        key: fields[at + 2] as string | Uint8Array | null,
        headers: fields[at + 3] as string,
        payload: unpacker.next(fields[at + 4] as number),
      };
      try {
        this.#appendTo(this.#targets.get(fields[at] as number)!, record, now);
      } catch (error) {
        if (!isRefusal(error) && !(error instanceof StoreFailure)) throw error;
        refused.push([at / PUBLISHED_FIELDS, plain(failureOf(error, this.directory))]);
      }
    }
    return refused.length > 0 ? { refused } : {};
  }

  #appendTo(target: Target, record: Appended, now: number): void {
    const known = target.destination;
    if (known && record.partition < known.partitions) {
      try {
        append(this.db, known, record, now);
        this.#count(known.id);
        return;
      } catch (error) {
        // its row was deleted: the reference is the one constraint of a message that a record cannot break by itself
        if (!isRefusal(error) || findDestination(this.db, target.request.destination)?.id === known.id) throw error;
      }
    }
    const { destination: name, create, partitions } = target.request;
    target.destination = create ? declareDestination(this.db, name, partitions) : findDestination(this.db, name);
    if (!target.destination) throw new StoreFailure('PUBLISH_REFUSED', `The destination ${name} does not exist.`);
    append(this.db, target.destination, record, now);
    this.#count(target.destination.id);
  }

  #count(destination: number): void {
    this.#appended.set(destination, (this.#appended.get(destination) ?? 0) + 1);
  }

  /** A record was appended by other means than `append`. */
  appended(destination: string): void {
    const { id } = findDestination(this.db, destination) ?? {};
    if (id !== undefined) this.#count(id);
  }

  /** The transaction was rolled back. */
  forget(): void {
    this.#appended = new Map();
    // a destination declared in it is gone as well
    for (const target of this.#targets.values()) target.destination = undefined;
  }

  /**
   * After the commit: one member of each group is asked to look for each record, in rotation, and the others only if
   * something is still there a little later. Returns the destinations that were appended to.
   */
  ring(): Iterable<number> {
    const appended = this.#appended;
    if (appended.size === 0) return [];
    this.#appended = new Map();
    this.members.refresh();
    for (const [destination, count] of appended) {
      for (const group of this.members.groups(destination)) this.#ringGroup(group, count);
    }
    return appended.keys();
  }

  #ringGroup(group: Group, count: number): void {
    const { subscription, peers, ordered } = group;
    const first = this.#rotation.get(subscription) ?? 0;
    const rings = ordered ? peers.length : Math.min(count, peers.length);
    for (let turn = 0; turn < rings; turn++) this.members.ring(peers[(first + turn) % peers.length]!);
    this.#rotation.set(subscription, (first + count) % peers.length);
    if (rings === peers.length) return;
    this.#rung.set(subscription, group);
    this.#followUp ??= setTimeout(() => this.#ringOthers(), SHARE_MS);
  }

  #ringOthers(): void {
    this.#followUp = undefined;
    for (const { subscription, peers } of this.#rung.values()) {
      if (!this.#unclaimed(subscription)) continue;
      for (const peer of peers) this.members.ring(peer);
    }
    this.#rung.clear();
  }

  #unclaimed(subscription: number): boolean {
    return (
      this.db.get(
        `SELECT 1 FROM cursor JOIN subscription ON subscription.id = subscription WHERE subscription = ? AND EXISTS (
           SELECT 1 FROM message WHERE message.destination = subscription.destination
             AND message.partition = cursor.partition AND message.id > position) LIMIT 1`,
        subscription,
      ) !== undefined
    );
  }

  close(): void {
    clearTimeout(this.#followUp);
  }
}
