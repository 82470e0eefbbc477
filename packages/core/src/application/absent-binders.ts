/**
 * Names of the properties of brokers whose binder package may not be there. They are never read: a key in the
 * wrong tree can be told where it belongs, and a slip the name it was meant to be. An installed package brings its own.
 */
import type { KeyGroup } from '../config/index.js';
import { PREFIX } from '../binding/index.js';
import { schema, type Option } from '../schema/index.js';

interface Names {
  readonly binder: string;
  readonly consumer: string;
  readonly producer: string;
  /** Prefix → names, outside the binder's own tree. */
  readonly connection: Readonly<Record<string, string>>;
}

const RABBIT_COMMON = `exchange-type declare-exchange exchange-durable exchange-auto-delete delayed-exchange
  queue-name-group-only bind-queue binding-routing-key binding-routing-key-delimiter queue-binding-arguments
  dlq-binding-arguments ttl expires max-length max-length-bytes max-priority lazy overflow-behavior quorum
  single-active-consumer auto-bind-dlq dead-letter-queue-name dead-letter-exchange dead-letter-exchange-type
  dead-letter-routing-key declare-dlx dlq-dead-letter-exchange dlq-dead-letter-routing-key dlq-ttl dlq-expires
  dlq-max-length dlq-max-length-bytes dlq-max-priority dlq-lazy dlq-overflow-behavior dlq-quorum
  dlq-single-active-consumer prefix super-stream stream-stream-message-converter-bean-name`;

const KAFKA_PRODUCER = `buffer-size batch-timeout compression-type sync send-timeout-expression message-key-expression
  header-patterns configuration topic use-topic-header record-metadata-channel transaction-manager
  allow-non-transactional close-timeout`;

const REDIS_CONNECTION = `url host port username password database timeout connect-timeout client-name client-type
  sentinel cluster ssl lettuce jedis repositories`;

const ROCKETMQ_COMMON = `enabled name-server access-key secret-key group namespace unit-name access-channel
  poll-name-server-interval heartbeat-broker-interval persist-consumer-offset-interval vip-channel-enabled use-tls
  enable-msg-trace customized-trace-topic`;

const NAMES: Readonly<Record<string, Names>> = {
  rabbit: {
    binder: 'admin-addresses admin-adresses nodes compression-level connection-name-prefix',
    consumer: `${RABBIT_COMMON} acknowledge-mode transacted max-concurrency prefetch batch-size tx-size enable-batching
      receive-timeout durable-subscription republish-to-dlq republish-delivey-mode republish-delivery-mode
      requeue-rejected header-patterns recovery-interval exclusive missing-queues-fatal queue-declaration-retries
      failed-declaration-retry-interval consumer-tag-prefix frame-max-headroom container-type anonymous-group-prefix
      consumer-priority queue-max-priority`,
    producer: `${RABBIT_COMMON} routing-key-expression routing-key delay-expression delivery-mode header-patterns compress
      batching-enabled batch-size batch-buffer-limit batch-timeout batching-strategy-bean-name transacted
      confirm-ack-channel use-confirm-header producer-type stream-message-converter-bean-name alternate-exchange`,
    connection: {
      'spring.rabbitmq': `host port addresses address-shuffle-mode username password virtual-host requested-heartbeat
        requested-channel-max connection-timeout channel-rpc-timeout max-inbound-message-body-size
        publisher-confirm-type publisher-confirms publisher-returns ssl cache template stream listener dynamic`,
    },
  },
  kafka: {
    binder: `brokers default-broker-port zk-nodes default-zk-port zk-session-timeout zk-connection-timeout configuration
      consumer-properties producer-properties headers auto-create-topics auto-alter-topics auto-add-partitions
      min-partition-count replication-factor required-acks health-timeout header-mapper-bean-name
      consider-down-when-any-partition-has-no-leader authorization-exception-retry-interval
      certificate-store-directory jaas transaction metrics enable-observation health-indicator-consumer-group
      offset-update-time-window offset-update-count socket-buffer-size fetch-size max-wait queue-size`,
    consumer: `auto-rebalance-enabled ack-mode ack-each-record auto-commit-offset auto-commit-on-error start-offset
      reset-offsets enable-dlq dlq-name dlq-partitions dlq-producer-properties standard-headers converter-bean-name
      trusted-packages idle-event-interval destination-is-pattern configuration topic poll-timeout
      transaction-manager tx-commit-recovered common-error-handler-bean-name recovery-interval reactive-auto-commit
      reactive-at-most-once`,
    producer: KAFKA_PRODUCER,
    connection: {
      'spring.kafka': `bootstrap-servers client-id properties consumer producer admin ssl security jaas listener template
        streams retry`,
    },
  },
  // ours: Spring has no binder for Redis
  redis: {
    binder: 'lease trim keep server-check',
    consumer: 'acknowledge-mode dlq-name header-patterns block batch-size',
    producer: 'header-patterns max-length',
    connection: { 'spring.redis': REDIS_CONNECTION, 'spring.data.redis': REDIS_CONNECTION },
  },
  rocketmq: {
    binder: `${ROCKETMQ_COMMON} namesrv-addr`,
    consumer: `${ROCKETMQ_COMMON} message-model subscription allocate-message-queue-strategy consume-from-where
      consume-timestamp pull-time-delay-mills-when-exception pull-threshold-for-queue pull-threshold-size-for-queue
      pull-batch-size consume-max-span push pull broadcasting orderly tags sql
      delay-level-when-next-consume suspend-current-queue-time-millis`,
    producer: `${ROCKETMQ_COMMON} send-msg-timeout send-message-timeout compress-msg-body-threshold
      retry-times-when-send-failed retry-times-when-send-async-failed retry-another-broker retry-next-server
      max-message-size producer-type send-type send-call-back transaction-listener message-queue-selector
      error-message-strategy send-failure-channel check-forbidden-hook send-message-hook sync transactional`,
    connection: {},
  },
};

/** Anything may stand below a name, or be its value. */
const open = (names: string): KeyGroup['schema'] =>
  schema(
    Object.fromEntries(
      names
        .split(/\s+/)
        .filter((name) => name !== '')
        .map((name): [string, Option] => [name, { type: 'map', doc: '' }]),
    ),
  );

/** The groups of the brokers that none of the given types serves. */
export function absentBinderGroups(installed: ReadonlySet<string>): KeyGroup[] {
  return Object.entries(NAMES).flatMap(([type, { binder, consumer, producer, connection }]): KeyGroup[] => {
    if (installed.has(type)) return [];
    const groups: [string, string][] = [
      [`${PREFIX}.${type}`, ''],
      [`${PREFIX}.${type}.binder`, binder],
      ...[`${PREFIX}.${type}.bindings.*`, `${PREFIX}.${type}.default`].flatMap((base): [string, string][] => [
        [`${base}.consumer`, consumer],
        [`${base}.producer`, producer],
      ]),
      ...Object.entries(connection),
    ];
    return groups.map(([prefix, names]) => ({ prefix, schema: open(names), unread: true }));
  });
}
