/** Every configuration of which Spring's topology was recorded, made on a real broker: what is on it afterwards. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { isStreambindError, type StreambindError } from '@streambind/core/binder';
import type { RabbitBroker } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import type { RabbitConnection } from '../src/client/connection.js';
import { durableQueue, type Declaration } from '../src/topology/declarations.js';
import { declare } from '../src/topology/declare.js';
import { anonymousName } from '../src/topology/names.js';
import { consumerTopology, producerTopology } from '../src/topology/topology.js';
import { addVirtualHosts, objectsIn, removeVirtualHosts, type Found } from './support/broker-objects.js';
import { DIFFERENT, configurations, planned, recorded, type Configuration } from './support/configurations.js';
import { channelsOf, connectTo } from './support/connections.js';
import { normal } from './support/objects.js';

interface Made {
  readonly objects: Found;
  readonly errors: readonly StreambindError[];
  readonly tolerated: readonly string[];
}

const run = randomUUID().slice(0, 8);
const hostOf = ({ id }: Configuration): string => `topology-${run}-${id}`;
const hosts = configurations.map(hostOf);

/** What is refused, as the user reads it; by the id of a configuration. */
const REFUSED: Readonly<Record<string, readonly [code: string, what: RegExp]>> = {
  'consumer-partitioned-anonymous': ['CONFIG_VALUE', /consumer group is required/],
  'consumer-partitioned-fanout': ['CONFIG_VALUE', /allowed: topic or direct/],
  'delayed-exchange-without-plugin': ['BINDER_FAILED', /fix: .*rabbitmq_delayed_message_exchange/],
  'delayed-exchange-without-plugin-producer': ['BINDER_FAILED', /fix: .*rabbitmq_delayed_message_exchange/],
  'existing-exchange-other-type': ['TOPOLOGY_CONFLICT', /given: .*received 'topic' but current is 'direct'/],
  'bind-queue-false': ['DESTINATION_GONE', /fix: .*bind-queue: true/],
  'declare-exchange-false': ['DESTINATION_GONE', /given: .*no exchange 'orders'/],
  'declare-dlx-false': ['DESTINATION_GONE', /given: .*no exchange 'DLX'/],
};

await describeWithBroker('rabbit', 'on the broker', (broker) => {
  const connections: RabbitConnection[] = [];
  const made = new Map<string, Made>();

  beforeAll(async () => {
    await addVirtualHosts(broker, hosts);
    const outcomes = await Promise.all(configurations.map((one) => make(broker, one, connections)));
    const objects = await objectsIn(broker, hosts);
    configurations.forEach((one, index) =>
      made.set(one.id, { ...outcomes[index]!, objects: objects.get(hostOf(one))! }),
    );
  }, 60_000);

  afterAll(async () => {
    await Promise.all(connections.map((connection) => connection.close()));
    await removeVirtualHosts(broker, hosts);
  }, 60_000);

  const cases = (all: readonly Configuration[]) => all.map((one) => [one.id, one] as const);

  test.each(cases(configurations.filter(({ id }) => !(id in DIFFERENT))))('is what Spring made: %s', (id, one) => {
    const { objects } = made.get(id)!;
    expect(normal(objects)).toEqual(normal(recorded(one)));
    expect(['longstr', 'signedint', 'bool']).toEqual(expect.arrayContaining([...objects.types]));
  });

  for (const [id, reason] of Object.entries(DIFFERENT)) {
    test(`is nothing new with ${id}: ${reason}`, () => {
      const { exchanges = {}, queues = {} } = configurations.find((one) => one.id === id)!.before ?? {};
      const { objects } = made.get(id)!;
      expect(objects.exchanges.map(({ name }) => name)).toEqual(Object.keys(exchanges));
      expect(objects.queues.map(({ name }) => name)).toEqual(Object.keys(queues));
      expect(objects.bindings).toEqual([]);
    });
  }

  test.each(cases(configurations.filter(({ id }) => !(id in REFUSED))))('is not refused: %s', (id) => {
    expect(made.get(id)!.errors).toEqual([]);
  });

  test.each(Object.entries(REFUSED))('is refused: %s', (id, [code, what]) => {
    expect(made.get(id)!.errors).toEqual([
      expect.objectContaining({ code, message: expect.stringMatching(what) as unknown }),
    ]);
  });

  test('is said where it differs and is used all the same', () => {
    const said = [...made].filter(([, { tolerated }]) => tolerated.length > 0).map(([id, one]) => [id, one.tolerated]);
    expect(said).toEqual([
      [
        'existing-queue-other-arguments',
        [expect.stringMatching(/queue "orders.g" exists .*received '100' but current is '5'/)],
      ],
    ]);
  });
});

/** As the bindings of an application, one after the other; the connection stays, and with it what is exclusive. */
async function make(
  { address }: RabbitBroker,
  one: Configuration,
  connections: RabbitConnection[],
): Promise<Omit<Made, 'objects'>> {
  const { sources, targets, errors: refusals } = planned(one);
  const connection = await connectTo(address, hostOf(one));
  connections.push(connection);
  await makeBefore(connection, one);
  const errors = [...refusals];
  const tolerated: string[] = [];
  const bindings: (() => readonly Declaration[])[] = [
    ...targets.map((target) => () => producerTopology(target).declarations),
    ...sources.map((source) => () => consumerTopology(source, anonymousName()).declarations),
  ];
  for (const declarations of bindings) {
    try {
      tolerated.push(...(await declare(channelsOf(connection), declarations(), 'create')));
    } catch (error) {
      if (!isStreambindError(error)) throw error;
      errors.push(error);
    }
  }
  return { errors, tolerated };
}

async function makeBefore(connection: RabbitConnection, { before = {} }: Configuration): Promise<void> {
  const { exchanges = {}, queues = {} } = before;
  const common = { kind: 'exchange', autoDelete: false, arguments: {} } as const;
  await declare(
    channelsOf(connection),
    [
      ...Object.entries(exchanges).map(([name, one]) => ({ ...common, name, ...one })),
      ...Object.entries(queues).map(([name, given]) => durableQueue(name, given)),
    ],
    'create',
  );
}
