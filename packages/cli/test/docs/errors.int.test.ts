/** docs/errors.md: every code, with what it really says where it is brought about. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { ERROR_CODES, isStreambindError, type ErrorCode } from '@streambind/core';
import { describeProblem, type Problem } from '@streambind/core/internal';
import { CORE_EXAMPLES, type Situation } from './error-examples.js';
import { describeWithBroker } from '../../../../tools/brokers/jest.mjs';
import { page } from './page.js';
import { RabbitPlace } from './rabbit-examples.js';
import { stopAll } from './rig.js';
import { STORE_AND_WEB_EXAMPLES } from './store-examples.js';

const EXAMPLES: Readonly<Record<string, Situation>> = { ...CORE_EXAMPLES, ...STORE_AND_WEB_EXAMPLES };

const CODES = Object.keys(ERROR_CODES) as ErrorCode[];
const THIS_FOLDER = import.meta.dirname;
const FOLDER = new RegExp(`${join(tmpdir(), 'streambind-cli-')}\\w+`, 'g');

afterEach(stopAll);

const printed = new Map<ErrorCode, string>();

/** Without what is another on every machine. */
function text(error: unknown, code: ErrorCode): string {
  const full = isStreambindError(error) ? error.message : describeProblem(error as Problem);
  return full
    .replaceAll(FOLDER, '/home/me/orders')
    .replaceAll(THIS_FOLDER, '/home/me/orders/src')
    .replaceAll('error-examples.ts', 'orders.ts')
    .replaceAll(/\b\d{5}\b/g, code === 'PORT_IN_USE' ? '8080' : '$&')
    .replace(/node:sqlite: (.*?); (@photo.*)/, '$2; node:sqlite: $1');
}

const situationOf = async (code: ErrorCode, situation: Situation): Promise<string> => {
  const errors = await situation();
  const found = errors.find((error) => (error as { code?: unknown }).code === code);
  expect({ code, errors }).toEqual({ code, errors: expect.arrayContaining([found ?? `an error ${code}`]) });
  return text(found, code);
};

const situations = (of: Readonly<Record<string, Situation>>) => Object.entries(of) as [ErrorCode, Situation][];

describe('a situation of', () => {
  test.each(situations(EXAMPLES))('%s', async (code, situation) => {
    printed.set(code, await situationOf(code, situation));
    expect(printed.get(code)).not.toBe('');
  });
});

// a page with holes is of no use: where there is no broker it is neither compared nor printed
await describeWithBroker('rabbit', 'a situation at a broker, of', (broker) => {
  const place = new RabbitPlace(broker);
  beforeAll(() => place.open(), 60_000);
  afterAll(() => place.close(), 60_000);

  test.each(situations(place.examples))(
    '%s',
    async (code, situation) => {
      printed.set(code, place.text(await situationOf(code, situation)));
      expect(printed.get(code)).not.toMatch(/127\.0\.0\.1|streambind-/);
    },
    30_000,
  );

  test('every code has a situation that brings it about', () => {
    expect([...printed.keys()].toSorted()).toEqual(CODES.toSorted());
  });

  test('docs/errors.md says what they said', async () => {
    const sections = CODES.map(
      (code) => `## ${code}\n\n${ERROR_CODES[code]}\n\n\`\`\`text\n${printed.get(code)}\n\`\`\`\n`,
    );
    const head = [
      '# Errors',
      '',
      '<!-- Printed from the list of codes, with what a test made each of them say, by `npm run docs`. -->',
      '',
      'Every error is a `StreambindError`; its `code` is one of these and stays, its text is for people and may change.',
      '`isStreambindError(error, code)` tells them apart. A start reports all that is wrong at once, and ends with exit code 1.',
      'A message that cannot be handled carries the code in the reason of its dead letter.',
      '',
    ].join('\n');
    const { there, printed: wanted } = await page('errors.md', [head, ...sections].join('\n'));
    expect(there).toBe(wanted);
  });
});

afterAll(() => printed.clear());
