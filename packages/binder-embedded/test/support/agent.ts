import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { eventually } from './waiting.js';

export const AGENT = fileURLToPath(new URL('./agent.mjs', import.meta.url));

export interface AgentEvent {
  readonly event: string;
  readonly consumer?: string;
  readonly id?: string;
  readonly text?: string | null;
  readonly attempt?: number;
  readonly crashes?: number;
  readonly lane?: string;
  readonly code?: string;
  readonly message?: string;
  readonly level?: string;
  readonly at?: number;
  readonly lost?: boolean;
  readonly partition?: number;
}

interface Line extends AgentEvent {
  readonly reply?: number;
  readonly value?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
}

const running = new Set<Agent>();

/** Ends every agent that a test left; call after each. */
export async function endAgents(): Promise<void> {
  await Promise.all([...running].map((agent) => agent.kill('SIGKILL')));
}

/** A child process with one binder. */
export class Agent {
  readonly events: AgentEvent[] = [];
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  #calls = 0;
  #rest = '';
  #exit: { code: number | null } | undefined;

  private constructor(child: ChildProcess) {
    this.#child = child;
    running.add(this);
    child.stdout!.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    child.stdin!.on('error', () => {});
    this.exited = new Promise((resolve) => {
      const ended = (code: number | null, why: string): void => {
        this.#exit = { code };
        running.delete(this);
        for (const waiting of this.#waiting.values()) waiting.reject(new Error(why));
        resolve(code);
      };
      child.once('exit', (code) => ended(code, 'the agent has exited'));
      child.once('error', (error) => ended(null, error.message));
    });
  }

  static async start(options: SpawnOptions & { nodeArguments?: readonly string[] } = {}): Promise<Agent> {
    const { nodeArguments = [], ...rest } = options;
    const agent = new Agent(
      spawn(process.execPath, [...nodeArguments, AGENT], { stdio: ['pipe', 'pipe', 'inherit'], ...rest }),
    );
    await eventually('the agent is up', () => agent.events.length > 0);
    return agent;
  }

  /** Starts one and opens its binder. */
  static async open(directory: string, options: Record<string, unknown> = {}): Promise<Agent> {
    const agent = await Agent.start();
    await agent.call('open', { directory, ...options });
    return agent;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  call<T = unknown>(command: string, rest: Record<string, unknown> = {}): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#exit) {
        reject(new Error('the agent has exited'));
        return;
      }
      const reply = ++this.#calls;
      this.#waiting.set(reply, { resolve: resolve as (value: unknown) => void, reject });
      this.#child.stdin!.write(`${JSON.stringify({ reply, command, ...rest })}\n`);
    });
  }

  of(event: string): AgentEvent[] {
    return this.events.filter((each) => each.event === event);
  }

  /** Texts in the order of delivery. */
  texts(event = 'delivered'): (string | null | undefined)[] {
    return this.of(event).map(({ text }) => text);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async kill(name: NodeJS.Signals): Promise<void> {
    this.#child.kill(name);
    await this.exited;
  }

  async close(): Promise<number | null> {
    await this.call('close');
    return this.exited;
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const parsed = JSON.parse(line) as Line;
      if (parsed.reply === undefined) {
        this.events.push(parsed);
        continue;
      }
      const waiting = this.#waiting.get(parsed.reply);
      this.#waiting.delete(parsed.reply);
      if (parsed.error) waiting?.reject(Object.assign(new Error(parsed.error.message), { code: parsed.error.code }));
      else waiting?.resolve(parsed.value);
    }
  }
}
