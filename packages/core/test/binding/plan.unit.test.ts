/** From properties to what a binder is told. */
import { describe, expect, test } from '@jest/globals';
import { Sink, Source } from '@streambind/core';
import type { BinderFactory } from '../../src/binder/index.js';
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
const input = (properties: Properties): InputPlan => planned(environmentOf(properties)).inputs[0]!;
const output = (properties: Properties): OutputPlan => planned(environmentOf(properties)).outputs[0]!;

describe('a partitioned input', () => {
  const partitioned = { 'bindings.input.consumer.partitioned': true };

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
    const factory = memoryBinder(new MemoryBroker());
    const able: BinderFactory = { ...factory, capabilities: { ...factory.capabilities, loneInstance: 'all' } };
    expect(planned(environmentOf(partitioned), able).inputs[0]!.sources[0]!.partitioning).toBeUndefined();
  });

  test('is refused beyond the count', () => {
    const { errors } = planned(environmentOf({ ...partitioned, 'instance-count': 2, 'instance-index': 2 }));
    expect(errors).toMatchObject([{ code: 'CONFIG_VALUE', details: { given: 'instance-index 2, instance-count 2' } }]);
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
