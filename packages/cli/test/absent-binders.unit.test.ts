/** What is known of a binder whose package is not there is what its package knows. */
import { describe, expect, test } from '@jest/globals';
import { kebab, keyGroups, type Option } from '@streambind/core/internal';
import { absentBinderGroups } from '../../core/src/application/absent-binders.js';
import { binders } from './docs/binders.js';

const absent = absentBinderGroups(new Set());

describe.each(binders.filter(({ type }) => type !== 'embedded'))('$type', (binder) => {
  const known = keyGroups([binder], []);
  const groups = absent.filter(({ prefix, schema }) => {
    const own = prefix.includes(`.stream.${binder.type}.`) || Object.hasOwn(binder.connection ?? {}, prefix);
    return own && Object.keys(schema.options).length > 0;
  });

  test.each(groups)('below $prefix', ({ prefix, schema }) => {
    const options = known
      .filter((group) => group.prefix === prefix)
      .flatMap((group) => Object.entries<Option>(group.schema.options));
    const names = options.flatMap(([name, { oldNames = [] }]) => [kebab(name).split('.')[0]!, ...oldNames]);
    expect(names).toEqual(expect.arrayContaining(Object.keys(schema.options)));
  });
});
