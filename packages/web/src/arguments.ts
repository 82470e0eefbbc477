/** What a handler's parameters take from a request: planned once for a route, read for each request. */
import type { RequestValueOptions } from './annotations.js';
import { bodyReader, converterTo, type Convert } from './conversion.js';
import { badRequest } from './status.js';

/** The parts of a request that arguments are read from. */
export interface RequestValues {
  /** Decoded. */
  variable(index: number): string | undefined;
  header(name: string): string | undefined;
  /** Of the query, then of a form. */
  readonly parameters: URLSearchParams;
  /** Empty unless the route reads it. */
  readonly body: Uint8Array;
  readonly contentType: string;
}

/** @throws ResponseStatusException 400, 415 */
export type ReadArgument = (request: RequestValues) => unknown;

export function variableArgument(index: number, name: string, type: unknown): ReadArgument {
  const convert = needed(type);
  return (request) => convert(request.variable(index) ?? '', `The path variable ${name}`);
}

export function headerArgument(options: RequestValueOptions, type: unknown): ReadArgument {
  return valueArgument('The header', options, type, (request) => {
    const value = request.header(options.name);
    return value === undefined ? [] : [value];
  });
}

export function parameterArgument(options: RequestValueOptions, type: unknown): ReadArgument {
  return valueArgument('The parameter', options, type, (request) => request.parameters.getAll(options.name));
}

export function bodyArgument(type: unknown): ReadArgument {
  const read = bodyReader(type);
  return ({ body, contentType }) => {
    if (body.length === 0) throw badRequest('The body is missing');
    return read(body, contentType);
  };
}

function valueArgument(
  kind: string,
  { name, defaultValue, required = defaultValue === undefined }: RequestValueOptions,
  type: unknown,
  valuesOf: (request: RequestValues) => readonly string[],
): ReadArgument {
  const what = `${kind} ${name}`;
  const convertAll =
    type === Array ? (values: readonly string[]): unknown => listOf(values) : firstBy(needed(type), what);
  const instead = typeof defaultValue === 'string' ? convertAll([defaultValue]) : defaultValue;
  // An empty text is a value only for what can be one.
  const takesEmpty = type !== Number && type !== Boolean && type !== BigInt && defaultValue === undefined;
  return (request) => {
    const values = valuesOf(request);
    if (values.length > 0 && (takesEmpty || values[0] !== '')) return convertAll(values);
    if (required) throw badRequest(`${what} is missing`);
    return instead;
  };
}

const firstBy =
  (convert: Convert, what: string) =>
  (values: readonly string[]): unknown =>
    convert(values[0]!, what);

/** `?a=1&a=2` and `?a=1,2` are the same list, as in Spring. */
const listOf = (values: readonly string[]): readonly string[] => (values.length === 1 ? values[0]!.split(',') : values);

function needed(type: unknown): Convert {
  const convert = converterTo(type);
  if (convert) return convert;
  throw new TypeError(`a text cannot become a ${(type as { name?: string }).name ?? 'value of that type'}`);
}
