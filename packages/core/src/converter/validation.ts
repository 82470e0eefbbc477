import { StreambindError, isStreambindError } from '../errors/index.js';
import type { StandardIssue, StandardResult, StandardSchemaV1 } from './standard-schema.js';
import type { PayloadTarget } from './target.js';

/** Issues that a message lists; the rest are counted. */
const SHOWN = 5;

/** The payload is decoded and is not what the handler takes. `path` begins with `$`, the payload itself. */
export const invalid = (what: string, path = '$', more: Record<string, unknown> = {}): StreambindError =>
  new StreambindError('PAYLOAD_INVALID', what, { path, ...more });

/**
 * True for what no further attempt can cure: the message cannot be decoded, is not what the handler takes, or what the
 * handler sends cannot be encoded.
 */
export const isConversionFailure = (error: unknown): boolean =>
  isStreambindError(error, 'CONVERSION') || isStreambindError(error, 'PAYLOAD_INVALID');

/** The output of the schema. What `validate` itself throws is passed on as it is, and can be tried again. */
export function validate(schema: StandardSchemaV1, value: unknown): unknown {
  const result = schema['~standard'].validate(value);
  return result instanceof Promise ? result.then(outputOf) : outputOf(result);
}

function outputOf(result: StandardResult<unknown>): unknown {
  if (!result.issues) return result.value;
  const issues = result.issues.map((issue) => ({ path: pathOf(issue), message: issue.message }));
  const shown = issues.slice(0, SHOWN).map(({ path, message }) => `${path}: ${message}`);
  if (issues.length > SHOWN) shown.push(`and ${issues.length - SHOWN} more`);
  throw invalid(`The payload is not valid: ${shown.join('; ')}`, issues[0]?.path, { issues });
}

function pathOf({ path = [] }: StandardIssue): string {
  return path.reduce<string>((text, segment) => {
    const key = typeof segment === 'object' ? segment.key : segment;
    return typeof key === 'number' ? `${text}[${key}]` : `${text}.${String(key)}`;
  }, '$');
}

/**
 * `new type()`, then the own keys of `json`. Keys that name a method or an accessor without setter are left out: Java
 * writes computed getters too.
 * @throws PAYLOAD_INVALID `json` is no object, has a key `__proto__`, or a setter threw
 * @throws CONVERSION the constructor threw
 */
export function instantiate(type: PayloadTarget['type'] & object, json: unknown): object {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    const found = json === null ? 'null' : Array.isArray(json) ? 'an array' : `a ${typeof json}`;
    throw invalid(`The payload is ${found}, not an object for ${type.name}`);
  }
  const instance = construct(type) as Record<string, unknown>;
  const values = json as Record<string, unknown>;
  for (const key of Object.keys(values)) {
    if (key === '__proto__') throw invalid('The payload has a key __proto__', '$.__proto__');
    if (key in type.prototype && !isSettable(type.prototype as object, key)) continue;
    try {
      instance[key] = values[key];
    } catch (cause) {
      throw new StreambindError('PAYLOAD_INVALID', `${type.name} refused ${key}`, { path: `$.${key}` }, cause);
    }
  }
  return instance;
}

function construct(type: PayloadTarget['type'] & object): object {
  try {
    return new (type as new () => object)();
  } catch (cause) {
    throw new StreambindError(
      'CONVERSION',
      `new ${type.name}() failed`,
      { fix: `Let the constructor of ${type.name} work without arguments, or give the payload a schema only.` },
      cause,
    );
  }
}

function isSettable(prototype: object, key: string): boolean {
  for (let level: object | null = prototype; level; level = Object.getPrototypeOf(level) as object | null) {
    const descriptor = Object.getOwnPropertyDescriptor(level, key);
    if (descriptor) return descriptor.set !== undefined;
  }
  return false;
}
