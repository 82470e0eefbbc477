/**
 * The broker rig. `broker(name)` is the one that everybody shares: found at the address the environment tells, or started
 * once and left running for its home (`state.mjs`); `startPrivate(name)` is the caller's own, to be killed at will.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Unavailable } from './broker.mjs';
import * as compose from './compose.mjs';
import { install, mayInstall } from './packages.mjs';
import { Kafka } from './kafka.mjs';
import { alive, freePort, refuses } from './process.mjs';
import { Rabbit } from './rabbit.mjs';
import { Redis } from './redis.mjs';
import { all, exclusively, home, read, self, shared, write } from './state.mjs';

export { Unavailable } from './broker.mjs';
export { freePort, until } from './process.mjs';

const kinds = { rabbit: Rabbit, redis: Redis, kafka: Kafka };

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
  options: {},
  ...more,
});

const silent = () => {};

/**
 * The shared broker: one that answers at the configured address, else the one the rig has running, else a new one.
 * @param {string} name
 * @param {{ administered?: boolean, tell?: (line: string) => void }} [options] `administered`: one that is found is used
 *   only when its administration program works with it; `tell` hears what takes long; the rest is for one that is started
 * @throws {Unavailable} when it cannot be had on this machine
 */
export async function broker(name, { administered = false, tell = silent, ...options } = {}) {
  check(kind(name), options);
  const usable = async () => {
    const found = await configured(name, { administered, tell });
    return found ?? (await known(name));
  };
  const present = await usable();
  if (present) return present;
  return exclusively(name, async () => {
    const meanwhile = await known(name);
    if (meanwhile) return meanwhile;
    const left = read(name);
    if (left) await new kinds[left.name](left).remove();
    return launch(name, name, { options }, tell);
  });
}

/**
 * A broker of the caller's own; `remove()` it. One whose caller died is removed by whoever uses the rig next.
 * @param {string} name
 * @param {{ config?: string[], tell?: (line: string) => void }} [options] `config`: lines for rabbitmq.conf, redis.conf or
 *   server.properties; the rest is the kind's own
 * @throws {Unavailable} when it cannot be had on this machine
 */
export async function startPrivate(name, { config = [], tell = silent, ...options } = {}) {
  check(kind(name), options);
  await removeOrphans();
  return launch(name, `${name}-${randomUUID().slice(0, 8)}`, { config, options, owner: self() }, tell);
}

/** The shared broker if it can be used now; nothing is started. */
export async function running(name) {
  return (await configured(name, { administered: false, tell: silent })) ?? (await known(name));
}

/** The broker at the configured address; says why one that listens there is not used. */
async function configured(name, { administered, tell }) {
  const Kind = kind(name);
  const found = new Kind(record(name, name, 'found', Kind.configured()));
  const { host, port } = found.address;
  try {
    await found.probe();
    if (administered) await found.administered();
    return found;
  } catch (error) {
    if (!(await refuses(host, port))) tell(`the ${Kind.title} at ${host}:${port} is not used: ${error.message}`);
    return undefined;
  }
}

/** The shared broker that the rig started. */
async function known(name) {
  const one = shared(name);
  if (!one) return undefined;
  const ours = new kinds[name](one);
  return (await answers(ours)) ? ours : undefined;
}

const answers = (one) => one.probe().then(Boolean, () => false);

/** Every broker the rig has started and not removed: shared ones, and private ones of any process. */
export const started = () => all().map((one) => new kinds[one.name](one));

/**
 * Ends every broker the rig started in its home, or those of some names, and not those another living process owns.
 * @param {string[]} [only]
 * @param {{ owned?: boolean }} [options] `owned`: those as well
 */
export async function down(only = names, { owned = false } = {}) {
  only.forEach(kind);
  const gone = [];
  for (const one of all()) {
    const another = alive(one.owner) && one.owner.pid !== process.pid;
    if (!only.includes(one.name) || (another && !owned)) continue;
    const ours = new kinds[one.name](one);
    await ours.remove();
    gone.push(ours);
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
  const origin = await source(Kind, more, tell);
  await Kind.prepare(more.options, tell);
  const ports = {};
  for (const port of Kind.extraPorts(more.options)) ports[port] = await freePort();
  const address = Kind.privateAddress(await freePort(), more.options);
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
async function source(Kind, { config = [], options }, tell) {
  if (Kind.locate()) return 'process';
  if (mayInstall()) {
    await install(Kind.packages, tell);
    if (Kind.locate()) return 'process';
  }
  const asItComes = config.length === 0 && Object.keys(options).length === 0;
  if (Kind.container && asItComes && compose.available()) return 'compose';
  const packages = Kind.packages.join(' ');
  const { host, port } = Kind.configured();
  throw new Unavailable(
    `${Kind.title} is not to be had: nothing usable answers at ${host}:${port}, ${Kind.missing} ` +
      `(Debian: apt-get install ${packages}; macOS: brew install ${Kind.brew})` +
      `${Kind.container ? ', and no Docker engine runs' : ''}.`,
  );
}

function check(Kind, options) {
  const unknown = Object.keys(options).find((name) => !Kind.options.includes(name));
  if (unknown === undefined) return;
  const known = Kind.options.join(', ') || 'none';
  throw new Error(`the rig's ${Kind.title} has no option "${unknown}"; it has: ${known}`);
}

function kind(name) {
  if (Object.hasOwn(kinds, name)) return kinds[name];
  throw new Error(`there is no broker "${name}" in the rig; it knows: ${names.join(', ')}`);
}
