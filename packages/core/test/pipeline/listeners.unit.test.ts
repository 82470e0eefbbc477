/** Which of several listeners a delivery is handed to again. */
import { expect, test } from '@jest/globals';
import type { Delivery } from '../../src/binder/index.js';
import { Logging } from '../../src/logging/index.js';
import { Exchange, Listeners } from '../../src/pipeline/index.js';

const delivery = (id: string, attempt: number, lane = 'a'): Exchange =>
  new Exchange(
    {
      id,
      attempt,
      lane,
      lost: new AbortController().signal,
      native: undefined,
      payload: null,
      headers: {},
    } satisfies Delivery,
    'application/json',
  );

function twoListeners() {
  const called: string[] = [];
  const listeners = new Listeners(new Logging().logger('test'));
  listeners.add({ at: 'fine', call: () => void called.push('fine') });
  listeners.add({
    at: 'fails',
    call: () => {
      called.push('fails');
      throw new Error('no');
    },
  });
  const dispatch = async (exchange: Exchange): Promise<string[]> => {
    called.length = 0;
    await expect(listeners.dispatch(exchange)).rejects.toThrow('no');
    return [...called];
  };
  return { listeners, dispatch };
}

test('after a failure only those that have not finished', async () => {
  const { dispatch } = twoListeners();
  expect(await dispatch(delivery('1', 1))).toEqual(['fine', 'fails']);
  expect(await dispatch(delivery('1', 2))).toEqual(['fails']);
});

test('a new message of the same number, in another lane or later, is handed to all', async () => {
  const { listeners, dispatch } = twoListeners();
  await dispatch(delivery('1', 1));
  expect(await dispatch(delivery('1', 2, 'b'))).toEqual(['fine', 'fails']);
  expect(await dispatch(delivery('1', 1))).toEqual(['fine', 'fails']);
  listeners.forget(delivery('1', 3));
  expect(await dispatch(delivery('1', 3))).toEqual(['fine', 'fails']);
});

test('what is never settled here is forgotten in the end', async () => {
  const { dispatch } = twoListeners();
  await dispatch(delivery('first', 1));
  for (let n = 0; n < 10_000; n++) await dispatch(delivery(String(n), 1));
  expect(await dispatch(delivery('first', 2))).toEqual(['fine', 'fails']);
  expect(await dispatch(delivery('9999', 2))).toEqual(['fails']);
});
