/** What core is told of the options of a binding, and what a start refuses because it could lose a message. */
import { describe, expect, test } from '@jest/globals';
import { policy, weaknesses } from '../src/options/policy.js';
import { BINDER, INPUT, OUTPUT, below, planned, type Given } from './support/configurations.js';

const inputOptions = (given: Given) => planned('input', below(INPUT, given)).sources[0]!.options;

describe('core is told', () => {
  test.each<[Given, ReturnType<typeof policy>]>([
    [{}, { acknowledge: 'auto' }],
    [{ 'ack-mode': 'MANUAL' }, { acknowledge: 'manual' }],
    [{ 'ack-mode': 'manual-immediate' }, { acknowledge: 'manual' }],
    [{ 'auto-commit-offset': 'false' }, { acknowledge: 'manual' }],
    [{ 'auto-commit-offset': 'false', 'ack-mode': 'RECORD' }, { acknowledge: 'auto' }],
    [{ 'enable-dlq': 'true' }, { acknowledge: 'auto' }],
    [{ 'enable-dlq': 'false' }, { acknowledge: 'auto', exhausted: 'drop' }],
    [{ 'auto-commit-on-error': 'true' }, { acknowledge: 'auto', exhausted: 'drop' }],
    [{ 'auto-commit-on-error': 'true', 'enable-dlq': 'true' }, { acknowledge: 'auto' }],
  ])('with %j: %j', (given, expected) => {
    expect(policy(inputOptions(given))).toEqual(expected);
  });
});

describe('a start is refused for', () => {
  test.each<[Given, string[]]>([
    [{}, []],
    [{ 'enable-dlq': 'false' }, []],
    [{ 'auto-commit-on-error': 'true' }, ['auto-commit-on-error: true']],
    [{ 'auto-commit-on-error': 'true', 'enable-dlq': 'true' }, []],
    [{ 'reset-offsets': 'true' }, []],
    [{ 'reset-offsets': 'true', 'start-offset': 'latest' }, ['reset-offsets: true, start-offset: latest']],
  ])('an input with %j: %j', (given, expected) => {
    const { options } = planned('input', {});
    const found = (group?: string) =>
      weaknesses(options, {
        direction: 'input',
        ...(group === undefined ? {} : { group }),
        options: inputOptions(given),
      }).map((one) => one.given);
    expect(found('g')).toEqual(expected);
    expect(found()).toEqual([]);
  });

  test.each<[Given, string[]]>([
    [{}, []],
    [{ [`${BINDER}.required-acks`]: '1' }, ['acks: 1']],
    [{ [`${BINDER}.required-acks`]: '1', [`${OUTPUT}.configuration.acks`]: 'all' }, []],
    [{ [`${BINDER}.producer-properties.acks`]: '0' }, ['acks: 0']],
    // the same record twice is no lost one
    [{ [`${BINDER}.configuration.enable.idempotence`]: 'false' }, []],
  ])('an output with %j: %j', (given, expected) => {
    const accepted = { 'spring.cloud.stream.bindings.output.producer.guarantee': 'at-most-once' };
    const { options, targets } = planned('output', { ...accepted, ...given });
    const found = weaknesses(options, { direction: 'output', options: targets[0]!.options });
    expect(found.map((one) => one.given)).toEqual(expected);
  });
});
