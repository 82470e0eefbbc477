/** From properties to what a binder is told. */
import { describe, expect, test } from '@jest/globals';
import { Sink, Source } from '@streambind/core';
import type { BinderFactory, Capabilities } from '../../src/binder/index.js';
import { readChannels } from '../../src/annotations/index.js';
import { plan, type InputPlan, type OutputPlan, type Plan } from '../../src/binding/index.js';
import { loadEnvironment, type Environment, type Problem } from '../../src/config/index.js';
import { MemoryBroker, memoryBinder } from '../support/memory-binder.js';

type Properties = Readonly<Record<string, string | number | boolean>>;

function environmentOf(properties: Properties): Environment {
  const args = Object.entries(properties).map(([key, value]) => `--spring.cloud.stream.${key}=${value}`);
  return loadEnvironment({ directories: [], args, env: {} });
}

function planned(environment: Environment, factory: BinderFactory = memoryBinder(new MemoryBroker())): Plan {
  return plan({
    channels: [...readChannels(Sink), ...readChannels(Source)],
    listeners: [],
    environment,
    catalog: { declared: [], defaultBinder: undefined, installed: ['memory'], where: '' },
    factories: new Map([['memory', factory]]),
  });
}
const able = (more: Partial<Capabilities>): BinderFactory => {
  const factory = memoryBinder(new MemoryBroker());
  return { ...factory, capabilities: { ...factory.capabilities, ...more } };
};
const input = (properties: Properties, factory?: BinderFactory): InputPlan =>
  planned(environmentOf(properties), factory).inputs[0]!;
const output = (properties: Properties, factory?: BinderFactory): OutputPlan =>
  planned(environmentOf(properties), factory).outputs[0]!;

describe('a partitioned input', () => {
  const partitioned = { 'bindings.input.consumer.partitioned': true, 'bindings.input.group': 'g' };

  test('takes the partition of its instance', () => {
    const { sources } = input({ ...partitioned, 'instance-count': 3, 'instance-index': 1 });
    expect(sources).toMatchObject([{ partitioning: { count: 3, mine: [1] }, ordered: true }]);
  });

  test('may say which instance it is for itself, also several', () => {
    const own = {
      ...partitioned,
      'instance-count': 3,
      'bindings.input.consumer.instance-count': 5,
      'bindings.input.consumer.instance-index-list': '0,4',
    };
    expect(input(own).sources[0]!.partitioning).toEqual({ count: 5, mine: [0, 4] });
  });

  test('takes the first where nothing says how many there are, or all where its binder can', () => {
    expect(input(partitioned).sources[0]!.partitioning).toEqual({ count: 1, mine: [0] });
    expect(input(partitioned, able({ loneInstance: 'all' })).sources[0]!.partitioning).toBeUndefined();
  });

  test('is refused without a group, whoever has the partitions', () => {
    for (const partitions of ['emulated', 'broker'] as const) {
      const { errors, inputs } = planned(
        environmentOf({ ...partitioned, 'bindings.input.group': '' }),
        able({ partitions }),
      );
      expect([errors[0]?.code, errors[0]?.message.split('\n')[0], inputs]).toEqual([
        'CONFIG_VALUE',
        'A consumer group is required for a partitioned subscription.',
        [],
      ]);
    }
  });

  test('is refused beyond the count', () => {
    const { errors } = planned(environmentOf({ ...partitioned, 'instance-count': 2, 'instance-index': 2 }));
    expect(errors).toMatchObject([{ code: 'CONFIG_VALUE', details: { given: 'instance-index 2, instance-count 2' } }]);
  });
});

describe('an input of a broker that assigns partitions itself', () => {
  const broker = able({ partitions: 'broker', order: 'partition' });
  const sourceOf = (properties: Properties) => input(properties, broker).sources[0]!;

  test.each<[string, Properties]>([
    ['says nothing of partitions', {}],
    ['is partitioned', { 'bindings.input.consumer.partitioned': true }],
    ['is told its instance', { 'bindings.input.consumer.partitioned': true, 'instance-count': 3, 'instance-index': 2 }],
    // what has no effect is no mistake either: the same file may be another broker's
    ['is told an instance that is none', { 'bindings.input.consumer.partitioned': true, 'instance-index': 7 }],
    ['is told of several', { 'bindings.input.consumer.partitioned': true, 'instance-index-list': '0,1' }],
  ])('takes what it is assigned, in order: it %s', (_, properties) => {
    const source = sourceOf({ 'bindings.input.group': 'g', ...properties });
    expect(source.partitioning).toBeUndefined();
    expect(source.ordered).toBe(true);
  });

  test('is in no order where it says so, and without a group as with one', () => {
    expect(sourceOf({ 'bindings.input.consumer.ordered': false })).toMatchObject({ ordered: false });
    expect(sourceOf({})).toMatchObject({ ordered: true });
    expect(sourceOf({})).not.toHaveProperty('group');
  });

  test('is told how many instances share the group, for the partitions that they need', () => {
    expect(sourceOf({})).not.toHaveProperty('instances');
    expect(sourceOf({ 'instance-count': 2 })).toMatchObject({ instances: 2 });
    expect(sourceOf({ 'instance-count': 2, 'bindings.input.consumer.instance-count': 5 })).toMatchObject({
      instances: 5,
    });
  });

  test('has room for every handler, and one source a destination unless it multiplexes', () => {
    const several = {
      'bindings.input.destination': 'a,b',
      'bindings.input.consumer.concurrency': 200,
      'bindings.input.group': 'g',
    };
    expect(input(several, broker).sources).toMatchObject([
      { destinations: ['a'], concurrency: 200, prefetch: 200 },
      { destinations: ['b'], concurrency: 200, prefetch: 200 },
    ]);
    const { sources } = input({ ...several, 'bindings.input.consumer.multiplex': true }, broker);
    expect(sources).toMatchObject([{ destinations: ['a', 'b'] }]);
  });

  test('is not warned of partitions that its number leaves unread', () => {
    const environment = environmentOf({
      'bindings.input.destination': 'orders',
      'bindings.input.group': 'g',
      'bindings.input.consumer.partitioned': true,
      'bindings.output.destination': 'orders',
      'bindings.output.producer.partition-key-expression': 'payload',
      'bindings.output.producer.partition-count': 4,
    });
    expect(planned(environment, broker).errors).toEqual([]);
    expect(environment.problems).toEqual([]);
  });
});

