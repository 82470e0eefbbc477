/** Bodies that Spring AMQP's post processors compressed, and that say so in `content_encoding`. */
import { gzipSync, inflateRawSync, unzipSync } from 'node:zlib';
import { StreambindError, asError } from '@streambind/core/binder';
import type { RawProperties } from '../client/properties.js';
import { TableHeaders } from './headers.js';
import type { ReceivedTable } from './table.js';

export interface Compression {
  readonly algorithm: Algorithm;
  /** What `content_encoding` says beside it. */
  readonly rest: string | undefined;
}

type Algorithm = keyof typeof ALGORITHMS;

/** What a message of RabbitMQ holds at most by default; a small body that becomes more is an attack or a mistake. */
const MOST_BYTES = 128 * 1024 * 1024;

const LIMIT = { maxOutputLength: MOST_BYTES };
const ALGORITHMS = {
  gzip: (body: Buffer) => unzipSync(body, LIMIT),
  deflate: (body: Buffer) => unzipSync(body, LIMIT),
  zip: firstOfArchive,
} as const;

/** Nothing unless the sender left it to the receiver's end, not its handler, to decompress. */
export function compressionOf({ contentEncoding }: RawProperties, table: ReceivedTable): Compression | undefined {
  if (contentEncoding === undefined || table.values[TableHeaders.AUTO_DECOMPRESS] !== true) return undefined;
  // older senders wrote `gzip:utf-8`
  const [, algorithm, rest] = /^(\w+)(?:\s*[,:]\s*(.*))?$/.exec(contentEncoding) ?? [];
  return algorithm !== undefined && Object.hasOwn(ALGORITHMS, algorithm)
    ? { algorithm: algorithm as Algorithm, rest }
    : undefined;
}

/** @throws CONVERSION */
export function decompress(body: Buffer, algorithm: Algorithm): Buffer {
  try {
    return ALGORITHMS[algorithm](body);
  } catch (thrown) {
    throw new StreambindError(
      'CONVERSION',
      `The ${algorithm} body of a message cannot be decompressed: ${asError(thrown).message}`,
      { given: `${body.length} bytes`, allowed: `at most ${MOST_BYTES} bytes when decompressed` },
      thrown,
    );
  }
}

/** As Java writes it: the header names neither an operating system nor a level. */
export function gzip(body: Uint8Array, level: number): Buffer {
  const bytes = gzipSync(body, { level });
  bytes[8] = 0;
  bytes[9] = 0xff;
  return bytes;
}

const DEFLATED = 8;

/** The only entry of an archive as Java's ZipOutputStream writes it. */
function firstOfArchive(archive: Buffer): Buffer {
  if (archive.readUInt32BE(0) !== 0x504b_0304 || archive.readUInt16LE(8) !== DEFLATED)
    throw new Error('it is no archive');
  const from = 30 + archive.readUInt16LE(26) + archive.readUInt16LE(28);
  return inflateRawSync(archive.subarray(from), LIMIT);
}
