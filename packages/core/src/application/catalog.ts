/** Which binders an application has to choose from: those its configuration declares, those it depends on. */
import type { BinderFactory } from '../binder/index.js';
import { BINDER, EMBEDDED, PREFIX, STREAM, type BinderCatalog } from '../binding/index.js';
import type { Environment } from '../config/index.js';
import type { Location } from './locate.js';

/** @param given factories given by hand count as packages that are installed */
export function catalogOf(
  environment: Environment,
  location: Location,
  given: readonly BinderFactory[],
): BinderCatalog {
  const declared = environment.names(`${PREFIX}.binders`).map((name) => {
    const { type, defaultCandidate } = environment.options(BINDER, `${PREFIX}.binders.${name}`);
    return { name, type: type ?? name, defaultCandidate };
  });
  const { defaultBinder } = environment.options(STREAM, PREFIX);
  const packages = location.dependencies.flatMap(
    (dependency) => /^@streambind\/binder-(?!embedded$|tck$)(.+)$/.exec(dependency)?.[1] ?? [],
  );
  const types = given.map(({ type }) => type).filter((type) => type !== EMBEDDED);
  const key = `${PREFIX}.default-binder`;
  const origin = environment.origin(key);
  return {
    declared,
    defaultBinder,
    installed: [...new Set([...packages, ...types])],
    where: origin === undefined ? key : `${origin.text} (${key})`,
  };
}
