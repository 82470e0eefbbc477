/** The services on Redis, and somebody beside them with redis-cli who creates, reads, moves and deletes what they use. */
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import { LIMIT_MS, cleanUp, type AppProcess } from '../../../packages/core/test/process/harness.js';
import { until as eventually } from '../../../tools/brokers/index.mjs';
import { Shop, numbers, seenBy, stop } from './support/shop.js';

type Entry = [id: string, fields: string[]];

await describeWithBroker('redis', 'orders beside redis-cli', (broker) => {
  jest.setTimeout(90_000);

  let shop: Shop;
  let stream: string;
  beforeEach(() => {
    shop = new Shop('redis', broker.environment);
    stream = shop.destination;
  });
  afterEach(cleanUp);

  const cli = (...command: string[]): Promise<string> => broker.ctl(...command).then((printed) => printed.trim());
  const asked = async <Answer>(...command: string[]): Promise<Answer> =>
    JSON.parse(await cli('--json', ...command)) as Answer;

  /** An order as somebody writes it by hand. */
  const order = (orderno: number): string[] => {
    const json = JSON.stringify({ orderno: String(orderno), buyer: 'Li', amount: 40 });
    return ['payload', json, 'contentType', 'application/json'];
  };
  const ordersIn = (entries: Entry[]): string[] =>
    entries.map(([, fields]) => (JSON.parse(fields[fields.indexOf('payload') + 1]!) as { orderno: string }).orderno);
  const placed = async (count: number): Promise<void> => {
    expect(await shop.place(count)).toEqual({ code: 0, signal: null });
  };
  const groups = async (): Promise<string[]> =>
    (await asked<{ name: string }[]>('XINFO', 'GROUPS', stream)).map(({ name }) => name).toSorted();
  const pending = async (group: string): Promise<number> => (await asked<[number]>('XPENDING', stream, group))[0];
  const sees = async (service: AppProcess, expected: readonly string[]): Promise<void> => {
    await eventually(() => seenBy(service).length >= expected.length, 2 * LIMIT_MS, `orders ${expected.join(', ')}`);
    expect(seenBy(service)).toEqual(expected);
  };
  const pointsIn = async (group: string, ...args: string[]): Promise<AppProcess> => {
    const service = shop.start('points-service', `--spring.cloud.stream.bindings.points.group=${group}`, ...args);
    await service.started();
    return service;
  };

  test('XREAD: whoever reads without a group sees every order', async () => {
    await placed(3);
    for (let reader = 0; reader < 2; reader++) {
      const { [stream]: entries } = await asked<Record<string, Entry[]>>('XREAD', 'STREAMS', stream, '0');
      expect(ordersIn(entries!)).toEqual(numbers(3));
    }
  });

  test('XGROUP CREATE … 0, and a group that is shared with XREADGROUP', async () => {
    await placed(3);
    expect(await cli('XGROUP', 'CREATE', stream, 'ordergroup', '0')).toBe('OK');
    const read = ['XREADGROUP', 'GROUP', 'ordergroup', 'consumer-score', 'COUNT', '2', 'STREAMS', stream, '>'];
    const { [stream]: entries } = await asked<Record<string, Entry[]>>(...read);
    expect(ordersIn(entries!)).toEqual(numbers(2));
    expect(await cli('XACK', stream, 'ordergroup', ...entries!.map(([id]) => id))).toBe('2');
    const points = await pointsIn('ordergroup');
    await sees(points, ['10003']);
    await eventually(async () => (await pending('ordergroup')) === 0, LIMIT_MS, 'every order acknowledged');
    expect(await stop(points)).toEqual([0]);
  });

  test('XGROUP CREATE … $: only what comes after', async () => {
    await placed(3);
    expect(await cli('XGROUP', 'CREATE', stream, 'later', '$')).toBe('OK');
    const points = await pointsIn('later');
    await cli('XADD', stream, '*', ...order(10_004));
    await sees(points, ['10004']);
    expect(await stop(points)).toEqual([0]);
  });

  test('XGROUP SETID … 0 under a running service: what is still in the stream comes again', async () => {
    const points = await pointsIn('points', '--spring.cloud.stream.redis.binder.keep=1h');
    await placed(3);
    await sees(points, numbers(3));
    await eventually(async () => (await pending('points')) === 0, LIMIT_MS, 'every order acknowledged');
    expect(await cli('XGROUP', 'SETID', stream, 'points', '0')).toBe('OK');
    await sees(
      points,
      numbers(3).flatMap((number) => [number, number]),
    );
    expect(await stop(points)).toEqual([0]);
  });

  test('MKSTREAM: the services make a stream that is not there, and their groups', async () => {
    expect(await cli('EXISTS', stream)).toBe('0');
    const services = [shop.start('points-service'), shop.start('push-service')];
    await Promise.all(services.map((service) => service.started()));
    expect(await cli('XLEN', stream)).toBe('0');
    expect(await groups()).toEqual(['points', 'push']);
    await placed(1);
    for (const service of services) await sees(service, ['10001']);
    expect(await stop(...services)).toEqual([0, 0]);
  });

  test('NOGROUP: redis-cli is refused before stream and group are there, a service is not', async () => {
    const read = (): Promise<string> => cli('XREADGROUP', 'GROUP', 'points', 'me', 'STREAMS', stream, '>');
    await expect(read()).rejects.toThrow(`NOGROUP No such key '${stream}' or consumer group 'points'`);
    await cli('XADD', stream, '*', ...order(10_001));
    await expect(read()).rejects.toThrow('NOGROUP');
    const points = await pointsIn('points');
    await cli('XADD', stream, '*', ...order(10_002));
    // a new group begins with what comes after it
    await sees(points, ['10002']);
    expect(await stop(points)).toEqual([0]);
  });

  test('XGROUP DESTROY under a running service: the group is made anew where it was', async () => {
    const points = await pointsIn('points');
    await placed(3);
    await sees(points, numbers(3));
    await eventually(async () => (await pending('points')) === 0, LIMIT_MS, 'every order acknowledged');
    expect(await cli('XGROUP', 'DESTROY', stream, 'points')).toBe('1');
    await cli('XADD', stream, '*', ...order(10_004));
    await sees(points, numbers(4));
    await eventually(async () => (await pending('points')) === 0, LIMIT_MS, 'every order acknowledged');
    expect(await stop(points)).toEqual([0]);
  });

  test('DEL under a running service: stream and group are made anew, and what comes then is handled', async () => {
    const points = await pointsIn('points');
    await placed(3);
    await sees(points, numbers(3));
    expect(await cli('DEL', stream)).toBe('1');
    await cli('XADD', stream, '*', ...order(10_004));
    await sees(points, numbers(4));
    expect(await stop(points)).toEqual([0]);
  });

  test('XGROUP DELCONSUMER under a running service: it goes on reading', async () => {
    const points = await pointsIn('points');
    await placed(3);
    await sees(points, numbers(3));
    await eventually(async () => (await pending('points')) === 0, LIMIT_MS, 'every order acknowledged');
    const consumers = await asked<{ name: string }[]>('XINFO', 'CONSUMERS', stream, 'points');
    for (const { name } of consumers) await cli('XGROUP', 'DELCONSUMER', stream, 'points', name);
    await cli('XADD', stream, '*', ...order(10_004));
    await sees(points, numbers(4));
    expect(await stop(points)).toEqual([0]);
  });

  test('an entry that is no order is a dead letter with its fields and the reason, and the next one is handled', async () => {
    const points = await pointsIn('points');
    const id = await cli('XADD', stream, '*', 'orderno', '10001');
    await cli('XADD', stream, '*', ...order(10_002));
    await sees(points, ['10002']);
    const dead = `error.${stream}.points`;
    await eventually(async () => (await cli('XLEN', dead)) === '1', LIMIT_MS, 'a dead letter');
    const [[, fields]] = await asked<[Entry]>('XRANGE', dead, '-', '+');
    const letter = new Map(fields.flatMap((name, at) => (at % 2 === 0 ? [[name, fields[at + 1]!]] : [])));
    expect(Object.fromEntries(letter)).toMatchObject({
      orderno: '10001',
      'x-original-stream': stream,
      'x-original-id': id,
      'x-original-group': 'points',
      'x-exception-message': expect.stringContaining('payload') as unknown,
    });
    expect(await stop(points)).toEqual([0]);
  });
});
