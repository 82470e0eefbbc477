/** The embedded binder: its broker is a directory, and there is nothing between a process and its store. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Subject as KitSubject } from '@streambind/binder-tck';
import { ID } from '../apps/witness.js';
import type { BrokerUnderTest, Subject } from '../subject.js';
import type { Verb } from '../verbs.js';

/** As in `application-embedded.yml`. */
const LEASE_MS = 3000;
const DISK = '256m';
const NO_BROKER = 'there is no broker process: each application opens the store itself';
const NO_NETWORK = 'there is no network between an application and its store';

export const embedded: Subject = {
  name: 'embedded',
  ordered: true,
  resends: false,
  silenceMs: LEASE_MS,
  recoveryMs: { X01: 2000, X08: LEASE_MS + 5000, X13: 15_000, X14: 5000, X15: 30_000, others: 10_000 },
  cannot: {
    'kill broker': NO_BROKER,
    'stop broker': NO_BROKER,
    'start broker': NO_BROKER,
    'start broker empty': NO_BROKER,
    'freeze broker': NO_BROKER,
    'thaw broker': NO_BROKER,
    cut: NO_NETWORK,
    'lose requests': NO_NETWORK,
    'lose deliveries': NO_NETWORK,
    silence: NO_NETWORK,
    reset: NO_NETWORK,
    restore: NO_NETWORK,
    ...(process.getuid?.() === 0 && process.platform === 'linux'
      ? {}
      : { 'fill disk': 'only root on Linux can make a small disk' }),
  },
  open,
  close: () => Promise.resolve(),
};

async function open(directory: string, verbs: readonly Verb[]): Promise<BrokerUnderTest> {
  const disk = join(directory, 'disk');
  mkdirSync(disk);
  const small = verbs.includes('fill disk');
  if (small) mount('-t', 'tmpfs', '-o', `size=${DISK},mode=700`, 'tmpfs', disk);
  // the kit's subject knows how to break a directory, and its probe reads the documented tables in a process of its own
  const module = new URL('../../../../packages/binder-embedded/conformance/dist/subject.js', import.meta.url);
  const { subject } = (await import(module.href)) as { subject: KitSubject };
  const broker = await subject.broker(disk, 'faults');
  const filler = join(disk, 'filler');
  const ends = new Map<Verb, () => Promise<void>>();
  const end = (verb: Verb) => async (): Promise<void> => {
    await ends.get(verb)?.();
    ends.delete(verb);
  };
  return {
    properties: { 'spring.cloud.stream.embedded.binder.directory': broker.address },
    verbs: {
      block: async () => void ends.set('unblock', await broker.block()),
      unblock: end('unblock'),
      'fill disk': () => {
        fill(filler);
        return Promise.resolve();
      },
      'free disk': () => {
        rmSync(filler);
        return Promise.resolve();
      },
      'delete queue': ({ destination }) => broker.deleteDestination(destination),
      'refuse dead letters': async ({ destination, group }) =>
        void ends.set('accept dead letters', await broker.refuseDeadLetters(destination, group)),
      'accept dead letters': end('accept dead letters'),
    },
    freeze: async (pid) => void (await broker.halfOpen(pid)),
    backlog: (destination, group) => broker.probe.backlog(destination, group),
    consumers: (destination, group) => broker.probe.consumers(destination, group),
    deadLetters: async (destination, group) =>
      (await broker.probe.deadLetters(destination, group)).map(({ headers }) => headers[ID] as string),
    close: async () => {
      for (const undo of ends.values()) await undo();
      await broker.close();
      if (small) spawnSync('umount', ['-l', disk]);
    },
  };
}

function mount(...args: string[]): void {
  const { status, stderr } = spawnSync('mount', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cannot make a small disk: ${stderr.trim()}`);
}

/** Takes what is left, to the last block. */
function fill(path: string): void {
  spawnSync('dd', ['if=/dev/zero', `of=${path}`, 'bs=4k'], { stdio: 'ignore' });
}
