import { expect, test } from '@jest/globals';
import { Window } from '../src/client/window.js';

function filled(count: number): { window: Window<number>; settle: (tag: number, multiple: boolean) => number[] } {
  const window = new Window<number>();
  for (let item = 1; item <= count; item++) window.push(item);
  return {
    window,
    settle: (tag, multiple) => {
      const settled: number[] = [];
      window.settle(tag, multiple, (item) => settled.push(item));
      return settled;
    },
  };
}

test('one confirm settles one, or all up to it that are open', () => {
  const { window, settle } = filled(6);
  expect(settle(3, false)).toEqual([3]);
  expect(settle(4, true)).toEqual([1, 2, 4]);
  expect(window.size).toBe(2);
  expect(settle(4, true)).toEqual([]);
  window.push(7);
  expect(settle(7, true)).toEqual([5, 6, 7]);
  expect(window.size).toBe(0);
});

test('tags go on over many settlements', () => {
  const { window, settle } = filled(0);
  for (let tag = 1; tag <= 100; tag++) window.push(tag);
  for (let tag = 101; tag <= 10_000; tag++) {
    window.push(tag);
    expect(settle(tag - 100, false)).toEqual([tag - 100]);
  }
  expect(window.size).toBe(100);
  expect(settle(10_000, true)).toHaveLength(100);
});

test('what is left of a lost channel comes in its order, and the next channel begins anew', () => {
  const { window, settle } = filled(4);
  settle(2, false);
  expect(window.find((item) => item > 1)).toBe(3);
  expect(window.takeAll()).toEqual([1, 3, 4]);
  expect(window.size).toBe(0);
  window.push(9);
  expect(settle(1, false)).toEqual([9]);
});
