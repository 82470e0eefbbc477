/** `spring.cloud.stream.redis.binder.*` and `.bindings.<name>.consumer|producer.*`. Spring has no binder for Redis Streams: all are ours. */
import { schema, type Schema } from '@streambind/core/binder';
import type { RedisConnectionOptions } from './connection.js';

export { PREFIXES, connectionSchema, type RedisConnectionOptions } from './connection.js';

export interface RedisBinderOptions {
  /** Milliseconds. */
  readonly lease: number;
  readonly trim: boolean;
  /** Milliseconds. */
  readonly keep: number;
  readonly serverCheck: 'warn' | 'refuse' | 'off';
}

/** What the binder is created with: its own options, and the connection's. */
export type RedisOptions = RedisBinderOptions & RedisConnectionOptions;

export interface RedisConsumerOptions {
  readonly acknowledgeMode: 'auto' | 'manual';
  readonly dlqName?: string;
  readonly headerPatterns: readonly string[];
  /** Milliseconds. */
  readonly block: number;
  readonly batchSize?: number;
}

export interface RedisProducerOptions {
  readonly headerPatterns: readonly string[];
  readonly maxLength?: number;
}

/** Core reads `connectionSchema` beside it into the same options. */
export const binderSchema = schema<RedisBinderOptions>({
  lease: {
    type: 'duration',
    default: 3000,
    min: 300,
    doc: 'A process that gives no sign of life for so long loses what it has taken to the others of its groups.',
  },
  trim: {
    type: 'boolean',
    default: true,
    doc: 'Whether entries are removed that every group of the stream has acknowledged. A stream without groups is left alone.',
  },
  keep: {
    type: 'duration',
    default: 0,
    min: 0,
    doc: 'With trim: how long such an entry stays, for groups that come later and start at the earliest.',
  },
  serverCheck: {
    type: 'enum',
    values: ['warn', 'refuse', 'off'],
    default: 'warn',
    doc: 'What happens when Redis is set up so that it can lose entries it has confirmed: append-only file off, or eviction of any key.',
  },
}) as Schema<RedisOptions>;

export const consumerSchema: Schema<RedisConsumerOptions> = schema<RedisConsumerOptions>({
  acknowledgeMode: {
    type: 'enum',
    values: ['auto', 'manual'],
    default: 'auto',
    doc: 'Whether the end of a handler settles its message, or what it does with its Acknowledgment.',
  },
  dlqName: { type: 'string', doc: 'The stream of dead letters. Default: `error.<destination>.<group>`.' },
  headerPatterns: {
    type: 'list',
    default: ['*'],
    doc: 'Which headers reach the handler: `a*`, and `!b` for not. contentType, id and timestamp always do.',
  },
  block: {
    type: 'duration',
    default: 2000,
    min: 10,
    max: 60_000,
    doc: 'How long one read waits at Redis for new entries.',
  },
  batchSize: {
    type: 'integer',
    min: 1,
    max: 10_000,
    doc: 'Entries of one read at most. Default: as many as there is room for.',
  },
});

export const producerSchema: Schema<RedisProducerOptions> = schema<RedisProducerOptions>({
  headerPatterns: {
    type: 'list',
    default: ['*'],
    doc: 'Which headers are sent: `a*`, and `!b` for not. contentType, id and timestamp always are.',
  },
  maxLength: {
    type: 'integer',
    min: 1,
    doc: 'With so many entries in the stream, a few hundred more at most, the oldest are removed with each send, read or unread. Default: no limit.',
  },
});
