import { describe, expect, test } from '@jest/globals';
import { headerFilter, type HeaderFilterOptions } from '../../src/binder.js';

const NAMES = ['h-a', 'h-int', 'H-B', 'contentType', '!odd', 'a.b', 'axb'];

const passing = (patterns: readonly string[], options?: HeaderFilterOptions) => {
  const filter = headerFilter(patterns, options)!;
  const first = NAMES.filter(filter);
  // the second answer comes from what is remembered
  expect(NAMES.filter(filter)).toEqual(first);
  return first;
};

describe('header patterns', () => {
  test('a single star needs no filter', () => {
    expect(headerFilter(['*'])).toBeUndefined();
    expect(headerFilter(['*'], { decides: 'first' })).toBeUndefined();
  });

  test.each<[readonly string[], readonly string[], readonly string[]]>([
    // patterns, an exclusion decides, the first decides
    [[], [], []],
    [['h-*'], ['h-a', 'h-int', 'H-B'], ['h-a', 'h-int', 'H-B']],
    [
      ['H-b', 'CONTENTTYPE'],
      ['H-B', 'contentType'],
      ['H-B', 'contentType'],
    ],
    [['a.b'], ['a.b'], ['a.b']],
    [
      ['h-*', '!h-int'],
      ['h-a', 'H-B'],
      ['h-a', 'h-int', 'H-B'],
    ],
    [
      ['!h-int', 'h-*'],
      ['h-a', 'H-B'],
      ['h-a', 'H-B'],
    ],
    [
      ['!H-*', '*'],
      ['contentType', '!odd', 'a.b', 'axb'],
      ['contentType', '!odd', 'a.b', 'axb'],
    ],
    [['*', '!h-*'], ['contentType', '!odd', 'a.b', 'axb'], NAMES],
    [['!h-int'], [], []],
    [['\\!odd'], ['!odd'], ['!odd']],
    [['*b*'], ['H-B', 'a.b', 'axb'], ['H-B', 'a.b', 'axb']],
  ])('%j', (patterns, exclusion, first) => {
    expect(passing(patterns)).toEqual(exclusion);
    expect(passing(patterns, { decides: 'exclusion' })).toEqual(exclusion);
    expect(passing(patterns, { decides: 'first' })).toEqual(first);
  });

  test('a group is a name for several, and its name is meant exactly', () => {
    const groups = { DASHED: (name: string) => name.includes('-') };
    expect(passing(['DASHED', '!h-int'], { groups })).toEqual(['h-a', 'H-B']);
    expect(passing(['dashed', 'toString'], { groups })).toEqual([]);
  });

  test('more names than are remembered are answered the same', () => {
    const filter = headerFilter(['x*'])!;
    for (let i = 0; i < 2500; i++) expect([filter(`x${i}`), filter(`y${i}`)]).toEqual([true, false]);
    expect(NAMES.filter(filter)).toEqual([]);
  });
});
