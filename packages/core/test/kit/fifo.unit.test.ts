/** The queue of the kit: first in, first out, and out for good. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { Fifo } from '../../src/binder/kit/fifo.js';

test('keeps its order, over the moment at which it moves what is left', () => {
  const queue = new Fifo<number>();
  const out: number[] = [];
  for (let n = 0; n < 5000; n++) {
    queue.push(n);
    if (n % 3 > 0) out.push(queue.shift()!);
  }
  expect(queue.peek()).toBe(out.length);
  while (queue.size > 0) out.push(queue.shift()!);
  expect(out).toEqual(Array.from({ length: 5000 }, (_, n) => n));
  expect(queue.shift()).toBeUndefined();
  expect(queue.peek()).toBeUndefined();
});

test('retains what it is told to', () => {
  const queue = new Fifo<number>();
  for (let n = 0; n < 6; n++) queue.push(n);
  queue.shift();
  queue.retain((n) => n % 2 === 1);
  expect([queue.size, queue.shift(), queue.shift(), queue.shift()]).toEqual([3, 1, 3, 5]);
});

test('does not hold what has left it, although something is left', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const queue = new Fifo<object>();
  const left = (() => {
    queue.push({});
    queue.push({});
    return new WeakRef(queue.shift()!);
  })();
  await turn();
  collect();
  expect(left.deref()).toBeUndefined();
  expect(queue.size).toBe(1);
});
