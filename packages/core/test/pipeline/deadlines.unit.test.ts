import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Deadlines, type Timed } from '../../src/pipeline/deadlines.js';

class One implements Timed<One> {
  before: One | undefined;
  after: One | undefined;
  deadline = 0;
  timer: NodeJS.Timeout | undefined;

  constructor(readonly name: string) {}
}

const USUAL = 1000;
let expired: string[];
let deadlines: Deadlines<One>;

beforeEach(() => {
  jest.useFakeTimers();
  expired = [];
  deadlines = new Deadlines<One>(USUAL, ({ name }) => expired.push(name));
});
afterEach(() => {
  jest.useRealTimers();
});

const add = (name: string, ms = USUAL): One => {
  const one = new One(name);
  deadlines.add(one, ms);
  return one;
};

test('what gets the usual time ends after it, each by its own beginning, with one timer', () => {
  add('a');
  jest.advanceTimersByTime(400);
  add('b');
  const c = add('c');
  expect(jest.getTimerCount()).toBe(1);
  jest.advanceTimersByTime(599);
  expect(expired).toEqual([]);
  jest.advanceTimersByTime(1);
  expect(expired).toEqual(['a']);
  deadlines.delete(c);
  jest.advanceTimersByTime(401);
  expect(expired).toEqual(['a', 'b']);
  expect(jest.getTimerCount()).toBe(0);
});

test('what has a time of its own ends by that, whatever is around it', () => {
  add('long', 5000);
  add('usual');
  add('short', 10);
  jest.advanceTimersByTime(10);
  expect(expired).toEqual(['short']);
  jest.advanceTimersByTime(USUAL);
  expect(expired).toEqual(['short', 'usual']);
  jest.advanceTimersByTime(5000);
  expect(expired).toEqual(['short', 'usual', 'long']);
});

test('what is taken out never ends; what begins later is watched again', () => {
  const own = add('own', 10);
  deadlines.delete(add('gone'));
  deadlines.delete(own);
  jest.advanceTimersByTime(2 * USUAL);
  expect(expired).toEqual([]);
  add('again');
  jest.advanceTimersByTime(USUAL);
  expect(expired).toEqual(['again']);
});

test('all can be ended at once', () => {
  add('a');
  add('b', 10);
  deadlines.expireAll();
  expect(expired).toEqual(['a', 'b']);
  expect(jest.getTimerCount()).toBe(0);
});
