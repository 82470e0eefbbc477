/**
 * From what the decorators left to descriptions that are planned with. Pure: it reads classes, creates nothing and calls
 * no code of the user. Mistakes that metadata can prove are collected, not thrown, so that one start reports all of them.
 */
import { StreambindError } from '../errors/index.js';
import type { AutowiredOptions } from './components.js';
import type { HeaderOptions, PayloadOptions, StreamListenerOptions } from './bindings.js';
import { recordOf, type Annotation, type Class } from './record.js';

/** One thing to inject into a field or parameter. */
export interface Injection {
  /** `Listener.serverPort` or `new Listener(…, [1])`: for messages. */
  readonly at: string;
  /** Absent where only the type counts: a constructor's parameter has no name at run time. */
  readonly name?: string;
  /** The name was written down, so the type is no second chance. */
  readonly named: boolean;
  /** Where name and type differ: which is asked first. */
  readonly first: 'name' | 'type';
  readonly type?: Class;
  readonly required: boolean;
  /** The text of `@Value`; then nothing else counts. */
  readonly value?: string;
  readonly valueType?: unknown;
}

export interface FieldInjection extends Injection {
  readonly field: string | symbol;
}

export interface BeanMethod {
  readonly method: string;
  readonly name: string;
  readonly type?: Class;
  readonly parameters: readonly Injection[];
  readonly primary: boolean;
  readonly profiles: readonly string[];
}

export interface ComponentDescription {
  readonly type: Class;
  readonly name: string;
  readonly file?: string;
  readonly primary: boolean;
  readonly profiles: readonly string[];
  readonly constructorParameters: readonly Injection[];
  readonly fields: readonly FieldInjection[];
  readonly postConstruct: readonly string[];
  readonly preDestroy: readonly string[];
  readonly beans: readonly BeanMethod[];
  readonly bindables: readonly Class[];
  readonly listeners: readonly ListenerDescription[];
}

export interface ChannelDescription {
  readonly name: string;
  readonly direction: 'input' | 'output';
  readonly field: string;
  readonly type?: Class;
  readonly bindable: Class;
}

export interface ParameterDescription {
  readonly index: number;
  /** The class that the compiler wrote, if it says anything. */
  readonly type?: unknown;
  readonly payload?: PayloadOptions;
  readonly header?: HeaderOptions;
  readonly headers: boolean;
}

export interface ListenerDescription {
  readonly owner: Class;
  readonly method: string;
  /** `ReceiveMessageListenerController.input`. */
  readonly at: string;
  readonly target: string;
  readonly condition?: string;
  readonly copyHeaders: boolean;
  readonly sendTo: readonly string[] | undefined;
  readonly parameters: readonly ParameterDescription[];
  /** What the compiler wrote: `unknown` where nothing was declared, or a Promise. */
  readonly returns: 'nothing' | 'value' | 'unknown';
}

const STEREOTYPES = new Set(['Component', 'EnableBinding', 'BootApplication']);

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

/** @throws DECORATOR_MISUSE for a class that is no component */
export function readComponent(type: Class): ComponentDescription {
  const annotations = annotationsOf(type);
  const ofClass = annotations.filter(({ on }) => on === 'class');
  const methods = (kind: string): Annotation[] =>
    dedupe(annotations.filter((a) => a.on === 'method' && a.kind === kind));
  const named = ofClass.find(({ kind, value }) => kind === 'Component' && value !== undefined);
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
    listeners: methods('StreamListener').map((annotation) => listener(type, annotation, annotations)),
  };
}

