/** The built-in ways from a body to a payload. Each is made once for a content type and a target. */
import { StreambindError } from '../errors/index.js';
import { decoderOf } from './charset.js';
import { notJson, parseJson } from './json.js';
import type { MediaType } from './media-type.js';
import type { PayloadTarget } from './target.js';
import { instantiate, invalid } from './validation.js';

export type Read = (bytes: Uint8Array) => unknown;

export function builtInReader(mime: MediaType, target: PayloadTarget): Read {
  if (target.kind === 'bytes') return (bytes) => bytes;
  if (target.kind === 'unknown' && !mime.json && !mime.plain) return (bytes) => bytes;
  const decode = decoderOf(mime.charset);
  switch (target.kind) {
    case 'string':
      return decode;
    case 'number':
      return (bytes) => numberOf(decode(bytes).trim());
    case 'boolean':
      return (bytes) => booleanOf(decode(bytes).trim());
    case 'class':
      return classReader(target.type!, mime);
  }
  return mime.json ? untypedReader(mime) : decode;
}

function classReader(type: PayloadTarget['type'] & object, mime: MediaType): Read {
  const parse = jsonParser(mime);
  const decode = decoderOf(mime.charset);
  return (bytes) => {
    if (bytes.length === 0) throw invalid('Payload value must not be empty');
    if (mime.json) return instantiate(type, parse(decode(bytes), bytes));
    throw new StreambindError('CONVERSION', `A ${mime.text} payload cannot become a ${type.name}`, {
      allowed: 'JSON content types, and those of a MessageConverter component',
    });
  };
}

/** An object or an array is parsed and has to parse; anything else that calls itself JSON is the text. */
function untypedReader(mime: MediaType): Read {
  const parse = jsonParser(mime);
  const decode = decoderOf(mime.charset);
  return (bytes) => {
    const text = decode(bytes);
    const first = firstCharacter(text);
    return first === '{' || first === '[' ? parse(text, bytes) : text;
  };
}

function firstCharacter(text: string): string | undefined {
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (at < text.length && ' \t\r\n'.includes(text[at]!)) at++;
  return text[at];
}

type Parse = (text: string, bytes: Uint8Array) => unknown;

/** Bytes that are no UTF-8 were replaced when the text was read; in JSON that is an error, as it is for Jackson. */
function jsonParser({ charset = 'utf-8' }: MediaType): Parse {
  if (charset !== 'utf-8' && charset !== 'utf8') return parseJson;
  return (text, bytes) => {
    const value = parseJson(text);
    const replaced = text.indexOf('\uFFFD');
    if (replaced >= 0 && Buffer.compare(Buffer.from(text), bytes) !== 0) {
      throw notJson(text, replaced, 'bytes that are not UTF-8');
    }
    return value;
  };
}

const NUMBER = /^-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

function numberOf(text: string): number {
  const parts = NUMBER.exec(text);
  const value = Number(text);
  if (!parts || !Number.isFinite(value)) throw invalid('The payload is not a number');
  if (parts[1] === undefined && parts[2] === undefined && !Number.isSafeInteger(value)) {
    throw invalid('The payload is an integer too large to be exact', '$', {
      fix: 'Take the payload as a String and read it with BigInt().',
    });
  }
  return value;
}

function booleanOf(text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  throw invalid('The payload is neither true nor false');
}
