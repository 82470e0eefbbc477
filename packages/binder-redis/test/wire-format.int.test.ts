/** `docs/wire-format.md`, with redis-cli alone on the other side: what it writes is handled, and what we write it reads. */
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import { asError, type Settlement, type WireRecord } from '@streambind/core/binder';
import { until } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import { ACK, aDestination, consume, openBinder, produce, type Handle, type RedisBinder } from './support/binder.js';

const page = readFileSync(new URL('../docs/wire-format.md', import.meta.url), 'utf8');

/** The commands of the page that begin like this, as words, on another stream than `orders`. */
const shown = (beginning: string, stream: string): string[][] =>
  page
    .split('\n')
    .filter((line) => line.startsWith(`redis-cli ${beginning}`))
    .map((line) => [...line.matchAll(/'([^']*)'|(\S+)/g)].slice(1).map(([, quoted, plain]) => quoted ?? plain!))
    .map((words) => words.map((word) => word.replace('orders', stream)));

await describeWithBroker('redis', 'the wire format', (redis) => {
  const binders: RedisBinder[] = [];
  afterEach(async () => {
    await Promise.all(binders.splice(0).map((binder) => binder.close()));
  });
  const open = async (): Promise<RedisBinder> => {
    const { binder } = await openBinder(redis.address);
    binders.push(binder);
    return binder;
  };
  const lines = async (...words: string[]): Promise<string[]> => (await redis.ctl(...words)).trimEnd().split('\n');

  /** Fields and values of the only entry. */
  async function onlyEntry(stream: string): Promise<{ id: string; fields: Record<string, string> }> {
    const [id, ...words] = await lines('XRANGE', stream, '-', '+');
    const fields: Record<string, string> = {};
    for (let at = 0; at < words.length; at += 2) fields[words[at]!] = words[at + 1]!;
    return { id: id!, fields };
  }

  /** The first line of a field of the only dead letter: messages and stack traces have several. */
  async function deadLetter(stream: string): Promise<(field: string) => string | undefined> {
    const text = await lines('XRANGE', stream, '-', '+');
    return (field) => text[text.indexOf(field) + 1];
  }

  type Seen = Pick<WireRecord, 'payload' | 'headers' | 'key'> & { id: string };

  /** What a group of the binder gets, as core would settle it. */
  async function reads(destination: string, settle: () => Settlement = () => ACK, partition?: number) {
    const seen: Seen[] = [];
    const handle: Handle = (delivery) => {
      try {
        const { payload, headers, key, id } = delivery;
        seen.push({ payload, headers, id, ...(key === undefined ? {} : { key }) });
        return settle();
      } catch (error) {
        return { kind: 'deadLetter', reason: asError(error) };
      }
    };
    const partitioning = partition === undefined ? {} : { partitioning: { count: partition + 1, mine: [partition] } };
    await consume(await open(), destination, handle, partitioning);
    return seen;
  }

  describe('what redis-cli writes', () => {
    test('is handled, as the page shows it', async () => {
      const destination = aDestination();
      const seen = await reads(destination);
      const commands = shown('XADD', destination);
      expect(commands.length).toBeGreaterThan(1);
      for (const words of commands) await redis.ctl(...words);
      await until(() => seen.length === commands.length, 5000, 'all come');
      expect(seen[0]).toEqual({
        payload: Buffer.from('{"number":7}'),
        headers: { tenant: 'acme', priority: 3, contentType: 'application/json' },
        id: expect.stringMatching(/^\d+-\d+$/),
      });
    });

    test.each<[string, string[], Omit<Seen, 'id'>]>([
      ['a payload alone', ['payload', 'hello'], { payload: Buffer.from('hello'), headers: {} }],
      ['an empty payload', ['payload', ''], { payload: Buffer.alloc(0), headers: {} }],
      ['a tombstone with a key', ['tombstone', 'true', 'key', 'k'], { payload: null, headers: {}, key: 'k' }],
      [
        'headers as fields',
        ['tenant', 'acme', 'payload', 'x', 'contentType', 'text/plain'],
        { payload: Buffer.from('x'), headers: { tenant: 'acme', contentType: 'text/plain' } },
      ],
      [
        'typed headers',
        [
          'payload',
          '',
          'headers',
          '{"n":1.5,"yes":true,"none":null,"list":[1,"a"],"big":{"$bigint":"9007199254740993"},"at":{"$date":"2026-01-31T12:00:00.000Z"},"raw":{"$bytes":"AQI="},"ref":{"$$ref":"x"}}',
        ],
        {
          payload: Buffer.alloc(0),
          headers: {
            n: 1.5,
            yes: true,
            none: null,
            list: [1, 'a'],
            big: 9_007_199_254_740_993n,
            at: new Date('2026-01-31T12:00:00.000Z'),
            raw: Uint8Array.of(1, 2),
            ref: { $ref: 'x' },
          },
        },
      ],
    ])('is handled: %s', async (_, fields, expected) => {
      const destination = aDestination();
      const seen = await reads(destination);
      await redis.ctl('XADD', destination, '*', ...fields);
      await until(() => seen.length === 1, 5000, 'it comes');
      const { id: __, ...rest } = seen[0]!;
      expect(rest).toEqual(expected);
    });

    test('goes to the partition of its stream', async () => {
      const destination = aDestination();
      const seen = await reads(destination, undefined, 2);
      await redis.ctl('XADD', `${destination}-2`, '*', 'payload', 'two');
      await until(() => seen.length === 1, 5000, 'it comes');
      expect(seen[0]!.payload).toEqual(Buffer.from('two'));
    });

    test('is a dead letter when it is malformed, as it was and with the reason', async () => {
      const destination = aDestination();
      const seen = await reads(destination);
      const id = (await redis.ctl('XADD', destination, '*', 'body', 'hello', 'tenant', 'acme')).trim();
      const letters = `error.${destination}.g`;
      await until(async () => (await redis.ctl('XLEN', letters)).trim() === '1', 5000, 'it is a dead letter');
      const after = await deadLetter(letters);
      expect([after('body'), after('tenant')]).toEqual(['hello', 'acme']);
      expect(after('x-original-stream')).toBe(destination);
      expect(after('x-original-id')).toBe(id);
      expect(after('x-exception-message')).toBe('The entry has no field "payload".');
      expect(after('x-error-code')).toBe('CONVERSION');
      expect(after('x-attempts')).toBe('0');
      expect(seen).toEqual([]);
    });
  });

  describe('redis-cli reads', () => {
    test('what is sent', async () => {
      const destination = aDestination();
      const headers = {
        contentType: 'text/plain',
        id: 'i',
        timestamp: 5,
        tenant: 'acme',
        big: 2n ** 60n,
        at: new Date(0),
        raw: Uint8Array.of(1, 2),
      };
      const output = await produce(await open(), destination);
      await output.send({ payload: Buffer.from('hello'), headers, key: 'k' });
      const { fields } = await onlyEntry(destination);
      expect(fields).toEqual({
        payload: 'hello',
        contentType: 'text/plain',
        headers:
          '{"id":"i","timestamp":5,"tenant":"acme","big":{"$bigint":"1152921504606846976"},"at":{"$date":"1970-01-01T00:00:00.000Z"},"raw":{"$bytes":"AQI="}}',
        key: 'k',
      });
    });

    test('a record without a payload, in the stream of its partition', async () => {
      const destination = aDestination();
      const output = await produce(await open(), destination, { partitionCount: 3 });
      await output.send({ payload: null, headers: {}, partition: 1 });
      expect((await onlyEntry(`${destination}-1`)).fields).toEqual({ tombstone: 'true' });
    });

    test('and settles in a group that it shares; what it holds stays its own', async () => {
      const destination = aDestination();
      const group = 'g';
      const [create, read, acknowledge] = [
        ...shown('XGROUP', destination),
        ...shown('XREADGROUP', destination),
        ...shown('XACK', destination),
      ].map((words) => words.map((word) => (word === 'billing' ? group : word)));
      const output = await produce(await open(), destination);
      await redis.ctl(...create!);
      await output.send({ payload: Buffer.from('first'), headers: {} });
      await output.send({ payload: Buffer.from('second'), headers: {} });
      const [stream, first, , body, second] = await lines(...read!);
      expect([stream, body]).toEqual([destination, 'first']);
      // one of them it settles, the other it keeps
      await redis.ctl(...acknowledge!.slice(0, -1), first!);
      const seen = await reads(destination);
      await output.send({ payload: Buffer.from('third'), headers: {} });
      await until(() => seen.length > 0, 5000, 'the next comes');
      expect(seen.map(({ payload }) => String(payload))).toEqual(['third']);
      // longer than the lease of a consumer of ours
      const idle = async (): Promise<number> =>
        Number((await lines('XPENDING', destination, group, '-', '+', '1', 'me'))[2]);
      await until(async () => (await idle()) > 1500, 5000, 'it has been held for long');
      expect((await lines('XPENDING', destination, group, '-', '+', '10', 'me'))[0]).toBe(second);
      expect(seen).toHaveLength(1);
    });

    test('why a message died', async () => {
      const destination = aDestination();
      await reads(destination, () => ({ kind: 'deadLetter', reason: new TypeError('no stock') }));
      await redis.ctl('XADD', destination, '*', 'payload', 'hello', 'headers', '{"tenant":"acme"}');
      const letters = `error.${destination}.g`;
      await until(async () => (await redis.ctl('XLEN', letters)).trim() === '1', 5000, 'it is a dead letter');
      const after = await deadLetter(letters);
      expect(after('payload')).toBe('hello');
      expect(after('headers')).toBe('{"tenant":"acme"}');
      expect(after('x-original-stream')).toBe(destination);
      expect(after('x-original-group')).toBe('g');
      expect(after('x-exception-message')).toBe('no stock');
      expect(after('x-exception-stacktrace')).toBe('TypeError: no stock');
      expect(after('x-error-code')).toBe('TypeError');
      expect(after('x-attempts')).toBe('1');
    });
  });
});
