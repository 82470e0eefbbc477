/** Where Redis is, by the keys of a configuration; every mistake names its key. */
import { describe, expect, test } from '@jest/globals';
import type { BinderFactory, Capabilities } from '@streambind/core/binder';
import { keyGroups } from '@streambind/core/internal';
import { binderOptions } from '../../core/src/binding/binders.js';
import { loadEnvironment } from '../../core/src/config/index.js';
import { targetText } from '../src/client/target.js';
import { PREFIXES, binderSchema, connectionSchema, consumerSchema, producerSchema } from '../src/options/options.js';
import type { RedisConsumerOptions, RedisOptions, RedisProducerOptions } from '../src/options/options.js';
import { policy, weaknesses } from '../src/options/policy.js';
import { doubled, targetOf } from '../src/options/target.js';

const factory: BinderFactory<RedisOptions, RedisConsumerOptions, RedisProducerOptions> = {
  type: 'redis',
  system: 'redis',
  capabilities: {} as Capabilities,
  schemas: { binder: binderSchema, consumer: consumerSchema, producer: producerSchema },
  connection: Object.fromEntries(PREFIXES.map((prefix) => [prefix, connectionSchema])),
  producerExpressions: [],
  create: () => Promise.reject(new Error('nothing is bound here')),
};

/** What core makes of `key=value`s. */
function configured(...args: readonly string[]) {
  const environment = loadEnvironment({ directories: [], args: args.map((each) => `--${each}`), env: {} });
  const options = binderOptions(factory as BinderFactory, 'defaultRedis', environment) as RedisOptions;
  environment.check(keyGroups([factory as BinderFactory], []));
  return {
    options,
    problems: environment.problems,
    origin: (key: string) => (args.some((each) => each.startsWith(`${key}=`)) ? 'args' : undefined),
  };
}

function target(...args: readonly string[]) {
  const { options, origin } = configured(...args);
  return targetOf(options, origin);
}

