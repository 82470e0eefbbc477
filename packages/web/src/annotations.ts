/** Decorators of web controllers; they only record. Spring: `org.springframework.web.bind.annotation`. */
import { classDecorator, decoratorsLiveAt, injectionDecorator, methodDecorator } from '@streambind/core/internal';

decoratorsLiveAt(import.meta.url);

/** `HEAD` is served by what serves `GET`. */
export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH' | 'OPTIONS';

export interface RequestMappingOptions {
  /**
   * One path or several, below that of the class. `{id}` is a variable, `{id:\\d+}` one that fits a regular expression,
   * `*` one segment or a part of it, `?` one character, `**` at the end all the rest. Default: the path of the class.
   */
  readonly path?: string | readonly string[];
  /** Default: every method. */
  readonly method?: HttpMethod | readonly HttpMethod[];
}

/** What `@RequestMapping` and its short forms leave. */
export interface Mapping {
  readonly paths: readonly string[];
  /** Empty: every method. */
  readonly methods: readonly HttpMethod[];
}

export interface RequestValueOptions {
  readonly name: string;
  /** Default true, unless a default value is given. Without it an absent value is `undefined`. */
  readonly required?: boolean;
  /** Instead of an absent or empty value; a string is converted as the value would be. */
  readonly defaultValue?: unknown;
}

const list = <T>(given: T | readonly T[] | undefined): readonly T[] =>
  given === undefined ? [] : Array.isArray(given) ? (given as readonly T[]) : [given as T];

/** A component whose mapped methods answer HTTP requests. `path` stands before the paths of all its methods. */
export const RestController =
  (path = ''): ClassDecorator =>
  (target) => {
    classDecorator('Component', undefined)(target);
    classDecorator('RestController', path)(target);
  };

/** On a method: it answers requests for a path. On a class: stands before the paths of its methods. */
export const RequestMapping = (
  mapping: string | readonly string[] | RequestMappingOptions = {},
): ClassDecorator & MethodDecorator => {
  const { path, method } = typeof mapping === 'string' || 'length' in mapping ? { path: mapping } : mapping;
  const value: Mapping = { paths: list(path), methods: list(method) };
  return onClassOrMethod('RequestMapping', value);
};

const shortForm =
  (method: HttpMethod) =>
  (path?: string | readonly string[]): MethodDecorator =>
    methodDecorator('RequestMapping', { paths: list(path), methods: [method] } satisfies Mapping);

/** Each answers requests of one method; paths as in `RequestMappingOptions.path`. */
export const GetMapping = shortForm('GET');
export const PostMapping = shortForm('POST');
export const PutMapping = shortForm('PUT');
export const DeleteMapping = shortForm('DELETE');
export const PatchMapping = shortForm('PATCH');

/** The parameter takes a variable of the path; the only one of the path unless a name is given. */
export const PathVariable = (name?: string): ParameterDecorator =>
  injectionDecorator('PathVariable', name) as ParameterDecorator;

const named = (value: string | RequestValueOptions): RequestValueOptions =>
  typeof value === 'string' ? { name: value } : value;

/** The parameter takes a value of the query, or of a form that was posted. An `Array` takes all values of that name. */
export const RequestParam = (value: string | RequestValueOptions): ParameterDecorator =>
  injectionDecorator('RequestParam', named(value)) as ParameterDecorator;

/** The parameter takes a header of the request; upper and lower case are the same. */
export const RequestHeader = (value: string | RequestValueOptions): ParameterDecorator =>
  injectionDecorator('RequestHeader', named(value)) as ParameterDecorator;

/**
 * The parameter takes the body: a `String` as text, a `Buffer` or `Uint8Array` as bytes, everything else as JSON. A class
 * is made with `new` and no arguments, then given the keys of the JSON object.
 */
export const RequestBody = (): ParameterDecorator => injectionDecorator('RequestBody', undefined) as ParameterDecorator;

/** On a method or a controller: the status of an answer, 200 without it. On an error class: what throwing it comes to. */
export const ResponseStatus = (code: number): ClassDecorator & MethodDecorator =>
  onClassOrMethod('ResponseStatus', code);

const onClassOrMethod =
  (kind: string, value: unknown): ClassDecorator & MethodDecorator =>
  (target: object, member?: string | symbol, descriptor?: PropertyDescriptor) => {
    if (member === undefined) classDecorator(kind, value)(target as never);
    else methodDecorator(kind, value)(target, member, descriptor ?? {});
  };
