/** What cannot be handled, and what cannot even be read. */
import { randomBytes } from 'node:crypto';
import { expect, jest, test } from '@jest/globals';
import { isStreambindError } from '@streambind/core/binder';
import { until } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import { ACK, aDestination, consume } from './support/binder.js';
import { collecting, fixture } from './support/fixture.js';

jest.setTimeout(30_000);

await describeWithBroker('redis', 'dead letters', (broker) => {
  const on = fixture(broker);
  const { binder, send, pending } = on;

  const letters = async (stream: string): Promise<Record<string, string>[]> =>
    (await on.redis.xrange(stream, '-', '+')).map(([, fields]) =>
      Object.fromEntries(
        Array.from({ length: fields.length / 2 }, (_, at) => [fields[at * 2]!, fields[at * 2 + 1]!] as const),
      ),
    );

  test('carry the bytes that came, where they were, and why', async () => {
    const destination = aDestination();
    const { binder: one } = await binder();
    const body = Buffer.concat([Buffer.from([0, 0xff, 0xfe]), randomBytes(64)]);
    let calls = 0;
    const { binding } = await consume(one, destination, () =>
      ++calls < 3
        ? { kind: 'requeue', delayMs: 10, failure: new Error('not yet') }
        : { kind: 'deadLetter', reason: new TypeError('the customer is unknown', { cause: new Error('no row 4711') }) },
    );
    const id = await on.redis.xadd(destination, '*', 'payload', body, 'tenant', 'acme', 'key', Buffer.from([0x80]));
    const stream = `error.${destination}.g`;
    await until(async () => (await on.redis.xlen(stream)) === 1, 5000, 'the dead letter');
    await until(async () => (await pending(destination)) === 0, 5000, 'the acknowledgement');
    await binding.close();
    const [[, fields]] = (await on.redis.xrangeBuffer(stream, '-', '+')) as unknown as [[Buffer, Buffer[]]];
    expect(fields.slice(0, 6)).toEqual([
      Buffer.from('payload'),
      body,
      Buffer.from('tenant'),
      Buffer.from('acme'),
      Buffer.from('key'),
      Buffer.from([0x80]),
    ]);
    const [letter] = await letters(stream);
    expect(letter).toMatchObject({
      'x-original-stream': destination,
      'x-original-id': id,
      'x-original-group': 'g',
      'x-exception-message': 'the customer is unknown',
      'x-exception-stacktrace': expect.stringMatching(
        /^TypeError: the customer is unknown\n[^]*Caused by: Error: no row 4711/,
      ),
      'x-attempts': '3',
    });
  });

  test('malformed entries: no handler sees them, and they are kept as they came', async () => {
    const destination = aDestination();
    const { binder: one } = await binder();
    const got: string[] = [];
    const { binding } = await consume(one, destination, (delivery) => {
      try {
        got.push(Buffer.from(delivery.payload!).toString());
        return ACK;
      } catch (error) {
        return { kind: 'deadLetter', reason: error as Error };
      }
    });
    const id = await on.redis.xadd(destination, '*', 'body', 'no such field');
    await on.redis.xadd(destination, '*', 'payload', 'x', 'headers', '{"tenant":');
    await on.redis.xadd(destination, '*', 'payload', 'fine');
    const stream = `error.${destination}.g`;
    await until(async () => (await on.redis.xlen(stream)) === 2, 5000, 'the dead letters');
    await binding.close();
    expect(got).toEqual(['fine']);
    expect(await letters(stream)).toMatchObject([
      {
        body: 'no such field',
        'x-attempts': '0',
        'x-error-code': 'CONVERSION',
        'x-exception-message': expect.stringMatching(new RegExp(`no field "payload"[^]*${destination} ${id!}`)),
      },
      { payload: 'x', headers: '{"tenant":', 'x-attempts': '0' },
    ]);
  });

  test('go where dlq-name says', async () => {
    const destination = aDestination();
    const { binder: one } = await binder();
    const { binding } = await consume(one, destination, () => ({ kind: 'deadLetter', reason: new Error('no') }), {
      options: { dlqName: `${destination}-graveyard` },
    });
    await send(destination, ['a']);
    await until(async () => (await on.redis.xlen(`${destination}-graveyard`)) === 1, 5000, 'the dead letter');
    await binding.close();
    expect(await on.redis.exists(`error.${destination}.g`)).toBe(0);
  });

  test('while they are refused the message is kept, and the binder says why; then they go', async () => {
    const destination = aDestination();
    const { binder: one } = await binder();
    const stream = `error.${destination}.g`;
    await on.redis.set(stream, 'not a stream');
    const { binding, faults } = await consume(one, destination, () => ({
      kind: 'deadLetter',
      reason: new Error('no'),
    }));
    await send(destination, ['a']);
    await until(() => faults.length > 0, 5000, 'the refusal');
    expect(isStreambindError(faults[0]) && faults[0].code).toBe('TOPOLOGY_CONFLICT');
    expect(await pending(destination)).toBe(1);
    expect(await one.health!()).toMatchObject({ state: 'degraded', reason: expect.stringContaining('1 dead letter') });
    await on.redis.del(stream);
    await until(async () => (await pending(destination)) === 0, 10_000, 'the dead letter');
    await binding.close();
    expect(await on.redis.xlen(stream)).toBe(1);
    expect(await one.health!()).toEqual({ state: 'up' });
  });

  test('a handler that fails for a while is tried again, with the number of the attempt', async () => {
    const destination = aDestination();
    const { binder: one } = await binder();
    const attempts: number[] = [];
    const { got, deliver, all } = collecting();
    const { binding } = await consume(one, destination, (delivery) => {
      attempts.push(delivery.attempt);
      if (delivery.attempt < 3) return { kind: 'requeue', delayMs: 20, failure: new Error('not yet') };
      return deliver(delivery);
    });
    await send(destination, ['a']);
    await all(1);
    await binding.close();
    expect(got).toEqual(['a']);
    expect(attempts).toEqual([1, 2, 3]);
    expect(await pending(destination)).toBe(0);
  });
});
