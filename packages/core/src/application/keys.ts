/** Every group of configuration keys that an application knows: core's own, its binders' and its modules'. */
import type { BinderFactory } from '../binder/index.js';
import { BINDER, BINDING, CONSUMER, PREFIX, PRODUCER, STREAM } from '../binding/index.js';
import type { KeyGroup } from '../config/index.js';
import { schema } from '../schema/index.js';
import { absentBinderGroups } from './absent-binders.js';
import type { Module } from './module.js';
import { LIFECYCLE, LOGGING, MAIN, STRUCTURED_LOGGING } from './properties.js';
import { UNSUPPORTED_GROUPS } from './unsupported.js';

/** Prefixes of Boot's keys that core reads. */
export const KeyGroups = {
  MAIN: 'spring.main',
  LIFECYCLE: 'spring.lifecycle',
  LOGGING: 'logging',
  STRUCTURED_LOGGING: 'logging.structured.format',
} as const;

export function keyGroups(factories: Iterable<BinderFactory>, modules: readonly Module[]): KeyGroup[] {
  const groups: KeyGroup[] = [
    { prefix: KeyGroups.MAIN, schema: MAIN },
    { prefix: KeyGroups.LIFECYCLE, schema: LIFECYCLE },
    { prefix: KeyGroups.LOGGING, schema: LOGGING },
    { prefix: KeyGroups.STRUCTURED_LOGGING, schema: STRUCTURED_LOGGING },
    { prefix: PREFIX, schema: STREAM },
    { prefix: `${PREFIX}.binders.*`, schema: BINDER },
    { prefix: `${PREFIX}.binders.*.environment`, schema: schema<object>({}), nested: true },
  ];
  for (const base of [`${PREFIX}.bindings.*`, `${PREFIX}.default`]) {
    groups.push(
      { prefix: base, schema: BINDING },
      { prefix: `${base}.consumer`, schema: CONSUMER },
      { prefix: `${base}.producer`, schema: PRODUCER },
    );
  }
  groups.push(...UNSUPPORTED_GROUPS);
  const installed = new Set<string>();
  for (const { type, schemas, connection } of factories) {
    installed.add(type);
    groups.push({ prefix: `${PREFIX}.${type}.binder`, schema: schemas.binder });
    for (const base of [`${PREFIX}.${type}.bindings.*`, `${PREFIX}.${type}.default`]) {
      groups.push(
        { prefix: `${base}.consumer`, schema: schemas.consumer },
        { prefix: `${base}.producer`, schema: schemas.producer },
      );
    }
    for (const [prefix, schema] of Object.entries(connection ?? {})) groups.push({ prefix, schema });
  }
  for (const { keys } of modules) {
    for (const [prefix, schema] of Object.entries(keys)) groups.push({ prefix, schema });
  }
  return [...groups, ...absentBinderGroups(installed)];
}
