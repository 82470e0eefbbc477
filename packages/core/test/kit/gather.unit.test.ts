import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { gather, type GatherOptions, type Outcomes } from '@streambind/core/binder';
import { deferred, microtasks, type Deferred } from './fakes.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Flushes are answered by the test; each entry is as many bytes as its name has letters. */
function setUp(over: Partial<GatherOptions<string>> = {}) {
  const flushes: string[][] = [];
  const answers: Deferred<Outcomes>[] = [];
  const settled: string[] = [];
  const gathering = gather<string>({
    maxCount: 100,
    maxBytes: 1000,
    size: (entry) => entry.length,
    flush: (entries) => {
      flushes.push([...entries]);
      const answer = deferred<Outcomes>();
      answers.push(answer);
      return answer.promise;
    },
    ...over,
  });
  const send = (...entries: string[]): void => {
    for (const entry of entries) {
      gathering.send(entry).then(
        () => settled.push(entry),
        (error: Error & { code?: string }) => settled.push(`${entry}: ${error.code ?? error.message}`),
      );
    }
  };
  const answer = async (outcomes?: Outcomes): Promise<void> => {
    answers.shift()!.resolve(outcomes);
    await turn();
    await turn();
  };
  return { gathering, send, flushes, answers, settled, answer };
}

describe('gather', () => {
  test('what is sent in one turn goes in one flush, in the order of calls', async () => {
    const { gathering, send, flushes, settled, answer } = setUp();
    send('a', 'b');
    await microtasks();
    send('c');
    expect(flushes).toEqual([]);
    expect(gathering.pending).toBe(3);
    await turn();
    expect(flushes).toEqual([['a', 'b', 'c']]);
    await answer();
    expect(settled).toEqual(['a', 'b', 'c']);
    expect(gathering.pending).toBe(0);
  });

  test('while a flush runs the next one is gathered, over any number of turns', async () => {
    const { send, flushes, answer } = setUp();
    send('a');
    await turn();
    send('b');
    await turn();
    send('c');
    await turn();
    expect(flushes).toEqual([['a']]);
    await answer();
    expect(flushes).toEqual([['a'], ['b', 'c']]);
  });

  test('senders who awaited the same flush are in the next one together, with those who waited', async () => {
    const { gathering, send, flushes, answer } = setUp();
    const loop = async (name: string): Promise<void> => {
      await gathering.send(`${name}1`);
      await gathering.send(`${name}2`);
    };
    void loop('a');
    void loop('b');
    await turn();
    send('c');
    await answer();
    expect(flushes).toEqual([
      ['a1', 'b1'],
      ['c', 'a2', 'b2'],
    ]);
  });

  test('a flush is bounded in count and in bytes; one that is too large goes alone', async () => {
    const { send, flushes, answer } = setUp({ maxCount: 3, maxBytes: 5 });
    send('a', 'b', 'c', 'd', 'eeee', 'f', 'gggggggg', 'h');
    await turn();
    while (flushes.flat().length < 8) await answer();
    expect(flushes).toEqual([['a', 'b', 'c'], ['d', 'eeee'], ['f'], ['gggggggg'], ['h']]);
  });

  test('each entry has its own outcome', async () => {
    const { send, settled, answer } = setUp();
    send('a', 'b', 'c');
    await turn();
    await answer([undefined, new Error('refused')]);
    expect([...settled].sort()).toEqual(['a', 'b: refused', 'c']);
  });

  test.each(['rejects', 'throws'])('a flush that %s fails its own entries and no others', async (how) => {
    let flushed = 0;
    const { send, settled } = setUp({
      maxCount: 2,
      flush: () => {
        if (++flushed > 1) return Promise.resolve();
        if (how === 'throws') throw new Error('down');
        return Promise.reject(new Error('down'));
      },
    });
    send('a', 'b', 'c');
    for (let turns = 0; turns < 4; turns++) await turn();
    expect(settled).toEqual(['a: down', 'b: down', 'c']);
  });
});

describe('close of a gathering', () => {
  beforeEach(() => void jest.useFakeTimers({ doNotFake: ['setImmediate'] }));
  afterEach(() => void jest.useRealTimers());

  test('waits for what is pending and takes nothing more', async () => {
    const { gathering, send, flushes, settled, answer } = setUp({ maxCount: 2 });
    send('a', 'b', 'c');
    const closed = gathering.close(1000);
    expect(gathering.close(0)).toBe(closed);
    send('d');
    await turn();
    await answer([new Error('refused')]);
    await answer();
    await expect(closed).resolves.toEqual({ confirmed: 2, unconfirmed: 1 });
    expect(jest.getTimerCount()).toBe(0);
    expect(flushes).toEqual([['a', 'b'], ['c']]);
    expect(settled).toEqual(['d: CLOSED', 'a: refused', 'b', 'c']);
  });

  test('with nothing pending reports nothing', async () => {
    const { gathering, send, answer } = setUp();
    send('a');
    await turn();
    await answer();
    await expect(gathering.close(1000)).resolves.toEqual({ confirmed: 0, unconfirmed: 0 });
  });

  test('at the deadline: unknown is what was on its way, closed what was not; a late answer changes nothing', async () => {
    const { gathering, send, flushes, settled, answer } = setUp({ maxCount: 1 });
    send('a', 'b', 'c');
    await turn();
    const closed = gathering.close(1000);
    await answer();
    jest.advanceTimersByTime(1000);
    await expect(closed).resolves.toEqual({ confirmed: 1, unconfirmed: 2 });
    await answer();
    expect(settled).toEqual(['a', 'b: PUBLISH_UNKNOWN', 'c: CLOSED']);
    expect(flushes).toEqual([['a'], ['b']]);
    expect(gathering.pending).toBe(0);
  });

  test('at the deadline between two flushes: the second does not come', async () => {
    const { gathering, send, flushes, settled, answers } = setUp({ maxCount: 1 });
    send('a', 'b');
    await turn();
    const closed = gathering.close(1000);
    answers[0]!.resolve();
    await microtasks();
    jest.advanceTimersByTime(1000);
    await expect(closed).resolves.toEqual({ confirmed: 1, unconfirmed: 1 });
    await turn();
    expect(flushes).toEqual([['a']]);
    expect(settled).toEqual(['a', 'b: CLOSED']);
  });
});
