/** What a send comes to: accepted, refused, or nobody knows. */
import { expect, jest, test } from '@jest/globals';
import { isStreambindError } from '@streambind/core/binder';
import { until } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import { proxy } from '../../../tools/brokers/proxy.mjs';
import { MAX_PAYLOAD } from '../src/publishing/producer.js';
import { ACK, aDestination, consume, openBinder, produce, record } from './support/binder.js';
import { clientOf } from './support/client.js';
import { collecting, fixture, numbers } from './support/fixture.js';

jest.setTimeout(60_000);

/** `confirmed`, or the code of its error. */
const outcomes = (sends: readonly Promise<void>[]): Promise<readonly string[]> =>
  Promise.all(
    sends.map((send) =>
      send.then(
        () => 'confirmed',
        (error: unknown) => (isStreambindError(error) ? error.code : String(error)),
      ),
    ),
  );

await describeWithBroker('redis', 'publishing', (broker) => {
  const on = fixture(broker);
  const { binder } = on;
  const bodies = async (stream: string): Promise<string[]> =>
    (await on.redis.xrange(stream, '-', '+')).map(([, fields]) => fields[1]!);

  test('the order of the calls is the order in the stream, also beyond one request', async () => {
    const destination = aDestination();
    const { binder: one } = await binder();
    const output = await produce(one, destination);
    await Promise.all(numbers(5000).map((body) => output.send(record(body))));
    expect(await bodies(destination)).toEqual(numbers(5000));
    expect(await output.close()).toEqual({ confirmed: 0, unconfirmed: 0 });
  });

  test('every entry of a request has its own outcome', async () => {
    const destination = aDestination();
    const { binder: one } = await binder();
    const output = await produce(one, destination, { partitionCount: 3 });
    await on.redis.set(`${destination}-1`, 'not a stream');
    const sends = [0, 1, 2, 1, 0].map((partition, at) => output.send(record(String(at), partition)));
    expect(await outcomes(sends)).toEqual([
      'confirmed',
      'TOPOLOGY_CONFLICT',
      'confirmed',
      'TOPOLOGY_CONFLICT',
      'confirmed',
    ]);
    expect(await bodies(`${destination}-0`)).toEqual(['0', '4']);
  });

  test('a payload that is too large never leaves', async () => {
    const destination = aDestination();
    const { binder: one } = await binder();
    const output = await produce(one, destination);
    const payload = Buffer.alloc(MAX_PAYLOAD + 1);
    expect(await outcomes([output.send({ payload, headers: {} })])).toEqual(['PAYLOAD_TOO_LARGE']);
    expect(await outcomes([output.send({ payload: payload.subarray(1), headers: {} })])).toEqual(['confirmed']);
    await on.redis.del(destination);
  });

  test('groups that are required keep what is sent before anybody reads', async () => {
    const destination = aDestination();
    const { binder: one } = await binder();
    const output = await produce(one, destination, { requiredGroups: ['g', 'h'], partitionCount: 2 });
    await Promise.all([output.send(record('a', 0)), output.send(record('b', 1))]);
    const { got, deliver, all } = collecting();
    const { binding } = await consume(one, destination, deliver, { startFrom: 'latest' });
    await all(2);
    await binding.close();
    expect(got.toSorted()).toEqual(['a', 'b']);
    expect(await on.redis.xinfo('GROUPS', `${destination}-1`)).toHaveLength(2);
  });

  test('a connection that is cut after the request was written: nobody knows; what comes after is sent on the next', async () => {
    const destination = aDestination();
    const between = await proxy(broker.address);
    const { binder: one, told } = await binder({}, { ...broker.address, host: between.host, port: between.port });
    const output = await produce(one, destination);
    await output.send(record('before'));
    between.blackHole({ direction: 'toClient' });
    const sends = outcomes([output.send(record('a')), output.send(record('b'))]);
    await until(async () => (await bodies(destination)).length === 3, 5000, 'they are there');
    await between.restore();
    between.reset();
    const came = await sends;
    await until(() => told.reports.length > 0, 5000, 'it is noticed');
    await output.send(record('after'));
    expect(await bodies(destination)).toEqual(['before', 'a', 'b', 'after']);
    expect(came.every((each) => each === 'confirmed' || each === 'PUBLISH_UNKNOWN')).toBe(true);
    await one.close();
    await between.close();
    expect(new Set(told.reports.map((error) => isStreambindError(error) && error.code))).toEqual(
      new Set(['BROKER_UNAVAILABLE']),
    );
  });

  test('a confirmation that never comes is PUBLISH_UNKNOWN when the connection is given up', async () => {
    const destination = aDestination();
    const between = await proxy(broker.address);
    const { binder: one } = await binder(
      { timeout: 500 },
      { ...broker.address, host: between.host, port: between.port },
    );
    const output = await produce(one, destination);
    await output.send(record('before'));
    between.blackHole({ direction: 'toClient' });
    expect(await outcomes([output.send(record('a')), output.send(record('b'))])).toEqual([
      'PUBLISH_UNKNOWN',
      'PUBLISH_UNKNOWN',
    ]);
    await between.restore();
    await output.send(record('after'));
    await one.close();
    await between.close();
    expect(await bodies(destination)).toEqual(['before', 'a', 'b', 'after']);
  });

  test('while Redis is away sends wait, in their order; close tells how many it gave up', async () => {
    const destination = aDestination();
    const between = await proxy(broker.address);
    const { binder: one, told } = await binder({}, { ...broker.address, host: between.host, port: between.port });
    const output = await produce(one, destination);
    await between.down();
    await until(async () => (await one.health!()).state === 'down', 5000, 'it is noticed');
    const sends = numbers(50).map((body) => output.send(record(body)));
    await between.restore();
    expect(new Set(await outcomes(sends))).toEqual(new Set(['confirmed']));
    expect(await bodies(destination)).toEqual(numbers(50));
    await until(async () => (await one.health!()).state === 'up', 5000, 'it is over');
    expect(told.recoveries).toBe(1);
    await between.down();
    await until(async () => (await one.health!()).state === 'down', 5000, 'it is noticed');
    const late = outcomes([output.send(record('late'))]);
    expect(await output.close(100)).toEqual({ confirmed: 0, unconfirmed: 1 });
    expect(['CLOSED', 'PUBLISH_UNKNOWN']).toContain((await late)[0]);
    expect(await outcomes([output.send(record('closed'))])).toEqual(['CLOSED']);
    await one.close();
    await between.close();
  });
});

