/** Every measured run is a process of its own, started the same way and with nothing of the caller's environment. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

const LIMIT_MS = 60_000;
const READY = /Started \w+ in /;
const { PATH, HOME, TMPDIR } = process.env;
const env = { PATH, HOME, ...(TMPDIR ? { TMPDIR } : {}) };

/** @typedef {{ name: string, args: readonly string[], cwd: string }} Program run by node */

/** Runs to the end. @param {Program} program @returns {Promise<Record<string, number>>} the JSON on its last line */
export async function run(program) {
  const { child, output, exited } = start(program);
  child.stdout.on('data', (text) => (output.out += text));
  const { code, signal } = await exited;
  if (code !== 0) refuse(program, code ?? signal, output.err);
  return JSON.parse(output.out.trim().split('\n').at(-1));
}

/** Milliseconds from the start of the process to its end. @param {Program} program */
export async function timeToExit(program) {
  const started = performance.now();
  const { child, exited } = start(program);
  child.stdout.resume();
  await exited;
  return { ms: performance.now() - started };
}

/**
 * Milliseconds from the start of the process to the line that says it is ready, and its memory then; stops it in order.
 * @param {Program} program
 */
export async function timeToReady(program) {
  const started = performance.now();
  const { child, output, exited } = start(program);
  child.stdout.resume();
  const ready = new Promise((resolve) => {
    child.stderr.on('data', () => {
      if (READY.test(output.err)) resolve(performance.now() - started);
    });
  });
  const ms = await Promise.race([
    ready,
    exited.then(({ code, signal }) => refuse(program, code ?? signal, output.err)),
  ]);
  const rssMB = residentMB(child.pid);
  child.kill('SIGTERM');
  const { code, signal } = await exited;
  if (code !== 0 && signal !== 'SIGTERM') refuse(program, code, output.err);
  return { ms, rssMB };
}

/**
 * A process that stays and carries out one order after the other. It answers each message, and the start, with one that
 * has `figures`.
 * @param {Program & { environment?: Record<string, string> }} program
 */
export async function serving({ name, args, cwd, environment = {} }) {
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...env, ...environment },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let told = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (told += text));
  // 'close' does not come when this side ends the channel
  const ended = Promise.all([once(child, 'exit'), once(child.stderr, 'close')]);
  const exited = ended.then(([[code, signal]]) => refuse({ name }, code ?? signal, told));
  exited.catch(() => {});
  const answer = async (limitMs = LIMIT_MS) => {
    let hear;
    let timer;
    const heard = new Promise((resolve, reject) => {
      // applications also tell process managers that they are ready
      hear = ({ figures }) => figures && resolve(figures);
      child.on('message', hear);
      timer = setTimeout(
        () => reject(new Error(`${name} gave no answer within ${limitMs / 1000} s:\n${told}`)),
        limitMs,
      );
    });
    try {
      return await Promise.race([heard, exited]);
    } finally {
      clearTimeout(timer);
      child.off('message', hear);
    }
  };
  await answer();
  return {
    /** @param {string} order @param {object} details @param {number} [limitMs] @returns {Promise<Record<string, any>>} */
    ask(order, details, limitMs) {
      child.send({ name: order, order: details });
      return answer(limitMs);
    },
    async end() {
      if (child.connected) child.disconnect();
      await exited.catch(() => {});
    },
  };
}

function start({ args, cwd }) {
  const child = spawn(process.execPath, args, {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  const output = { out: '', err: '' };
  child.stdout.setEncoding('utf8');
  child.stderr.setEncoding('utf8').on('data', (text) => (output.err += text));
  const exited = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  return { child, output, exited };
}

function refuse({ name }, code, text) {
  throw new Error(`${name} ended with ${code}:\n${text}`);
}

/** Megabytes of 10^6 bytes. */
function residentMB(pid) {
  let kib;
  try {
    kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1];
  } catch {
    kib = execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' });
  }
  return (Number(kib) * 1024) / 1e6;
}
