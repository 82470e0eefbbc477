import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Supervisor, isStreambindError, type SupervisorOptions } from '@streambind/core/binder';
import { deferred, microtasks } from './fakes.js';

interface Connection {
  readonly number: number;
}

beforeEach(() => {
  jest.useFakeTimers();
  jest.spyOn(Math, 'random').mockReturnValue(1);
});
afterEach(() => {
  jest.mocked(Math.random).mockRestore();
  jest.useRealTimers();
});

/** `broker.down` is what its next attempts meet; `log` is all that happened, with the millisecond. */
function setUp(over: Partial<SupervisorOptions<Connection>> = {}) {
  const start = Date.now();
  const log: string[] = [];
  const say = (text: string): void => void log.push(`${Date.now() - start} ${text}`);
  const broker: { down: Error | undefined; connections: number } = { down: undefined, connections: 0 };
  const supervisor = new Supervisor<Connection>({
    connect: () => {
      say('try');
      return broker.down ? Promise.reject(broker.down) : Promise.resolve({ number: ++broker.connections });
    },
    report: (error, nextTryMs) => say(`report ${error.message} ${nextTryMs}`),
    recovered: () => say('recovered'),
    dispose: ({ number }) => say(`dispose ${number}`),
    ...over,
  });
  return { supervisor, broker, log, say };
}

describe('the first connection', () => {
  test('is made by the first get, once for all who ask', async () => {
    const { supervisor, log } = setUp();
    await microtasks();
    expect(log).toEqual([]);
    const asked = [supervisor.get(), supervisor.get()];
    expect(supervisor.current).toBeUndefined();
    const [first, second] = await Promise.all(asked);
    expect(first).toEqual({ number: 1 });
    expect(second).toBe(first);
    expect(await supervisor.get()).toBe(first);
    expect(supervisor.current).toBe(first);
    expect(log).toEqual(['0 try']);
  });

  test('get stays pending while the broker is away; each try is reported, the recovery too', async () => {
    const { supervisor, broker, log } = setUp();
    broker.down = new Error('refused');
    const got = supervisor.get();
    await jest.advanceTimersByTimeAsync(3000);
    broker.down = undefined;
    await jest.advanceTimersByTimeAsync(1000);
    await expect(got).resolves.toEqual({ number: 1 });
    expect(log).toEqual([
      '0 try',
      '0 report refused 500',
      '500 try',
      '500 report refused 1000',
      '1500 try',
      '1500 report refused 2000',
      '3500 try',
      '3500 recovered',
    ]);
  });

  test('an error that no try can cure rejects get, now and later', async () => {
    const { supervisor, broker, log } = setUp({ permanent: ({ message }) => message === 'damaged' });
    broker.down = new Error('damaged');
    await expect(supervisor.get()).rejects.toThrow('damaged');
    broker.down = undefined;
    await expect(supervisor.get()).rejects.toThrow('damaged');
    supervisor.lost(new Error('late'));
    await jest.advanceTimersByTimeAsync(60_000);
    expect(log).toEqual(['0 try', '0 report damaged 0']);
  });
});

describe('a loss', () => {
  test('starts one reconnect, however often it is told; get waits for it', async () => {
    const { supervisor, log } = setUp();
    const first = await supervisor.get();
    await jest.advanceTimersByTimeAsync(20_000);
    supervisor.lost(new Error('reset'), first);
    supervisor.lost(new Error('closed'), first);
    supervisor.lost(new Error('closed'));
    expect(supervisor.current).toBeUndefined();
    const second = supervisor.get();
    await jest.advanceTimersByTimeAsync(10_000);
    await expect(second).resolves.toEqual({ number: 2 });
    expect(log).toEqual(['0 try', '20000 dispose 1', '20000 report reset 500', '20500 try', '20500 recovered']);
  });

  test('late news of an earlier connection does not end its successor', async () => {
    const { supervisor } = setUp();
    const first = await supervisor.get();
    supervisor.lost(new Error('reset'), first);
    await jest.advanceTimersByTimeAsync(1000);
    const second = supervisor.current;
    supervisor.lost(new Error('closed'), first);
    expect(supervisor.current).toBe(second);
    expect(second).toEqual({ number: 2 });
  });

  test('a connection that breaks as soon as it is made is not made in a tight loop', async () => {
    const { supervisor, log } = setUp();
    supervisor.onConnected((connection) => supervisor.lost(new Error('kicked'), connection));
    void supervisor.get();
    await jest.advanceTimersByTimeAsync(30_000);
    expect(supervisor.current).toBeUndefined();
    const tries = log.filter((line) => line.endsWith(' try')).map((line) => parseInt(line));
    expect(tries).toEqual([0, 500, 1500, 3500, 7500, 15_500, 25_500]);
  });

  test('one that lived shortly goes on with the pauses that its connecting had come to', async () => {
    const { supervisor, broker, log } = setUp();
    broker.down = new Error('refused');
    void supervisor.get();
    await jest.advanceTimersByTimeAsync(600);
    broker.down = undefined;
    await jest.advanceTimersByTimeAsync(1000);
    supervisor.lost(new Error('reset'));
    expect(log.at(-1)).toBe('1600 report reset 2000');
  });

  test('get does not resolve with a connection that a listener has lost', async () => {
    const { supervisor } = setUp();
    supervisor.onConnected((connection) => {
      if (connection.number === 1) supervisor.lost(new Error('kicked'), connection);
    });
    const got = supervisor.get();
    await jest.advanceTimersByTimeAsync(1000);
    await expect(got).resolves.toEqual({ number: 2 });
  });

  test('one that lived long begins with the shortest pause again', async () => {
    const { supervisor, broker, log } = setUp();
    broker.down = new Error('refused');
    void supervisor.get();
    await jest.advanceTimersByTimeAsync(10_000);
    broker.down = undefined;
    await jest.advanceTimersByTimeAsync(30_000);
    supervisor.lost(new Error('reset'));
    expect(log.at(-1)).toBe('40000 report reset 500');
  });

  test('told before connect has returned counts as a failed try', async () => {
    let supervisor!: Supervisor<Connection>;
    let number = 0;
    const tested = setUp({
      connect: async () => {
        const connection = { number: ++number };
        if (number === 1) supervisor.lost(new Error('reset'), connection);
        return connection;
      },
    });
    supervisor = tested.supervisor;
    const got = supervisor.get();
    await jest.advanceTimersByTimeAsync(1000);
    await expect(got).resolves.toEqual({ number: 2 });
    expect(tested.log).toEqual(['0 dispose 1', '0 report reset 500', '500 recovered']);
  });
});

