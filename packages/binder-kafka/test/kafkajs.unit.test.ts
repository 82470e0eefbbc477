/** What the binder relies on inside kafkajs, and what it makes of its errors and assignments. */
import { describe, expect, test } from '@jest/globals';
import ConsumerGroup from 'kafkajs/src/consumer/consumerGroup.js';
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';
import kafkajs from 'kafkajs';
import { createRequire } from 'node:module';
import { setImmediate as turn } from 'node:timers/promises';
import { range, roundRobin } from '../src/client/kafkajs/assignors.js';
import { handOver } from '../src/client/kafkajs/library.js';
import { troubleOf } from '../src/client/kafkajs/trouble.js';

test('the version is the one that was touched', () => {
  const { version } = createRequire(import.meta.url)('kafkajs/package.json') as { version: string };
  expect(version).toBe('2.2.4');
});

test('an idle queue arms no timer; one with requests, or a throttled one, does', () => {
  const armed = (pending: readonly object[], throttledUntil: number): boolean => {
    const queue = {
      pending,
      throttledUntil,
      throttleCheckTimeoutId: null as NodeJS.Timeout | null,
      checkPendingRequests: () => undefined,
    };
    RequestQueue.prototype.scheduleCheckPendingRequests.call(queue as unknown as RequestQueue);
    const timer = queue.throttleCheckTimeoutId;
    if (timer) clearTimeout(timer);
    return timer !== null;
  };
  expect(armed([], -1)).toBe(false);
  expect(armed([{}], -1)).toBe(true);
  expect(armed([], Date.now() + 1000)).toBe(true);
});

describe('a group that changes hands', () => {
  class Group extends ConsumerGroup {
    readonly told: string[] = [];

    /** @param joins as whom, and in which generation; or why not */
    constructor(memberId: string | null, ...joins: ({ memberId: string; generationId: number } | Error)[]) {
      // what the methods under test use, and nothing of a cluster
      super({
        cluster: {},
        logger: { namespace: () => ({ debug() {}, info() {}, warn() {}, error() {} }) },
        assigners: [{ name: 'range' }],
        sessionTimeout: 10_000,
        retry: { retries: 0 },
      });
      Object.assign(this, {
        memberId,
        coordinator: { heartbeat: () => Promise.resolve() },
        assigned: () => [{ topic: 't', partitions: [0, 1] }],
        resume: () => void this.told.push('resumed'),
        seek: ({ partition, offset }: { partition: number; offset: string }) =>
          void this.told.push(`seek ${partition}@${offset}`),
        retrier: () => {
          const joined = joins.shift()!;
          this.told.push('joining the group');
          if (joined instanceof Error) return Promise.reject(joined);
          Object.assign(this, joined, { offsetManager: {} });
          return Promise.resolve();
        },
      });
      handOver(this.assigners[0]!, {
        revoking: () => Promise.resolve(void this.told.push('revoking')),
        joining: () => Promise.resolve(void this.told.push('a new member')),
        assigned: (assigned, continuous) => {
          this.told.push(`assigned ${JSON.stringify(assigned)} ${continuous ? 'continuous' : 'anew'}`);
          return Promise.resolve([{ topic: 't', partition: 1, offset: '7' }]);
        },
        outOfRange: () => Promise.resolve('3'),
        gone: () => undefined,
      });
    }
  }

  test('a member may finish first, and begins where it is told', async () => {
    const group = new Group(null, { memberId: 'one', generationId: 3 }, { memberId: 'one', generationId: 4 });
    await group.joinAndSync();
    group.told.length = 0;
    await group.joinAndSync();
    expect(group.told).toEqual([
      'revoking',
      'joining the group',
      'resumed',
      'assigned [{"topic":"t","partitions":[0,1]}] continuous',
      'seek 1@7',
    ]);
  });

  const ANEW = 'assigned [{"topic":"t","partitions":[0,1]}] anew';

  test('one that has lost its membership keeps nothing', async () => {
    const thrownOut = new Group(null, { memberId: 'two', generationId: 1 });
    await thrownOut.joinAndSync();
    expect(thrownOut.told.slice(0, 2)).toEqual(['a new member', 'joining the group']);
    const replaced = new Group(null, { memberId: 'one', generationId: 1 }, { memberId: 'two', generationId: 2 });
    await replaced.joinAndSync();
    replaced.told.length = 0;
    await replaced.joinAndSync();
    expect(replaced.told).toContain(ANEW);
  });

  test('one that missed a generation keeps nothing either: its partitions were somebody else’s', async () => {
    const group = new Group(null, { memberId: 'one', generationId: 1 }, { memberId: 'one', generationId: 3 });
    await group.joinAndSync();
    group.told.length = 0;
    await group.joinAndSync();
    expect(group.told).toContain(ANEW);
  });

  test('a join that failed is made up for before anything is read', async () => {
    const hungUp = thrown('KafkaJSConnectionClosedError', 'Closed connection', { host: 'h', port: 1 });
    const group = new Group('one', hungUp, { memberId: 'one', generationId: 2 });
    await expect(group.joinAndSync()).rejects.toBe(hungUp);
    expect(group.told).toEqual(['revoking', 'joining the group']);
    await group.fetch('1').catch(() => undefined);
    expect(group.told).toEqual([
      'revoking',
      'joining the group',
      'revoking',
      'joining the group',
      'resumed',
      ANEW,
      'seek 1@7',
    ]);
  });

  test('readers of several brokers that all find out join once', async () => {
    const group = new Group('one', { memberId: 'one', generationId: 2 });
    await Promise.all([group.joinAndSync(), group.joinAndSync()]);
    expect(group.told.filter((told) => told === 'joining the group')).toHaveLength(1);
  });

  test('what was asked for before the group changed hands is not read after it', async () => {
    const group = new Group('one', { memberId: 'one', generationId: 2 });
    let answer!: (batches: object[]) => void;
    Object.assign(group, {
      offsetManager: {
        resolveOffsets: () => Promise.resolve(),
        committedOffsets: () => ({ t: { 0: '5' } }),
        nextOffset: () => 5,
      },
      subscriptionState: {
        assigned: () => [{ topic: 't', partitions: [0] }],
        active: () => [{ topic: 't', partitions: [0] }],
        isPaused: () => false,
      },
      filterPartitionsByNode: () => [{ topic: 't', partitions: [0] }],
      seekOffset: { pop: () => undefined, clear: () => undefined, has: () => false },
      cluster: {
        refreshMetadataIfNecessary: () => Promise.resolve(),
        findBroker: () =>
          Promise.resolve({
            fetch: () =>
              new Promise((resolve) => {
                answer = (partitions) => resolve({ responses: [{ topicName: 't', partitions }] });
              }),
          }),
      },
    });
    const partition = { partition: 0, highWatermark: '6', abortedTransactions: [], messages: [{ offset: '5' }] };
    const early = group.fetch('1');
    await turn();
    answer([partition]);
    expect(await early).toHaveLength(1);
    const late = group.fetch('1');
    await turn();
    await group.joinAndSync();
    answer([partition]);
    expect(await late).toEqual([]);
  });

  test('an offset that is gone commits nothing', async () => {
    const group = new Group('one');
    await group.recoverFromOffsetOutOfRange({ topic: 't', partition: 0 });
    expect(group.told).toEqual(['seek 0@3']);
  });
});

