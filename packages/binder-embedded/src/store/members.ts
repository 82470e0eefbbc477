/**
 * The membership of this process: joining, the sign of life, who else is there, and burying those that died. A member is
 * dead when its door is closed, and hung when its sign of life did not change while this process itself gave four: by
 * counting our own signs no clock that jumps and no laptop that slept can look like the death of others.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Database } from './database.js';
import { Doorbell, Peers, isGone, removeDoor } from './doorbell.js';
import { join, membershipVersion, removeMember } from './groups.js';

interface Member {
  readonly id: string;
  readonly pid: number;
  readonly host: string;
  readonly door: string;
  readonly seen: number;
}

/** A live consumer of a group, anywhere. */
export interface Peer {
  readonly consumer: number;
  readonly member: string;
}

export interface Group {
  readonly subscription: number;
  /** Only the owner of its partition can take a message. */
  readonly ordered: boolean;
  readonly peers: readonly Peer[];
}

const SIGNS_BEFORE_HUNG = 4;

export class Members {
  readonly #peers: Peers;
  readonly #host = hostIdentity();
  readonly #silent = new Map<string, { seen: number; signs: number }>();
  #door: Doorbell | undefined;
  #version = -1;
  #members = new Map<string, Member>();
  #groups = new Map<number, Group[]>();

  /**
   * @param onRing a consumer of this process was asked to look, or all (0).
   * @param onChange somebody came or went.
   */
  constructor(
    private readonly db: Database,
    private readonly directory: string,
    readonly id: string,
    private readonly onRing: (consumer: number) => void,
    private readonly onChange: () => void,
  ) {
    this.#peers = new Peers((member) => void this.#suspect(member));
  }

  /** Opens the door. It has to be open before the member can be seen, or others would take it for dead. */
  async openDoor(): Promise<void> {
    if (this.#door) return;
    const door = new Doorbell(this.directory, this.id, this.onRing);
    await door.listen();
    this.#door = door;
  }

  /** Makes this process a member, if it is none. Inside a write transaction. */
  enter(): void {
    if (this.present) return;
    join(this.db, { id: this.id, host: this.#host, door: this.#door?.address ?? '' });
  }

  /** Whether the others count this process in. */
  get present(): boolean {
    return this.db.get('SELECT 1 FROM member WHERE id = ?', this.id) !== undefined;
  }

  /** The sign of life. False when others have taken this member for dead. */
  beat(): boolean {
    if (!this.#door) return true;
    const alive = this.db.write(() => this.db.run('UPDATE member SET seen = ? WHERE id = ?', Date.now(), this.id)) > 0;
    this.refresh(true);
    for (const { id, seen } of this.#members.values()) {
      const before = this.#silent.get(id);
      if (before?.seen !== seen) this.#silent.set(id, { seen, signs: 0 });
      else if (++before.signs >= SIGNS_BEFORE_HUNG) this.#remove(id);
    }
    return alive;
  }

  /** Reads who is there, if that changed. */
  refresh(anyway = false): void {
    const version = membershipVersion(this.db);
    if (version === this.#version && !anyway) return;
    const changed = version !== this.#version;
    this.#version = version;
    this.#members = new Map(
      this.db
        .all<Member>('SELECT id, pid, host, door, seen FROM member WHERE id <> ?', this.id)
        .map((member) => [member.id, member]),
    );
    for (const id of this.#silent.keys()) if (!this.#members.has(id)) this.#silent.delete(id);
    if (changed) this.#readGroups();
    const near = [...this.#members.values()].filter(({ host }) => host === this.#host);
    this.#peers.keep(new Map(near.map(({ id, door }) => [id, door])));
    if (changed) this.onChange();
  }

  /** The groups of a destination with their live consumers. */
  groups(destination: number): readonly Group[] {
    return this.#groups.get(destination) ?? [];
  }

  ring({ member, consumer }: Peer): void {
    if (member === this.id) this.onRing(consumer);
    else this.#peers.ring(member, consumer);
  }

  /** Asks every other member to look: who is there has changed, or messages were given back. */
  ringAll(): void {
    for (const id of this.#members.keys()) this.#peers.ring(id, 0);
  }

  /** Gives back what this process holds and ends its membership; it may enter again. */
  leave(): void {
    if (!this.#door) return;
    this.db.write(() => removeMember(this.db, this.id, false));
    this.ringAll();
  }

  close(): void {
    this.#door?.close();
    this.#peers.close();
  }

  #readGroups(): void {
    this.#groups = new Map();
    for (const { destination, subscription, ordered, consumer, member } of this.db.all<
      Peer & { destination: number; subscription: number; ordered: number }
    >(
      `SELECT destination, subscription, ordered, consumer.id AS consumer, member
       FROM consumer JOIN subscription ON subscription.id = subscription ORDER BY destination, subscription, consumer.id`,
    )) {
      const groups = this.#groups.get(destination) ?? [];
      this.#groups.set(destination, groups);
      const last = groups.at(-1);
      if (last?.subscription === subscription) (last.peers as Peer[]).push({ consumer, member });
      else groups.push({ subscription, ordered: ordered !== 0, peers: [{ consumer, member }] });
    }
  }

  async #suspect(id: string): Promise<void> {
    const member = this.#members.get(id);
    if (!member || !(await isGone(member.door, member.pid))) return;
    removeDoor(member.door);
    this.#remove(id);
  }

  /** One that only hung comes back, and needs its door then. */
  #remove(id: string): void {
    try {
      if (this.db.write(() => removeMember(this.db, id, true))) this.ringAll();
    } catch {
      // locked or full: it is tried again with the next sign of life
    }
    this.refresh();
  }
}

/** Doors and process numbers mean something only within one boot of one machine and one namespace of processes. */
function hostIdentity(): string {
  const read = (what: () => string): string => {
    try {
      return what().trim();
    } catch {
      return '';
    }
  };
  const boot = read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'));
  return [hostname(), boot, read(() => readlinkSync('/proc/self/ns/pid'))].filter(Boolean).join(' ');
}
