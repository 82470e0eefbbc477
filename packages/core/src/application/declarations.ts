/** What the application's classes declare, read once, and what of it can be seen to be wrong before anything is made. */
import { dirname, sep } from 'node:path';
import { isStreambindError } from '../errors/index.js';
import {
  misplacedMembers,
  notEnabled,
  orphans,
  readChannels,
  readComponent,
  recordedClasses,
  recordOf,
  type ChannelDescription,
  type Class,
  type ClassRecord,
  type ComponentDescription,
  type ListenerDescription,
  type TaskDescription,
} from '../annotations/index.js';

export interface Declarations {
  readonly components: readonly ComponentDescription[];
  readonly bindables: readonly Class[];
  readonly channels: readonly ChannelDescription[];
  /** Channels of binding classes that no `@EnableBinding` names. */
  readonly notEnabled: readonly ChannelDescription[];
  readonly listeners: readonly ListenerDescription[];
  readonly tasks: readonly TaskDescription[];
  readonly errors: readonly Error[];
  readonly warnings: readonly string[];
}

/**
 * @param types the classes that were found or given
 * @param isActive by profiles
 * @param mainFile whose folder is the application's, where it is known
 */
export function declarationsOf(
  types: readonly Class[],
  isActive: (profiles: readonly string[]) => boolean,
  mainFile: string | undefined,
): Declarations {
  const errors: Error[] = [];
  const components = types.map((type) => readComponent(type)).filter(({ profiles }) => isActive(profiles));
  const bindables = [...new Set(components.flatMap((component) => component.bindables))];
  const enabled = new Set(bindables);
  const channels = bindables.flatMap((bindable) => {
    try {
      return readChannels(bindable);
    } catch (error) {
      if (!isStreambindError(error)) throw error;
      errors.push(error);
      return [];
    }
  });
  const records = recordsOfApplication(types, mainFile);
  errors.push(...components.flatMap(({ type }) => misplacedMembers(type, enabled.has(type))), ...orphans(records));
  const listeners = components.flatMap((component) => component.listeners);
  const unused = notEnabled(records, enabled);
  return {
    components,
    bindables,
    channels,
    notEnabled: unused.flatMap((bindable) => readChannels(bindable)),
    listeners,
    tasks: components.flatMap((component) => component.tasks),
    errors,
    warnings: [...listeners.flatMap(lostTypes), ...unused.map(neverEnabled)],
  };
}

/** Everything that was decorated in the application's own files. */
function recordsOfApplication(types: readonly Class[], mainFile: string | undefined): ClassRecord[] {
  const files = new Set(types.map((type) => recordOf(type)?.file));
  const folder = mainFile === undefined ? undefined : dirname(mainFile) + sep;
  const isOwn = (file: string): boolean =>
    files.has(file) || (folder !== undefined && file.startsWith(folder) && !file.includes(`${sep}node_modules${sep}`));
  return [...recordedClasses()].filter(({ file }) => file !== undefined && isOwn(file));
}

/** The compiler writes `Function` for a class that came by `import type`; no message is one. */
const lostTypes = ({ at, parameters }: ListenerDescription): string[] =>
  parameters
    .filter(({ type, payload, header, headers }) => !says(type) && !payload?.type && !header && !headers)
    .map(
      ({ index, type }) =>
        `The class of parameter ${index + 1} of ${at} is not known at run time, so it gets what the body says by itself. ` +
        (type === Function ? 'Import the class without "type"' : 'Set "emitDecoratorMetadata": true') +
        ', or name the class: @Payload(Order).',
    );

const says = (type: unknown): boolean => type !== undefined && type !== Function;

const neverEnabled = ({ name }: Class): string => `${name} declares channels, and no @EnableBinding names it.`;