describe('partitions that no instance reads', () => {
  const loop = {
    'bindings.input.destination': 'orders',
    'bindings.input.group': 'g',
    'bindings.input.consumer.partitioned': true,
    'bindings.output.destination': 'orders',
    'bindings.output.producer.partition-key-expression': 'payload',
    'bindings.output.producer.partition-count': 4,
  };
  const warnings = (properties: Properties): readonly Problem[] => {
    const environment = environmentOf({ ...loop, ...properties });
    planned(environment);
    return environment.problems;
  };

  test.each([
    ['instance-count', 'spring.cloud.stream.instance-count'],
    ['bindings.input.consumer.instance-count', 'spring.cloud.stream.bindings.input.consumer.instance-count'],
  ])('are told at %s', (key, path) => {
    expect(warnings({ [key]: 3 })).toMatchObject([
      { severity: 'warning', code: 'CONFIG_VALUE', path, given: '3', message: expect.stringContaining('number 3 on') },
    ]);
  });

  test('are told where nobody says how many instances there are', () => {
    expect(warnings({})).toMatchObject([
      { path: 'spring.cloud.stream.instance-count', given: '1', message: expect.stringContaining('number 1 on') },
    ]);
  });

  test.each([
    ['there are as many instances', { 'instance-count': 4 }],
    ['the input reads something else', { 'instance-count': 2, 'bindings.input.destination': 'bills' }],
    ['one partition is sent to', { 'instance-count': 2, 'bindings.output.producer.partition-count': 1 }],
  ])('are none where %s', (_, properties) => {
    expect(warnings(properties)).toEqual([]);
  });
});

test('an output is partitioned by its key, not by a count', () => {
  expect(output({ 'bindings.output.producer.partition-count': 4 })).toMatchObject({ partitioning: undefined });
  const keyed = output({
    'bindings.output.producer.partition-count': 4,
    'bindings.output.producer.partition-key-extractor-name': 'byId',
  });
  expect(keyed).toMatchObject({ partitioning: { keyExtractor: 'byId', count: 4 }, target: { partitionCount: 4 } });
});

test('partition-count tells a broker that has the partitions how many there have to be, a key or not', () => {
  const broker = able({ partitions: 'broker' });
  const target = (properties: Properties) => output(properties, broker).target;
  expect(target({})).toMatchObject({ minPartitions: 1 });
  expect(target({ 'bindings.output.producer.partition-count': 3 })).toMatchObject({ minPartitions: 3 });
  expect(target({ 'bindings.output.producer.partition-count': 3 })).not.toHaveProperty('partitionCount');
  expect(output({ 'bindings.output.producer.partition-count': 3 }).target).not.toHaveProperty('minPartitions');
});

test('one source a destination, all in one with multiplex', () => {
  const several = { 'bindings.input.destination': 'a, b' };
  expect(input(several).sources.map(({ destinations }) => destinations)).toEqual([['a'], ['b']]);
  expect(
    input({ ...several, 'bindings.input.consumer.multiplex': true }).sources.map(({ destinations }) => destinations),
  ).toEqual([['a', 'b']]);
});

test('defaults of all bindings apply where a binding says nothing', () => {
  const properties = {
    'default.group': 'all',
    'default.consumer.concurrency': 4,
    'default.producer.auto-startup': false,
    'bindings.input.consumer.concurrency': 2,
  };
  expect(input(properties).sources[0]).toMatchObject({ group: 'all', concurrency: 2 });
  expect(output(properties).autoStartup).toBe(false);
});

describe('header-mode', () => {
  const KEYS = ['bindings.input.consumer.header-mode', 'bindings.output.producer.header-mode'];
  const modes = { [KEYS[0]!]: 'none', [KEYS[1]!]: 'embeddedHeaders' };

  test('is told to binders that leave the choice', () => {
    const factory = able({ headerModes: true });
    expect(input(modes, factory).sources[0]!.headerMode).toBe('none');
    expect(output(modes, factory).target.headerMode).toBe('embeddedHeaders');
    expect('headerMode' in input({}, factory).sources[0]!).toBe(false);
  });

  test('is the own headers of any other binder, which is said of what says otherwise', () => {
    const environment = environmentOf(modes);
    const { inputs, outputs } = planned(environment);
    expect([inputs[0]!.sources[0]!, outputs[0]!.target].some((told) => 'headerMode' in told)).toBe(false);
    expect(environment.problems).toMatchObject(
      KEYS.map((key) => ({ severity: 'warning', code: 'CONFIG_UNSUPPORTED', path: `spring.cloud.stream.${key}` })),
    );
    const usual = environmentOf({ [KEYS[0]!]: 'headers' });
    planned(usual);
    expect(usual.problems).toEqual([]);
  });
});
