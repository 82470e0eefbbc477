/** Applications whose broker is the test: it hands messages in, and confirms, refuses or forgets what is sent. */
import { BootApplication, runApplication, type Application, type BinderFactory, type Class } from '@streambind/core';
import type { ConsumerSink, Delivery, Settlement } from '@streambind/core/binder';
import { schema } from '@streambind/core/internal';

@BootApplication()
class Main {}

export interface RigOptions {
  /** Properties below `spring.cloud.stream.bindings`. */
  readonly bindings?: Readonly<Record<string, string | number | boolean>>;
  readonly properties?: Readonly<Record<string, string | number | boolean>>;
  readonly send?: () => Promise<void>;
  readonly bindConsumer?: () => Promise<void>;
  readonly manual?: boolean;
}

const running = new Set<Application>();

export class Rig {
  readonly #sinks = new Map<string, ConsumerSink>();
  #application: Application | undefined;

  static async start(components: readonly Class[], options: RigOptions = {}): Promise<Rig> {
    const rig = new Rig();
    const properties = {
      'spring.main.banner-mode': 'off',
      'logging.level.root': 'OFF',
      'spring.lifecycle.timeout-per-shutdown-phase': '50ms',
      ...options.properties,
      ...Object.fromEntries(
        Object.entries(options.bindings ?? {}).map(([key, value]) => [`spring.cloud.stream.bindings.${key}`, value]),
      ),
    };
    rig.#application = await runApplication(Main, {
      components,
      binders: [rig.#factory(options)],
      env: {},
      args: Object.entries(properties).map(([key, value]) => `--${key}=${value}`),
      signals: false,
    });
    running.add(rig.#application);
    return rig;
  }

  get application(): Application {
    return this.#application!;
  }

  /** Hands a message to the input and returns what became of it. */
  async deliver(payload: string, more: Partial<Delivery> = {}): Promise<Settlement> {
    const result = await this.#sinks.get('input')!.deliver({
      payload: Buffer.from(payload),
      headers: { contentType: 'application/json', id: '6f1c' },
      id: '1',
      attempt: 1,
      lane: '',
      lost: new AbortController().signal,
      native: undefined,
      ...more,
    });
    return result.kind === 'later' ? result.settlement : result;
  }

  /** Why a message became a dead letter. */
  async reasonOf(payload: string, more: Partial<Delivery> = {}): Promise<Error> {
    const settlement = await this.deliver(payload, more);
    if (settlement.kind !== 'deadLetter') throw new Error(`the message was settled with ${settlement.kind}`);
    return settlement.reason;
  }

  #factory({ send = () => Promise.resolve(), bindConsumer, manual = false }: RigOptions): BinderFactory {
    const drained = { finished: 0, returned: 0, abandoned: 0 };
    return {
      type: 'rabbit',
      system: 'rabbit',
      capabilities: {
        partitions: 'emulated',
        order: 'none',
        delayedRequeue: 'held',
        minRequeueMs: 0,
        attempts: 'local',
        durableGroups: true,
        replay: false,
        anonymousGroups: true,
        provisioning: true,
        pause: true,
        transactions: false,
        batch: false,
        headerTypes: 'typed',
        nullPayload: true,
        emptyPayload: true,
        maxPayload: 1 << 20,
        redeliverOnCrashMs: 0,
      },
      schemas: { binder: schema({}), consumer: schema({}), producer: schema({}) },
      producerExpressions: [],
      policy: () => ({ acknowledge: manual ? 'manual' : 'auto' }),
      create: () =>
        Promise.resolve({
          bindConsumer: async ({ binding }, sink) => {
            await bindConsumer?.();
            this.#sinks.set(binding, sink);
            return { pause: () => {}, resume: () => {}, close: () => Promise.resolve(drained) };
          },
          bindProducer: () => Promise.resolve({ send, close: () => Promise.resolve({ confirmed: 0, unconfirmed: 0 }) }),
          close: () => Promise.resolve(),
        }),
    };
  }
}

export async function stopAll(): Promise<void> {
  await Promise.all([...running].map((application) => application.stop()));
  running.clear();
}

/** What a promise is rejected with; the errors of a start one by one. */
export async function errorsOf(task: Promise<unknown>): Promise<readonly unknown[]> {
  const thrown = await task.then(
    () => Promise.reject(new Error('nothing was thrown')),
    (error: unknown) => error,
  );
  return thrown instanceof AggregateError ? (thrown.errors as unknown[]) : [thrown];
}
