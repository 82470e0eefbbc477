/**
 * RabbitMQ under test: one node for the run, a virtual host and a network of its own for each case. What a case asks of
 * the broker is asked of the node itself, or by a plain client in another process.
 */
import { randomUUID } from 'node:crypto';
import { binderFactory } from '@streambind/binder-rabbit';
import type { Broker, ConnectionSettings, Probe, Subject, Weakness } from '@streambind/binder-tck';
import { Remote } from '@streambind/binder-tck/processes';
import type { BinderFactory, Schema } from '@streambind/core/binder';
import { Host, memoryAlarm, type Queue } from './host.js';
import { Agent, prepare, theNode } from './node.js';
import type { Network } from './network-process.js';
import type { Operations } from './probe-process.js';

const factory = binderFactory as BinderFactory;

export const subject: Subject = { factory, prepare, broker: open };

/** Applications take turns at them. */
const DOORS = 4;
const PREFIX = 'spring.cloud.stream.rabbit.bindings';

async function open(): Promise<Broker> {
  const node = theNode();
  const { host, port, username, password } = node.address;
  const virtualHost = `case-${randomUUID().slice(0, 8)}`;
  const agent = await Agent.of(node);
  const own = await Host.make(agent, virtualHost, username);
  const url = `amqp://${username}:${password}@${host}:${port}/${virtualHost}`;
  const [probe, network] = await Promise.all([
    Remote.start<Operations>('probe', new URL('./probe-process.js', import.meta.url), [url]),
    Remote.start<Network>('network', new URL('./network-process.js', import.meta.url), [String(port), String(DOORS)]),
  ]);
  const doors = await network.ask('ports');
  let turn = 0;
  const settings = ({ heartbeatMs }: ConnectionSettings = {}): Record<string, string | number> => ({
    host,
    port: doors[++turn % DOORS]!,
    username,
    password,
    virtualHost,
    ...(heartbeatMs === undefined ? {} : { requestedHeartbeat: heartbeatMs }),
  });
  const consumerOption = (binding: string, option: string): string => `${PREFIX}.${binding}.consumer.${option}`;
  return {
    get address() {
      return `${host}:${doors[turn % DOORS]}`;
    },
    probe: probeOf(probe, own),
    options: (wanted) => ({
      ...defaultsOf(factory.schemas.binder),
      ...Object.values(factory.connection ?? {}).reduce((all, each) => ({ ...all, ...defaultsOf(each) }), {}),
      ...settings(wanted),
    }),
    properties: (wanted) => {
      const { requestedHeartbeat, ...plain } = settings(wanted);
      const keys = Object.entries(plain).map(([name, value]) => [`spring.rabbitmq.${kebab(name)}`, String(value)]);
      if (requestedHeartbeat !== undefined) {
        keys.push(['spring.rabbitmq.requested-heartbeat', `${requestedHeartbeat}ms`]);
      }
      return Object.fromEntries(keys) as Record<string, string>;
    },
    manualAcknowledgement: (binding) => ({ [consumerOption(binding, 'acknowledge-mode')]: 'manual' }),
    springDeadLetter: (destination) => ({
      names: ['x-exception-message', 'x-exception-stacktrace', 'x-original-exchange', 'x-original-routingKey'],
      values: { 'x-original-exchange': destination, 'x-original-routingKey': destination },
    }),
    weakGuarantees: (binding): readonly Weakness[] => [
      {
        what: 'the broker forgets what it has handed out',
        weak: { [consumerOption(binding, 'acknowledge-mode')]: 'none' },
        cured: { [consumerOption(binding, 'acknowledge-mode')]: 'auto' },
      },
      {
        what: 'the queue goes with its last consumer',
        weak: { [consumerOption(binding, 'durable-subscription')]: 'false' },
        cured: {},
      },
      {
        what: 'a quorum queue drops what it has handed out too often',
        weak: {
          [consumerOption(binding, 'quorum.enabled')]: 'true',
          [consumerOption(binding, 'quorum.delivery-limit')]: '5',
        },
        cured: { [consumerOption(binding, 'quorum.enabled')]: 'true' },
      },
    ],
    conflict: async (destination) => {
      await probe.ask('declareExchange', destination, 'direct');
      return {
        source: {},
        property: 'type',
        values: ['direct', 'topic'],
        state: () => own.exchangeType(destination),
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
      await memoryAlarm(agent, true);
      return () => memoryAlarm(agent, false);
    },
    loseConfirms: async () => {
      await network.ask('deafen');
      return () => network.ask('restore');
    },
    halfOpen: async (pid) => {
      await network.ask('silence', pid);
      return () => network.ask('restore');
    },
    refuseDeadLetters: async () => {
      await own.allowWriting('^(?!DLX$).*');
      return () => own.allowWriting('.*');
    },
    deleteDestination: async (destination) => {
      const queues = await own.queues();
      const names = queues.map(({ name }) => name).filter((name) => name.startsWith(`${destination}.`));
      await probe.ask('delete', destination, names);
    },
    close: async () => {
      await Promise.all([probe.end(), network.end()]);
      await own.delete();
      agent.close();
    },
  };
}

function probeOf(probe: Remote<Operations>, own: Host): Probe {
  /** Of all queues of the group: partitions have one each. */
  const sum = async (destination: string, group: string, of: (queue: Queue) => number): Promise<number> => {
    const queue = `${destination}.${group}`;
    return (await own.queues())
      .filter(({ name }) => name.startsWith(queue) && /^(-\d+)?$/.test(name.slice(queue.length)))
      .reduce((total, each) => total + of(each), 0);
  };
  return {
    publish: (destination, records) => probe.ask('publish', destination, records),
    tap: async (destination) => {
      const tap = await probe.ask('tap', destination);
      return { records: () => probe.ask('records', tap) };
    },
    deadLetters: (destination, group) => probe.ask('letters', `${destination}.${group}.dlq`, destination),
    consumers: (destination, group) => sum(destination, group, ({ consumers }) => consumers),
    unsettled: (destination, group) => sum(destination, group, ({ unacknowledged }) => unacknowledged),
    backlog: (destination, group) => sum(destination, group, ({ ready, unacknowledged }) => ready + unacknowledged),
    groups: async (destination) =>
      (await own.queues())
        .map(({ name }) => name)
        .filter((name) => name.startsWith(`${destination}.`))
        .map((name) => name.slice(destination.length + 1)),
  };
}

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const defaultsOf = ({ options }: Schema): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(options as Record<string, { default?: unknown }>).flatMap(([name, option]) =>
      option.default === undefined ? [] : [[name, option.default]],
    ),
  );