describe('onConnected', () => {
  test('is called with each new connection before get resolves, until it is ended', async () => {
    const { supervisor, say, log } = setUp();
    const end = supervisor.onConnected(({ number }) => say(`topology ${number}`));
    const first = await supervisor.get().finally(() => say('got'));
    supervisor.onConnected(({ number }) => say(`consumer ${number}`));
    supervisor.lost(new Error('reset'), first);
    await jest.advanceTimersByTimeAsync(500);
    end();
    supervisor.lost(new Error('reset'));
    await jest.advanceTimersByTimeAsync(1000);
    expect(log.filter((line) => /topology|consumer|got/.test(line))).toEqual([
      '0 topology 1',
      '0 got',
      '500 topology 2',
      '500 consumer 2',
      '1500 consumer 3',
    ]);
  });

  test.each(['throws', 'rejects'])('one that %s is reported and keeps nobody else from it', async (how) => {
    const { supervisor, say, log } = setUp();
    supervisor.onConnected(() => {
      if (how === 'throws') throw new Error('no topology');
      return Promise.reject(new Error('no topology'));
    });
    supervisor.onConnected(() => say('consumer'));
    await supervisor.get();
    await microtasks();
    expect([...log].sort()).toEqual(['0 consumer', '0 report no topology 0', '0 try']);
  });
});

describe('close', () => {
  test('disposes of the connection once, is idempotent, and rejects what comes after', async () => {
    const { supervisor, log } = setUp();
    const connection = await supervisor.get();
    const closed = supervisor.close();
    expect(supervisor.close()).toBe(closed);
    await closed;
    supervisor.lost(new Error('closed'), connection);
    const error: unknown = await supervisor.get().catch((thrown: unknown) => thrown);
    expect(isStreambindError(error, 'CLOSED')).toBe(true);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(log).toEqual(['0 try', '0 dispose 1']);
  });

  test('during back-off: get rejects, no attempt follows, no timer stays', async () => {
    const { supervisor, broker, log } = setUp();
    broker.down = new Error('refused');
    const got = supervisor.get().catch((error: unknown) => isStreambindError(error, 'CLOSED'));
    await jest.advanceTimersByTimeAsync(100);
    await supervisor.close();
    await expect(got).resolves.toBe(true);
    expect(jest.getTimerCount()).toBe(0);
    expect(log).toEqual(['0 try', '0 report refused 500']);
  });

  test('during an attempt: the signal fires, and what is connected all the same is disposed of', async () => {
    const late = deferred<Connection>();
    let aborted = false;
    const { supervisor, log } = setUp({
      connect: (signal) => {
        signal.addEventListener('abort', () => (aborted = true));
        return late.promise;
      },
    });
    const got = supervisor.get().catch((error: unknown) => isStreambindError(error, 'CLOSED'));
    await supervisor.close();
    await expect(got).resolves.toBe(true);
    expect(aborted).toBe(true);
    late.resolve({ number: 1 });
    await microtasks();
    expect(log).toEqual(['0 dispose 1']);
    expect(supervisor.current).toBeUndefined();
  });

  test('a dispose that fails is of no interest', async () => {
    const { supervisor } = setUp({ dispose: () => Promise.reject(new Error('not open')) });
    await supervisor.get();
    await expect(supervisor.close()).resolves.toBeUndefined();
  });
});
