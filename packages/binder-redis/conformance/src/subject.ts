/**
 * Redis under test: one server for the run, a database and a network of its own for each case. What a case asks of the
 * broker is asked by node-redis in another process.
 */
import { randomInt } from 'node:crypto';
import { binderFactory } from '@streambind/binder-redis';
import type { Broker, ConnectionSettings, Probe, Subject } from '@streambind/binder-tck';
import { Remote } from '@streambind/binder-tck/processes';
import type { BinderFactory, Schema } from '@streambind/core/binder';
import type { Network } from './network-process.js';
import { DATABASES, prepare, theNode } from './node.js';
import type { Operations } from './probe-process.js';

const factory = binderFactory as BinderFactory;

export const subject: Subject = { factory, prepare, broker: open };

/** Applications take turns at them. */
const DOORS = 4;
const PREFIX = 'spring.cloud.stream.redis.bindings';

async function open(): Promise<Broker> {
  const node = theNode();
  const { host, port } = node.address;
  const database = randomInt(1, DATABASES);
  const [probe, network] = await Promise.all([
    Remote.start<Operations>('probe', new URL('./probe-process.js', import.meta.url), [
      `redis://${host}:${port}/${database}`,
    ]),
    Remote.start<Network>('network', new URL('./network-process.js', import.meta.url), [String(port), String(DOORS)]),
  ]);
  const doors = await network.ask('ports');
  let turn = 0;
  const settings = ({ heartbeatMs }: ConnectionSettings = {}): Record<string, string | number> => ({
    host,
    port: doors[++turn % DOORS]!,
    database,
    ...(heartbeatMs === undefined ? {} : { timeout: heartbeatMs }),
  });
  return {
    get address() {
      return `${host}:${doors[turn % DOORS]}`;
    },
    probe: probeOf(probe),
    keepsHeld: true,
    options: (wanted) => ({ ...defaultsOf(factory.schemas.binder), ...settings(wanted) }),
    properties: (wanted) =>
      Object.fromEntries(
        Object.entries(settings(wanted)).map(([name, value]) => [`spring.data.redis.${name}`, String(value)]),
      ),
    manualAcknowledgement: (binding) => ({ [`${PREFIX}.${binding}.consumer.acknowledge-mode`]: 'manual' }),
    springDeadLetter: (destination, group) => ({
      names: [
        'x-original-stream',
        'x-original-id',
        'x-original-group',
        'x-exception-message',
        'x-exception-stacktrace',
        'x-error-code',
        'x-attempts',
        'x-last-failure',
      ],
      values: {
        'x-original-stream': destination,
        'x-original-group': group,
        'x-exception-message': 'it never works',
        'x-error-code': 'TypeError',
        'x-attempts': '3',
      },
    }),
    weakGuarantees: () => [],
    weakOutputs: (binding) => [
      {
        what: 'a long stream drops entries unread',
        weak: { [`${PREFIX}.${binding}.producer.max-length`]: '1000' },
        cured: {},
      },
    ],
    conflict: async (destination) => {
      await probe.ask('set', destination, 'something else');
      return {
        source: {},
        property: 'type',
        values: ['string', 'stream'],
        state: () => probe.ask('type', destination),
      };
    },
    down: () => network.ask('down'),
    up: () => network.ask('restore'),
    restart: async (how) => {
      if (how === 'killed') {
        await node.kill9();
        await node.start();
      } else {
        await node.restart();
      }
    },
    block: async () => {
      await probe.ask('room', 1);
      return async () => void (await probe.ask('room', 0));
    },
    loseConfirms: async () => {
      await network.ask('deafen');
      return () => network.ask('restore');
    },
    halfOpen: async (pid) => {
      await network.ask('silence', pid);
      return () => network.ask('restore');
    },
    refuseDeadLetters: async (destination, group) => {
      await probe.ask('set', deadLettersOf(destination, group), 'no stream');
      return async () => void (await probe.ask('forget', deadLettersOf(destination, group)));
    },
    deleteDestination: (destination) => probe.ask('delete', destination),
    close: async () => {
      await probe.ask('clear');
      await Promise.all([probe.end(), network.end()]);
    },
  };
}

const deadLettersOf = (destination: string, group: string): string => `error.${destination}.${group}`;

const probeOf = (probe: Remote<Operations>): Probe => ({
  publish: (destination, records) => probe.ask('publish', destination, records),
  tap: async (destination) => {
    const tap = await probe.ask('tap', destination);
    return { records: () => probe.ask('records', tap) };
  },
  deadLetters: (destination, group) => probe.ask('letters', deadLettersOf(destination, group)),
  consumers: (destination, group) => probe.ask('consumers', destination, group),
  unsettled: (destination, group) => probe.ask('unsettled', destination, group),
  backlog: (destination, group) => probe.ask('backlog', destination, group),
  groups: (destination) => probe.ask('groups', destination),
});

const defaultsOf = ({ options }: Schema): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(options as Record<string, { default?: unknown }>).flatMap(([name, option]) =>
      option.default === undefined ? [] : [[name, option.default]],
    ),
  );
