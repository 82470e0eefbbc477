import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { broker, freePort, running, started, startPrivate, until, type RabbitAddress } from '../index.mjs';
import { handshake } from '../amqp.mjs';
import { describeWithBroker } from '../jest.mjs';

const rig = JSON.stringify(new URL('../index.mjs', import.meta.url).href);
const fixtures = fileURLToPath(new URL('fixtures', import.meta.url));
const cli = fileURLToPath(new URL('../../brokers.mjs', import.meta.url));

/** `npm run brokers -- …` in another process, with a home of its own. */
function brokers(home: string, args: string[], environment: Record<string, string> = {}) {
  const env = { ...process.env, STREAMBIND_BROKERS: home, XDG_CACHE_HOME: home, ...environment };
  return spawnSync(process.execPath, [cli, ...args], { env, encoding: 'utf8' });
}

/** Runs `work` with other environment variables. */
async function within<T>(environment: Record<string, string>, work: () => Promise<T>): Promise<T> {
  const before = Object.keys(environment).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, environment);
  try {
    return await work();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

// no broker of the machine answers there, so that the rig has to start its own
const nowhere = { SPRING_RABBITMQ_PORT: '1', SPRING_DATA_REDIS_PORT: '1' };

await describeWithBroker(
  'rabbit',
  'RabbitMQ',
  (rabbit) => {
    const names = async () => (await rabbit.ctl('list_vhosts', 'name')).trim().split('\n').slice(1);

    test('is a private node on a loopback port, asked by AMQP', async () => {
      expect(rabbit).toMatchObject({ name: 'rabbit', origin: 'process', address: { host: '127.0.0.1' } });
      expect(await rabbit.probe()).toMatch(/^RabbitMQ \d+\.\d+\.\d+$/);
      expect(rabbit.environment.SPRING_RABBITMQ_PORT).toBe(String(rabbit.address.port));
      expect(rabbit.yml).toContain(`    port: ${rabbit.address.port}\n`);
    });

    test.each<[string, Partial<RabbitAddress>, RegExp]>([
      ['a wrong password', { password: 'wrong' }, /ACCESS_REFUSED/],
      ['a virtual host that is not there', { virtualHost: 'nowhere' }, /vhost nowhere not found/],
    ])('%s is told in the words of the broker', async (_, wrong, words) => {
      await expect(handshake({ ...rabbit.address, ...wrong })).rejects.toThrow(words);
    });

    test('virtual hosts come and go, with permissions', async () => {
      const one = await rabbit.virtualHost();
      await expect(handshake(one.address)).resolves.toMatch(/RabbitMQ/);
      expect(await one.ctl('list_exchanges', 'name')).toContain('amq.topic');
      await one.remove();
      expect(await names()).not.toContain(one.name);
    });

    test('frozen it does not answer, thawed it does', async () => {
      await rabbit.freeze();
      expect(await rabbit.running()).toBe(true);
      await expect(rabbit.probe()).rejects.toThrow('no AMQP answer');
      await rabbit.thaw();
      await expect(rabbit.probe()).resolves.toMatch(/RabbitMQ/);
    });

    test('killed and started it is on its port with its data; restarted empty it has none', async () => {
      const { port } = rabbit.address;
      await rabbit.virtualHost('lasting');
      await rabbit.kill9();
      await expect(rabbit.probe()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
      expect(await rabbit.running()).toBe(false);
      await expect(rabbit.ctl('list_vhosts')).rejects.toThrow('RabbitMQ is not running');
      await rabbit.start();
      expect(await names()).toContain('lasting');
      await rabbit.restart({ data: 'empty' });
      expect(await names()).toEqual(['/']);
      expect(rabbit.address.port).toBe(port);
    }, 120_000);

    test('rabbitmqctl that fails says why', async () => {
      await expect(rabbit.ctl('delete_vhost', 'never')).rejects.toThrow(/delete_vhost never: .*never/s);
    });

    test('found, it is used where nobody has to administer it, and else it is said why it is not', async () => {
      const home = mkdtempSync(join(tmpdir(), 'streambind-rig-'));
      const told: string[] = [];
      const options = { administered: true, tell: (line: string) => void told.push(line) };
      // no epmd answers there, so rabbitmqctl has no node to speak to
      const environment = { ...rabbit.environment, ERL_EPMD_PORT: '1', STREAMBIND_BROKERS: home, XDG_CACHE_HOME: home };
      const own = await within(environment, async () => {
        expect((await broker('rabbit')).origin).toBe('found');
        return broker('rabbit', options);
      });
      expect(own.origin).toBe('process');
      expect(told[0]).toMatch(/^the RabbitMQ at 127\.0\.0\.1:\d+ is not used: there is no node on this machine/);
      await own.remove();
      rmSync(home, { recursive: true });
    });

    test('it took the lines of configuration', async () => {
      expect(await rabbit.ctl('environment')).toContain('{max_message_size,4096}');
    });

    test('removed, nothing of it is left', async () => {
      const processes = Object.values(rabbit.pids);
      expect(processes).toHaveLength(2);
      await rabbit.remove();
      await until(() => !processes.some(exists), 3000, 'the end of both processes');
      expect(existsSync(rabbit.directory)).toBe(false);
      expect(started().some(({ directory }) => directory === rabbit.directory)).toBe(false);
    });
  },
  { own: true, config: ['max_message_size = 4096'] },
);

await describeWithBroker(
  'redis',
  'Redis',
  (redis) => {
    test('is a private server, asked by RESP', async () => {
      expect(await redis.probe()).toMatch(/^Redis \d+\.\d+\.\d+$/);
      expect(redis.environment).toEqual({
        SPRING_DATA_REDIS_HOST: '127.0.0.1',
        SPRING_DATA_REDIS_PORT: String(redis.address.port),
      });
    });

    test('killed it keeps what was answered; restarted empty it has nothing', async () => {
      await redis.ctl('set', 'key', 'value');
      await redis.kill9();
      await redis.start();
      expect(await redis.ctl('get', 'key')).toBe('value\n');
      await redis.restart({ data: 'empty' });
      expect(await redis.ctl('dbsize')).toBe('0\n');
    });

    test('two who hold it see what the other did', async () => {
      const other = started().find(({ directory }) => directory === redis.directory);
      const before = redis.pids.main;
      await other?.restart();
      expect(redis.pids.main).not.toBe(before);
      await redis.kill9();
      expect(await other?.running()).toBe(false);
      await redis.start();
      const again = redis.pids.main;
      await other?.start();
      expect(redis.pids.main).toBe(again);
    });

    test('frozen it does not answer, thawed it does', async () => {
      await redis.freeze();
      await expect(redis.probe()).rejects.toThrow('no Redis answer');
      await redis.thaw();
      await expect(redis.probe()).resolves.toMatch(/Redis/);
    });

    test('one that is found is used and not touched', async () => {
      const found = await within(redis.environment, () => broker('redis', { administered: true }));
      expect([found.origin, found.address.port]).toEqual(['found', redis.address.port]);
      await expect(found.kill9()).rejects.toThrow("use startPrivate('redis')");
      await expect(found.remove()).rejects.toThrow('it was running already');
      expect(await found.ctl('ping')).toBe('PONG\n');
    });

    test('one whose process died is removed by the next who starts one', async () => {
      const script = `import { startPrivate } from ${rig};
        console.log(JSON.stringify((await startPrivate('redis')).pids)); process.kill(process.pid, 'SIGKILL');`;
      const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
      const { main } = JSON.parse(stdout) as { main: number };
      expect(exists(main)).toBe(true);
      const next = await startPrivate('redis');
      await next.remove();
      expect(started().some(({ pids }) => pids.main === main)).toBe(false);
    });

    test('what another process owns is not ended by down', async () => {
      const script = `import { down } from ${rig}; await down();`;
      spawnSync(process.execPath, ['--input-type=module', '-e', script]);
      await expect(redis.probe()).resolves.toMatch(/Redis/);
    });
  },
  { own: true },
);

describe('the shared broker', () => {
  let home: string;
  beforeAll(() => void (home = mkdtempSync(join(tmpdir(), 'streambind-rig-'))));
  afterAll(() => {
    brokers(home, ['down']);
    rmSync(home, { recursive: true, force: true });
  });

  test('several processes that want one at once get the same', async () => {
    const script = `import { broker } from ${rig};
      console.log((await broker('redis')).pids.main);`;
    const env = { ...process.env, ...nowhere, STREAMBIND_BROKERS: home };
    const answers = await Promise.all(
      [1, 2, 3].map(async () => {
        const child = spawn(process.execPath, ['--input-type=module', '-e', script], { env });
        const [line] = (await once(child.stdout, 'data')) as [Buffer];
        return Number(line);
      }),
    );
    expect(answers[0]).toBeGreaterThan(1);
    expect(new Set(answers).size).toBe(1);
  });

  test('status, up and down from processes that know nothing of each other', () => {
    const up = brokers(home, ['up', 'redis'], nowhere);
    expect(up.status).toBe(0);
    expect(up.stdout).toMatch(/│ redis\s+│ 127\.0\.0\.1:\d+ │ Redis .*started by the rig, process \d+ │ ✓ │/);
    const port = /SPRING_DATA_REDIS_PORT=(\d+)/.exec(up.stdout)?.[1];
    expect(brokers(home, ['status'], nowhere).stdout).toContain(`127.0.0.1:${port}`);
    expect(brokers(home, ['down', 'redis'], nowhere).stdout).toContain(`Redis at 127.0.0.1:${port} ended`);
    expect(brokers(home, ['status'], nowhere).stdout).toMatch(/redis\s+│\s+│ not running/);
    expect(brokers(home, ['down'], nowhere).stdout).toBe('The rig has nothing running.\n');
  }, 30_000);

  test('a name or a verb it does not know ends with the usage', () => {
    const kafka = brokers(home, ['up', 'kafkaesque']);
    expect([kafka.status, kafka.stdout]).toEqual([2, expect.stringContaining('There is no broker "kafkaesque"')]);
    expect(brokers(home, ['start']).stdout).toContain('Usage: npm run brokers -- up|down|status');
  });

  test('what listens at the configured address and is no such broker is not used, and it says why', async () => {
    const server = createServer((socket) =>
      socket.on('error', () => undefined).end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    );
    const port = await freePort();
    await once(server.listen(port, '127.0.0.1'), 'listening');
    const address = { host: '127.0.0.1', port, username: 'guest', password: 'guest', virtualHost: '/' };
    const configured = { SPRING_RABBITMQ_HOST: address.host, SPRING_RABBITMQ_PORT: String(port) };
    try {
      await expect(handshake(address)).rejects.toThrow('does not speak AMQP');
      await within({ ...configured, STREAMBIND_BROKERS: home, XDG_CACHE_HOME: home }, async () => {
        expect(await running('rabbit')).toBeUndefined();
      });
    } finally {
      server.close();
    }
  });

  test('one that cannot be had is one line: how to get it', () => {
    const { status, stdout } = brokers(home, ['up', 'redis'], { ...nowhere, PATH: '/nowhere', CI: '' });
    expect(status).toBe(1);
    expect(stdout).toMatch(/^Redis is not to be had: .*apt-get install redis-server.*\n$/);
  });

  test.each([
    ['a skip on a developer’s machine', '', 0, /1 skipped/],
    ['a failure where CI is set', 'true', 1, /Redis is not to be had/],
  ])(
    'one that cannot be had is %s',
    (_, CI, status, words) => {
      const env = { ...process.env, ...nowhere, STREAMBIND_BROKERS: home, XDG_CACHE_HOME: home, PATH: '/nowhere', CI };
      const jest = fileURLToPath(new URL('../../../node_modules/jest/bin/jest.js', import.meta.url));
      const config = JSON.stringify({ testMatch: ['**/needs-redis.mjs'], transform: {} });
      const args = ['--experimental-vm-modules', jest, '--rootDir', fixtures, '--config', config];
      const run = spawnSync(process.execPath, args, { cwd: fixtures, env, encoding: 'utf8' });
      expect(run.stderr).toMatch(words);
      expect(run.status).toBe(status);
    },
    30_000,
  );
});
