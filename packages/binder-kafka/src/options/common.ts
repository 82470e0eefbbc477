/** What consumers and producers can both say about their topic, and how an option that is not there says why. */
import type { Option } from '@streambind/core/binder';

/** Of a topic that this binding makes. */
export interface TopicOptions {
  /** The topic's configuration: `cleanup.policy`, `retention.ms`. */
  readonly 'topic.properties'?: Readonly<Record<string, string>>;
  readonly 'topic.replicationFactor'?: number;
  /** Ids of brokers by partition, in any of the ways in which yml writes lists. */
  readonly 'topic.replicasAssignments'?: Readonly<Record<string, string>>;
}

type Options<T> = { readonly [K in keyof T]-?: Option };

/** Kafka counts copies in an int16. */
const MOST_REPLICAS = 32_767;

export const topicOptions: Options<TopicOptions> = {
  'topic.properties': {
    type: 'map',
    doc: 'Configuration of a topic that is made, such as `cleanup.policy`; with auto-alter-topics also of one that exists.',
  },
  'topic.replicationFactor': {
    type: 'integer',
    min: -1,
    max: MOST_REPLICAS,
    doc: 'Copies of each partition of a topic that is made. Default: replication-factor of the binder.',
  },
  'topic.replicasAssignments': {
    type: 'map',
    doc: 'Which brokers have the copies, by partition: `0: [1, 2]`. It also says how many partitions there are.',
  },
};

/** Options that Spring has and this binder has not, all for one reason. */
export const without = (reason: string, ...names: readonly string[]): Readonly<Record<never, Option>> =>
  Object.fromEntries(names.map((name) => [name, { type: 'map', unsupported: reason, doc: '' } satisfies Option]));
