/** What a case has at hand. Everything it opens is closed after it, in reverse order. */
import { join } from 'node:path';
import { BootApplication, runApplication, type Application, type Class } from '@streambind/core';
import type {
  Binder,
  BinderFactory,
  Capabilities,
  ConsumerSource,
  ProducerTarget,
  Schema,
} from '@streambind/core/binder';
import { Child, type Properties } from './child.js';
import { Ledger, judge, readLedger, type Bounds, type LedgerEntry } from './ledger.js';
import { random } from './random.js';
import { ACK, Consumer, Producer, type ConsumeOptions } from './spi.js';
import type { Broker, ConnectionSettings, Probe, RawPublication, Subject } from './subject.js';
import { SETTLE_MS, quiet, until, type Condition } from './wait.js';

export interface CaseSettings {
  readonly quick: boolean;
  readonly seed: number;
}

@BootApplication()
class Main {}

export class CaseContext {
  readonly destination: string;
  readonly group: string;
  readonly quick: boolean;
  readonly random: () => number;
  readonly #ledger: Ledger;
  readonly #cleanups: (() => Promise<unknown>)[] = [];
  #names = 0;

  constructor(
    readonly id: string,
    readonly subject: Subject,
    /** The module that exports the subject. */
    readonly module: string,
    readonly broker: Broker,
    readonly directory: string,
    settings: CaseSettings,
  ) {
    this.destination = `${this.id}-d`;
    this.group = `${this.id}-g`;
    this.quick = settings.quick;
    this.random = random(settings.seed);
    this.#ledger = new Ledger(directory);
  }

  get probe(): Probe {
    return this.broker.probe;
  }

  get factory(): BinderFactory {
    return this.subject.factory;
  }

  get capabilities(): Capabilities {
    return this.factory.capabilities;
  }

  /** A count of the full run, or a tenth of it. */
  scale(count: number): number {
    return this.quick ? Math.max(1, Math.ceil(count / 10)) : count;
  }

  /** Distinct message ids of this case. */
  ids(count: number, prefix = 'm'): string[] {
    return Array.from({ length: count }, (_, index) => `${this.id}-${prefix}${index}`);
  }

  defer(cleanup: () => Promise<unknown>): void {
    this.#cleanups.push(cleanup);
  }

