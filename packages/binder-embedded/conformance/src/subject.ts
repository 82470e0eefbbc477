/**
 * The embedded binder under test. Its broker is a directory, so a broken broker is a broken directory: see each fault.
 * Nothing here reaches into the binder but the worker threads that Node tells of, and the tables it documents.
 */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { binderFactory } from '@streambind/binder-embedded';
import type { Broker, ConnectionSettings, Subject, Weakness } from '@streambind/binder-tck';
import type { BinderFactory } from '@streambind/core/binder';
import { ProbeProcess } from './probe.js';
import { endWorkers, loseConfirms } from './workers.js';

const LEASE_MS = 30_000;
const PREFIX = 'spring.cloud.stream.embedded';
const HANDLER_TIMEOUT = (binding: string): string => `spring.cloud.stream.bindings.${binding}.consumer.handler-timeout`;

export const subjectOf = (factory: BinderFactory): Subject => ({ factory, broker: (parent) => open(parent) });

export const subject: Subject = subjectOf(binderFactory as BinderFactory);

async function open(parent: string): Promise<Broker> {
  const directory = join(parent, 'store');
  const away = join(parent, 'away');
  const probe = await ProbeProcess.start(directory);
  const settings = ({ heartbeatMs }: ConnectionSettings = {}) => ({ directory, lease: heartbeatMs ?? LEASE_MS });
  return {
    address: directory,
    probe,
    options: (wanted) => ({ ...settings(wanted), durable: false, keep: 0 }),
    properties: (wanted) =>
      Object.fromEntries(
        Object.entries(settings(wanted)).map(([name, value]) => [`${PREFIX}.binder.${name}`, `${value}`]),
      ),
    manualAcknowledgement: (binding) => ({ [`${PREFIX}.bindings.${binding}.consumer.acknowledge-mode`]: 'manual' }),
    weakGuarantees: (binding): readonly Weakness[] => [
      {
        what: 'a handler may take longer than the lease',
        weak: { [`${PREFIX}.binder.lease`]: '2s', [HANDLER_TIMEOUT(binding)]: '5s' },
        cured: { [`${PREFIX}.binder.lease`]: '30s', [HANDLER_TIMEOUT(binding)]: '5s' },
      },
      {
        what: 'old messages are dropped unread',
        weak: { [`${PREFIX}.binder.max-age`]: '1h' },
        cured: {},
      },
      {
        what: 'a store that is too large drops messages unread',
        weak: { [`${PREFIX}.binder.max-size`]: '1MB' },
        cured: {},
      },
    ],
    conflict: async (destination) => {
      await probe.declare(destination, 2);
      return {
        source: { partitioning: { count: 4, mine: [0] }, ordered: true, provision: 'verify' },
        property: 'partitions',
        values: ['2', '4'],
        state: () => probe.partitions(destination),
      };
    },
    // a file where the directory was: nobody can open the store, whatever the user's rights are
    down: async () => {
      await probe.pause();
      try {
        renameSync(directory, away);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
      writeFileSync(directory, '');
      await endWorkers();
    },
    up: async () => {
      rmSync(directory);
      try {
        renameSync(away, directory);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    },
    // the store lives in the worker threads of those who use it; they have no orderly end but that of their binder
    restart: () => endWorkers(),
    block: async () => {
      await probe.lock(true);
      return () => probe.lock(false);
    },
    loseConfirms: () => Promise.resolve(loseConfirms()),
    halfOpen: async (pid) => {
      process.kill(pid, 'SIGSTOP');
      // one that stops inside a transaction keeps everybody out: that is `block`
      while (await probe.locked()) {
        process.kill(pid, 'SIGCONT');
        await sleep(10);
        process.kill(pid, 'SIGSTOP');
      }
      return () => {
        process.kill(pid, 'SIGCONT');
        return Promise.resolve();
      };
    },
    refuseDeadLetters: async (destination, group) => {
      await probe.refuse(`${destination}.${group}.dlq`, true);
      return () => probe.refuse(`${destination}.${group}.dlq`, false);
    },
    deleteDestination: (destination) => probe.deleteDestination(destination),
    close: () => probe.end(),
  };
}
