/** How a mutant is made: the embedded binder's factory with a hand in some of its calls, and nothing of it changed inside. */
import { binderFactory } from '@streambind/binder-embedded';
import type {
  Binder,
  BinderContext,
  BinderFactory,
  ConsumerBinding,
  ConsumerSink,
  ConsumerSource,
  Delivery,
  Later,
  ProducerBinding,
  ProducerTarget,
  Settlement,
  WireRecord,
} from '@streambind/core/binder';

export type Outcome = Settlement | Later;
export type Deliver = (delivery: Delivery) => Outcome | Promise<Outcome>;
export type Send = (record: WireRecord) => Promise<void>;

export const ACK: Settlement = { kind: 'ack' };
const honest = binderFactory as BinderFactory;

/** Where a mutant may put its hand; what it leaves out stays as it is. */
export interface Mutation {
  factory?(factory: BinderFactory): BinderFactory;
  context?(context: BinderContext): BinderContext;
  binder?(binder: Binder, context: BinderContext): Binder;
  source?(source: ConsumerSource): ConsumerSource;
  deliver?(deliver: Deliver, tools: Tools): Deliver;
  consumer?(binding: ConsumerBinding): ConsumerBinding;
  send?(send: Send, target: ProducerTarget): Send;
}

interface Tools {
  readonly binder: Binder;
  readonly source: ConsumerSource;
  /** Ends the consumer, as a broker does whose channel was misused. */
  readonly breakChannel: () => void;
}

/** Calls back at the first report of trouble and when it is over. */
function watched(context: BinderContext, onTrouble: () => void, onRecovered: () => void): BinderContext {
  return {
    ...context,
    report: (error, nextTryMs) => {
      context.report(error, nextTryMs);
      onTrouble();
    },
    recovered: () => {
      context.recovered();
      onRecovered();
    },
  };
}

/** What mutants that react to the connection have asked for. */
export const watchers = new WeakMap<BinderContext, { trouble?: () => void; recovered?: () => void }>();

export const methodsOf = (binder: Binder): Binder => ({
  bindConsumer: (source, sink) => binder.bindConsumer(source, sink),
  bindProducer: (target) => binder.bindProducer(target),
  health: () => binder.health!(),
  close: () => binder.close(),
});

export const methodsOfConsumer = (binding: ConsumerBinding): ConsumerBinding => ({
  pause: () => binding.pause(),
  resume: () => binding.resume(),
  close: (deadlineMs) => binding.close(deadlineMs),
});

export function mutated(mutation: Mutation): BinderFactory {
  const factory = mutation.factory?.(honest) ?? honest;
  return {
    ...factory,
    create: async (options, given) => {
      const asked: { trouble?: () => void; recovered?: () => void } = {};
      const told = mutation.context?.(given) ?? given;
      const context = watched(
        told,
        () => asked.trouble?.(),
        () => asked.recovered?.(),
      );
      watchers.set(context, asked);
      const binder = await honest.create(options, context);
      return wrapped(mutation.binder?.(binder, context) ?? methodsOf(binder), mutation);
    },
  };
}

function wrapped(binder: Binder, mutation: Mutation): Binder {
  return {
    ...binder,
    bindConsumer: async (given, sink) => {
      const source = mutation.source?.(given) ?? given;
      let binding: ConsumerBinding | undefined;
      const tools: Tools = { binder, source, breakChannel: () => void binding?.close(0) };
      const deliver = (delivery: Delivery): Outcome | Promise<Outcome> => sink.deliver(delivery);
      const own: ConsumerSink = {
        deliver: mutation.deliver?.(deliver, tools) ?? deliver,
        fault: (error) => sink.fault(error),
      };
      binding = await binder.bindConsumer(source, own);
      return mutation.consumer?.(binding) ?? binding;
    },
    bindProducer: async (target): Promise<ProducerBinding> => {
      const producer = await binder.bindProducer(target);
      const send: Send = (record) => producer.send(record);
      return {
        get partitionCount() {
          return producer.partitionCount;
        },
        send: mutation.send?.(send, target) ?? send,
        close: (deadlineMs) => producer.close(deadlineMs),
      };
    },
  };
}
