/**
 * Kafka under test: one broker for the run, topics and a network of its own for each case. What a case asks of the broker
 * is asked by Kafka's own client.
 */
import { binderFactory } from '@streambind/binder-kafka';
import type { Broker, ConnectionSettings, Subject, Weakness } from '@streambind/binder-tck';
import { Remote } from '@streambind/binder-tck/processes';
import type { BinderFactory, Schema } from '@streambind/core/binder';
import { place, prepare, versions } from './broker.js';
import type { Network } from './network-process.js';
import { deadLettersOf, probeOf } from './probe.js';

const factory = binderFactory as BinderFactory;

export const subject: Subject = { factory, versions, prepare, broker: open };

/** Applications take turns at them. */
const DOORS = 4;
const PREFIX = 'spring.cloud.stream.kafka.bindings';

async function open(_: string, name: string): Promise<Broker> {
  const { broker, partner } = await place();
  const { host, port } = broker.address;
  const args = [String(port), String(DOORS)];
  const network = await Remote.start<Network>('network', new URL('./network-process.js', import.meta.url), args);
  const doors = await network.ask('ports');
  let turn = 0;
  const door = (): string => `${host}:${doors[++turn % DOORS]}`;
  const members = ({ heartbeatMs }: ConnectionSettings = {}): Record<string, string> => {
    if (heartbeatMs === undefined) return {};
    const session = 2 * heartbeatMs;
    return { 'session.timeout.ms': String(session), 'heartbeat.interval.ms': String(Math.round(session / 6)) };
  };
  const consumerOption = (binding: string, option: string): string => `${PREFIX}.${binding}.consumer.${option}`;
  return {
    get address() {
      return `${host}:${doors[turn % DOORS]}`;
    },
    probe: probeOf(partner),
    options: (wanted) => ({
      ...defaultsOf(factory.schemas.binder),
      ...Object.values(factory.connection ?? {}).reduce((all, each) => ({ ...all, ...defaultsOf(each) }), {}),
      bootstrapServers: [door()],
      consumerProperties: members(wanted),
    }),
    properties: (wanted) => ({
      'spring.kafka.bootstrap-servers': door(),
      ...Object.fromEntries(
        Object.entries(members(wanted)).map(([name, value]) => [`spring.kafka.consumer.properties.${name}`, value]),
      ),
    }),
    messageIds: false,
    manualAcknowledgement: (binding) => ({ [consumerOption(binding, 'ack-mode')]: 'MANUAL' }),
    springDeadLetter: (destination) => ({
      names: [
        ...['topic', 'partition', 'offset', 'timestamp', 'timestamp-type'].map((what) => `x-original-${what}`),
        ...['fqcn', 'message', 'stacktrace'].map((what) => `x-exception-${what}`),
      ],
      values: { 'x-original-topic': destination, 'x-original-timestamp-type': 'CreateTime' },
    }),
    weakGuarantees: (binding): readonly Weakness[] => [
      {
        what: 'an exhausted message is committed without a dead letter',
        weak: { [consumerOption(binding, 'auto-commit-on-error')]: 'true' },
        cured: { [consumerOption(binding, 'auto-commit-on-error')]: 'false' },
      },
      {
        what: 'each start begins at the end',
        weak: {
          [consumerOption(binding, 'reset-offsets')]: 'true',
          [consumerOption(binding, 'start-offset')]: 'latest',
        },
        cured: { [consumerOption(binding, 'start-offset')]: 'latest' },
      },
    ],
    conflict: async (destination) => {
      await partner.ask('createTopic', { topic: destination, partitions: 1 });
      return {
        target: { minPartitions: 4 },
        property: 'partitions',
        values: ['1', '4'],
        state: () => partner.ask('partitions', { topic: destination }),
      };
    },
    partition: async (topic, partitions) => void (await partner.ask('createTopic', { topic, partitions })),
    down: () => network.ask('down'),
    up: () => network.ask('restore'),
    restart: async (how) => {
      if (how === 'killed') {
        await broker.kill9();
        await broker.start();
      } else {
        await broker.restart();
      }
    },
    block: async () => {
      await network.ask('hold');
      return () => network.ask('release');
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
      const topic = deadLettersOf(destination, group);
      await partner.ask('denyWriting', { topic });
      return async () => void (await partner.ask('allowWriting', { topic }));
    },
    deleteDestination: async (destination) => void (await partner.ask('deleteTopics', { topics: [destination] })),
    close: async () => {
      await network.end();
      const topics = (await partner.ask('topics', {})).filter((topic) => topic.includes(name));
      await partner.ask('deleteTopics', { topics });
      partner.close();
    },
  };
}

const defaultsOf = ({ options }: Schema): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(options as Record<string, { default?: unknown }>).flatMap(([name, option]) =>
      option.default === undefined ? [] : [[name, option.default]],
    ),
  );
