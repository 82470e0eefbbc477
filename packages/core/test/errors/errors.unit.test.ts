import { describe, expect, test } from '@jest/globals';
import { ERROR_CODES, StreambindError, isStreambindError } from '@streambind/core';
import { asError, nearest } from '@streambind/core/internal';

test('an error prints what, where, given, allowed, nearest and what to do, in this order', () => {
  const error = new StreambindError('CONFIG_KEY', 'Unknown key.', {
    fix: 'Rename it.',
    nearest: 'group',
    allowed: 'group, destination',
    given: 'gruop',
    where: 'application.yml:3:5',
  });
  expect(error.message).toBe(
    [
      'Unknown key.',
      '  where:   application.yml:3:5',
      '  given:   gruop',
      '  allowed: group, destination',
      '  nearest: group',
      '  fix:     Rename it.',
    ].join('\n'),
  );
});

test('an error is recognised by its mark, whichever copy of the package made it', () => {
  const error = new StreambindError('CLOSED', 'Closed.', {}, new Error('why'));
  const foreign = Object.assign(new Error('x'), { code: 'CLOSED', [Symbol.for('streambind.error')]: true });
  expect([error, foreign].map((one) => isStreambindError(one, 'CLOSED'))).toEqual([true, true]);
  expect([error, new Error('x'), null, 'CLOSED'].map((one) => isStreambindError(one, 'INTERNAL'))).toEqual([
    false,
    false,
    false,
    false,
  ]);
  expect(error.cause).toMatchObject({ message: 'why' });
});

test('every code has its sentence', () => {
  for (const [code, sentence] of Object.entries(ERROR_CODES)) {
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    expect(sentence).toMatch(/^[A-Z@$].*\.$/);
  }
});

describe('whatever is thrown', () => {
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  test.each([
    ['text', 'a non-error was thrown: text'],
    [undefined, 'a non-error was thrown: undefined'],
    [Object.freeze({ a: 1 }), 'a non-error was thrown: {"a":1}'],
    [{ message: 'like an error' }, 'like an error'],
    [circular, 'a non-error was thrown: a value that cannot be printed'],
  ])('%p becomes an Error', (thrown, message) => {
    const error = asError(thrown);
    expect(error).toBeInstanceOf(Error);
    expect(error.message).toBe(message);
    expect(error.cause).toBe(thrown);
  });
});

test.each([
  ['evironment', 'environment'],
  ['content-tpye', 'content-type'],
  ['Gruop', 'group'],
  ['zzz', undefined],
])('the name nearest to %s is %s', (given, expected) => {
  expect(nearest(given, ['environment', 'content-type', 'group', 'destination'])).toBe(expected);
});
