import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Ledger, LedgerReader, checksum, isEvent, readLedgers } from '../src/records.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ledger-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('a line that a killed process could not end is no entry, and is one when it is ended', () => {
  const ledger = new Ledger(directory, 'sender-0');
  ledger.write({ event: 'confirmed', id: 'a' });
  ledger.close();
  const file = join(directory, 'sender-0.ledger');
  appendFileSync(file, '{"event":"confirmed","id":"b",');
  const reader = new LedgerReader(directory);
  expect(reader.more()).toMatchObject([{ event: 'confirmed', id: 'a', by: 'sender-0' }]);
  expect(reader.more()).toEqual([]);
  appendFileSync(file, '"at":5}\n');
  expect(reader.more()).toEqual([{ event: 'confirmed', id: 'b', at: 5, by: 'sender-0' }]);
});

test('the entries of all processes come in the order of their time, those of one in the order of their writing', () => {
  const write = (by: string, ...times: number[]): void => {
    for (const [index, at] of times.entries()) {
      appendFileSync(
        join(directory, `${by}.ledger`),
        `${JSON.stringify({ event: 'confirmed', id: `${by}${index}`, at })}\n`,
      );
    }
  };
  write('x', 1, 3, 3);
  write('y', 2, 3, 9);
  expect(
    readLedgers(directory)
      .filter(isEvent('confirmed'))
      .map(({ id }) => id),
  ).toEqual(['x0', 'y0', 'x1', 'x2', 'y1', 'y2']);
});

test('one bit makes another sum', () => {
  expect(checksum(Buffer.from([1, 2, 3]))).not.toBe(checksum(Buffer.from([1, 2, 2])));
  expect(checksum(Buffer.from([1, 2, 3]))).toBe(checksum(new Uint8Array([1, 2, 3])));
});