describe('assignments are those of Java', () => {
  const member = (memberId: string, ...topics: string[]) => ({ memberId, topics: new Set(topics) });
  const plain = (shares: ReadonlyMap<string, object>): object => Object.fromEntries(shares);

  test('range: neighbours, and one more each for the first', () => {
    const topics = new Map([
      ['a', [0, 1, 2, 3, 4]],
      ['b', [0]],
    ]);
    expect(plain(range([member('m1', 'a', 'b'), member('m2', 'a', 'b')], topics))).toEqual({
      m1: { a: [0, 1, 2], b: [0] },
      m2: { a: [3, 4] },
    });
  });

  test('roundrobin: one after the other, and only what a member reads', () => {
    const topics = new Map([
      ['a', [0, 1, 2]],
      ['b', [0, 1]],
    ]);
    expect(plain(roundRobin([member('m1', 'a'), member('m2', 'a', 'b')], topics))).toEqual({
      m1: { a: [0, 2] },
      m2: { a: [1], b: [0, 1] },
    });
  });
});

test.each([
  [
    'the broker hung up',
    thrown('KafkaJSConnectionClosedError', 'Closed connection', { host: 'h', port: 1 }),
    'unknown',
  ],
  ['nobody listens', thrown('KafkaJSConnectionError', 'connect ECONNREFUSED 127.0.0.1:1'), 'unavailable'],
  ['a protocol error', protocolError('MESSAGE_TOO_LARGE', false), 'too-large'],
  ['one behind retries', retried(protocolError('UNKNOWN_TOPIC_OR_PARTITION', true)), 'missing'],
  ['one that can be tried again', protocolError('NOT_LEADER_FOR_PARTITION', true), 'unavailable'],
  ['one that cannot', protocolError('INVALID_RECORD', false), 'refused'],
  ['a right that is missing', protocolError('TOPIC_AUTHORIZATION_FAILED', false), 'authorization'],
  [
    'a group that went on',
    thrown('KafkaJSNonRetriableError', 'x', { cause: protocolError('UNKNOWN_MEMBER_ID', false) }),
    'fenced',
  ],
  ['a certificate', thrown('KafkaJSConnectionError', 'Connection error: self-signed certificate'), 'authentication'],
  ['a login', thrown('KafkaJSSASLAuthenticationError', 'SASL PLAIN authentication failed'), 'authentication'],
  [
    'several',
    thrown('KafkaJSAggregateError', 'Topic errors', [protocolError('INVALID_REPLICATION_FACTOR', false)]),
    'refused',
  ],
])('%s is told as what it is', (_, error, kind) => {
  expect(troubleOf(error)).toMatchObject({ kind, cause: error });
});

/** As the library makes it, which types only some of its classes. */
function thrown(name: string, ...args: unknown[]): Error {
  const classes = kafkajs as unknown as Record<string, new (...all: unknown[]) => Error>;
  return new classes[name]!(...args);
}

function protocolError(type: string, retriable: boolean): Error {
  return thrown('KafkaJSProtocolError', { type, code: 1, retriable, message: type });
}

function retried(error: Error): Error {
  return thrown('KafkaJSNumberOfRetriesExceeded', error, { retryCount: 1, retryTime: 1 });
}
