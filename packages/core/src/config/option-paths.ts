/** The paths of a schema's options, made once for each schema: the same one is read for every binding. */
import { kebab, type Option, type Schema } from '../schema/index.js';
import { parseKey, type Path } from './names.js';

export interface OptionPath {
  readonly name: string;
  readonly option: Option;
  /** The option's own path, then those of its old names. */
  readonly spellings: readonly [Path, ...Path[]];
}

const known = new WeakMap<Schema, readonly OptionPath[]>();

export function optionPaths(schema: Schema): readonly OptionPath[] {
  let paths = known.get(schema);
  if (paths === undefined) {
    paths = Object.entries<Option>(schema.options).map(([name, option]) => ({
      name,
      option,
      spellings: [parseKey(kebab(name)), ...(option.oldNames ?? []).map((old) => parseKey(old))],
    }));
    known.set(schema, paths);
  }
  return paths;
}