await describeWithBroker(
  'redis',
  'a Redis of its own',
  (broker) => {
    const on = fixture(broker);
    const { binder } = on;

    test('one that was a replica for a while: nothing is lost, and sends go on', async () => {
      const destination = aDestination();
      const { binder: one, told } = await binder();
      const { got, deliver, all } = collecting();
      const input = await consume(one, destination, deliver);
      const output = await produce(one, destination);
      await output.send(record('before'));
      await all(1);
      await on.redis.replicaof('127.0.0.1', '1');
      const sends = outcomes(numbers(20).map((body) => output.send(record(body))));
      await until(() => told.reports.some(({ message }) => message.includes('READONLY')), 10_000, 'it is told');
      await on.redis.replicaof('NO', 'ONE');
      expect(new Set(await sends)).toEqual(new Set(['confirmed']));
      await all(21);
      await input.binding.close();
      expect(got).toEqual(['before', ...numbers(20)]);
    });

    test('a server that could lose what it confirmed is told, or refused', async () => {
      await on.redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
      const { binder: warned, told } = await openBinder(broker.address);
      await produce(warned, aDestination());
      expect(told.warnings).toEqual([expect.stringContaining('maxmemory-policy allkeys-lru')]);
      await warned.close();
      const { binder: refusing } = await openBinder(broker.address, { serverCheck: 'refuse' });
      const refused = produce(refusing, aDestination());
      await expect(refused).rejects.toMatchObject({ code: 'GUARANTEE' });
      await refusing.close();
      const { binder: off, told: nothing } = await openBinder(broker.address, { serverCheck: 'off' });
      await produce(off, aDestination());
      expect(nothing.warnings).toEqual([]);
      await off.close();
      await on.redis.config('SET', 'maxmemory-policy', 'noeviction');
    });

    test('scripts that the server has forgotten do not matter', async () => {
      const destination = aDestination();
      const { binder: one } = await binder();
      const { deliver, all } = collecting();
      const input = await consume(one, destination, deliver, { ordered: true });
      const output = await produce(one, destination);
      await on.redis.script('FLUSH');
      await output.send(record('a'));
      await all(1);
      await on.redis.script('FLUSH');
      await output.send(record('b'));
      await all(2);
      await input.binding.close();
      expect(input.faults).toEqual([]);
    });

    test('a full memory: consumers go on, sends wait and are accepted when there is room again', async () => {
      const destination = aDestination();
      const { binder: one } = await binder();
      const { deliver, all } = collecting();
      const output = await produce(one, destination);
      const input = await consume(one, destination, deliver);
      await Promise.all(numbers(20).map((body) => output.send(record(body))));
      const other = await consume(one, destination, () => ACK, { group: 'other' });
      await on.redis.config('SET', 'maxmemory', '1');
      const sends = outcomes([output.send(record('waits'))]);
      await until(async () => (await one.health!()).state === 'degraded', 5000, 'it is told');
      expect((await one.health!()).reason).toContain('maxmemory');
      // several leases: everyone is still alive, nothing is taken over
      await new Promise((resolve) => setTimeout(resolve, 2000));
      expect([...input.faults, ...other.faults]).toEqual([]);
      await on.redis.config('SET', 'maxmemory', '0');
      expect(await sends).toEqual(['confirmed']);
      await all(21);
      await until(async () => (await one.health!()).state === 'up', 5000, 'it is over');
      await input.binding.close();
      await other.binding.close();
    });
  },
  { own: true },
);

await describeWithBroker(
  'redis',
  'a Redis that is not there at first',
  (broker) => {
    test('inputs and outputs wait for it, and say so', async () => {
      const destination = aDestination();
      await broker.stop();
      const { binder: one, told } = await openBinder(broker.address);
      const { got, deliver, all } = collecting();
      const input = consume(one, destination, deliver);
      const output = produce(one, destination);
      await until(() => told.reports.length > 0, 5000, 'it is told');
      expect((await one.health!()).state).toBe('down');
      await broker.start();
      await input;
      await (await output).send(record('a'));
      await all(1);
      expect(got).toEqual(['a']);
      expect(await one.health!()).toEqual({ state: 'up' });
      await one.close();
    });

    test('one that is closed while it waits, ends', async () => {
      await broker.stop();
      const { binder: one } = await openBinder(broker.address);
      const ended = outcomes([
        consume(one, 'd', () => ACK).then(() => undefined),
        produce(one, 'd').then(() => undefined),
      ]);
      await one.close();
      expect(await ended).toEqual(['CLOSED', 'CLOSED']);
      await broker.start();
      const redis = await clientOf(broker.address);
      await expect(redis.exists('d')).resolves.toBe(0);
      redis.disconnect();
    });
  },
  { own: true },
);
