/** What turns runs into a claim: medians, and how far the median of a few pairs can be trusted. */

/** @param {readonly number[]} values @param {number} share 0 to 1 @returns linear between neighbours */
export function quantile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return below + (above - below) * (at - Math.floor(at));
}

/** @param {readonly number[]} values */
export const median = (values) => quantile(values, 0.5);

const RESAMPLES = 5000;

/**
 * The median of paired ratios with its 95 % interval by bootstrap; the same pairs always give the same interval.
 * @param {readonly number[]} of
 * @param {readonly number[]} to the run beside each
 */
export function pairedRatio(of, to) {
  const ratios = of.map((value, index) => value / to[index]);
  const random = randomOf(20_260_101);
  const medians = Array.from({ length: RESAMPLES }, () =>
    median(ratios.map(() => ratios[Math.floor(random() * ratios.length)])),
  );
  return { ratio: median(ratios), low: quantile(medians, 0.025), high: quantile(medians, 0.975), ratios };
}

/** mulberry32: from 0 up to 1. */
function randomOf(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A B C, C B A, A B C, …: what drifts in the machine meets all alike. */
export const interleaved = (items, round) => (round % 2 === 0 ? items : items.toReversed());
