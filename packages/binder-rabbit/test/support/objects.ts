/** Comparing what is on a broker: in one order, and without what is random in names. */
import type { Objects } from './configurations.js';

/** Members in the order of their names; the random part of anonymous names as the recordings have it. */
export const text = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([one], [other]) => (one < other ? -1 : 1)))
      : part,
  ).replace(/\.(anonymous\.|tmp-)[\w-]{22}(?=")/g, '.$1<22 chars>');

export const normal = ({ exchanges, queues, bindings }: Objects): Record<keyof Objects, unknown[]> => ({
  exchanges: sorted(exchanges),
  queues: sorted(queues),
  bindings: sorted(bindings),
});

const sorted = (all: readonly object[]): unknown[] =>
  all
    .map(text)
    .toSorted()
    .map((one) => JSON.parse(one) as unknown);
