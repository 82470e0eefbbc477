/**
 * The headers of a record as they came, so that one that is passed on unchanged leaves with the bytes and the Java class
 * that it came with.
 */
import { isDeepStrictEqual } from 'node:util';
import type { HeaderValue } from '@streambind/core/binder';
import type { RecordHeaders } from '../client/port.js';
import { CONTENT_TYPE, HEADER_TYPES } from './headers.js';
import { decodeHeader, decodeText, type RawHeader } from './header-values.js';

type JavaClasses = ReadonlyMap<string, string>;

const NONE: JavaClasses = new Map();

// what one producer sends is the same with every record
const REMEMBERED = 500;
const knownClasses = new Map<string, JavaClasses>();

export class ReceivedHeaders {
  #classes: JavaClasses | undefined;

  /** @param trustedPackages of Java classes, beside those that always are */
  constructor(
    readonly raw: RecordHeaders,
    private readonly trustedPackages: readonly string[],
  ) {}

  /** All of them but the one that tells their classes, and those of these names. */
  copyTo(target: Record<string, HeaderValue>, except: ReadonlySet<string>): void {
    const classes = this.#listed();
    for (const name in this.raw) {
      if (name === HEADER_TYPES || except.has(name)) continue;
      target[name] = this.#decoded(name, lastOf(this.raw, name)!, classes.get(name));
    }
  }

  /** The header as it came, if it still stands for this value. */
  unchanged(name: string, value: unknown): RawHeader | undefined {
    const header = this.#header(name);
    if (!header) return undefined;
    const came = this.#decoded(name, header.bytes, header.javaClass);
    const same = typeof value === 'object' ? isDeepStrictEqual(came, value) : Object.is(came, value);
    return same ? header : undefined;
  }

  /** Whether this is the content type that came, with a Java class: Spring makes a MimeType of it then. */
  isMimeType(contentType: string): boolean {
    const header = this.#header(CONTENT_TYPE);
    return header?.javaClass !== undefined && decodeText(header.bytes) === contentType;
  }

  #decoded(name: string, bytes: Buffer, javaClass: string | undefined): HeaderValue {
    if (name === CONTENT_TYPE) return decodeText(bytes);
    if (javaClass === undefined && TRACE.test(name)) return bytes.toString();
    return decodeHeader(bytes, javaClass, this.trustedPackages);
  }

  #header(name: string): RawHeader | undefined {
    const bytes = lastOf(this.raw, name);
    return bytes && { bytes, javaClass: this.#listed().get(name) };
  }

  #listed(): JavaClasses {
    return (this.#classes ??= classesIn(lastOf(this.raw, HEADER_TYPES)));
  }
}

/** The same text in most records of a topic: it is made once. */
let lastType: { readonly bytes: Buffer; readonly text: string } | undefined;

/** What `copyTo` makes of the content type; undefined where the record has none. */
export function contentTypeOf(headers: RecordHeaders): string | undefined {
  const bytes = lastOf(headers, CONTENT_TYPE);
  if (!bytes) return undefined;
  if (!lastType?.bytes.equals(bytes)) lastType = { bytes: Buffer.from(bytes), text: decodeText(bytes) };
  return lastType.text;
}

/** How spans travel, for tracers that read text. Spring Kafka since 3.3; 2.8 has bytes. */
const TRACE = /^(b3|traceparent|tracestate|baggage|x-b3-.+)$/i;

/** Of a name that came several times the last value counts. */
function lastOf(headers: RecordHeaders, name: string): Buffer | undefined {
  if (!Object.hasOwn(headers, name)) return undefined;
  const value = headers[name];
  return Array.isArray(value) ? value.at(-1) : value;
}

/** None where the header is not a JSON object. */
function classesIn(bytes: Buffer | undefined): JavaClasses {
  if (!bytes) return NONE;
  const text = bytes.toString();
  const known = knownClasses.get(text);
  if (known) return known;
  let classes = NONE;
  try {
    const parsed = Object.entries(JSON.parse(text) as object) as [string, unknown][];
    classes = new Map(parsed.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
  } catch {
    // as in Spring: all of them are bytes then
  }
  if (knownClasses.size >= REMEMBERED) knownClasses.clear();
  knownClasses.set(text, classes);
  return classes;
}