/** @throws CHANNEL_TYPE when a field is of a type that cannot be a channel */
export function readChannels(bindable: Class): readonly ChannelDescription[] {
  const channels: ChannelDescription[] = [];
  for (const { on, kind, member, value } of annotationsOf(bindable)) {
    if (on !== 'field' || (kind !== 'Input' && kind !== 'Output') || member === undefined) continue;
    const field = String(member);
    const type = usableType(Reflect.getMetadata('design:type', bindable.prototype as object, member));
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
    if (annotation.on !== 'field' || annotation.member === undefined || !INJECTING.has(annotation.kind)) continue;
    byField.set(annotation.member, [...(byField.get(annotation.member) ?? []), annotation]);
  }
  return [...byField].map(([field, own]) => ({
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
  const explicit = (last('Qualifier')?.value ?? resource?.value) as string | undefined;
  const name = explicit ?? member;
  return {
    at,
    ...(name === undefined ? {} : { name }),
    named: explicit !== undefined,
    first: resource || explicit !== undefined ? 'name' : 'type',
    ...(type === undefined ? {} : { type }),
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

function listener(type: Class, { member, value }: Annotation, annotations: readonly Annotation[]): ListenerDescription {
  const method = String(member);
  const { target, condition, copyHeaders } = value as StreamListenerOptions;
  const beside = annotations.filter((annotation) => annotation.member === member);
  const sendTo = beside.findLast(({ kind }) => kind === 'SendTo')?.value as readonly string[] | undefined;
  return {
    owner: type,
    method,
    at: `${type.name}.${method}`,
    target,
    ...(condition === undefined ? {} : { condition }),
    copyHeaders: copyHeaders ?? true,
    sendTo,
    parameters: parameterTypes(type, method).map((designType, index) => {
      const own = beside.filter((annotation) => annotation.on === 'parameter' && annotation.index === index);
      const payload = own.find(({ kind }) => kind === 'Payload')?.value as PayloadOptions | undefined;
      const header = own.find(({ kind }) => kind === 'Header')?.value as HeaderOptions | undefined;
      return {
        index,
        ...(designType === undefined ? {} : { type: designType }),
        ...(payload === undefined ? {} : { payload }),
        ...(header === undefined ? {} : { header }),
        headers: own.some(({ kind }) => kind === 'Headers'),
      };
    }),
    returns: returnsOf(type, method),
  };
}

/** `void` is written as undefined, an interface as Object, an async method as Promise, whatever that resolves to. */
function returnsOf(type: Class, method: string): ListenerDescription['returns'] {
  const prototype = type.prototype as object;
  if (!Reflect.hasMetadata('design:returntype', prototype, method)) return 'unknown';
  const returned: unknown = Reflect.getMetadata('design:returntype', prototype, method);
  if (returned === undefined) return 'nothing';
  return returned === Object || returned === Promise ? 'unknown' : 'value';
}

/** As many as the method declares, even where the compiler wrote nothing. */
function parameterTypes(type: Class, method: string): readonly unknown[] {
  const prototype = type.prototype as Record<string, unknown>;
  const written = Reflect.getMetadata('design:paramtypes', prototype, method) as unknown[] | undefined;
  const declared = typeof prototype[method] === 'function' ? prototype[method].length : 0;
  return written ?? Array.from({ length: declared }, () => undefined);
}

/** What a compiler writes where it knows nothing; Node's own MessageChannel is what `import type` of ours turns into. */
const SAYS_NOTHING: ReadonlySet<unknown> = new Set([
  Object,
  Function,
  String,
  Number,
  Boolean,
  Symbol,
  BigInt,
  Array,
  Promise,
  globalThis.MessageChannel,
]);

/** A class that something can be looked up by, or undefined. */
export const usableType = (designType: unknown): Class | undefined =>
  typeof designType === 'function' && !SAYS_NOTHING.has(designType) ? (designType as Class) : undefined;

/** `MessageProviderImpl` → `messageProviderImpl`; `URLService` stays, as Java's `Introspector.decapitalize` does it. */
export const decapitalize = (name: string): string =>
  /^[A-Z][A-Z]/.test(name) ? name : name.charAt(0).toLowerCase() + name.slice(1);

/** Of a method that base and derived class annotate, the derived class's annotation. */
function dedupe(annotations: readonly Annotation[]): Annotation[] {
  return [...new Map(annotations.map((annotation) => [annotation.member, annotation])).values()];
}
