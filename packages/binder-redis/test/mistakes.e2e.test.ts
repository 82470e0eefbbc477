/**
 * Mistakes that users of Redis make. Each application says what is wrong, where, and what to do; it tries again, stops, or
 * keeps the message, as its user would want; and it never prints a password.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { until } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import { proxy } from '../../../tools/brokers/proxy.mjs';
import { Child, killAll } from '../../binder-rabbit/test/support/child.js';

jest.setTimeout(60_000);

const SECRET = 'pa55word-of-the-clerk';

type Properties = Readonly<Record<string, string | number | boolean>>;

await describeWithBroker(
  'redis',
  'a user of Redis who',
  (redis) => {
    const { host, port } = redis.address;
    const at = `${host}:${port}`;

    beforeAll(async () => {
      const users: Record<string, string[]> = {
        clerk: [`>${SECRET}`, '~*', '+@all'],
        locked: [`>${SECRET}-to-come`, '~*', '+@all'],
        visitor: [`>${SECRET}`, '~*', '+@connection', '+info', '+get'],
      };
      for (const [name, rules] of Object.entries(users)) await redis.ctl('ACL', 'SETUSER', name, 'on', ...rules);
    });
    afterEach(killAll);

    /** Of an application that is right but for what is changed. */
    const properties = (destination: string, changed: Properties = {}): Properties => ({
      'spring.data.redis.host': host,
      'spring.data.redis.port': port,
      'spring.data.redis.username': 'clerk',
      'spring.data.redis.password': SECRET,
      'spring.cloud.stream.bindings.input.destination': destination,
      'spring.cloud.stream.bindings.input.group': 'billing',
      'spring.cloud.stream.bindings.output.destination': destination,
      ...changed,
    });

    const start = (given: Properties): Child => new Child('input,output', given, '@streambind/binder-redis');

    /** `application.yml:2:23`, of the value of a key that stands in the file. */
    const placeOf = (key: string, given: Properties): string =>
      `application.yml:${Object.keys(given).indexOf(key) + 1}:${key.length + 3} (${key})`;

    /** It tries again with growing pauses, says the whole once, and works as soon as it can. @returns its exit code after a stop */
    async function tryingUntilCured(
      child: Child,
      what: RegExp,
      parts: readonly string[],
      cure: () => Promise<unknown>,
    ): Promise<number | null> {
      await child.says(what);
      await sleep(3000);
      const entries = child.entries(what);
      // 200 ms, 400 ms, 800 ms, 1.6 s, half of it at the least
      expect(entries.length).toBeGreaterThanOrEqual(2);
      expect(entries.length).toBeLessThanOrEqual(7);
      for (const part of parts) expect(entries[0]).toContain(part);
      for (const entry of entries) expect(entry).toMatch(/; try \d+ in \d+ ms$/m);
      for (const later of entries.slice(1)) expect(later.trimEnd()).not.toContain('\n');
      await cure();
      await child.starts();
      child.send('hello');
      await child.sees('it handles a message', () => child.of('handled').length > 0);
      expect(child.log).toMatch(/connected again after \d+ failed tries/);
      const code = await child.stop();
      expect(child.log).not.toContain(SECRET);
      return code;
    }

    /** It says all of it in one readable message, without a stack. @returns its exit code */
    async function failing(child: Child, parts: readonly string[]): Promise<number | null> {
      const code = await child.ends();
      expect(child.entries(/ ERROR /)).toHaveLength(1);
      const [failure] = child.entries(/APPLICATION FAILED TO START/);
      for (const part of parts) expect(failure).toContain(part);
      expect(child.log).not.toMatch(/^\s+at /m);
      expect(child.log).not.toContain(SECRET);
      return code;
    }

    describe('cannot get in', () => {
      test('with a wrong port', async () => {
        const door = await proxy({ host, port });
        await door.down();
        const given = properties('port', { 'spring.data.redis.port': door.port });
        expect(
          await tryingUntilCured(
            start(given),
            /cannot be reached/,
            [
              `Redis at ${host}:${door.port} cannot be reached: connect ECONNREFUSED`,
              `where:   ${host}:${door.port}`,
              placeOf('spring.data.redis.host', given).split(' ')[0]!,
              placeOf('spring.data.redis.port', given).split(' ')[0]!,
              'code:    BROKER_UNAVAILABLE',
            ],
            () => door.restore(),
          ),
        ).toBe(0);
        await door.close();
      });

      test('with a wrong password', async () => {
        const given = properties('password', { 'spring.data.redis.username': 'locked' });
        expect(
          await tryingUntilCured(
            start(given),
            /refused the login/,
            [
              `Redis at ${at} refused the login of "locked"`,
              placeOf('spring.data.redis.password', given).split(' ')[0]!,
              'code:    AUTH',
            ],
            () => redis.ctl('ACL', 'SETUSER', 'locked', `>${SECRET}`),
          ),
        ).toBe(0);
      });

      test('without a password', async () => {
        const child = start({
          'spring.data.redis.host': host,
          'spring.data.redis.port': port,
          'spring.data.redis.username': 'clerk',
        });
        expect(
          await failing(child, [
            'A user of Redis logs in with a password.',
            'spring.data.redis.username',
            'CONFIG_VALUE',
          ]),
        ).toBe(1);
      });

      test('with a url that is none', async () => {
        const given = { 'spring.data.redis.url': `http://clerk:${SECRET}@${at}` };
        expect(
          await failing(start(given), [
            'The url of Redis cannot be read.',
            placeOf('spring.data.redis.url', given),
            'allowed: redis[s]://[user:password@]host[:port][/database]',
          ]),
        ).toBe(1);
      });

      test('with a database that is not there', async () => {
        const given = properties('database', { 'spring.data.redis.database': 99 });
        const child = start(given);
        await child.says(/has no database 99/);
        expect(child.log).toContain(placeOf('spring.data.redis.database', given).split(' ')[0]!);
      });
    });

    describe('is told at the start', () => {
      test('that its user may not use streams', async () => {
        const given = properties('rights', { 'spring.data.redis.username': 'visitor' });
        expect(await failing(start(given), ['ACCESS_REFUSED', 'no permissions', 'ACL SETUSER'])).toBe(1);
      });

      test('that the destination is something else', async () => {
        await redis.ctl('SET', 'settings', 'of another program');
        expect(
          await failing(start(properties('settings')), [
            'The key settings of Redis',
            'given:   a key of type string, which another program uses',
            'redis-cli RENAME settings <name>',
            'TOPOLOGY_CONFLICT',
          ]),
        ).toBe(1);
        expect((await redis.ctl('GET', 'settings')).trim()).toBe('of another program');
      });

      test('that a stream of limited length loses messages', async () => {
        const key = 'spring.cloud.stream.redis.bindings.output.producer.max-length';
        expect(
          await failing(start(properties('limited', { [key]: 1000 })), [
            'GUARANTEE',
            'max-length: 1000',
            'at-most-once',
          ]),
        ).toBe(1);
      });

      test('that Redis does not keep what it confirms, and goes on', async () => {
        const child = start(properties('forgetful'));
        await child.starts();
        expect(child.log).toMatch(/WARN .*appendonly no: a restart of Redis loses .* Set appendonly yes in redis.conf/);
        expect(await child.stop()).toBe(0);
      });

      test('that Redis does not keep what it confirms, where that is to end the start', async () => {
        const given = properties('refused', { 'spring.cloud.stream.redis.binder.server-check': 'refuse' });
        expect(await failing(start(given), ['GUARANTEE', 'appendonly no', 'server-check: warn'])).toBe(1);
      });

      test('which of two keys counts', async () => {
        const child = start(properties('twice', { 'spring.redis.host': 'elsewhere' }));
        await child.starts();
        expect(child.log).toMatch(
          /WARN .*spring\.data\.redis\.host \(application.yml:1:\d+\) is used, and spring\.redis\.host \(application.yml:8:\d+\) is not/,
        );
      });

      test('what Spring has and this has not', async () => {
        const child = start(properties('pool', { 'spring.data.redis.lettuce.pool.max-active': 8 }));
        await child.starts();
        expect(child.log).toMatch(/WARN [^]*spring.data.redis.lettuce[^]*there is no pool/);
      });
    });

    test('writes an entry that is none: it is a dead letter, and the next is handled', async () => {
      const child = start(properties('entries'));
      await child.starts();
      await redis.ctl('XADD', 'entries', '*', 'body', 'hello');
      await redis.ctl('XADD', 'entries', '*', 'payload', 'well', 'contentType', 'text/plain');
      await child.sees('the next is handled', () => child.of('handled').length === 1);
      await until(async () => (await redis.ctl('XLEN', 'error.entries.billing')).trim() === '1', 5000, 'a dead letter');
      expect(child.log).toMatch(/The entry has no field "payload"[^]*the fields body[^]*Write the body as "payload"/);
      expect(await child.stop()).toBe(0);
    });
  },
  { own: true, config: ['appendonly no'] },
);
