/**
 * Compression that the client does not bring. Records that other programs compressed have to be read, so what is missing
 * is looked for among the packages of the application, and said by name when it is not there.
 */
import { createRequire } from 'node:module';
import * as zlib from 'node:zlib';
import { CompressionCodecs, CompressionTypes, KafkaJSNotImplemented } from './library.js';

interface Codec {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>;
  decompress(buffer: Buffer): Promise<Buffer>;
}

const require = createRequire(import.meta.url);

/** Java writes snappy in frames: this, two versions, then blocks behind their lengths. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const XERIAL_HEADER_BYTES = 16;

export function registerCodecs(): void {
  CompressionCodecs[CompressionTypes.Snappy] = once(snappy);
  CompressionCodecs[CompressionTypes.LZ4] = once(lz4);
  CompressionCodecs[CompressionTypes.ZSTD] = once(zstd);
}

function once(make: () => Codec): () => Codec {
  let codec: Codec | undefined;
  return () => (codec ??= make());
}

interface Snappy {
  readonly compress: (data: Buffer) => Promise<Buffer>;
  readonly uncompress: (data: Buffer, options: { asBuffer: true }) => Promise<Buffer>;
}

function snappy(): Codec {
  const { compress, uncompress } = installed<Snappy>('snappy');
  const block = (data: Buffer): Promise<Buffer> => uncompress(data, { asBuffer: true });
  return {
    compress: ({ buffer }) => compress(buffer),
    async decompress(buffer) {
      if (!buffer.subarray(0, XERIAL.length).equals(XERIAL)) return block(buffer);
      const blocks: Promise<Buffer>[] = [];
      for (let at = XERIAL_HEADER_BYTES; at < buffer.length;) {
        const end = at + 4 + buffer.readUInt32BE(at);
        blocks.push(block(buffer.subarray(at + 4, end)));
        at = end;
      }
      return Buffer.concat(await Promise.all(blocks));
    },
  };
}

interface Lz4 {
  readonly compressFrame: (data: Buffer) => Promise<Buffer>;
  readonly decompressFrame: (data: Buffer) => Promise<Buffer>;
}

function lz4(): Codec {
  const { compressFrame, decompressFrame } = installed<Lz4>('lz4-napi');
  return { compress: ({ buffer }) => compressFrame(buffer), decompress: (buffer) => decompressFrame(buffer) };
}

interface Zstd {
  readonly zstdCompressSync?: (data: Buffer) => Buffer;
  readonly zstdDecompressSync?: (data: Buffer) => Buffer;
}

function zstd(): Codec {
  const { zstdCompressSync, zstdDecompressSync } = zlib as Zstd;
  if (!zstdCompressSync || !zstdDecompressSync) {
    throw notInstalled('records are compressed with zstd, which Node has from 22.15 on');
  }
  return {
    compress: ({ buffer }) => Promise.resolve(zstdCompressSync(buffer)),
    decompress: (buffer) => Promise.resolve(zstdDecompressSync(buffer)),
  };
}

function installed<T>(name: string): T {
  try {
    return require(name) as T;
  } catch {
    throw notInstalled(`the package "${name}" is needed for this compression: npm install ${name}`);
  }
}

/** Of this class, because any other the client takes for something that passes. */
function notInstalled(message: string): Error {
  const Class = KafkaJSNotImplemented as unknown as new (message: string) => Error;
  return new Class(message);
}
