/** Processes that outlive the one that started them, known by their id: start, signal, wait for the end; ports for them. */
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, closeSync, constants, openSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * @typedef {object} Process a process by id, and by what tells it from a later one with the same id
 * @property {number} pid
 * @property {string} born
 */

/** When the process began, in the system's own words; undefined when there is none, or only its remains. */
export function born(pid) {
  if (process.platform === 'linux') {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
    } catch {
      return undefined;
    }
  }
  const { stdout } = spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' });
  const line = (stdout ?? '').trim();
  return line === '' || line.startsWith('Z') ? undefined : line.slice(line.indexOf(' ')).trim();
}

/** @param {Process | undefined} one */
export const alive = (one) => one !== undefined && born(one.pid) === one.born;

/**
 * Starts a program in a process group of its own, its output appended to a file.
 * @param {string} program
 * @param {string[]} args
 * @param {{ output: string, environment?: Record<string, string | undefined>, directory?: string }} options
 * @returns {Promise<Process>}
 */
export async function start(program, args, { output, environment, directory }) {
  const file = openSync(output, 'a');
  try {
    const child = spawn(program, args, {
      detached: true,
      stdio: ['ignore', file, file],
      env: { ...process.env, ...environment },
      cwd: directory,
    });
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    child.unref();
    return { pid: child.pid, born: born(child.pid) ?? 'ended at once' };
  } finally {
    closeSync(file);
  }
}

/**
 * Sends a signal to the whole process group, if it is still the same process.
 * @param {Process | undefined} one
 * @param {NodeJS.Signals} name
 */
export function signal(one, name) {
  if (!alive(one)) return;
  try {
    process.kill(-one.pid, name);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** Asks the process to end, and makes it end when it did not in `ms` milliseconds. */
export async function end(one, ms) {
  signal(one, 'SIGCONT');
  signal(one, 'SIGTERM');
  const ended = await until(() => !alive(one), ms).then(
    () => true,
    () => false,
  );
  if (!ended) await kill(one);
}

/** SIGKILL, and returns when the process is gone. */
export async function kill(one) {
  signal(one, 'SIGKILL');
  await until(() => !alive(one), 10_000, `the end of process ${one?.pid}`);
}

/**
 * Polls a condition until it is truthy, and returns what it gave.
 * @template T
 * @param {() => T | Promise<T>} condition
 * @param {number} ms total limit in milliseconds
 * @param {string} [what] named in the error
 * @returns {Promise<T>}
 */
export async function until(condition, ms, what = 'a condition') {
  for (const deadline = performance.now() + ms; ; await delay(40)) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > deadline) throw new Error(`waited ${ms} ms for ${what}`);
  }
}

/**
 * A loopback port that nobody listens on. From below the range the system gives to outgoing connections: while a broker
 * is down, a client that keeps trying its port could otherwise be given that very port and so connect to itself.
 */
export async function freePort() {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 18_000);
    const free = await new Promise((resolve) => {
      const server = createServer();
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
}

/** Whether nobody listens at a port. */
export function refuses(host, port) {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once('error', (error) => resolve(error.code === 'ECONNREFUSED'));
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
  });
}

/** The full name of a program that can be run by its name alone, or is in one of other folders. */
export function inPath(program, path = process.env.PATH ?? '') {
  const candidates = path.split(delimiter).map((folder) => join(folder, program));
  return candidates.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