  async cleanUp(): Promise<void> {
    for (const cleanup of this.#cleanups.splice(0).reverse()) await cleanup();
    this.#ledger.close();
  }

  until(what: string, condition: Condition, deadlineMs = 10_000): Promise<number> {
    return until(what, condition, deadlineMs);
  }

  /** Waits for what is expected, then listens on. */
  async settled(what: string, condition: Condition, deadlineMs = 10_000, settleMs = SETTLE_MS): Promise<void> {
    await until(what, condition, deadlineMs);
    await quiet(settleMs);
  }

  get ledger(): LedgerEntry[] {
    return readLedger(this.directory);
  }

  write(...entry: Parameters<Ledger['write']>): void {
    this.#ledger.write(...entry);
  }

  judge(bounds: Bounds): void {
    judge(this.ledger, bounds);
  }

  // the SPI

  async binder(settings?: ConnectionSettings, onReport: (error: Error) => void = () => {}): Promise<Binder> {
    const silent = (): void => {};
    const log = { name: 'tck', enabled: () => false, debug: silent, info: silent, warn: silent, error: silent };
    const binder = await this.factory.create(this.broker.options(settings), {
      name: 'tck',
      log,
      report: onReport,
      recovered: silent,
    });
    this.defer(() => binder.close());
    return binder;
  }

  /** A consumer of the case's destination and group, unless the options say otherwise; on a binder of its own. */
  async consume(options: ConsumeOptions = {}, on?: Binder): Promise<Consumer> {
    const { destination = this.destination, handle = () => ACK, ...source } = options;
    const group = 'group' in options ? options.group : this.group;
    const consumer = new Consumer(`c${++this.#names}`, group, this.#ledger, handle);
    const whole: ConsumerSource = {
      binding: consumer.name,
      concurrency: 1,
      prefetch: Math.max(10, source.concurrency ?? 1),
      ordered: false,
      provision: 'create',
      options: defaultsOf(this.factory.schemas.consumer),
      ...source,
      destinations: [destination],
      ...(group === undefined ? {} : { group }),
    };
    await consumer.open(on ?? (await this.binder()), whole);
    this.defer(() => consumer.close(0));
    return consumer;
  }

  /** Gives the case's destination that many partitions, where they are the broker's; elsewhere consumers say them. */
  async partition(partitions: number): Promise<void> {
    if (this.capabilities.partitions === 'broker') await this.broker.partition!(this.destination, partitions);
  }

  /** The same in that partition, where partitions are the broker's. */
  inPartition(partition: number, record: RawPublication): RawPublication {
    return this.capabilities.partitions === 'broker' ? { ...record, partition } : record;
  }

  /** Not settled, as far as the broker knows: delivered, or all of it in a log, which does not tell one from the other. */
  unsettled(): Promise<number> {
    return this.probe.unsettled?.(this.destination, this.group) ?? this.probe.backlog(this.destination, this.group);
  }

  /** Makes the group exist with nobody in it. */
  async declareGroup(group = this.group, destination = this.destination): Promise<void> {
    await (await this.consume({ group, destination })).close();
  }

  async produce(target: Partial<Omit<ProducerTarget, 'binding'>> = {}, on?: Binder): Promise<Producer> {
    const producer = await new Producer(this.#ledger).open(on ?? (await this.binder()), {
      binding: `p${++this.#names}`,
      destination: this.destination,
      requiredGroups: [],
      provision: 'create',
      options: defaultsOf(this.factory.schemas.producer),
      ...target,
    });
    this.defer(() => producer.close(0));
    return producer;
  }

  // applications

  /** What every application of this case is configured with. */
  properties(more: Properties = {}, settings?: ConnectionSettings): Properties {
    return {
      'spring.main.banner-mode': 'off',
      'spring.cloud.stream.default-binder': 'tck',
      'spring.cloud.stream.binders.tck.type': this.factory.type,
      'spring.cloud.stream.bindings.input.destination': this.destination,
      'spring.cloud.stream.bindings.input.group': this.group,
      'spring.cloud.stream.bindings.output.destination': this.destination,
      ...this.broker.properties(settings),
      ...more,
    };
  }

  /** An application in this process. */
  async run(
    components: readonly Class[],
    more: Properties = {},
    properties = this.properties(more),
    factory = this.factory,
  ): Promise<Application> {
    const application = await runApplication(Main, {
      components,
      binders: [factory],
      env: {},
      args: ['--logging.level.root=OFF', ...Object.entries(properties).map(([key, value]) => `--${key}=${value}`)],
      signals: false,
    });
    this.defer(() => application.stop());
    return application;
  }

  /** An application in a process of its own. Resolves when it has started. */
  async start(
    profiles: 'consumer' | 'sender' | 'consumer,sender',
    more: Properties = {},
    settings?: ConnectionSettings,
  ): Promise<Child> {
    const name = `app${++this.#names}`;
    const child = new Child(name, join(this.directory, name), this.module, {
      ...this.properties(
        { 'spring.profiles.active': profiles, 'tck.ledger': this.directory, 'tck.name': name, ...more },
        settings,
      ),
    });
    this.defer(() => child.kill());
    return child.started();
  }
}

/** Options as they are where nobody configured any. */
const defaultsOf = ({ options }: Schema): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries<{ readonly default?: unknown }>(options as Record<string, { default?: unknown }>).flatMap(
      ([name, option]) => (option.default === undefined ? [] : [[name, option.default]]),
    ),
  );
