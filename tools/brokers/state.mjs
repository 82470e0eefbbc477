/** What the rig started, as files, so that another process finds it: one record a broker, and locks. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { alive, born, until } from './process.mjs';

/** What is the same for all that this user runs. */
export const cache = () => join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'streambind');

/** What `npm run brokers -- up` starts is here. */
const lasting = () => join(cache(), 'brokers');

/** Where this process keeps what it starts: `STREAMBIND_BROKERS`, which `npm test` sets for its run, else the user's. */
export function home() {
  const directory = process.env.STREAMBIND_BROKERS || lasting();
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return directory;
}

/** Beside the folder of the broker: the home of a record is not always the home of its reader. */
const file = ({ directory }) => `${directory}.json`;

/** The record in this home. */
export const read = (id) => parse(join(home(), `${id}.json`));

/** The record of a shared broker: this run's, else the user's. */
export const shared = (name) => read(name) ?? parse(join(lasting(), `${name}.json`));

/** The record as it is now; another process may have started the broker anew, or removed it. */
export const reread = (record) => parse(file(record)) ?? record;

function parse(path) {
  const written = text(path);
  return written === undefined ? undefined : JSON.parse(written);
}

/** Replaces the record in one step: a reader sees the old one or the new one. */
export function write(record) {
  const draft = `${file(record)}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(record, undefined, 2), { mode: 0o600 });
  renameSync(draft, file(record));
}

export function erase(record) {
  rmSync(file(record), { force: true });
}

/** All records, in the order of their names. */
export function all() {
  const ids = readdirSync(home()).filter((name) => name.endsWith('.json'));
  return ids
    .sort()
    .map((name) => read(name.slice(0, -'.json'.length)))
    .filter((record) => record !== undefined);
}

/** This process, as the owner of what must not outlive it. */
export const self = () => ({ pid: process.pid, born: born(process.pid) });

/**
 * Runs `work` while no other process of this user is in a `work` of the same name. A holder that died is passed over.
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} work
 * @param {{ directory?: string }} [options] where the lock is; this process's home unless told otherwise
 * @returns {Promise<T>}
 */
export async function exclusively(name, work, { directory = home() } = {}) {
  const path = join(directory, `${name}.lock`);
  const mine = JSON.stringify({ ...self(), nonce: Math.random() });
  await until(() => take(path, mine), 600_000, `the lock ${path}`);
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function take(path, mine) {
  try {
    writeFileSync(path, mine, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  const held = text(path);
  if (held === undefined || held === '' || alive(JSON.parse(held))) return false;
  // moved away before it is removed, and looked at again: another process may have taken it over in between
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return false;
    throw error;
  }
  if (text(aside) === held) rmSync(aside);
  else renameSync(aside, path);
  return false;
}

function text(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
