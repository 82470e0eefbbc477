/** One entry of a stream, as `docs/wire-format.md` describes it: a record as fields and values, and back. */
import { isUtf8 } from 'node:buffer';
import { StreambindError, type WireRecord } from '@streambind/core/binder';
import { decodeHeaders, encodeHeaders, shown, type Headers } from './headers.js';

/** The fields that mean something. Every other one is a header. */
export const Fields = {
  /** Bytes; may be empty. */
  PAYLOAD: 'payload',
  /** `true` instead of `payload`: the record has none. */
  TOMBSTONE: 'tombstone',
  CONTENT_TYPE: 'contentType',
  /** A JSON object. */
  HEADERS: 'headers',
  /** Text, or bytes that are not UTF-8. */
  KEY: 'key',
} as const;

/** As bytes, for readers that give out these very objects for them. */
export const KNOWN_FIELDS: readonly Buffer[] = Object.values(Fields).map((name) => Buffer.from(name));

const KNOWN_NAMES: readonly string[] = Object.values(Fields);

/** Of a field that is known without a comparison. */
const nameOf = (field: Buffer): string => KNOWN_NAMES[KNOWN_FIELDS.indexOf(field)] ?? field.toString();

export type HeaderFilter = (name: string) => boolean;

/** Fields and values in turn, as XADD takes them. */
export type Encoded = (string | Buffer)[];

export interface Decoded {
  /** Null: a tombstone. Shares its memory with the field. */
  readonly payload: Buffer | null;
  readonly headers: Headers;
  readonly key?: string | Buffer;
}

/** @param passes which headers are sent; `contentType`, `id` and `timestamp` always are. Default: all */
export function encodeFields(record: WireRecord, passes?: HeaderFilter): Encoded {
  const { payload, headers, key } = record;
  const fields: Encoded = payload === null ? [Fields.TOMBSTONE, 'true'] : [Fields.PAYLOAD, bytesOf(payload)];
  const { contentType } = headers;
  if (typeof contentType === 'string') fields.push(Fields.CONTENT_TYPE, contentType);
  const others = encodeHeaders(headers, passes);
  if (others !== undefined) fields.push(Fields.HEADERS, others);
  if (key !== undefined) fields.push(Fields.KEY, typeof key === 'string' ? key : bytesOf(key));
  return fields;
}

/**
 * Fields that this format does not know are headers: text, or bytes where they are not UTF-8. They win over the same name
 * in `headers`.
 * @param fields fields and values in turn, as Redis returns them
 * @param where the stream and the id, for errors
 * @param passes which headers are shown; `contentType`, `id` and `timestamp` always are. Default: all
 * @throws CONVERSION the entry is malformed: which field, and what is wrong with it
 */
export function decodeEntry(fields: readonly Buffer[], where?: string, passes?: HeaderFilter): Decoded {
  let payload: Buffer | null | undefined;
  let contentType: Buffer | undefined;
  let json: Buffer | undefined;
  let key: Buffer | undefined;
  let others: Map<string, Buffer> | undefined;
  try {
    for (let at = 0; at < fields.length; at += 2) {
      const value = fields[at + 1]!;
      const name = nameOf(fields[at]!);
      switch (name) {
        case Fields.PAYLOAD:
          if (payload !== undefined) throw payload === null ? both() : twice(name);
          payload = value;
          break;
        case Fields.TOMBSTONE:
          if (payload !== undefined) throw payload === null ? twice(name) : both();
          if (value.toString() !== 'true') throw notTrue(value);
          payload = null;
          break;
        case Fields.CONTENT_TYPE:
          if (contentType) throw twice(name);
          contentType = value;
          break;
        case Fields.HEADERS:
          if (json) throw twice(name);
          json = value;
          break;
        case Fields.KEY:
          if (key) throw twice(name);
          key = value;
          break;
        default:
          others ??= new Map();
          if (others.has(name)) throw twice(name);
          others.set(name, value);
      }
    }
    if (payload === undefined) throw noPayload(fields);
    let headers = json ? decodeHeaders(text(Fields.HEADERS, json)) : {};
    if (others) headers = Object.fromEntries([...Object.entries(headers), ...[...others].map(ownHeader)]);
    if (passes) headers = Object.fromEntries(Object.entries(headers).filter(([name]) => isOwn(name) || passes(name)));
    if (contentType) headers['contentType'] = text(Fields.CONTENT_TYPE, contentType);
    if (!key) return { payload, headers };
    return { payload, headers, key: isUtf8(key) ? key.toString() : key };
  } catch (error) {
    throw where === undefined ? error : placed(error as StreambindError, where);
  }
}

const bytesOf = (value: Uint8Array): Buffer =>
  Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);

const isOwn = (name: string): boolean => name === 'contentType' || name === 'id' || name === 'timestamp';

const ownHeader = ([name, value]: [string, Buffer]): [string, string | Uint8Array] => [
  name,
  isUtf8(value) ? value.toString() : value,
];

function text(name: string, value: Buffer): string {
  if (isUtf8(value)) return value.toString();
  throw malformed(`The field "${name}" is not UTF-8.`, { given: shown(value.toString('base64')) });
}

const malformed = (what: string, details: { given?: string; allowed?: string; fix?: string }): StreambindError =>
  new StreambindError('CONVERSION', what, details);

const twice = (name: string): StreambindError => malformed(`The field "${name}" is there twice.`, {});

const both = (): StreambindError =>
  malformed(`The fields "${Fields.PAYLOAD}" and "${Fields.TOMBSTONE}" exclude each other.`, {});

const notTrue = (value: Buffer): StreambindError =>
  malformed(`The field "${Fields.TOMBSTONE}" can only be true.`, { given: shown(value.toString()) });

const noPayload = (fields: readonly Buffer[]): StreambindError =>
  malformed(`The entry has no field "${Fields.PAYLOAD}".`, {
    given: shown(`the fields ${fields.filter((_, index) => index % 2 === 0).join(', ')}`),
    fix: `Write the body as "${Fields.PAYLOAD}", or "${Fields.TOMBSTONE}" "true" for a record without one.`,
  });

const placed = ({ code, message, details, cause }: StreambindError, where: string): StreambindError =>
  new StreambindError(code, message.split('\n', 1)[0]!, { where, ...details }, cause);
