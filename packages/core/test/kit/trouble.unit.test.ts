/** One broker seen by several connections: what the application is told. */
import { expect, test } from '@jest/globals';
import { Trouble } from '../../src/binder/kit/trouble.js';

function listening() {
  const told: string[] = [];
  const trouble = new Trouble({
    report: ({ message }) => void told.push(message),
    recovered: () => void told.push('well'),
  });
  return { trouble, told };
}

const away = new Error('away');

test('what one has said the others do not repeat', () => {
  const { trouble, told } = listening();
  const [one, other] = [trouble.reporter(), trouble.reporter()];
  one.report(away, 10);
  other.report(away, 10);
  other.report(away, 20);
  one.report(away, 20);
  expect(told).toEqual(['away', 'away']);
});

test('each says what it alone sees, and goes on where the one who spoke is well', () => {
  const { trouble, told } = listening();
  const [one, other] = [trouble.reporter(), trouble.reporter()];
  one.report(away, 10);
  other.report(away, 10);
  other.report(new Error('no such queue'), 10);
  one.recovered();
  other.report(away, 10);
  expect(told).toEqual(['away', 'no such queue', 'away']);
});

test('it is over when all are well or gone', () => {
  const { trouble, told } = listening();
  const [one, other, third] = [trouble.reporter(), trouble.reporter(), trouble.reporter()];
  one.report(away, 10);
  other.report(away, 10);
  one.recovered();
  expect(told).toEqual(['away']);
  third.recovered();
  other.end();
  other.end();
  expect(told).toEqual(['away', 'well']);
});

test('what cannot be cured is told to who asked for it, and nothing is told after the end', () => {
  const { trouble, told } = listening();
  const one = trouble.reporter();
  one.report(away, 0);
  one.end();
  one.report(away, 10);
  trouble.close();
  one.report(away, 10);
  one.end();
  expect(told).toEqual(['away']);
});
