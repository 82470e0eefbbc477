/** Rows of `kafka-messages.json` that come to something else here, and why. Everything else is repeated, header by header. */

const TOMBSTONE = 'Spring cannot convert a tombstone on a channel; here null is one';
const KEY = "Spring's default serializer takes bytes alone, and refuses any other key; here its text is sent in UTF-8";
const XML = 'Spring refuses a string as application/xml; here its text leaves as text/plain';

/** By id. */
export const PUBLISHED: Readonly<Record<string, string>> = {
  'default/date': 'Java only: Jackson writes java.util.Date with +00:00, and a BigDecimal with its trailing zero',
  'default/string+header-xml': XML,
  'default/string+header-mimetype-object': 'Java only: a MimeType object as content type; a string is one',
  'default/tombstone': TOMBSTONE,
  'default/tombstone-with-headers': TOMBSTONE,
  'content-type-text/map': 'Java only: toString() of a collection',
  'content-type-text/string+header-xml': XML,
  'header-patterns/all-header-types':
    'Spring loses an Instant where patterns are set, because the mapper that it makes then cannot write it; here it is sent',
  'header-patterns-negative-first/all-header-types': 'as header-patterns/all-header-types',
  'native-encoding/string':
    'use-native-encoding hands the payload to a serializer of Java; it is not supported, and says so at the start',
  'message-key-expression/string': KEY,
  'message-key-expression/int': KEY,
  'message-key-expression-payload-text/string': KEY,
  'message-key-expression-payload-text/int': KEY,
  'message-key-expression-payload/pojo': KEY,
  'kafka-headers/kafka_messageKey-string': KEY,
  'kafka-headers/reserved-words': 'scst_partition is set by the framework alone, and is not sent where an output is not partitioned',
};

/** Keys by name. */
export const PARTITIONS: Readonly<Record<string, string>> = {
  'key-uuid': 'Java only: the hash of a UUID object is another than that of its text',
};

export interface Instead {
  /** What our handler gets: the body as text or bytes, or what its JSON says. */
  readonly got: 'text' | 'bytes' | 'json';
  readonly why: string;
}

const EMPTY = 'Spring rejects an empty value, whoever takes it, and the message is lost or dead; here it arrives as it is';
const NULL = 'Spring rejects a tombstone but for a Message<?>; here a handler that takes no class gets null';
const PARSED = 'Spring leaves bytes to a handler that names no type; here it gets what the content type says';
const RECORD = 'Java only: a Map is a class; the type of a record is gone at run time, so its handler names no type';

const instead = (why: string, got: Instead['got'], handler: string, ...messages: string[]): [string, Instead][] =>
  messages.map((message) => [`${handler}/${message}`, { got, why }]);

const JSON_BODIES = [
  'json object, contentType raw and listed',
  'json object, contentType quoted and listed',
  'json object, contentType raw, not listed',
  'json object, contentType quoted, not listed',
  'json object, no headers',
  'json array',
];
const TEXT_BODIES = ['json string literal', 'plain text as json'];

/** Handlers that get another payload than Spring's, by handler and message. */
export const INBOUND: Readonly<Record<string, Instead>> = Object.fromEntries([
  ...instead('Spring cannot make a string of octets; here it is UTF-8', 'text', 'sink-string', 'octet-stream'),
  ...instead(EMPTY, 'text', 'sink-string', 'empty value'),
  ...instead(EMPTY, 'bytes', 'sink-bytes', 'empty value'),
  ...['sink-string', 'sink-bytes', 'sink-object', 'sink-map'].flatMap((handler) =>
    instead(NULL, 'json', handler, 'tombstone'),
  ),
  ...['sink-object', 'sink-message'].flatMap((handler) => [
    ...instead(PARSED, 'json', handler, ...JSON_BODIES),
    ...instead(PARSED, 'text', handler, ...TEXT_BODIES),
    ...instead(EMPTY, 'text', handler, 'empty value'),
  ]),
  ...instead(RECORD, 'json', 'sink-map', 'json array'),
  ...instead(RECORD, 'text', 'sink-map', ...TEXT_BODIES, 'text/plain', 'text/plain json', 'header types'),
  ...instead(RECORD, 'bytes', 'sink-map', 'octet-stream'),
  ...instead(EMPTY, 'text', 'sink-map', 'empty value'),
]);

/** Headers that a handler gets as text where Spring 3.2 gives bytes, and why. */
export const TEXT: Readonly<Record<string, string>> = {
  contentType: 'Spring leaves bytes that are not listed to a handler that takes bytes; here it is text for all',
  b3: 'tracers read text, which Spring gives since 4.3',
  traceparent: 'as b3',
};

/** Headers of dead letters that say something else, and why. */
export const DEAD_LETTERS: Readonly<Record<string, string>> = {
  'x-exception-message':
    "Spring's wrapper names the Java method first; here it is what the handler threw, and absent where that says nothing",
  'x-exception-stacktrace': 'of another program',
};

/** Dead letters whose `x-exception-fqcn` is another one. */
export const OTHER_CAUSE: Readonly<Record<string, string>> = {
  'tombstone with a String handler': `${NULL}, and the one of this row throws`,
};
