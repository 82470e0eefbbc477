/**
 * The broker rig. `broker(name)` is the one that everybody shares: found at the address the environment tells, or started
 * once and left running for its home (`state.mjs`); `startPrivate(name)` is the caller's own, to be killed at will.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Unavailable } from './broker.mjs';
import * as compose from './compose.mjs';
import { install, mayInstall } from './packages.mjs';
import { alive, freePort } from './process.mjs';
import { Rabbit } from './rabbit.mjs';
import { Redis } from './redis.mjs';
import { all, exclusively, home, read, self, write } from './state.mjs';

export { Unavailable } from './broker.mjs';
export { freePort, until } from './process.mjs';

const kinds = { rabbit: Rabbit, redis: Redis };

/** The names of the brokers the rig knows. */
export const names = Object.keys(kinds);

/** A record, the whole of what is known of a broker; `state.mjs` keeps those of brokers the rig started. */
const record = (name, id, origin, address, more = {}) => ({
  id,
  name,
  origin,
  address,
  directory: join(home(), id),
  ports: {},
  processes: {},
  config: [],
  ...more,
});

const silent = () => {};

/**
 * The shared broker: one that answers at the configured address, else the one the rig has running, else a new one.
 * @param {string} name
 * @param {{ tell?: (line: string) => void }} [options] `tell` hears what takes long
 * @throws {Unavailable} when it cannot be had on this machine
 */
export async function broker(name, { tell = silent } = {}) {
  const present = await running(name);
  if (present) return present;
  return exclusively(name, async () => {
    const meanwhile = await running(name);
    if (meanwhile) return meanwhile;
    const left = read(name);
    if (left) await new kinds[left.name](left).remove();
    return launch(name, name, {}, tell);
  });
}

/**
 * A broker of the caller's own; `remove()` it. One whose caller died is removed by whoever uses the rig next.
 * @param {string} name
 * @param {{ config?: string[], tell?: (line: string) => void }} [options] `config`: lines for rabbitmq.conf or redis.conf
 * @throws {Unavailable} when it cannot be had on this machine
 */
export async function startPrivate(name, { config = [], tell = silent } = {}) {
  kind(name);
  await removeOrphans();
  return launch(name, `${name}-${randomUUID().slice(0, 8)}`, { config, owner: self() }, tell);
}

/** The shared broker if it can be used now; nothing is started. */
export async function running(name) {
  const Kind = kind(name);
  const found = new Kind(record(name, name, 'found', Kind.configured()));
  if (await answers(found)) return found;
  const known = read(name);
  if (!known) return undefined;
  const ours = new Kind(known);
  return (await answers(ours)) ? ours : undefined;
}

const answers = (one) => one.probe().then(Boolean, () => false);

/** Every broker the rig has started and not removed: shared ones, and private ones of any process. */
export const started = () => all().map((one) => new kinds[one.name](one));

/** Ends every broker the rig started in its home, or those of some names. Returns them. */
export async function down(only = names) {
  only.forEach(kind);
  const gone = [];
  for (const one of started()) {
    if (!only.includes(one.name)) continue;
    await one.remove();
    gone.push(one);
  }
  return gone;
}

async function removeOrphans() {
  for (const one of all()) {
    if (one.owner && !alive(one.owner)) await new kinds[one.name](one).remove();
  }
}

async function launch(name, id, more, tell) {
  const Kind = kind(name);
  const origin = await source(Kind, more.config ?? [], tell);
  const ports = {};
  for (const port of Kind.extraPorts) ports[port] = await freePort();
  const address = Kind.privateAddress(await freePort());
  const fresh = record(name, id, origin, address, { ports, ...more });
  write(fresh);
  const one = new Kind(fresh);
  tell(`starting ${Kind.title} on port ${address.port} …`);
  try {
    await one.start();
  } catch (error) {
    await one.remove();
    throw error;
  }
  return one;
}

/** Where a new broker comes from: the system's packages, after installing them where that is allowed, or a container. */
async function source(Kind, config, tell) {
  if (Kind.locate()) return 'process';
  if (mayInstall()) {
    await install(Kind.packages, tell);
    if (Kind.locate()) return 'process';
  }
  if (config.length === 0 && compose.available()) return 'compose';
  const packages = Kind.packages.join(' ');
  const { host, port } = Kind.configured();
  throw new Unavailable(
    `${Kind.title} is not to be had: nothing usable answers at ${host}:${port}, the package is not installed ` +
      `(Debian: apt-get install ${packages}; macOS: brew install ${Kind.brew}), and no Docker engine runs.`,
  );
}

function kind(name) {
  if (Object.hasOwn(kinds, name)) return kinds[name];
  throw new Error(`there is no broker "${name}" in the rig; it knows: ${names.join(', ')}`);
}
