/** Who reads: subscriptions, the consumers of live members, and who owns which partition. All inside write transactions. */
import type { Database } from './database.js';
import { declareDestination, findDestination, head, type Destination } from './log.js';
import { assign } from './owners.js';
import { StoreFailure } from './failure.js';

export interface SubscribeRequest {
  readonly destination: string;
  /** At least so many; what exists may have more. */
  readonly partitions: number;
  readonly group: string;
  readonly anonymous: boolean;
  readonly startFrom: 'earliest' | 'latest';
  /** The partitions this consumer shall read; absent: the store shares them out. */
  readonly mine?: readonly number[] | undefined;
  readonly ordered: boolean;
  readonly create: boolean;
}

export interface Subscribed {
  readonly consumer: number;
  readonly subscription: number;
  readonly destination: Destination;
  /** Partitions of `mine` that another live consumer of the group claims as well, with its process. */
  readonly contested: readonly { readonly partition: number; readonly pid: number }[];
}

/** The name under which a dead-letter destination keeps its messages until a group reads it. */
const PARKING = '(parking)';

export function subscribe(db: Database, member: string, request: SubscribeRequest): Subscribed {
  const { destination, subscription } = ensureSubscription(db, request);
  const mine = request.mine ? JSON.stringify(request.mine) : null;
  db.run(
    `INSERT INTO consumer(subscription, member, ordered, partitions, taken)
     SELECT ?, ?, ?, ?, coalesce(max(taken), 0) FROM consumer WHERE subscription = ?`,
    subscription,
    member,
    request.ordered ? 1 : 0,
    mine,
    subscription,
  );
  const { consumer } = db.get<{ consumer: number }>('SELECT last_insert_rowid() AS consumer')!;
  assign(db, subscription);
  changeMembership(db);
  return { consumer, subscription, destination, contested: contested(db, subscription, consumer, request.mine ?? []) };
}

/** Makes sure that a group exists from now on, with nobody in it. */
export function ensureSubscription(
  db: Database,
  { destination: name, partitions, group, anonymous, startFrom, create }: Omit<SubscribeRequest, 'mine' | 'ordered'>,
): { destination: Destination; subscription: number } {
  const destination = create ? declareDestination(db, name, partitions) : findDestination(db, name);
  if (!destination) throw missing(`The destination ${name} does not exist`);
  if (destination.partitions < partitions)
    throw new StoreFailure(
      'BINDER_FAILED',
      `The destination ${name} has ${destination.partitions} partitions, not ${partitions}.`,
      {
        fix:
          `set instance-count or partition-count to ${destination.partitions}; ` +
          'let this binding create what it needs, which adds partitions; or use another destination',
      },
    );
  const existing = subscriptionOf(db, destination.id, group);
  if (existing !== undefined) return { destination, subscription: existing };
  if (!create && !anonymous) throw missing(`The destination ${name} has no group ${group}`);
  const parking = anonymous ? undefined : subscriptionOf(db, destination.id, PARKING);
  const from = startFrom === 'earliest' || parking !== undefined ? 0 : head(db);
  const subscription = insertSubscription(db, destination, group, anonymous ? 'anonymous' : 'durable', from);
  // from here on this group keeps the messages
  if (parking !== undefined) db.run('DELETE FROM subscription WHERE id = ?', parking);
  return { destination, subscription };
}

/** A destination that keeps its messages although nobody has subscribed yet; the first group reads all of them. */
export function declareParking(db: Database, name: string, partitions: number): Destination {
  const destination = declareDestination(db, name, partitions);
  if (!db.get("SELECT 1 FROM subscription WHERE destination = ? AND kind <> 'anonymous' LIMIT 1", destination.id)) {
    insertSubscription(db, destination, PARKING, 'parking', 0);
  }
  return destination;
}

/** Ends a consumer: what it held goes to the others at once, an anonymous group goes with it. */
export function unsubscribe(db: Database, consumer: number, crashed = false): void {
  const row = db.get<{ subscription: number; kind: string }>(
    `SELECT subscription, kind FROM consumer JOIN subscription ON subscription.id = consumer.subscription
     WHERE consumer.id = ?`,
    consumer,
  );
  if (!row) return;
  db.run('DELETE FROM consumer WHERE id = ?', consumer);
  if (row.kind === 'anonymous') {
    db.run(
      'DELETE FROM subscription WHERE id = ? AND NOT EXISTS (SELECT 1 FROM consumer WHERE subscription = ?)',
      row.subscription,
      row.subscription,
    );
  }
  db.run(
    'UPDATE claim SET owner = NULL, due = 0, crashes = crashes + ? WHERE subscription = ? AND owner = ?',
    crashed ? 1 : 0,
    row.subscription,
    consumer,
  );
  assign(db, row.subscription);
  changeMembership(db);
}

export function join(db: Database, member: { id: string; host: string; door: string }): void {
  db.run(
    'INSERT OR REPLACE INTO member(id, pid, host, door, seen) VALUES (?, ?, ?, ?, ?)',
    member.id,
    process.pid,
    member.host,
    member.door,
    Date.now(),
  );
}

/** Ends a member and its consumers. False when somebody did it before. */
export function removeMember(db: Database, member: string, crashed: boolean): boolean {
  for (const { id } of db.all<{ id: number }>('SELECT id FROM consumer WHERE member = ?', member)) {
    unsubscribe(db, id, crashed);
  }
  return db.run('DELETE FROM member WHERE id = ?', member) > 0;
}

export const isLive = (db: Database, consumer: number): boolean =>
  db.get('SELECT 1 FROM consumer WHERE id = ?', consumer) !== undefined;

/** A number that grows with every consumer that comes or goes. */
export const membershipVersion = (db: Database): number =>
  db.get<{ value: number }>("SELECT value FROM meta WHERE key = 'membership'")?.value ?? 0;

function changeMembership(db: Database): void {
  db.run("UPDATE meta SET value = value + 1 WHERE key = 'membership'");
}

function contested(
  db: Database,
  subscription: number,
  consumer: number,
  mine: readonly number[],
): Subscribed['contested'] {
  if (mine.length === 0) return [];
  return db.all<{ partition: number; pid: number }>(
    `SELECT value AS partition, pid FROM consumer JOIN member ON member.id = member, json_each(consumer.partitions)
     WHERE subscription = ? AND consumer.id <> ? AND value IN (SELECT value FROM json_each(?))`,
    subscription,
    consumer,
    JSON.stringify(mine),
  );
}

function insertSubscription(
  db: Database,
  destination: Destination,
  name: string,
  kind: string,
  position: number,
): number {
  db.run('INSERT INTO subscription(destination, name, kind) VALUES (?, ?, ?)', destination.id, name, kind);
  const { id } = db.get<{ id: number }>('SELECT last_insert_rowid() AS id')!;
  for (let partition = 0; partition < destination.partitions; partition++) {
    db.run('INSERT INTO cursor(subscription, partition, position) VALUES (?, ?, ?)', id, partition, position);
  }
  return id;
}

const subscriptionOf = (db: Database, destination: number, name: string): number | undefined =>
  db.get<{ id: number }>('SELECT id FROM subscription WHERE destination = ? AND name = ?', destination, name)?.id;

const missing = (what: string): StoreFailure =>
  new StoreFailure('BINDER_FAILED', `${what}, and this binding may not create it.`, {
    fix: 'set auto-startup order or provision so that it exists, or allow this binding to create it',
  });
