/**
 * Text to bytes and back. ISO-8859-1 and US-ASCII are Buffer's: `TextDecoder` takes both names for windows-1252. Bytes
 * that mean nothing in UTF-8 are read as U+FFFD, as in Java; text that a charset cannot hold is refused, unlike in Java,
 * where it becomes question marks.
 */
import { StreambindError } from '../errors/index.js';

type Decode = (bytes: Uint8Array) => string;
type Encode = (text: string) => Uint8Array;

interface Charset {
  readonly decode: Decode;
  readonly encode: Encode;
}

const buffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const bigEndian: Charset = {
  decode: (bytes) =>
    Buffer.from(bytes.subarray(0, bytes.length & ~1))
      .swap16()
      .toString('utf16le'),
  encode: (text) => Buffer.from(text, 'utf16le').swap16(),
};
const littleEndian: Charset = {
  decode: (bytes) => buffer(bytes).toString('utf16le'),
  encode: (text) => Buffer.from(text, 'utf16le'),
};

/** Java's UTF-16: big-endian with a byte order mark; without a mark, big-endian is read. */
const utf16: Charset = {
  decode: (bytes) => {
    if (bytes[0] === 0xff && bytes[1] === 0xfe) return littleEndian.decode(bytes.subarray(2));
    return bigEndian.decode(bytes[0] === 0xfe && bytes[1] === 0xff ? bytes.subarray(2) : bytes);
  },
  encode: (text) => bigEndian.encode(`\uFEFF${text}`),
};

const single = (name: string, beyond: RegExp, last: number): Charset => ({
  decode: (bytes) => {
    const text = buffer(bytes).toString('latin1');
    return last === 0xff ? text : text.replace(beyond, '\uFFFD');
  },
  encode: (text) => {
    const foreign = text.search(beyond);
    if (foreign < 0) return Buffer.from(text, 'latin1');
    const character = String.fromCodePoint(text.codePointAt(foreign)!);
    throw new StreambindError('CONVERSION', `${name} has no ${character} (character ${foreign + 1} of the payload)`, {
      fix: 'Send it in utf-8.',
    });
  },
});

const utf8: Charset = {
  decode: (bytes) => buffer(bytes).toString('utf8'),
  encode: (text) => Buffer.from(text, 'utf8'),
};
const latin1 = single('ISO-8859-1', /[^\u0000-\u00ff]/g, 0xff); // oxlint-disable-line no-control-regex -- the range is the charset
const ascii = single('US-ASCII', /[^\u0000-\u007f]/g, 0x7f); // oxlint-disable-line no-control-regex -- the range is the charset

const CHARSETS: ReadonlyMap<string, Charset> = new Map([
  ['utf-8', utf8],
  ['utf8', utf8],
  ['utf-16', utf16],
  ['utf-16be', bigEndian],
  ['utf-16le', littleEndian],
  ['iso-8859-1', latin1],
  ['latin1', latin1],
  ['us-ascii', ascii],
  ['ascii', ascii],
]);

/** How bytes of a charset are read: those above and what `TextDecoder` knows. Default: UTF-8. */
export function decoderOf(charset = 'utf-8'): Decode {
  const known = CHARSETS.get(charset);
  if (known) return known.decode;
  try {
    const decoder = new TextDecoder(charset);
    return (bytes) => decoder.decode(bytes);
  } catch (cause) {
    throw unknownCharset(charset, cause);
  }
}

/** How text is written in a charset. Default: UTF-8. */
export function encoderOf(charset = 'utf-8'): Encode {
  const known = CHARSETS.get(charset);
  if (!known) throw unknownCharset(charset);
  return known.encode;
}

const unknownCharset = (charset: string, cause?: unknown): StreambindError =>
  new StreambindError(
    'CONVERSION',
    'The charset of a content type is not known',
    { given: charset, allowed: 'utf-8, utf-16, utf-16le, utf-16be, iso-8859-1, us-ascii' },
    cause,
  );