describe('where Redis is', () => {
  test('nothing is said', () => {
    const { settings: _, ...rest } = target();
    expect(rest).toEqual({
      kind: 'standalone',
      nodes: [{ host: 'localhost', port: 6379 }],
      database: 0,
      connectTimeout: 10_000,
      timeout: 5000,
      maxRedirects: 5,
    });
  });

  test.each(PREFIXES)('by the keys of %s', (prefix) => {
    const keys = {
      host: 'r',
      port: 1,
      username: 'u',
      password: 'p',
      database: 3,
      timeout: '2s',
      'connect-timeout': '1s',
    };
    expect(target(...Object.entries(keys).map(([key, value]) => `${prefix}.${key}=${value}`))).toMatchObject({
      nodes: [{ host: 'r', port: 1 }],
      username: 'u',
      password: 'p',
      database: 3,
      timeout: 2000,
      connectTimeout: 1000,
    });
  });

  test('by both: the newer wins key by key, and it is told', () => {
    const { options, origin } = configured(
      'spring.redis.host=old',
      'spring.redis.port=1',
      'spring.data.redis.host=new',
      'spring.redis.connect-timeout=1s',
    );
    expect(targetOf(options, origin)).toMatchObject({ nodes: [{ host: 'new', port: 1 }], connectTimeout: 1000 });
    expect(doubled(origin)).toEqual([
      expect.stringMatching(/^spring.data.redis.host \(args\) is used, and spring.redis.host/),
    ]);
  });

  test.each<[string, object]>([
    ['redis://h', { nodes: [{ host: 'h', port: 6379 }], database: 0 }],
    ['redis://h:7/4', { nodes: [{ host: 'h', port: 7 }], database: 4 }],
    ['redis://u:p%40w@h', { username: 'u', password: 'p@w' }],
    ['redis://:p@h', { password: 'p' }],
    ['rediss://[::1]:7', { nodes: [{ host: '::1', port: 7 }], tls: {} }],
  ])('by the url %s', (url, expected) => {
    expect(target(`spring.data.redis.url=${url}`, 'spring.data.redis.host=other')).toMatchObject(expected);
  });

  test('behind sentinels', () => {
    const sentinel = 'spring.data.redis.sentinel';
    const found = target(
      `${sentinel}.master=m`,
      `${sentinel}.nodes=a:1,b`,
      `${sentinel}.password=s`,
      'spring.data.redis.password=p',
    );
    expect(found).toMatchObject({
      kind: 'sentinel',
      nodes: [
        { host: 'a', port: 1 },
        { host: 'b', port: 26_379 },
      ],
      master: 'm',
      sentinelLogin: { password: 's' },
      password: 'p',
    });
    expect(targetText(found)).toBe('"m" of the sentinels a:1, b:26379');
  });

  test('as a cluster', () => {
    const found = target('spring.redis.cluster.nodes=a,[::1]:7', 'spring.redis.cluster.max-redirects=2');
    expect(found).toMatchObject({
      kind: 'cluster',
      nodes: [
        { host: 'a', port: 6379 },
        { host: '::1', port: 7 },
      ],
      maxRedirects: 2,
    });
    expect(targetText(found)).toBe('the cluster of a:6379, [::1]:7');
  });

  test.each<[string, string[], RegExp]>([
    ['a url of another kind', ['url=http://h'], /url of Redis cannot be read[^]*args \(spring.data.redis.url\)/],
    ['a url without a host', ['url=redis:///1'], /cannot be read/],
    ['a database that is no number', ['url=redis://h/orders'], /cannot be read/],
    ['parameters in a url', ['url=redis://h?timeout=5s'], /cannot be read/],
    ['a node that is none', ['cluster.nodes=h:p'], /node of Redis[^]*spring.data.redis.cluster.nodes[^]*h:p/],
    ['a port beyond all', ['cluster.nodes=h:70000'], /node of Redis/],
    ['a master without sentinels', ['sentinel.master=m'], /Sentinels need[^]*Set sentinel.nodes/],
    ['sentinels without a master', ['sentinel.nodes=h'], /Sentinels need[^]*Set sentinel.master/],
    [
      'two ways at once',
      ['sentinel.nodes=h', 'sentinel.master=m', 'cluster.nodes=h'],
      /several ways[^]*sentinel.nodes and cluster.nodes/,
    ],
    ['url and cluster', ['url=redis://h', 'cluster.nodes=h'], /several ways/],
    ['a database of a cluster', ['cluster.nodes=h', 'database=1'], /only database 0/],
    ['a user without a password', ['username=u'], /with a password[^]*spring.data.redis.username/],
    ['a trust store that is not there', ['ssl.enabled=true', 'ssl.trust-store=/no/such'], /ENOENT[^]*ssl.trust-store/],
    [
      'a key store without a key',
      ['ssl.enabled=true', `ssl.key-store=${import.meta.filename}`],
      /files for TLS cannot be used/,
    ],
  ])('not by %s', (_, keys, says) => {
    const thrown = (() => {
      try {
        return target(...keys.map((key) => `spring.data.redis.${key}`));
      } catch (error) {
        return error as Error;
      }
    })();
    expect(thrown).toMatchObject({ code: 'CONFIG_VALUE' });
    expect((thrown as Error).message).toMatch(says);
  });

  test('a password is never shown', () => {
    expect(() => target('spring.data.redis.url=redis://u:top@secret@h:x')).toThrow(/redis:\/\/…@h:x/);
    expect(() => target('spring.data.redis.cluster.nodes=u:secret@h')).toThrow(/given: {3}…@h\n/);
  });

  test("what is Spring's and not ours is said, not taken", () => {
    const { problems } = configured(
      'spring.data.redis.lettuce.pool.max-active=8',
      'spring.data.redis.client-type=jedis',
    );
    expect(problems.map(({ message }) => message).join('\n')).toMatch(/shares one[^]*ioredis|ioredis[^]*shares one/);
  });
});

describe('what core has to know', () => {
  const consumer = (acknowledgeMode: 'auto' | 'manual') => ({ acknowledgeMode }) as RedisConsumerOptions;

  test.each(['auto', 'manual'] as const)('acknowledge-mode: %s', (mode) => {
    expect(policy(consumer(mode))).toEqual({ acknowledge: mode });
  });

  test('a stream of limited length drops what nobody has read', () => {
    const { options } = configured();
    const output = (more: object) =>
      weaknesses(options, { direction: 'output', options: { headerPatterns: ['*'], ...more } });
    expect(output({})).toEqual([]);
    expect(output({ maxLength: 1000 })).toEqual([expect.objectContaining({ given: 'max-length: 1000' })]);
    expect(weaknesses(options, { direction: 'input', options: consumer('auto') })).toEqual([]);
  });
});
