import { StreambindError } from '../errors/index.js';
import { hashOf } from '../expression/index.js';

const INT_MIN = -2147483648;

/**
 * Java's `hashCode()` of a partition key, so that producers in Java and here agree on the partition.
 *
 * Strings, booleans, dates and lists hash as in Java. Numbers: an int32 as Integer, any other integer as Long, the rest
 * as Double; a bigint is always a Long. A UUID is a string here, and a Java `UUID` object hashes otherwise: Java has to
 * use its `toString()`, or we the bigint `mostSignificantBits ^ leastSignificantBits`.
 * @returns an int32
 * @throws PARTITION_KEY null, and what has no hash that Java would share: bytes, plain objects, class instances
 */
export function javaHashCode(value: unknown): number {
  if (value === null || value === undefined) {
    throw new StreambindError('PARTITION_KEY', 'Partition key cannot be null', {
      fix: 'Set what partition-key-expression reads on every message.',
    });
  }
  const hash = hashOf(value);
  if (hash !== undefined) return hash;
  const what =
    value instanceof Uint8Array ? 'Bytes hash' : Array.isArray(value) ? 'This list hashes' : 'An object hashes';
  throw new StreambindError(
    'PARTITION_KEY',
    `${what} differently in every Java process and cannot be a partition key`,
    {
      fix: 'Let partition-key-expression give a string or a number, such as payload.id.',
    },
  );
}

/**
 * The partition of a key: |hash| modulo the count, or the selected number modulo the count.
 * @param count at least 1
 * @param selected the result of partition-selector-expression, where there is one; fractions are cut off
 * @returns 0 to count - 1
 * @throws PARTITION_KEY the key cannot be hashed, or what was selected is no number
 */
export function partitionOf(key: unknown, count: number, selected?: unknown): number {
  return Math.abs((selected === undefined ? absolute(javaHashCode(key)) : asInteger(selected)) % count);
}

/** Java's `Math.abs` leaves the least int negative; Spring counts it as 0. */
const absolute = (hash: number): number => (hash === INT_MIN ? 0 : Math.abs(hash));

function asInteger(selected: unknown): number {
  if (typeof selected === 'bigint') return Number(BigInt.asIntN(32, selected));
  if (typeof selected === 'number' && Number.isFinite(selected)) return Math.trunc(selected) | 0;
  throw new StreambindError('PARTITION_KEY', 'The partition selector gave no number', { given: selected });
}
