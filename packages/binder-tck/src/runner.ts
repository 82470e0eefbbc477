/** Runs cases, each in a process of its own: several at once, the serial ones alone, in an order made from the seed. */
import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CaseReport } from './case-process.js';
import type { Case, CaseResult } from './case.js';
import { cases as all } from './cases/index.js';
import { random, shuffled } from './random.js';
import type { Subject } from './subject.js';

const CASE_PROCESS = fileURLToPath(new URL('./case-process.js', import.meta.url));
const DEADLINE_MS = 60_000;
/** A process whose case is over has to end by itself in this time. */
const EXIT_MS = 4000;

export interface CertifyOptions {
  /** The module that exports `subject`. */
  readonly subject: string | URL;
  /** Of the broker, where the subject has several. */
  readonly version?: string;
  /** A tenth of the messages. */
  readonly quick?: boolean;
  /** Only these cases, by id. */
  readonly only?: readonly string[];
  /** Of the first run; each further one has the next. */
  readonly seed: number;
  /** How many runs; default 1. */
  readonly repeat?: number;
  /** How many cases at once; default 4, since most of them wait. */
  readonly parallel?: number;
  /** Before each run. */
  readonly onRun?: (run: number, seed: number) => void;
  readonly onResult?: (result: CaseResult) => void;
}

/**
 * Runs every case, as often as it is asked to.
 * @throws RangeError when a wanted case or version does not exist, or no case is left to run
 */
export async function certify(options: CertifyOptions): Promise<CaseResult[]> {
  const wanted = select(options.only);
  // one that cannot be loaded fails in every case
  const module = (await import(String(options.subject)).catch(() => undefined)) as { subject: Subject } | undefined;
  const { versions = [] } = module?.subject ?? {};
  if (options.version !== undefined && !versions.includes(options.version)) {
    throw new RangeError(
      `there is no version ${options.version} of the broker; there are: ${versions.join(', ') || 'none'}`,
    );
  }
  const end = await module?.subject.prepare?.(options.version);
  const results: CaseResult[] = [];
  try {
    for (let run = 0; run < (options.repeat ?? 1); run++) {
      const seed = options.seed + run;
      options.onRun?.(run, seed);
      results.push(...(await runOnce(wanted, { ...options, seed })));
    }
  } finally {
    await end?.();
  }
  return results;
}

async function runOnce(wanted: readonly Case[], options: CertifyOptions): Promise<CaseResult[]> {
  const order = shuffled(wanted, random(options.seed));
  const waiting = { parallel: order.filter(({ serial }) => !serial), serial: order.filter(({ serial }) => serial) };
  const results: CaseResult[] = [];
  const take = async (queue: Case[]): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const result = await runCase(next, options);
      results.push(result);
      options.onResult?.(result);
    }
  };
  await Promise.all(Array.from({ length: options.parallel ?? 4 }, () => take(waiting.parallel)));
  await take(waiting.serial);
  return results;
}

function select(only: readonly string[] | undefined): readonly Case[] {
  if (!only) return all;
  const unknown = only.filter((id) => !all.some((each) => each.id === id));
  if (unknown.length > 0) throw new RangeError(`there is no case ${unknown.join(', ')}`);
  const wanted = all.filter(({ id }) => only.includes(id));
  if (wanted.length === 0) throw new RangeError('there is no case to run');
  return wanted;
}

async function runCase(
  { id, name, deadlineMs = DEADLINE_MS }: Case,
  { subject, quick = false, seed }: CertifyOptions,
): Promise<CaseResult> {
  const started = performance.now();
  const directory = mkdtempSync(join(tmpdir(), `tck-${id.toLowerCase()}-`));
  const child = fork(CASE_PROCESS, [String(subject), id, directory, JSON.stringify({ quick, seed })], {
    // its applications and helpers are of its group, and end with it
    detached: true,
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (text) => (output += String(text)));
  const report = await reportOf(child, deadlineMs);
  rmSync(directory, { recursive: true, force: true });
  const ms = Math.round(performance.now() - started);
  if (report.status !== 'failed') return { id, name, ...report };
  const printed = output.trim().split('\n').slice(-20).join('\n');
  return { id, name, status: 'failed', ms, reason: printed ? `${report.reason}\n${printed}` : report.reason };
}

function reportOf(child: ChildProcess, deadlineMs: number): Promise<CaseReport> {
  return new Promise((resolve) => {
    let report: CaseReport | undefined;
    let problem: string | undefined;
    const kill = (why: string): void => {
      problem = why;
      try {
        process.kill(-child.pid!, 'SIGKILL');
      } catch {
        // it has just ended
      }
    };
    let timer = setTimeout(() => kill(`took longer than ${deadlineMs} ms`), deadlineMs);
    child.on('message', (message) => {
      report = message as CaseReport;
      clearTimeout(timer);
      timer = setTimeout(() => kill('the case is over, but its process does not end'), EXIT_MS);
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (report && (report.status === 'failed' || problem === undefined)) resolve(report);
      else resolve({ status: 'failed', ms: 0, reason: problem ?? `its process ended with ${signal ?? code}` });
    });
  });
}
