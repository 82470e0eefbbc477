/** The binder in the process of the test. */
import type {
  Binder,
  ConsumerBinding,
  ConsumerSource,
  Delivery,
  Later,
  ProducerBinding,
  ProducerTarget,
  Settlement,
} from '@streambind/core/binder';
import { binderFactory, type EmbeddedOptions } from '@streambind/binder-embedded';

export type Handler = (delivery: Delivery) => Settlement | Later | Promise<Settlement | Later>;

export const ack: Handler = () => ({ kind: 'ack' });

const opened = new Set<LocalBinder>();

export async function closeBinders(): Promise<void> {
  await Promise.all([...opened].map((each) => each.close()));
}

export class LocalBinder {
  readonly reports: (Error & { code?: string })[] = [];
  readonly logs: string[] = [];
  readonly faults: (Error & { code?: string })[] = [];
  recovered = 0;
  #binder: Binder | undefined;

  static async open(directory: string, options: Partial<EmbeddedOptions> = {}): Promise<LocalBinder> {
    const local = new LocalBinder();
    const write = (text: string): void => void local.logs.push(text);
    local.#binder = await binderFactory.create(
      { directory, durable: false, lease: 30_000, keep: 0, ...options },
      {
        name: 'test',
        log: { name: 'test', enabled: () => true, debug: write, info: write, warn: write, error: write },
        report: (error) => void local.reports.push(error),
        recovered: () => void local.recovered++,
      },
    );
    opened.add(local);
    return local;
  }

  get binder(): Binder {
    return this.#binder!;
  }

  consume(
    destination: string,
    group: string | undefined,
    deliver: Handler,
    source: Partial<ConsumerSource> = {},
  ): Promise<ConsumerBinding> {
    return this.binder.bindConsumer(
      {
        binding: 'input',
        destinations: [destination],
        ...(group === undefined ? {} : { group }),
        concurrency: 1,
        prefetch: 100,
        ordered: false,
        provision: 'create',
        options: {},
        ...source,
      },
      { deliver, fault: (error) => void this.faults.push(error) },
    );
  }

  produce(destination: string, target: Partial<ProducerTarget> = {}): Promise<ProducerBinding> {
    return this.binder.bindProducer({
      binding: 'output',
      destination,
      requiredGroups: [],
      provision: 'create',
      options: {},
      ...target,
    });
  }

  async close(): Promise<void> {
    opened.delete(this);
    await this.binder.close();
  }
}

export const text = ({ payload }: Pick<Delivery, 'payload'>): string => Buffer.from(payload ?? []).toString();

export const record = (
  payload: string,
  headers: Delivery['headers'] = {},
): { payload: Buffer; headers: Delivery['headers'] } => ({
  payload: Buffer.from(payload),
  headers,
});
