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
import type { RedisAddress } from '../../../../tools/brokers/index.mjs';
import { binderFactory } from '../../src/index.js';
import type { RedisConsumerOptions, RedisOptions, RedisProducerOptions } from '../../src/options/options.js';

export type RedisBinder = Binder<RedisConsumerOptions, RedisProducerOptions>;

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
  recoveries: number;
}

/** With a short lease, so that nobody waits long for the dead. */
export async function openBinder(
  { host, port, username, password }: RedisAddress,
  options: Partial<RedisOptions> = {},
): Promise<{ binder: RedisBinder; told: Told }> {
  const told: Told = { warnings: [], reports: [], recoveries: 0 };
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
      ...defaultsOf(binderSchema),
      host,
      port,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      lease: 800,
      ...options,
    },
    {
      name: 'test',
      log,
      report: (error) => void told.reports.push(error),
      recovered: () => void told.recoveries++,
    },
  );
  return { binder, told };
}

export type Handle = (delivery: Delivery) => Settlement | Later | Promise<Settlement | Later>;

export const ACK: Settlement = { kind: 'ack' };

/** A consumer of the group `g`; the faults it was told of. */
export async function consume(
  binder: RedisBinder,
  destination: string,
  deliver: Handle,
  {
    options,
    group = 'g',
    ...source
  }: Partial<Omit<ConsumerSource, 'options' | 'group'>> & {
    options?: Partial<RedisConsumerOptions>;
    /** null: none. */
    group?: string | null;
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
      ordered: false,
      provision: 'create',
      options: { ...defaultsOf(consumerSchema), ...options },
      ...source,
    },
    { deliver, fault: (error) => void faults.push(error) },
  );
  return { binding, faults };
}

export const produce = (
  binder: RedisBinder,
  destination: string,
  { options, ...target }: Partial<Omit<ProducerTarget, 'options'>> & { options?: Partial<RedisProducerOptions> } = {},
) =>
  binder.bindProducer({
    binding: 'output',
    destination,
    requiredGroups: [],
    provision: 'create',
    options: { ...defaultsOf(producerSchema), ...options },
    ...target,
  });

export const record = (id: string, partition?: number): WireRecord => ({
  payload: Buffer.from(id),
  headers: { id, contentType: 'text/plain' },
  ...(partition === undefined ? {} : { partition }),
});

export const bodyOf = ({ payload }: WireRecord): string => Buffer.from(payload!).toString();

/** A destination of one test's own. */
export const aDestination = (): string => `d${randomUUID().slice(0, 8)}`;
