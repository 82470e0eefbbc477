/** Every configuration of which Spring's topology was recorded: what the pure functions ask for. */
import { describe, expect, test } from '@jest/globals';
import type { Arguments, Declaration } from '../src/topology/declarations.js';
import { anonymousName } from '../src/topology/names.js';
import { consumerTopology, producerTopology } from '../src/topology/topology.js';
import {
  DIFFERENT,
  configurations,
  planned,
  recorded,
  type Configuration,
  type Frame,
} from './support/configurations.js';
import { normal, text } from './support/objects.js';
import { PaperBroker } from './support/paper-broker.js';

const cases = (all: readonly Configuration[]) => all.map((one) => [one.id, one] as const);

function declarationsOf(one: Configuration): Declaration[] {
  const { sources, targets } = planned(one);
  return [
    ...targets.flatMap((target) => producerTopology(target).declarations),
    ...sources.flatMap((source) => consumerTopology(source, anonymousName()).declarations),
  ];
}

const started = configurations.filter((one) => recorded(one).started);
const same = started.filter(({ id }) => !(id in DIFFERENT));

test('at most three configurations end up with something else', () => {
  const known = configurations.map(({ id }) => id);
  expect(known).toEqual(expect.arrayContaining(Object.keys(DIFFERENT)));
  expect(Object.keys(DIFFERENT).length).toBeLessThanOrEqual(3);
});

test.each(cases(configurations))('no key of %s is unknown or wrong', (_, one) => {
  const { problems } = planned(one);
  expect(problems.filter(({ code }) => code !== 'CONFIG_UNSUPPORTED')).toEqual([]);
});

test.each(cases(same))('the broker ends up with what Spring made: %s', (_, one) => {
  const broker = new PaperBroker(one.before);
  for (const declaration of declarationsOf(one)) broker.make(declaration);
  expect(normal(broker.objects())).toEqual(normal(recorded(one)));
});

describe('in the order and with the field types of Spring', () => {
  test.each(cases(started.filter(({ id }) => id !== 'consumer-partitioned-fanout')))('%s', (_, one) => {
    const asked = declarationsOf(one).filter(({ kind }) => kind !== 'check');
    const [ours, theirs] = [distinct(asked.map(frameOf)), distinct(declaring(recorded(one).frames))];
    // which of two inputs is bound first is nobody's promise
    const inOrder = one.model === 'two inputs' ? (frames: string[]) => frames.toSorted() : (frames: string[]) => frames;
    expect(inOrder(ours)).toEqual(inOrder(theirs));
  });
});

describe('what cannot work is refused before anything is asked', () => {
  const byId = (id: string): Configuration => configurations.find((one) => one.id === id)!;

  test('partitions without a group, by core', () => {
    const refused = configurations.filter((one) => planned(one).errors.length > 0).map(({ id }) => id);
    expect(refused).toEqual(['consumer-partitioned-anonymous']);
  });

  test('partitions on a fanout exchange, of either side', () => {
    const [source] = planned(byId('consumer-partitioned-fanout')).sources;
    expect(() => consumerTopology(source!, anonymousName())).toThrow(/fanout exchange gives each queue everything/);
    const [target] = planned({
      model: 'output',
      properties: {
        'spring.cloud.stream.bindings.output.producer.partition-key-expression': 'payload',
        'spring.cloud.stream.bindings.output.producer.required-groups': 'g',
        'spring.cloud.stream.rabbit.bindings.output.producer.exchange-type': 'fanout',
      },
    }).targets;
    expect(() => producerTopology(target!)).toThrow(/fanout exchange gives each queue everything/);
  });
});

/** As the client would send it. */
function frameOf(one: Declaration): Frame {
  switch (one.kind) {
    case 'exchange': {
      const { name: exchange, type, durable, autoDelete } = one;
      return { method: 'exchange.declare', exchange, type, durable, autoDelete, arguments: typed(one.arguments) };
    }
    case 'queue': {
      const { name: queue, durable, exclusive, autoDelete } = one;
      return { method: 'queue.declare', queue, durable, exclusive, autoDelete, arguments: typed(one.arguments) };
    }
    case 'binding': {
      const { queue, exchange, routingKey } = one;
      return { method: 'queue.bind', queue, exchange, routingKey, arguments: typed(one.arguments) };
    }
    case 'check':
      throw new Error('a check declares nothing');
  }
}

const TYPES = { number: 'I', string: 'S', boolean: 't' };

const typed = (given: Arguments): NonNullable<Frame['arguments']> =>
  Object.fromEntries(Object.entries(given).map(([key, v]) => [key, { t: TYPES[typeof v as keyof typeof TYPES], v }]));

const declaring = (frames: readonly Frame[]): Frame[] =>
  frames.filter(
    ({ from, method, passive }) => from === undefined && /\.(declare|bind)$/.test(method) && passive !== true,
  );

const IRRELEVANT = ['passive', 'internal', 'noWait'];

/** Each once, because Spring repeats some. */
const distinct = (frames: readonly Frame[]): string[] => [
  ...new Set(
    frames.map((frame) => text(Object.fromEntries(Object.entries(frame).filter(([key]) => !IRRELEVANT.includes(key))))),
  ),
];
