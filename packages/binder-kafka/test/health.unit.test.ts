/** What a binder says of its brokers, also in the states that a real one is in too seldom. */
import { expect, test } from '@jest/globals';
import type { BinderHealth } from '@streambind/core/binder';
import { KafkaTrouble } from '../src/client/errors.js';
import type { KafkaAdmin } from '../src/client/port.js';
import { healthOf } from '../src/health.js';
import { BINDER, planned, type Given } from './support/configurations.js';

const PLACES = { brokers: 'here', protocol: 'there', login: '', trust: '' };

function health(admin: Partial<KafkaAdmin>, given: Given = {}): Promise<BinderHealth> {
  const { options } = planned('input', given);
  const connection = { settings: { brokers: ['broker:9092'] }, places: PLACES };
  return healthOf(admin as KafkaAdmin, ['orders', 'orders'], options, connection);
}

const cluster = () => Promise.resolve({ id: 'c', brokers: 3 });
const led = { partition: 0, leader: 1, replicas: [1] };
const ofTopics = (
  ...partitions: { partition: number; leader?: number; replicas: number[] }[]
): Partial<KafkaAdmin> => ({
  cluster,
  partitions: () => Promise.resolve(partitions),
});

test('it is up with the cluster that it asked', async () => {
  expect(await health(ofTopics(led))).toEqual({ state: 'up', detail: { clusterId: 'c', brokers: 3 } });
  expect(await health({ cluster, partitions: () => Promise.resolve(undefined) })).toMatchObject({ state: 'up' });
});

test('a partition without a leader makes it degraded, or down where that is asked for', async () => {
  const leaderless = ofTopics(led, { partition: 1, replicas: [1] });
  const reason = 'Partitions have no leader: orders-1';
  expect(await health(leaderless)).toMatchObject({ state: 'degraded', reason });
  expect(
    await health(leaderless, { [`${BINDER}.consider-down-when-any-partition-has-no-leader`]: 'true' }),
  ).toMatchObject({ state: 'down', reason });
});

test('it is down while nobody answers in time', async () => {
  const silent = { cluster: () => new Promise<never>(() => {}), partitions: () => Promise.resolve([led]) };
  expect(await health(silent, { [`${BINDER}.health-timeout`]: '10ms' })).toEqual({
    state: 'down',
    reason: 'Kafka has not answered for 0.01 s',
  });
});

test('it is down with the reason and the place to look at where nobody is there', async () => {
  const away = () => Promise.reject(new KafkaTrouble('unavailable', 'connect ECONNREFUSED broker:9092'));
  const told = await health({ cluster: away, partitions: away });
  expect(told.state).toBe('down');
  expect(told.reason).toMatch(/^Kafka cannot be reached: connect ECONNREFUSED broker:9092\n[\s\S]*See here\.$/);
});
