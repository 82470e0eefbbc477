/** `${name:default}`, nested on both sides of the colon. `#{…}` is an expression and left alone. */
import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { StreambindError } from '../errors/index.js';

export interface Found {
  readonly value: string;
  /** Where that value stands: `application.yml:3:7 (server.port)`. */
  readonly where: string;
}

export type Lookup = (key: string) => Found | undefined;

/** @throws CONFIG_PLACEHOLDER, CONFIG_CIRCULAR, naming `where` the text stands */
export function resolvePlaceholders(text: string, where: string, lookup: Lookup): string {
  return text.includes('${') ? resolve(text, where, lookup, []) : text;
}

function resolve(text: string, where: string, lookup: Lookup, chain: readonly string[]): string {
  let result = '';
  let position = 0;
  for (;;) {
    const start = text.indexOf('${', position);
    const end = start < 0 ? -1 : closing(text, start + 2);
    // an unclosed placeholder is a text, as in Spring
    if (end < 0) return result + text.slice(position);
    result += text.slice(position, start) + one(text.slice(start + 2, end), where, lookup, chain);
    position = end + 1;
  }
}

function one(inner: string, where: string, lookup: Lookup, chain: readonly string[]): string {
  const colon = separator(inner);
  const name = resolve(colon < 0 ? inner : inner.slice(0, colon), where, lookup, chain).trim();
  if (chain.includes(name)) {
    const circle = [...chain.slice(chain.indexOf(name)), name].join(' → ');
    throw new StreambindError('CONFIG_CIRCULAR', `The placeholder \${${name}} leads back to itself: ${circle}.`, {
      where,
    });
  }
  const found = lookup(name);
  if (found !== undefined) return resolve(found.value, found.where, lookup, [...chain, name]);
  const random = name.startsWith('random.') ? randomValue(name.slice(7)) : undefined;
  if (random !== undefined) return random;
  if (colon >= 0) return resolve(inner.slice(colon + 1), where, lookup, chain);
  throw new StreambindError('CONFIG_PLACEHOLDER', `The placeholder \${${name}} names a property that is not set.`, {
    where,
    fix: `set ${name} or give a default: \${${name}:…}`,
  });
}

/** The brace that ends the placeholder whose inside begins at `from`, or -1. */
function closing(text: string, from: number): number {
  let depth = 0;
  for (let position = from; position < text.length; position++) {
    if (text[position] === '{') depth++;
    else if (text[position] === '}' && depth-- === 0) return position;
  }
  return -1;
}

/** The first colon that belongs to no nested placeholder, or -1. */
function separator(inner: string): number {
  let depth = 0;
  for (let position = 0; position < inner.length; position++) {
    if (inner[position] === '{') depth++;
    else if (inner[position] === '}') depth--;
    else if (inner[position] === ':' && depth === 0) return position;
  }
  return -1;
}

const INT_MAX = 2 ** 31;

/** Boot's `random.*`: `value`, `uuid`, `int`, `long`, `int(max)`, `int[min,max]`; a new one each time. */
function randomValue(kind: string): string | undefined {
  if (kind === 'value') return randomBytes(16).toString('hex');
  if (kind === 'uuid') return randomUUID();
  if (kind === 'int') return String(randomInt(INT_MAX));
  if (kind === 'long') return String(randomBytes(8).readBigInt64BE());
  const range = /^(?:int|long)[([](?:(\d+),)?(\d+)[)\]]$/.exec(kind);
  if (range === null) return undefined;
  const [min, max] = [Number(range[1] ?? 0), Number(range[2])];
  return min < max && max - min < 2 ** 48 ? String(randomInt(min, max)) : undefined;
}
