/** docs/errors.md: every code, with what it really says where it is brought about. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { ERROR_CODES, isStreambindError, type ErrorCode } from '@streambind/core';
import { describeProblem, type Problem } from '@streambind/core/internal';
import { CORE_EXAMPLES, type Situation } from './error-examples.js';
import { page } from './page.js';
import { stopAll } from './rig.js';
import { STORE_AND_WEB_EXAMPLES } from './store-examples.js';

const EXAMPLES: Readonly<Record<string, Situation>> = { ...CORE_EXAMPLES, ...STORE_AND_WEB_EXAMPLES };
/** Only a broker with users, permissions and a topology of its own answers these: its binder brings them about. */
const OF_A_BROKER: readonly ErrorCode[] = [
  'UNROUTABLE',
  'AUTH',
  'ACCESS_REFUSED',
  'TOPOLOGY_CONFLICT',
  'DESTINATION_GONE',
  'DESTINATION_RESET',
];

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

test('every code has a situation that brings it about, here or at a broker', () => {
  expect([...Object.keys(EXAMPLES), ...OF_A_BROKER].toSorted()).toEqual(CODES.toSorted());
});

describe('a situation of', () => {
  test.each(Object.entries(EXAMPLES) as [ErrorCode, Situation][])('%s', async (code, situation) => {
    const errors = await situation();
    const found = errors.find((error) => (error as { code?: unknown }).code === code);
    expect({ code, errors }).toEqual({ code, errors: expect.arrayContaining([found ?? `an error ${code}`]) });
    printed.set(code, text(found, code));
  });
});

test('docs/errors.md says what they said', async () => {
  const sections = CODES.map((code) => {
    const example = OF_A_BROKER.includes(code)
      ? 'Said by the binders of brokers that have users, permissions and a topology of their own.'
      : `\`\`\`text\n${printed.get(code)}\n\`\`\``;
    return `## ${code}\n\n${ERROR_CODES[code]}\n\n${example}\n`;
  });
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

afterAll(() => printed.clear());
