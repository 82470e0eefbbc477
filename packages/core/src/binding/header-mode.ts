import type { BinderFactory, HeaderMode } from '../binder/index.js';
import type { Environment } from '../config/index.js';

/**
 * What a binder is told of `header-mode`: what is written, where it leaves the choice. Elsewhere headers travel as the
 * broker's own, and another mode has no effect, which is told.
 * @param prefixes of the options of the input or the output
 */
export function headerModeOf(
  mode: HeaderMode | undefined,
  { capabilities, type }: BinderFactory,
  environment: Environment,
  prefixes: readonly string[],
): { readonly headerMode?: HeaderMode } {
  if (mode === undefined) return {};
  if (capabilities.headerModes) return { headerMode: mode };
  const keys = prefixes.map((prefix) => `${prefix}.header-mode`);
  const path = keys.find((key) => environment.keyOrigin(key) !== undefined) ?? keys[0]!;
  const { file, line, column } = environment.keyOrigin(path) ?? {};
  if (mode !== 'headers') {
    environment.report({
      severity: 'warning',
      code: 'CONFIG_UNSUPPORTED',
      ...(file !== undefined && { file }),
      ...(line !== undefined && { line }),
      ...(column !== undefined && { column }),
      path,
      message: `has no effect here: headers always travel as the own ones of the broker (${type})`,
      given: mode,
    });
  }
  return {};
}
