/** What a real broker refuses, in what words the user hears it, and what is left behind. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { until, type VirtualHost } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import type { RabbitConnection } from '../src/client/connection.js';
import {
  binding,
  durableQueue,
  type Check,
  type Declaration,
  type ExchangeDeclaration,
} from '../src/topology/declarations.js';
import { declare, declareAgain } from '../src/topology/declare.js';
import { channelsOf, connectTo } from './support/connections.js';

const exchange = (name: string, type = 'topic', durable = true): ExchangeDeclaration => ({
  kind: 'exchange',
  name,
  type,
  durable,
  autoDelete: false,
  arguments: {},
});

const check = (what: Check['what'], name: string, fatal = false): Check => ({ kind: 'check', what, name, fatal });

await describeWithBroker('rabbit', 'declaring', (broker) => {
  let host: VirtualHost;
  let connection: RabbitConnection;

  beforeAll(async () => {
    host = await broker.virtualHost();
  }, 60_000);
  afterAll(() => host.remove(), 60_000);
  beforeEach(async () => {
    connection = await connectTo(host.address);
  });
  afterEach(() => connection.close());

  const create = (...all: Declaration[]): Promise<readonly string[]> => declare(channelsOf(connection), all, 'create');
  const verify = (...all: Declaration[]): Promise<readonly string[]> => declare(channelsOf(connection), all, 'verify');

  /** On a channel of its own. */
  const drop = async (queue: string): Promise<void> => {
    const channel = await channelsOf(connection)();
    await channel.amqp.deleteQueue(queue);
    await channel.close();
  };

  test('is repeatable, and says nothing', async () => {
    const all = [exchange('twice'), durableQueue('twice.g', { 'x-max-length': 5 }), binding('twice', 'twice.g', '#')];
    expect(await create(...all)).toEqual([]);
    expect(await create(...all)).toEqual([]);
    expect(await verify(...all)).toEqual([]);
  });

  test('uses a queue with other arguments, and what follows it', async () => {
    await create(exchange('q'), durableQueue('q.g', { 'x-max-length': 5 }));
    const again = await create(durableQueue('q.g', {}), binding('q', 'q.g', '#'));
    expect(again).toEqual([expect.stringMatching(/^The queue "q\.g" exists and is used as it is: .*x-max-length/)]);
    expect(await host.ctl('list_bindings', 'source_name', 'destination_name')).toMatch(/^q\tq\.g$/m);
  });

  test('uses an exchange of the same type that is otherwise different', async () => {
    await create(exchange('e', 'topic', true));
    expect(await create(exchange('e', 'topic', false))).toEqual([
      expect.stringMatching(/^The exchange "e" exists and is used as it is: .*durable/),
    ]);
  });

  test('ends at an exchange of another type', async () => {
    await create(exchange('typed', 'direct'));
    await expect(create(exchange('typed', 'topic'), durableQueue('typed.g', {}))).rejects.toMatchObject({
      code: 'TOPOLOGY_CONFLICT',
      details: { given: expect.stringMatching(/received 'topic' but current is 'direct'/) as unknown },
    });
    await expect(verify(durableQueue('typed.g', {}))).rejects.toMatchObject({ code: 'DESTINATION_GONE' });
  });

  test('ends at arguments that make no queue', async () => {
    await expect(create(durableQueue('bad', { 'x-queue-type': 'quorum', 'x-overflow': 'odd' }))).rejects.toMatchObject({
      code: 'BINDER_FAILED',
      details: { given: expect.stringContaining('x-overflow') as unknown },
    });
  });

  test('waits for what others make, unless it is told not to', async () => {
    await expect(create(check('queue', 'later'))).rejects.toMatchObject({ code: 'DESTINATION_GONE' });
    await expect(create(check('queue', 'later', true))).rejects.toMatchObject({ code: 'BINDER_FAILED' });
    await create(durableQueue('later', {}));
    await expect(create(binding('nobody', 'later', '#'))).rejects.toMatchObject({
      code: 'DESTINATION_GONE',
      details: { given: expect.stringContaining("no exchange 'nobody'") as unknown },
    });
    expect(await create(check('queue', 'later', true), check('exchange', 'amq.topic'))).toEqual([]);
  });

  test('waits for a queue that is exclusive to another connection', async () => {
    const other = await connectTo(host.address);
    const mine: Declaration = { ...durableQueue('mine', {}), exclusive: true };
    await declare(channelsOf(other), [mine], 'create');
    await expect(create(mine)).rejects.toMatchObject({ code: 'DESTINATION_GONE' });
    await other.close();
    await until(() => create(mine).then(Boolean, () => false), 10_000, 'the queue to be free');
  });

  test('only looks with verify, and does nothing with skip', async () => {
    const all = [exchange('unmade'), durableQueue('unmade.g', {})];
    expect(await declare(channelsOf(connection), all, 'skip')).toEqual([]);
    await expect(verify(...all)).rejects.toMatchObject({ code: 'DESTINATION_GONE' });
    await create(...all);
    expect(await verify(...all)).toEqual([]);
  });

  test('tells that the type of an exchange is unknown, though the connection goes with it', async () => {
    await expect(create(exchange('odd', 'x-delayed-message'))).rejects.toMatchObject({
      code: 'BINDER_FAILED',
      details: { given: 'x-delayed-message', fix: expect.stringContaining('plug-in') as unknown },
    });
  });

  test('again tells which durable queues were gone', async () => {
    const all = [exchange('r'), durableQueue('r.g', {}), durableQueue('r.h', {}), binding('r', 'r.g', '#')];
    await create(...all);
    expect(await declareAgain(channelsOf(connection), all, 'create')).toEqual([]);
    await drop('r.g');
    expect(await declareAgain(channelsOf(connection), all, 'create')).toEqual(['r.g']);
    expect(await verify(...all)).toEqual([]);
    await drop('r.g');
    await expect(declareAgain(channelsOf(connection), all, 'verify')).rejects.toMatchObject({
      code: 'DESTINATION_GONE',
    });
  });

  test('leaves no channel open, whatever the answer was', async () => {
    await create(durableQueue('c', { 'x-max-length': 1 }));
    await create(durableQueue('c', {}));
    await expect(create(check('queue', 'none'))).rejects.toThrow('has no queue');
    const open = async (): Promise<boolean> => {
      const channels = JSON.parse(await broker.ctl('list_channels', 'vhost', '--formatter', 'json')) as {
        vhost: string;
      }[];
      return channels.every(({ vhost }) => vhost !== host.name);
    };
    await until(open, 10_000, 'no channel to be left');
    expect(connection.lost.aborted).toBe(false);
  }, 20_000);

  describe('without the permission', () => {
    const user = `reader-${randomUUID().slice(0, 8)}`;
    let reader: RabbitConnection;

    beforeAll(async () => {
      await broker.ctl('add_user', user, 'secret');
      await host.ctl('set_permissions', user, '^$', '^$', '.*');
    }, 60_000);
    afterAll(async () => void (await broker.ctl('delete_user', user)), 60_000);
    beforeEach(async () => {
      reader = await connectTo({ ...host.address, username: user, password: 'secret' });
    });
    afterEach(() => reader.close());

    test('tells which one, and how else', async () => {
      await expect(declare(channelsOf(reader), [exchange('forbidden')], 'create')).rejects.toMatchObject({
        code: 'ACCESS_REFUSED',
        message: expect.stringContaining('exchange "forbidden"') as unknown,
        details: { fix: expect.stringMatching(/set_permissions.*declare-exchange/) as unknown },
      });
    });

    test('needs none to look', async () => {
      await create(exchange('public'), durableQueue('public.g', {}));
      const looking: Declaration[] = [check('exchange', 'public'), check('queue', 'public.g')];
      expect(await declare(channelsOf(reader), looking, 'create')).toEqual([]);
    });
  });
});
