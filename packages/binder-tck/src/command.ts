/** The command line of the kit: one line a case, then the sums. */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { CaseResult } from './case.js';
import { certify } from './runner.js';

/**
 * `[--quick] [--version v] [--repeat n] [--only B01,C02] [--seed n] [--parallel n] [--json file]`
 * @returns the exit code: 0 when every case passed or was rightly refused
 */
export async function command(subject: string | URL, args: readonly string[]): Promise<0 | 1 | 2> {
  let options: Options;
  try {
    options = read(args);
  } catch (error) {
    say((error as Error).message);
    return 2;
  }
  const { repeat, json, ...rest } = options;
  let results: CaseResult[];
  try {
    const onRun = (run: number, seed: number): void =>
      say(`seed ${seed}${repeat > 1 ? `, run ${run + 1} of ${repeat}` : ''}`);
    results = await certify({ ...rest, subject, repeat, onRun, onResult: tell });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    say(error.message);
    return 2;
  }
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(results, null, 2)}\n`);
  const count = (status: CaseResult['status']): number => results.filter((result) => result.status === status).length;
  const unsupported = count('unsupported');
  say(`${results.length} ran, ${results.length - unsupported} asserted, ${unsupported} unsupported`);
  say(`${count('passed')} passed, ${count('failed')} failed`);
  return results.length > 0 && count('failed') === 0 ? 0 : 1;
}

interface Options {
  readonly quick: boolean;
  readonly version?: string;
  readonly repeat: number;
  readonly only?: readonly string[];
  readonly seed: number;
  readonly parallel?: number;
  readonly json?: string;
}

function read(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      version: { type: 'string' },
      repeat: { type: 'string', default: '1' },
      only: { type: 'string' },
      seed: { type: 'string' },
      parallel: { type: 'string' },
      json: { type: 'string' },
    },
  });
  const number = (name: string, text: string, least: number): number => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < least)
      throw new RangeError(`--${name} takes a number from ${least} on, not ${text}`);
    return value;
  };
  return {
    quick: values.quick,
    ...(values.version === undefined ? {} : { version: values.version }),
    repeat: number('repeat', values.repeat, 1),
    seed: values.seed === undefined ? Math.floor(Math.random() * 1e9) : number('seed', values.seed, 0),
    ...(values.only === undefined ? {} : { only: values.only.split(',').map((id) => id.trim().toUpperCase()) }),
    ...(values.parallel === undefined ? {} : { parallel: number('parallel', values.parallel, 1) }),
    ...(values.json === undefined ? {} : { json: values.json }),
  };
}

const MARK = { passed: '✓', failed: '✗', unsupported: '–' } as const;

function tell({ id, name, status, ms, reason }: CaseResult): void {
  say(
    `${MARK[status]} ${id} ${name} ${ms} ms${status === 'unsupported' ? ` (without ${reason}, refused as it has to be)` : ''}`,
  );
  if (status === 'failed') say((reason ?? '').replaceAll(/^/gm, '    '));
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);
