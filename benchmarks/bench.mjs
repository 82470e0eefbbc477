/** What the benchmarks with a broker share: a private broker, and sides that are processes. */
import { fileURLToPath } from 'node:url';
import { startPrivate } from '../tools/brokers/index.mjs';
import { progress } from '../tools/terminal.mjs';
import { serving } from './processes.mjs';

const cwd = fileURLToPath(new URL('apps', import.meta.url));

/**
 * @template {Bench} B
 * @template T
 * @param {{ new (port: number): B, broker: string, options?: object }} Type
 * @param {(bench: B) => Promise<T>} work
 * @returns {Promise<T>} what the work gave, after the broker and the processes are gone
 */
export async function withBench(Type, work) {
  const broker = await startPrivate(Type.broker, { tell: progress, ...Type.options });
  const bench = new Type(broker.address.port);
  try {
    bench.version = await broker.probe();
    await bench.open();
    return await work(bench);
  } finally {
    await bench.close();
    await broker.remove();
  }
}

export class Bench {
  version = '';
  port;
  #sides = [];

  /** @param {number} port */
  constructor(port) {
    this.port = port;
  }

  /** A process of a program in `apps/src/<broker>`. @param {string} program @param {{ flags?: string[], args?: string[] }} [more] */
  async side(program, more) {
    const side = await this.serving(program, more);
    this.#sides.push(side);
    return side;
  }

  /** As `side`, and stays until the benchmark closes it. */
  serving(program, { flags = [], args = [] } = {}) {
    const { broker } = this.constructor;
    return serving({
      name: program,
      args: [...flags, `dist/${broker}/${program}.js`, ...args],
      cwd,
      environment: { BENCH_PORT: String(this.port) },
    });
  }

  async endSides() {
    await Promise.all(this.#sides.splice(0).map((side) => side.end()));
  }
}
