/** Plays the sample on one broker: an invoice that always fails, and a good one behind it. */
import { randomUUID } from 'node:crypto';
import { until } from '../../../../tools/brokers/index.mjs';
import { Program } from './program.js';
import type { BinderType, DeadLetter, Stage } from './stage.js';

const GROUP = 'billing';
const LIMIT_MS = 20_000;

export interface Outcome {
  readonly type: BinderType;
  /** Product and version. */
  readonly title: string;
  /** When the handler was called with the bad invoice; milliseconds after the first time. */
  readonly attempts: readonly number[];
  /** When it was called with the good one, likewise. */
  readonly next: readonly number[];
  readonly destination: string;
  readonly group: string;
  readonly deadLetterName: string;
  readonly deadLetters: readonly DeadLetter[];
  /** What the group has not settled, after the service has stopped. */
  readonly left: number;
}

/** The sample has to be compiled. */
export async function play(stage: Stage): Promise<Outcome> {
  const destination = `invoices-${randomUUID().slice(0, 8)}`;
  const args = [
    `--spring.cloud.stream.binders.broker.type=${stage.type}`,
    `--spring.cloud.stream.bindings.input.destination=${destination}`,
    `--spring.cloud.stream.bindings.output.destination=${destination}`,
  ];
  const service = new Program('service', stage.environment, args);
  try {
    await service.started();
    const calls = (invoice: number): number[] =>
      service.out.flatMap((line) => {
        const [, at, number] = /^(\S+) invoice (\d), attempt \d$/.exec(line) ?? [];
        return Number(number) === invoice ? [Date.parse(at!)] : [];
      });
    await new Program('send', stage.environment, args).end();
    await service.until(() => calls(1).length >= 3 && calls(2).length > 0, 'three attempts and the good invoice');
    const deadLetterName = stage.deadLetterName(destination, GROUP);
    const anyDead = async (): Promise<boolean> => (await stage.deadLetters(deadLetterName)).length > 0;
    await until(anyDead, LIMIT_MS, `a dead letter in ${deadLetterName}`);
    await service.end('SIGTERM');
    const first = calls(1)[0]!;
    const after = (times: readonly number[]): number[] => times.map((at) => at - first);
    return {
      type: stage.type,
      title: stage.title,
      attempts: after(calls(1)),
      next: after(calls(2)),
      destination,
      group: GROUP,
      deadLetterName,
      deadLetters: await stage.deadLetters(deadLetterName),
      left: await stage.left(destination, GROUP),
    };
  } finally {
    await service.kill();
  }
}
