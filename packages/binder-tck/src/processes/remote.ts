/** A helper of a case in a process of its own, asked by messages. It ends with the one who started it. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

type Operations = Readonly<Record<string, (...values: never[]) => unknown>>;

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

export class Remote<O extends Operations> {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  #last = 0;

  private constructor(name: string, process: ChildProcess) {
    this.#process = process;
    process.on('message', (message) => {
      const { id, value, error } = message as Answer;
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(value);
      else waiting?.reject(new Error(`${name}: ${error}`));
    });
  }

  /** @param program a module that calls `serve` */
  static async start<O extends Operations>(name: string, program: URL, args: readonly string[]): Promise<Remote<O>> {
    const child = fork(program, args, { execArgv: [], serialization: 'advanced', stdio: 'inherit' });
    const remote = new Remote<O>(name, child);
    await once(child, 'message');
    return remote;
  }

  ask<Name extends keyof O & string>(
    name: Name,
    ...values: Parameters<O[Name]>
  ): Promise<Awaited<ReturnType<O[Name]>>> {
    return new Promise((resolve, reject) => {
      const id = ++this.#last;
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#process.send({ id, name, values });
    });
  }

  async end(): Promise<void> {
    const exited = once(this.#process, 'exit');
    this.#process.disconnect();
    await exited;
  }
}

/** The other side: what `ask` calls. Requests are answered one after the other. */
export function serve(operations: Operations): void {
  let line = Promise.resolve();
  process.on('message', ({ id, name, values }: { id: number; name: string; values: unknown[] }) => {
    line = line.then(async () => {
      try {
        const operation = operations[name] as (...values: unknown[]) => unknown;
        process.send!({ id, value: await operation(...values) });
      } catch (error) {
        process.send!({ id, error: (error as Error).message });
      }
    });
  });
  process.on('disconnect', () => process.exit());
  process.send!('ready');
}
