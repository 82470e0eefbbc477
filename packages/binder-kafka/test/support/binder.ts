/** The binder as core would create it, with options by their defaults, and what it reports. */
import { randomUUID } from 'node:crypto';
import type {
  Binder,
  BinderContext,
  ConsumerSource,
  Delivery,
  Later,
  ProducerTarget,
  Schema,
  Settlement,
  WireRecord,
} from '@streambind/core/binder';
import { binderFactory } from '../../src/index.js';
import type { KafkaConsumerOptions, KafkaOptions, KafkaProducerOptions } from '../../src/options/options.js';

export type KafkaBinder = Binder<KafkaConsumerOptions, KafkaProducerOptions>;

export function defaultsOf<T>({ options }: Schema<T>): T {
  const all = Object.entries<{ readonly default?: unknown }>(options);
  return Object.fromEntries(
    all.filter(([, option]) => 'default' in option).map(([name, option]) => [name, option.default]),
  ) as T;
}

const { binder: binderSchema, consumer: consumerSchema, producer: producerSchema } = binderFactory.schemas;

export interface Told {
  readonly warnings: string[];
  readonly reports: Error[];
}

export async function openBinder(
  { host, port }: { readonly host: string; readonly port: number },
  options: Partial<KafkaOptions> = {},
): Promise<{ binder: KafkaBinder; told: Told }> {
  const told: Told = { warnings: [], reports: [] };
  const log: BinderContext['log'] = {
    name: 'test',
    enabled: () => true,
    debug: () => {},
    info: () => {},
    warn: (text) => void told.warnings.push(text),
    error: (text) => void told.warnings.push(text),
  };
  const binder = await binderFactory.create(
    {
      ...defaultsOf(binderFactory.connection!['spring.kafka'] as Schema<KafkaOptions>),
      ...defaultsOf(binderSchema),
      brokers: [`${host}:${port}`],
      ...options,
    },
    { name: 'test', log, report: (error) => void told.reports.push(error), recovered: () => {} },
  );
  return { binder, told };
}

type Handle = (delivery: Delivery) => Settlement | Later | Promise<Settlement | Later>;

/** A consumer, of a group that no other topic has; the faults it was told of. */
export async function consume(
  binder: KafkaBinder,
  destination: string,
  deliver: Handle,
  {
    options,
    group = `g-${destination}`,
    ...source
  }: Partial<Omit<ConsumerSource, 'options' | 'group'>> & {
    group?: string | null;
    options?: Partial<KafkaConsumerOptions>;
  } = {},
) {
  const faults: Error[] = [];
  const binding = await binder.bindConsumer(
    {
      binding: 'input',
      destinations: [destination],
      ...(group === null ? {} : { group }),
      concurrency: 1,
      prefetch: 100,
      ordered: true,
      provision: 'create',
      ...source,
      options: { ...defaultsOf(consumerSchema), ...options },
    },
    { deliver, fault: (error) => void faults.push(error) },
  );
  return { binding, faults };
}

export function produce(
  binder: KafkaBinder,
  destination: string,
  { options, ...target }: Partial<Omit<ProducerTarget, 'options'>> & { options?: Partial<KafkaProducerOptions> } = {},
) {
  return binder.bindProducer({
    binding: 'output',
    destination,
    requiredGroups: [],
    provision: 'create',
    ...target,
    options: { ...defaultsOf(producerSchema), ...options },
  });
}

export const record = (text: string, more: Partial<WireRecord> = {}): WireRecord => ({
  payload: Buffer.from(text),
  headers: {},
  ...more,
});

export const textOf = ({ payload }: Pick<WireRecord, 'payload'>): string => Buffer.from(payload ?? []).toString();

export const ACK: Settlement = { kind: 'ack' };

/** A topic that no other test has. */
export const freshTopic = (): string => `t-${randomUUID().slice(0, 8)}`;
