/** The case's side of the probe: requests to a process that reads and writes the documented tables by itself. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Probe, RawPublication, RawRecord, Tap } from '@streambind/binder-tck';
import type { Operations } from './probe-process.js';

const PROGRAM = fileURLToPath(new URL('./probe-process.js', import.meta.url));

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

export class ProbeProcess implements Probe {
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  #last = 0;

  private constructor(private readonly process: ChildProcess) {
    process.on('message', (message) => {
      const { id, value, error } = message as Answer;
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(value);
      else waiting?.reject(new Error(`probe: ${error}`));
    });
  }

  static async start(directory: string): Promise<ProbeProcess> {
    const child = fork(PROGRAM, [directory], { execArgv: [], serialization: 'advanced', stdio: 'inherit' });
    await once(child, 'message');
    return new ProbeProcess(child);
  }

  publish(destination: string, records: readonly RawPublication[]): Promise<void> {
    return this.#ask('publish', destination, records);
  }

  async tap(destination: string): Promise<Tap> {
    const tap = await this.#ask('tap', destination);
    return { records: () => this.#ask('records', tap) };
  }

  deadLetters(destination: string, group: string): Promise<readonly RawRecord[]> {
    return this.#ask('all', `${destination}.${group}.dlq`);
  }

  consumers(destination: string, group: string): Promise<number> {
    return this.#ask('consumers', destination, group);
  }

  unsettled(destination: string, group: string): Promise<number> {
    return this.#ask('unsettled', destination, group);
  }

  backlog(destination: string, group: string): Promise<number> {
    return this.#ask('backlog', destination, group);
  }

  groups(destination: string): Promise<readonly string[]> {
    return this.#ask('groups', destination);
  }

  partitions(destination: string): Promise<number> {
    return this.#ask('partitions', destination);
  }

  declare(destination: string, partitions: number): Promise<void> {
    return this.#ask('declare', destination, partitions);
  }

  deleteDestination(destination: string): Promise<void> {
    return this.#ask('deleteDestination', destination);
  }

  lock(on: boolean): Promise<void> {
    return this.#ask('lock', on);
  }

  locked(): Promise<boolean> {
    return this.#ask('locked');
  }

  refuse(destination: string, on: boolean): Promise<void> {
    return this.#ask('refuse', destination, on);
  }

  /** Lets go of the file until the next request. */
  pause(): Promise<void> {
    return this.#ask('pause');
  }

  async end(): Promise<void> {
    const exited = once(this.process, 'exit');
    this.process.disconnect();
    await exited;
  }

  #ask<Name extends keyof Operations>(
    name: Name,
    ...values: Parameters<Operations[Name]>
  ): Promise<Awaited<ReturnType<Operations[Name]>>> {
    return new Promise((resolve, reject) => {
      const id = ++this.#last;
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.process.send({ id, name, values });
    });
  }
}
