/**
 * From what the decorators left to descriptions that are planned with. Pure: it reads classes, creates nothing and calls
 * no code of the user. Mistakes that metadata can prove are collected, not thrown, so that one start reports all of them.
 */
import { StreambindError } from '../errors/index.js';
import type { AutowiredOptions } from './components.js';
import type {
  BeanMethod,
  ChannelDescription,
  ComponentDescription,
  FieldInjection,
  Injection,
} from './descriptions.js';
import { channelType, parameterTypes, usableType } from './metadata.js';
import { latest, listenersOf, tasksOf } from './read-methods.js';
import { recordOf, type Annotation, type Class } from './record.js';

const STEREOTYPES = new Set(['Component', 'EnableBinding', 'BootApplication', 'ConfigurationProperties']);

/** True when the class is a component, by a decorator of its own (not of a base class). */
export const isComponent = (type: Class): boolean =>
  recordOf(type)?.annotations.some(({ on, kind }) => on === 'class' && STEREOTYPES.has(kind)) ?? false;

/** All annotations of a class, those of its base classes first; of one member's, the most derived class's replace the others'. */
export function annotationsOf(type: Class): readonly Annotation[] {
  const chain: Class[] = [];
  for (let at: unknown = type; typeof at === 'function' && at !== Function.prototype; at = Object.getPrototypeOf(at)) {
    chain.unshift(at as Class);
  }
  const all: Annotation[] = [];
  for (const link of chain) {
    const own = recordOf(link)?.annotations ?? [];
    for (const annotation of own) if (annotation.on !== 'class' || link === type) all.push(annotation);
  }
  return all;
}

export function readComponent(type: Class): ComponentDescription {
  const annotations = annotationsOf(type);
  const ofClass = annotations.filter(({ on }) => on === 'class');
  const methods = (kind: string): Annotation[] => latest(annotations, new Set([kind]));
  const named = ofClass.find(({ kind, value }) => kind === 'Component' && value !== undefined);
  const properties = ofClass.findLast(({ kind }) => kind === 'ConfigurationProperties');
  const file = recordOf(type)?.file;
  return {
    type,
    name: (named?.value as string | undefined) ?? decapitalize(type.name),
    ...(file === undefined ? {} : { file }),
    primary: ofClass.some(({ kind }) => kind === 'Primary'),
    profiles: ofClass.flatMap(({ kind, value }) => (kind === 'Profile' ? (value as string[]) : [])),
    constructorParameters: constructorParameters(type),
    fields: fieldInjections(type, annotations),
    postConstruct: methods('PostConstruct').map(({ member }) => String(member)),
    preDestroy: methods('PreDestroy').map(({ member }) => String(member)),
    beans: methods('Bean').map((annotation) => beanMethod(type, annotation, annotations)),
    bindables: ofClass.flatMap(({ kind, value }) => (kind === 'EnableBinding' ? (value as Class[]) : [])),
    listeners: listenersOf(type, annotations),
    tasks: tasksOf(type, annotations),
    ...(properties === undefined ? {} : { propertiesPrefix: properties.value as string }),
  };
}

/** @throws DECORATOR_MISUSE when the class declares no channel */
export function readChannels(bindable: Class): readonly ChannelDescription[] {
  const channels: ChannelDescription[] = [];
  for (const { on, kind, member, value } of annotationsOf(bindable)) {
    if (on !== 'field' || (kind !== 'Input' && kind !== 'Output') || member === undefined) continue;
    const field = String(member);
    const type = channelType(Reflect.getMetadata('design:type', bindable.prototype as object, member));
    const name = (value as string | undefined) || field;
    channels.push({
      name,
      direction: kind === 'Input' ? 'input' : 'output',
      field,
      ...(type === undefined ? {} : { type }),
      bindable,
    });
  }
  if (channels.length === 0) {
    throw new StreambindError('DECORATOR_MISUSE', `@EnableBinding names ${bindable.name}, which declares no channel.`, {
      where: bindable.name,
      fix: 'Give it fields with @Input() or @Output(), or leave it out.',
    });
  }
  return channels;
}

