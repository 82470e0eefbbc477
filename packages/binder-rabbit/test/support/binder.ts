/** The binder as core would create it, with options by their defaults, and what it reports. */
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
import type { RabbitAddress } from '../../../../tools/brokers/index.mjs';
import { binderFactory } from '../../src/index.js';
import type { RabbitConsumerOptions, RabbitOptions, RabbitProducerOptions } from '../../src/options/options.js';

export type RabbitBinder = Binder<RabbitConsumerOptions, RabbitProducerOptions>;

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
  { host, port, username, password, virtualHost }: RabbitAddress,
  options: Partial<RabbitOptions> = {},
): Promise<{ binder: RabbitBinder; told: Told }> {
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
      ...defaultsOf(binderFactory.connection!['spring.rabbitmq'] as Schema<RabbitOptions>),
      ...defaultsOf(binderSchema),
      host,
      port,
      username,
      password,
      virtualHost,
      ...options,
    },
    { name: 'test', log, report: (error) => void told.reports.push(error), recovered: () => {} },
  );
  return { binder, told };
}

type Handle = (delivery: Delivery) => Settlement | Later | Promise<Settlement | Later>;

/** A consumer of the group `g`; the faults it was told of. */
export async function consume(
  binder: RabbitBinder,
  destination: string,
  deliver: Handle,
  { options, ...source }: Partial<Omit<ConsumerSource, 'options'>> & { options?: Partial<RabbitConsumerOptions> } = {},
) {
  const faults: Error[] = [];
  const binding = await binder.bindConsumer(
    {
      binding: 'input',
      destinations: [destination],
      group: 'g',
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
  binder: RabbitBinder,
  destination: string,
  { options, ...target }: Partial<Omit<ProducerTarget, 'options'>> & { options?: Partial<RabbitProducerOptions> } = {},
) =>
  binder.bindProducer({
    binding: 'output',
    destination,
    requiredGroups: [],
    provision: 'create',
    options: { ...defaultsOf(producerSchema), ...options },
    ...target,
  });

export const record = (id: string, headers: WireRecord['headers'] = {}, payload = Buffer.from(id)): WireRecord => ({
  payload,
  headers: { id, contentType: 'text/plain', ...headers },
});

/** What each send came to: `confirmed`, or its error. */
export const outcomes = (sends: readonly Promise<void>[]): Promise<readonly ('confirmed' | Error)[]> =>
  Promise.all(
    sends.map((send) =>
      send.then(
        () => 'confirmed' as const,
        (error: unknown) => error as Error,
      ),
    ),
  );
