import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Ledger, judge, readLedger, type LedgerEntry, type LedgerEvent } from '../src/ledger.js';

const entries = (...events: readonly (readonly [LedgerEvent, string, string?])[]): LedgerEntry[] =>
  events.map(([event, id, group], at) => ({ event, id, at, ...(group === undefined ? {} : { group }) }));

const SENT = [
  ['attempt', 'a'],
  ['confirmed', 'a'],
] as const;
const RECEIVED = [
  ['delivered', 'a'],
  ['acked', 'a'],
] as const;

describe('a ledger is sound', () => {
  test('when everything confirmed is acknowledged once', () => {
    expect(() => judge(entries(...SENT, ...RECEIVED), { messages: 1 })).not.toThrow();
  });

  test('when a message ends in the dead letters, or its sender was never told', () => {
    expect(() => judge(entries(...SENT, ['delivered', 'a'], ['deadLettered', 'a']), { messages: 1 })).not.toThrow();
    expect(() => judge(entries(['attempt', 'a'], ['unknown', 'a']), { messages: 0 })).not.toThrow();
    expect(() => judge(entries(['attempt', 'a'], ['unknown', 'a'], ...RECEIVED), { messages: 1 })).not.toThrow();
  });

  test('when a message is delivered again after a nack', () => {
    expect(() =>
      judge(entries(...SENT, ['delivered', 'a'], ['nacked', 'a'], ...RECEIVED), { messages: 1 }),
    ).not.toThrow();
  });

  test('when each of two groups has its own', () => {
    const two = entries(...SENT, ...RECEIVED.map(([event, id]) => [event, id, 'g1'] as const), [
      'delivered',
      'a',
      'g2',
    ]);
    expect(() => judge(two, { messages: 1, group: 'g1' })).not.toThrow();
    expect(() => judge(two, { messages: 1, group: 'g2' })).toThrow(/lost 1/);
  });
});

describe('a ledger is refused', () => {
  test('for a message that was confirmed and is gone', () => {
    expect(() => judge(entries(...SENT), { messages: 0 })).toThrow(/lost 1: a/);
    expect(() => judge(entries(...SENT, ['delivered', 'a']), { messages: 1 })).toThrow(/lost 1: a/);
  });

  test('for a message that nobody sent', () => {
    expect(() => judge(entries(...RECEIVED), { messages: 1 })).toThrow(/never sent: a/);
  });

  test('for a delivery too many, unless the bound allows it', () => {
    const twice = entries(...SENT, ...RECEIVED, ...RECEIVED);
    expect(() => judge(twice, { messages: 1 })).toThrow(/1 duplicates, at most 0 are allowed: a \(2\)/);
    expect(() => judge(twice, { messages: 1, duplicates: 1 })).not.toThrow();
  });

  test('when other messages arrived than the case has to count', () => {
    expect(() => judge(entries(...SENT, ...RECEIVED), { messages: 2 })).toThrow(/1 distinct messages .* instead of 2/);
  });
});

describe('the files of a ledger', () => {
  const directory = mkdtempSync(join(tmpdir(), 'ledger-'));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  test('are read together, without the line that a killed process could not end', () => {
    for (const name of ['one', 'two']) {
      const ledger = new Ledger(directory, name);
      ledger.write('attempt', name);
      ledger.close();
    }
    appendFileSync(join(directory, 'two.ledger'), '{"event":"confir');
    expect(readLedger(directory).map(({ id }) => id)).toEqual(['one', 'two']);
  });
});
