/** Groups and streams that are deleted under a reader. */
import { expect, jest, test } from '@jest/globals';
import { isStreambindError } from '@streambind/core/binder';
import { until } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import { ACK, aDestination, bodyOf, consume } from './support/binder.js';
import { collecting, fixture, gate, numbers } from './support/fixture.js';

jest.setTimeout(30_000);

await describeWithBroker('redis', 'healing', (broker) => {
  const on = fixture(broker);
  const { binder, send, pending } = on;

  const codes = (faults: readonly Error[]): unknown[] =>
    faults.map((error) => (isStreambindError(error) ? error.code : error.message));

  test('a group is made with its stream, before anybody has sent', async () => {
    const destination = aDestination();
    const { binder: one } = await binder();
    const { binding } = await consume(one, destination, () => ACK);
    expect(await on.redis.xinfo('GROUPS', destination)).toMatchObject([expect.arrayContaining(['name', 'g'])]);
    expect(await on.redis.xlen(destination)).toBe(0);
    await binding.close();
  });

  test('a group that is destroyed is made again where it was: nothing is skipped, nothing comes twice', async () => {
    const destination = aDestination();
    const { binder: one, told } = await binder();
    const { got, deliver, all } = collecting();
    const { binding, faults } = await consume(one, destination, deliver);
    await send(destination, numbers(10));
    await all(10);
    const gone = on.redis.multi().xgroup('DESTROY', destination, 'g');
    for (const body of numbers(10, 10)) gone.xadd(destination, '*', 'payload', body);
    await gone.exec();
    await all(20);
    await send(destination, numbers(10, 20));
    await all(30);
    await until(async () => (await pending(destination)) === 0, 5000, 'the acknowledgements');
    await binding.close();
    expect(got).toEqual(numbers(30));
    expect(codes(faults)).toEqual(['DESTINATION_RESET']);
    // the broker is well
    expect(told.reports).toEqual([]);
  });

  test('a stream that is deleted during a read: what is sent to the new one comes', async () => {
    const destination = aDestination();
    const { binder: one } = await binder();
    const { got, deliver, all } = collecting();
    const { binding, faults } = await consume(one, destination, deliver);
    await send(destination, ['before']);
    await all(1);
    await on.redis.del(destination);
    await send(destination, numbers(5));
    await all(6);
    await binding.close();
    expect(got).toEqual(['before', ...numbers(5)]);
    expect(codes(faults)).toEqual(['DESTINATION_RESET']);
  });

  test('a stream whose ids begin again lower is read from its beginning', async () => {
    const destination = aDestination();
    const { binder: one } = await binder();
    const { got, deliver, all } = collecting();
    const { binding } = await consume(one, destination, deliver);
    await send(destination, ['before']);
    await all(1);
    await on.redis.multi().del(destination).xadd(destination, '5-1', 'payload', 'after').exec();
    await all(2);
    await binding.close();
    expect(got).toEqual(['before', 'after']);
  });

  test('what a handler has when the group is made anew is pending again, and comes again when it is given up', async () => {
    const destination = aDestination();
    const [{ binder: first }, { binder: second }] = [await binder(), await binder()];
    const done = gate();
    const started: string[] = [];
    const stuck = await consume(first, destination, async (delivery) => {
      started.push(bodyOf(delivery));
      await done.opened;
      return ACK;
    });
    await send(destination, ['a', 'b']);
    await until(() => started.length === 1, 5000, 'the call');
    await on.redis.xgroup('DESTROY', destination, 'g');
    await until(async () => (await pending(destination).catch(() => 0)) === 2, 5000, 'both are pending again');
    await stuck.binding.close(0);
    const { got, deliver, all } = collecting();
    const heir = await consume(second, destination, deliver);
    await all(2);
    await heir.binding.close();
    done.open();
    expect(got).toEqual(['a', 'b']);
    expect(codes(stuck.faults)).toEqual(['DESTINATION_RESET']);
  });

  test('an input without a group goes on after its stream was deleted', async () => {
    const destination = aDestination();
    const { binder: one } = await binder();
    const { got, deliver, all } = collecting();
    const { binding } = await consume(one, destination, deliver, { group: null });
    await send(destination, ['before']);
    await all(1);
    await on.redis.del(destination);
    await send(destination, ['after']);
    await all(2);
    await binding.close();
    expect(got).toEqual(['before', 'after']);
  });

  test('entries that are deleted before they are handled are told, and nobody waits for them', async () => {
    const destination = aDestination();
    await on.redis.xgroup('CREATE', destination, 'g', '0', 'MKSTREAM');
    await send(destination, ['a', 'b']);
    await on.redis.xreadgroup('GROUP', 'g', 'streambind.dead', 'COUNT', 2, 'STREAMS', destination, '>');
    const [[first] = ['']] = await on.redis.xrange(destination, '-', '+', 'COUNT', 1);
    await on.redis.xdel(destination, first);
    const { binder: one } = await binder();
    const { got, deliver, all } = collecting();
    const { binding, faults } = await consume(one, destination, deliver);
    await all(1);
    await until(async () => (await pending(destination)) === 0, 5000, 'nothing is pending');
    await binding.close();
    expect(got).toEqual(['b']);
    expect(faults.map(({ message }) => message.split('\n', 1)[0])).toEqual([
      `1 entries of ${destination} were deleted before they were handled.`,
    ]);
  });
});
