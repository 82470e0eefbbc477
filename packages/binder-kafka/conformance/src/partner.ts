/** Kafka's own client in a Java process, which answers several processes at once: see `agent/Partner.java`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { KafkaBroker } from '../../../../tools/brokers/index.mjs';

const PROGRAM = fileURLToPath(new URL('../agent/Partner.java', import.meta.url));
const START_MS = 60_000;

/** Bytes as Base64. */
type Bytes = string;

/** What JSON cannot tell apart is said by name. */
export type JavaValue =
  | string
  | number
  | boolean
  | null
  | { readonly long: string }
  | { readonly date: number }
  | { readonly bytes: Bytes }
  | { readonly list: readonly JavaValue[] }
  | { readonly map: Readonly<Record<string, JavaValue>> };

export interface JavaRecord {
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly timestampType: string;
  readonly key: Bytes | null;
  readonly value: Bytes | null;
  readonly headers: readonly (readonly [string, Bytes | null])[];
  /** As an application on Spring for Apache Kafka has them. */
  readonly decoded: Readonly<Record<string, JavaValue>>;
}

export interface JavaPublication {
  readonly value: Bytes | null;
  readonly key?: Bytes;
  readonly headers?: readonly (readonly [string, Bytes])[];
  readonly partition?: number;
  readonly timestamp?: number;
}

export interface Group {
  readonly group: string;
  readonly state: string;
  readonly members: readonly { readonly clientId: string; readonly partitions: readonly string[] }[];
  /** `topic-partition` → offset */
  readonly offsets: Readonly<Record<string, number>>;
}

type Offsets = Readonly<Record<string, number>>;
type Properties = Readonly<Record<string, string>>;
interface MemberState {
  readonly partitions: readonly string[];
  readonly records: readonly JavaRecord[];
}

/** By name: what an operation takes, and what it answers. */
interface Operations {
  publish: [{ topic: string; records: readonly JavaPublication[] }, { partition: number; offset: number }[]];
  /** Of a topic that does not exist: nothing. */
  ends: [{ topic: string }, Offsets];
  read: [{ topic: string; from?: Offsets }, JavaRecord[]];
  topics: [object, string[]];
  partitions: [{ topic: string }, number[]];
  createTopic: [{ topic: string; partitions: number; properties?: Properties }, number[]];
  deleteTopics: [{ topics: readonly string[] }, true];
  denyWriting: [{ topic: string }, true];
  allowWriting: [{ topic: string }, true];
  groups: [object, Group[]];
  group: [{ group: string }, Group];
  backlog: [{ topic: string; group: string }, number];
  /** Joins a group; the answer names the member. */
  join: [{ group: string; topics: readonly string[]; settings?: Properties }, string];
  member: [{ member: string }, MemberState];
  leave: [{ member: string }, MemberState];
}

/** @returns the port where it answers, and what ends it */
export async function startPartner(broker: KafkaBroker): Promise<{ readonly port: number; end(): Promise<void> }> {
  const memory = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xmx192m'];
  const args = [...memory, '-cp', await broker.classpath(), PROGRAM, broker.address.bootstrapServers];
  // the Java that runs Kafka's own tools; it takes a program as its source
  const { program } = await broker.command('topics');
  const java = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  java.stderr.on('data', (text) => (said += String(text)));
  const ended = once(java, 'exit');
  const early = ended.then(([code]) => {
    throw new Error(`the partner on Kafka's client ended with ${String(code)}:\n${said}`);
  });
  const first = once(createInterface(java.stdout), 'line', { signal: AbortSignal.timeout(START_MS) });
  const [line] = (await Promise.race([first, early])) as [string];
  early.catch(() => {});
  return {
    port: Number(line),
    end: async () => {
      java.stdin.end();
      await ended;
    },
  };
}

export class Partner {
  readonly #socket: Socket;
  readonly #waiting: { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void }[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    createInterface(socket).on('line', (line) => this.#answered(line));
    socket.on('close', () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error("the partner on Kafka's client is gone"));
    });
  }

  static async at(port: number): Promise<Partner> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    await once(socket, 'connect');
    return new Partner(socket);
  }

  /** Asked by one connection, it answers in order. */
  ask<Name extends keyof Operations>(name: Name, args: Operations[Name][0]): Promise<Operations[Name][1]> {
    return new Promise<Operations[Name][1]>((resolve, reject) => {
      this.#waiting.push({ resolve: resolve as (value: unknown) => void, reject });
      this.#socket.write(`${JSON.stringify({ name, args })}\n`);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #answered(line: string): void {
    const { value, error } = JSON.parse(line) as { value?: unknown; error?: string };
    const waiting = this.#waiting.shift();
    if (error === undefined) waiting?.resolve(value);
    else waiting?.reject(new Error(`Kafka's client: ${error}`));
  }
}
