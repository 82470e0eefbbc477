/** Names of keys and consumers. `docs/wire-format.md` tells them to those who read and write in another language. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';

/** Consumers with this prefix keep a liveness key; of others nobody can tell whether they still live. */
export const OURS = 'streambind.';

/** The consumer that holds what was given back. It never lives, so that the next reader takes it at once. */
export const RETURNED = `${OURS}returned`;

export const streamOf = (destination: string, partition?: number): string =>
  partition === undefined ? destination : `${destination}-${partition}`;

/** Spring's name for dead letters in Kafka. */
export const deadLetterStream = (destination: string, group: string): string => `error.${destination}.${group}`;

export const consumerName = (): string =>
  `${OURS}${hostname().slice(0, 64)}.${process.pid}.${randomBytes(4).toString('hex')}`;

/** A key in the slot of the stream, also in a cluster: by the hash tag that the stream has, else by its whole name. */
function beside(stream: string, suffix: string): string {
  const open = stream.indexOf('{');
  const tagged = open !== -1 && stream.indexOf('}', open) > open + 1;
  return tagged ? `${stream}:${suffix}` : `{${stream}}:${suffix}`;
}

/** The beginning of the liveness keys of a group; the name of the consumer follows. */
export const alivePrefix = (stream: string, group: string): string => beside(stream, `alive:${group}:`);

/** Who reads a stream alone for a group: the name of a consumer. */
export const ownerKey = (stream: string, group: string): string => beside(stream, `owner:${group}`);

/** How far those without a group have read: a hash of `<expires at, in ms> <id>`, by reader. */
export const positionsKey = (stream: string): string => beside(stream, 'positions');

/** Held by whoever trims, for as long as nobody else needs to. */
export const trimmedKey = (stream: string): string => beside(stream, 'trimmed');

/** Into how many streams a destination is divided: text. */
export const partitionsKey = (destination: string): string => beside(destination, 'partitions');