function constructorParameters(type: Class): readonly Injection[] {
  // A class without a constructor of its own has its base's, and so has its metadata.
  let declaring: Class = type;
  let types = Reflect.getOwnMetadata('design:paramtypes', declaring) as unknown[] | undefined;
  while (types === undefined && declaring.length === 0) {
    const base: unknown = Object.getPrototypeOf(declaring);
    if (typeof base !== 'function' || base === Function.prototype) return [];
    declaring = base as Class;
    types = Reflect.getOwnMetadata('design:paramtypes', declaring) as unknown[] | undefined;
  }
  const annotations = (recordOf(declaring)?.annotations ?? []).filter(
    (a) => a.on === 'parameter' && a.member === undefined,
  );
  return Array.from({ length: types?.length ?? declaring.length }, (_, index) =>
    injection(
      `new ${type.name}(…) parameter ${index + 1}`,
      undefined,
      types?.[index],
      annotations.filter((a) => a.index === index),
    ),
  );
}

function fieldInjections(type: Class, annotations: readonly Annotation[]): readonly FieldInjection[] {
  const byField = new Map<string | symbol, Annotation[]>();
  for (const annotation of annotations) {
    if (annotation.on !== 'field' || annotation.member === undefined) continue;
    byField.set(annotation.member, [...(byField.get(annotation.member) ?? []), annotation]);
  }
  const injected = [...byField].filter(([, own]) => own.some(({ kind }) => INJECTING.has(kind)));
  return injected.map(([field, own]) => ({
    field,
    ...injection(
      `${type.name}.${String(field)}`,
      String(field),
      Reflect.getMetadata('design:type', type.prototype as object, field),
      own,
    ),
  }));
}

const INJECTING = new Set(['Resource', 'Autowired', 'Qualifier', 'Value']);

function injection(
  at: string,
  member: string | undefined,
  designType: unknown,
  annotations: readonly Annotation[],
): Injection {
  const last = (kind: string): Annotation | undefined => annotations.findLast((annotation) => annotation.kind === kind);
  const type = usableType(designType);
  const value = last('Value')?.value as string | undefined;
  const resource = last('Resource');
  // beside @Autowired a channel is named by what declares it, too
  const channel = (last('Input') ?? last('Output'))?.value;
  const explicit = (last('Qualifier')?.value ?? resource?.value ?? channel) as string | undefined;
  const name = explicit ?? member;
  return {
    at,
    ...(name === undefined ? {} : { name }),
    named: explicit !== undefined,
    first: resource || explicit !== undefined ? 'name' : 'type',
    ...(type === undefined ? {} : { type }),
    unwritten: designType === undefined,
    required: (last('Autowired')?.value as AutowiredOptions | undefined)?.required ?? true,
    ...(value === undefined ? {} : { value, valueType: designType }),
  };
}

function beanMethod(
  type: Class,
  { member, value }: Annotation<unknown>,
  annotations: readonly Annotation[],
): BeanMethod {
  const method = String(member);
  const beside = annotations.filter((annotation) => annotation.member === member);
  const returned = usableType(Reflect.getMetadata('design:returntype', type.prototype as object, method));
  const types = parameterTypes(type, method);
  return {
    method,
    name: (value as string | undefined) ?? method,
    ...(returned === undefined ? {} : { type: returned }),
    parameters: types.map((designType, index) =>
      injection(
        `${type.name}.${method} parameter ${index + 1}`,
        undefined,
        designType,
        beside.filter((a) => a.on === 'parameter' && a.index === index),
      ),
    ),
    primary: beside.some(({ kind }) => kind === 'Primary'),
    profiles: beside.flatMap((annotation) => (annotation.kind === 'Profile' ? (annotation.value as string[]) : [])),
  };
}

/** `MessageProviderImpl` → `messageProviderImpl`; `URLService` stays, as Java's `Introspector.decapitalize` does it. */
export const decapitalize = (name: string): string =>
  /^[A-Z][A-Z]/.test(name) ? name : name.charAt(0).toLowerCase() + name.slice(1);
