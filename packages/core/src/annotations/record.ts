/**
 * Decorators only record. Each leaves one `Annotation` with the class it stands in; `read.ts` makes sense of them later.
 * Classes are remembered in the order of their declaration together with the file that declared them, exported or not,
 * which is how components beside the main class are found.
 */
import 'reflect-metadata/lite';
import { fileURLToPath } from 'node:url';

/** A class, whatever its constructor takes. */
export type Class<T = unknown> = abstract new (...args: never[]) => T;

export interface Annotation<A = unknown> {
  /** `StreamListener`, `Resource`, `GetMapping` …: the decorator's name. */
  readonly kind: string;
  readonly on: 'class' | 'field' | 'method' | 'parameter';
  /** The member; `undefined` for the class itself and its constructor's parameters. */
  readonly member?: string | symbol;
  /** Of the parameter. */
  readonly index?: number;
  /** What was given to the decorator. */
  readonly value: A;
}

export interface ClassRecord {
  readonly type: Class;
  readonly annotations: Annotation[];
  /** Absolute path of the declaring file, where the stack showed one. */
  file?: string;
}

const records = new Map<Class, ClassRecord>();

/** What was recorded on this very class, without its base classes. */
export const recordOf = (type: Class): ClassRecord | undefined => records.get(type);

/** All decorated classes, in the order of their first decorator. */
export const recordedClasses = (): Iterable<ClassRecord> => records.values();

/** For decorators: leaves an annotation on the class of `target`. */
export function record(target: object, annotation: Annotation): void {
  const type = (typeof target === 'function' ? target : target.constructor) as Class;
  let entry = records.get(type);
  if (!entry) records.set(type, (entry = { type, annotations: [] }));
  entry.file ??= declaringFile();
  entry.annotations.push(annotation);
}

export const classDecorator =
  (kind: string, value: unknown): ClassDecorator =>
  (target) =>
    record(target, { kind, on: 'class', value });

/** Works on fields, and on parameters of constructors and methods; on a method it is recorded as standing there. */
export const injectionDecorator =
  (kind: string, value: unknown): PropertyDecorator & ParameterDecorator =>
  (target: object, member: string | symbol | undefined, third?: number | PropertyDescriptor) => {
    const of = { kind, ...(member === undefined ? {} : { member }), value };
    if (typeof third === 'number') record(target, { ...of, on: 'parameter', index: third });
    else record(target, { ...of, on: isMethod(third) ? 'method' : 'field' });
  };

const isMethod = (descriptor: PropertyDescriptor | undefined): boolean => typeof descriptor?.value === 'function';

export const methodDecorator =
  (kind: string, value: unknown): MethodDecorator =>
  (target, member) =>
    record(target, { kind, on: 'method', member, value });

/** Compilers' helpers stand between a decorator and the class it decorates. */
const HELPERS = /[\\/]node_modules[\\/](?:tslib|@swc[\\/]helpers|@babel[\\/]runtime|reflect-metadata)[\\/]/;

/** Folders whose files define decorators. */
const decorating = new Set<string>();

/** For packages with decorators of their own: a file in this module's folder or below declares no component. */
export function decoratorsLiveAt(moduleUrl: string): void {
  decorating.add(fileURLToPath(new URL('.', moduleUrl)));
}
decoratorsLiveAt(import.meta.url);

/** The nearest file on the stack that is neither a decorator's nor a compiler's helper; none for this package's own classes. */
function declaringFile(): string | undefined {
  const { stackTraceLimit } = Error;
  const prepareStackTrace = Reflect.get(Error, 'prepareStackTrace') as NonNullable<typeof Error.prepareStackTrace>;
  try {
    Error.stackTraceLimit = 30;
    Error.prepareStackTrace = (_, sites) => sites;
    for (const site of new Error().stack as unknown as NodeJS.CallSite[]) {
      const name = site.getFileName();
      if (!name) continue;
      // below the loader are files that only import or require the declaring one
      if (name.startsWith('node:')) return undefined;
      const path = name.startsWith('file:') ? fileURLToPath(name) : name;
      if (!HELPERS.test(path) && ![...decorating].some((folder) => path.startsWith(folder))) return path;
    }
    return undefined;
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
    Error.stackTraceLimit = stackTraceLimit;
  }
}
