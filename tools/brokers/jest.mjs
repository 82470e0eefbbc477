/** Real brokers for tests. One that cannot be had is a skip that says why, and a failure where `CI` is set. */
import { afterAll, describe, jest, test } from '@jest/globals';
import { broker, startPrivate, Unavailable } from './index.mjs';

// oxlint-disable jest/no-disabled-tests, jest/expect-expect, jest/valid-title -- it makes tests, it is none

export async function describeWithBroker(name, title, define, { own = false, ...options } = {}) {
  const tell = (line) => process.stderr.write(`${line}\n`);
  let one;
  try {
    one = await (own
      ? startPrivate(name, { ...options, tell })
      : broker(name, { ...options, administered: true, tell }));
  } catch (error) {
    if (!(error instanceof Unavailable) || process.env.CI) throw error;
    tell(`skipped: ${title}. ${error.message}`);
    describe(title, () => {
      test.skip(`needs ${name}: ${error.message}`, () => undefined);
    });
    return;
  }
  // administration programs take seconds on a busy machine
  jest.setTimeout(30_000);
  describe(title, () => {
    if (own) afterAll(() => one.remove(), 60_000);
    define(one);
  });
}
