import { describe, expect, test } from '@jest/globals';
import * as core from '@streambind/core';
import * as web from '@streambind/web';
import { readPage } from './page.js';

/** Exported functions with a name like a type's that are no classes. */
const decorators = Object.entries({ ...core, ...web })
  .filter(([name, value]) => /^[A-Z]/.test(name) && typeof value === 'function' && !/^class\b/.test(String(value)))
  .map(([name]) => name);

const page = readPage('annotations.md');

describe('docs/annotations.md', () => {
  test.each(decorators)('says what @%s takes', (name) => expect(page).toMatch(new RegExp(`^\\|.*\`@${name}\\(`, 'm')));

  test('names no decorator that does not exist', () => {
    const [has] = page.split('## What Spring has');
    const named = Array.from(has!.matchAll(/@([A-Z]\w+)/g), ([, name]) => name!);
    expect(named.length).toBeGreaterThan(decorators.length);
    expect(named.filter((name) => !decorators.includes(name))).toEqual([]);
  });
});
