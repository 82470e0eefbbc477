/**
 * The embedded binder with one mistake each, made from outside by wrapping its factory: what the kit has to find. The
 * mutant is named by the query of this module's address, so that every process of a run loads the same one.
 */
import type { Subject } from '@streambind/binder-tck';
import type { ConsumerBinding, Delivery, Settlement, WireRecord } from '@streambind/core/binder';
import {
  ACK,
  methodsOf,
  methodsOfConsumer,
  mutated,
  watchers,
  type Deliver,
  type Mutation,
  type Send,
} from './mutation.js';
import { subjectOf } from './subject.js';

export interface Mutant {
  readonly name: string;
  readonly killedBy: readonly string[];
  readonly mutation: Mutation;
}

const throughText = (bytes: Uint8Array): Uint8Array => Buffer.from(Buffer.from(bytes).toString('utf8'));

export const mutants: readonly Mutant[] = [
  {
    name: 'acks before the handler',
    killedBy: ['F02', 'I05'],
    mutation: {
      deliver: (deliver) => (delivery) => {
        void deliver(delivery);
        return ACK;
      },
    },
  },
  {
    name: 'delivers every message twice',
    killedBy: ['B01', 'D02'],
    mutation: {
      deliver: (deliver) => async (delivery) => {
        await deliver(delivery);
        return deliver(delivery);
      },
    },
  },
  {
    name: 'drops every 1,000th message',
    killedBy: ['B11', 'I02'],
    mutation: {
      send: (() => {
        let sent = 0;
        return (send: Send) => (record: WireRecord) => (++sent % 1000 === 0 ? Promise.resolve() : send(record));
      })(),
    },
  },
  {
    name: "toString('utf8') on bodies and headers",
    killedBy: ['B03', 'C02'],
    mutation: {
      send: (send) => (record) =>
        send({
          ...record,
          payload: record.payload && throughText(record.payload),
          headers: Object.fromEntries(
            Object.entries(record.headers).map(([name, value]) => [
              name,
              value instanceof Uint8Array ? throughText(value) : value,
            ]),
          ),
        }),
    },
  },
  {
    name: 'drops an empty body',
    killedBy: ['B04'],
    mutation: {
      send: (send) => (record) => (record.payload?.byteLength === 0 ? Promise.resolve() : send(record)),
    },
  },
  {
    name: 'ignores the name of the group',
    killedBy: ['D01', 'D02'],
    mutation: { source: (source) => ({ ...source, group: undefined }) },
  },
  {
    name: 'makes anonymous groups durable',
    killedBy: ['D03'],
    mutation: { source: (source) => ({ ...source, group: source.group ?? `anonymous.${source.binding}` }) },
  },
  {
    name: 'takes any partition',
    killedBy: ['E01', 'E04'],
    mutation: {
      send:
        (send, { partitionCount = 1 }) =>
        (record) =>
          send({ ...record, partition: Math.floor(Math.random() * partitionCount) }),
    },
  },
  {
    name: 'continues a key past a failed message',
    killedBy: ['E03'],
    mutation: { source: (source) => ({ ...source, ordered: false }) },
  },
  {
    name: 'swallows unknown keys',
    killedBy: ['J01'],
    mutation: {
      factory: (factory) => ({
        ...factory,
        schemas: {
          ...factory.schemas,
          binder: { options: { ...factory.schemas.binder.options, drectory: { type: 'string', doc: 'Anything.' } } },
        },
      }),
    },
  },
  {
    name: 'acks before the dead letter is confirmed',
    killedBy: ['F10'],
    mutation: {
      deliver:
        (deliver, { binder, source }) =>
        async (delivery) => {
          const outcome = await deliver(delivery);
          if (outcome.kind !== 'deadLetter') return outcome;
          const destination = `${source.destinations[0]}.${source.group}.dlq`;
          const { payload, headers } = delivery;
          void binder
            .bindProducer({
              binding: 'dlq',
              destination,
              requiredGroups: ['parked'],
              provision: 'create',
              options: {},
            })
            .then((producer) => producer.send({ payload, headers }))
            .catch(() => {});
          return ACK;
        },
    },
  },
  {
    name: 'counts attempts from 1 every time',
    killedBy: ['F04'],
    mutation: {
      deliver: (deliver) => (delivery) =>
        deliver(Object.create(delivery, { attempt: { value: 1, enumerable: true } }) as Delivery),
    },
  },
  {
    name: 'takes without a bound',
    killedBy: ['G02'],
    mutation: { source: (source) => ({ ...source, prefetch: 1_000_000 }) },
  },
  {
    name: 'resolves a publish without its confirmation',
    killedBy: ['I03', 'D09'],
    mutation: {
      send: (send) => (record) => {
        send(record).catch(() => {});
        return Promise.resolve();
      },
    },
  },
  {
    name: 'has two consumers after a reconnect',
    killedBy: ['I01'],
    mutation: {
      binder: (binder, context) => {
        const again: (() => void)[] = [];
        const own = watchers.get(context)!;
        own.recovered = () => {
          for (const bind of again) bind();
        };
        return {
          ...methodsOf(binder),
          bindConsumer: (source, sink) => {
            again.push(() => void binder.bindConsumer(source, sink));
            return binder.bindConsumer(source, sink);
          },
        };
      },
    },
  },
  {
    name: 'does not subscribe again after a reconnect',
    killedBy: ['I01'],
    mutation: {
      binder: (binder, context) => {
        const open = new Set<ConsumerBinding>();
        watchers.get(context)!.trouble = () => {
          for (const binding of open) void binding.close(0);
        };
        return {
          ...methodsOf(binder),
          bindConsumer: async (source, sink) => {
            const binding = await binder.bindConsumer(source, sink);
            open.add(binding);
            return binding;
          },
        };
      },
    },
  },
  {
    name: 'is always healthy',
    killedBy: ['I12', 'I08'],
    mutation: {
      context: (context) => ({ ...context, report: () => {}, recovered: () => {} }),
      binder: (binder) => ({ ...methodsOf(binder), health: () => Promise.resolve({ state: 'up' as const }) }),
    },
  },
  {
    name: 'drops what is in flight on SIGTERM',
    killedBy: ['H01'],
    mutation: { consumer: (binding) => ({ ...methodsOfConsumer(binding), close: () => binding.close(0) }) },
  },
  {
    name: 'commits the highest offset instead of the contiguous one',
    killedBy: ['F13'],
    mutation: {
      deliver: (() => {
        let highest = 0;
        return (deliver: Deliver) => async (delivery: Delivery) => {
          const outcome = await deliver(delivery);
          const committed = (settled: Settlement): Settlement => {
            if (settled.kind === 'ack') highest = Math.max(highest, Number(delivery.id));
            return Number(delivery.id) < highest ? ACK : settled;
          };
          if (outcome.kind !== 'later') return committed(outcome);
          return { kind: 'later', settlement: outcome.settlement.then(committed) };
        };
      })(),
    },
  },
  {
    name: 'breaks its channel when a settlement is stale',
    killedBy: ['F12'],
    mutation: {
      deliver:
        (deliver, { breakChannel }) =>
        async (delivery) => {
          const outcome = await deliver(delivery);
          if (outcome.kind === 'later') {
            void outcome.settlement.then(() => {
              if (delivery.lost.aborted) breakChannel();
            });
          }
          return outcome;
        },
    },
  },
];

const chosen = mutants[Number(new URL(import.meta.url).searchParams.get('mutant') ?? -1)];

export const subject: Subject | undefined = chosen && subjectOf(mutated(chosen.mutation));
