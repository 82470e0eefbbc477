/** From the text of a value to the type of its option. */
import type { Option } from '../schema/index.js';

/** `outside`: it is of the type, and beyond one of the bounds. */
export type Converted = { readonly value: unknown } | { readonly allowed: string; readonly outside?: boolean };

export function convert(option: Option, given: string): Converted {
  const text = given.trim();
  switch (option.type) {
    case 'string':
    case 'expression':
    case 'bean':
    case 'map':
      return { value: given };
    case 'boolean':
    case 'boolean-map':
      return boolean(text);
    case 'integer':
      return bounded(option, integer(text), 'a whole number', String);
    case 'number':
      return bounded(
        option,
        /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : NaN,
        'a number',
        String,
      );
    case 'duration':
      return bounded(
        option,
        duration(text, option.unit ?? 'ms'),
        'a duration such as 500ms, 10s, 5m, 1h or PT10S',
        (ms) => `${ms}ms`,
      );
    case 'size':
      return bounded(option, size(text), 'a size such as 512, 10KB, 16MB or 1GB', (bytes) => `${bytes}B`);
    case 'enum':
      return oneOf(option.values ?? [], text);
    case 'list':
      return list(option, splitList(text));
  }
}

/** Elements of a list, each checked against the allowed ones when only some are. */
export function list({ values }: Option, elements: readonly string[]): Converted {
  if (values === undefined) return { value: elements };
  const converted: unknown[] = [];
  for (const element of elements) {
    const one = oneOf(values, element);
    if (!('value' in one)) return one;
    converted.push(one.value);
  }
  return { value: converted };
}

export const splitList = (text: string): string[] =>
  text
    .split(',')
    .map((element) => element.trim())
    .filter((element) => element !== '');

const loose = (word: string): string => word.toLowerCase().replace(/[-_]/g, '');

function oneOf(values: readonly string[], text: string): Converted {
  const value = values.find((candidate) => loose(candidate) === loose(text));
  return value === undefined ? { allowed: values.join(', ') } : { value };
}

function boolean(text: string): Converted {
  if (/^(true|on|yes|1)$/i.test(text)) return { value: true };
  if (/^(false|off|no|0)$/i.test(text)) return { value: false };
  return { allowed: 'true or false' };
}

/** Decimal, hexadecimal, and `1_000` as yml allows it. */
function integer(text: string): number {
  const value = /^[+-]?\d[\d_]*$/.test(text)
    ? Number(text.replaceAll('_', ''))
    : /^0x[\da-f]+$/i.test(text)
      ? Number(text)
      : NaN;
  return Number.isSafeInteger(value) ? value : NaN;
}

const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

function duration(text: string, unit: 'ms' | 's'): number {
  const simple = /^([+-]?\d+)\s*(ns|us|ms|s|m|h|d)?$/i.exec(text);
  if (simple) return Number(simple[1]) * UNITS[(simple[2] ?? unit).toLowerCase()]!;
  const iso = /^([+-])?P(?=.)(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d{1,9})?)S)?)?$/i.exec(text);
  if (!iso) return NaN;
  const part = (index: number): number => Number(iso[index] ?? 0);
  const seconds = part(2) * 86_400 + part(3) * 3600 + part(4) * 60 + part(5);
  return (iso[1] === '-' ? -1000 : 1000) * seconds;
}

const SIZES: Readonly<Record<string, number>> = { B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 };

function size(text: string): number {
  const parts = /^(\d+)\s*(B|KB|MB|GB|TB)?$/i.exec(text);
  return parts ? Number(parts[1]) * SIZES[(parts[2] ?? 'B').toUpperCase()]! : NaN;
}

function bounded({ min, max }: Option, value: number, allowed: string, print: (bound: number) => string): Converted {
  if (!Number.isNaN(value) && value >= (min ?? -Infinity) && value <= (max ?? Infinity)) return { value };
  const outside = !Number.isNaN(value);
  if (min !== undefined && max !== undefined)
    return { allowed: `${allowed} from ${print(min)} to ${print(max)}`, outside };
  if (min !== undefined) return { allowed: `${allowed}, ${print(min)} or more`, outside };
  return { allowed: max === undefined ? allowed : `${allowed}, at most ${print(max)}`, outside };
}
