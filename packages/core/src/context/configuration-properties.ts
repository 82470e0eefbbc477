/** The shape of a `@ConfigurationProperties` class: from the defaults of its fields and from what decorators say. */
import { StreambindError } from '../errors/index.js';
import { annotationsOf, type Annotation, type Class, type PropertyType } from '../annotations/index.js';
import type { Shape } from '../config/index.js';

/**
 * @param instance fresh from its constructor; what is read is written to it
 * @throws DECORATOR_MISUSE for a field that no configuration can fill
 */
export function shapeOf(instance: object): Shape {
  const type = instance.constructor as Class;
  const annotations = annotationsOf(type).filter(({ on }) => on === 'field');
  const defaults = instance as Readonly<Record<string, unknown>>;
  const names = new Set([...Object.keys(instance), ...annotations.map(({ member }) => String(member))]);
  const fields: Record<string, Shape> = {};
  for (const name of names) {
    const own = annotations.filter(({ member }) => member === name);
    if (typeof defaults[name] === 'function' || own.some(({ kind }) => kind !== 'ConfigurationProperty')) continue;
    const designType: unknown = Reflect.getMetadata('design:type', type.prototype as object, name);
    fields[name] = fieldShape(`${type.name}.${name}`, defaults[name], designType, own.at(-1));
  }
  return { kind: 'object', make: () => instance, fields };
}

function fieldShape(at: string, value: unknown, designType: unknown, said: Annotation | undefined): Shape {
  const type = said?.value as PropertyType | undefined;
  if (Array.isArray(value) || designType === Array) {
    const [first] = Array.isArray(value) ? (value as readonly unknown[]) : [];
    return { kind: 'list', element: () => typeShape(at, type) ?? valueShape(first) };
  }
  if (isPlain(value)) {
    if (type === undefined && Object.keys(value).length > 0) return shapeOf(value);
    return { kind: 'map', element: () => typeShape(at, type) ?? TEXT };
  }
  if (typeof value === 'object' && value !== null && type === undefined) {
    if (isPlatform(value.constructor)) throw unfit(at, value.constructor.name);
    return shapeOf(value);
  }
  return typeShape(at, type ?? (said && (designType as PropertyType))) ?? valueShape(value);
}

const value = (type: 'string' | 'number' | 'boolean' | 'duration' | 'size' | 'integer'): Shape => ({
  kind: 'value',
  option: { type, doc: '' },
});
const TEXT = value('string');

/** What a type comes to; undefined where it says nothing, as that of an interface. */
function typeShape(at: string, type: PropertyType | undefined): Shape | undefined {
  if (typeof type === 'string') return value(type);
  if (type === String) return TEXT;
  if (type === Number) return value('number');
  if (type === Boolean) return value('boolean');
  if (type === undefined || (type as unknown) === Object || (type as unknown) === Function) return undefined;
  if (isPlatform(type)) throw unfit(at, type.name);
  const made = type as unknown as new () => object;
  const { fields } = shapeOf(new made()) as Extract<Shape, { kind: 'object' }>;
  return { kind: 'object', make: () => new made(), fields };
}

const valueShape = (example: unknown): Shape =>
  typeof example === 'number' ? value('number') : typeof example === 'boolean' ? value('boolean') : TEXT;

const isPlain = (object: unknown): object is object =>
  typeof object === 'object' &&
  object !== null &&
  [Object.prototype, null].includes(Object.getPrototypeOf(object) as object | null);

const isPlatform = (type: { readonly name: string }): boolean =>
  (globalThis as Record<string, unknown>)[type.name] === type;

const unfit = (at: string, type: string): StreambindError =>
  new StreambindError('DECORATOR_MISUSE', `The configuration cannot fill ${at}.`, {
    where: at,
    given: type,
    allowed: 'text, numbers, booleans, arrays, plain objects, and objects of your own classes',
  });
