/** A generator that gives the same numbers for the same seed and purpose, so that one fault alone replays as in the whole run. */
import { createHash } from 'node:crypto';

export function random(seed: number, purpose: string): () => number {
  let count = 0;
  return () => createHash('sha256').update(`${seed}/${purpose}/${count++}`).digest().readUInt32BE() / 2 ** 32;
}
