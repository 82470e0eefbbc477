/** `spring.cloud.stream.embedded.binder.*`, and `.bindings.<name>.consumer.*`. Producers have no options of their own. */
import { schema, type Schema } from '@streambind/core/binder';

export interface EmbeddedOptions {
  readonly directory?: string;
  readonly durable: boolean;
  readonly lease: number;
  readonly keep: number;
  readonly maxAge?: number;
  readonly maxSize?: number;
}

export interface EmbeddedConsumerOptions {
  readonly acknowledgeMode: 'auto' | 'manual';
}

export type NoOptions = Record<never, never>;

export const binderSchema: Schema<EmbeddedOptions> = schema<EmbeddedOptions>({
  directory: {
    type: 'string',
    doc: 'Where the store is; processes that shall meet name the same one. Default: one place per user and machine.',
  },
  durable: {
    type: 'boolean',
    default: false,
    doc: 'Whether a send resolves only when it also survives a loss of power, not only the death of any process.',
  },
  lease: {
    type: 'duration',
    default: 30_000,
    min: 300,
    doc: 'A process that gives no sign of life for so long loses what it has claimed to the others of its groups.',
  },
  keep: {
    type: 'duration',
    default: 0,
    min: 0,
    doc: 'How long a message that every group has consumed is kept, for groups that come later and start at the earliest.',
  },
  maxAge: {
    type: 'duration',
    min: 1,
    doc: 'Older messages are dropped although unread, with a warning and their number. Default: never.',
  },
  maxSize: {
    type: 'size',
    min: 1,
    doc: 'Beyond so many bytes the oldest messages are dropped although unread, with a warning and their number. Default: never.',
  },
});

export const consumerSchema: Schema<EmbeddedConsumerOptions> = schema<EmbeddedConsumerOptions>({
  acknowledgeMode: {
    type: 'enum',
    values: ['auto', 'manual'],
    default: 'auto',
    doc: 'Whether the end of a handler settles its message, or what it does with its Acknowledgment.',
  },
});

export const noOptions: Schema<NoOptions> = schema<NoOptions>({});
