/** Rows of `rabbit-messages.json` that come to something else here, and why. Everything else is repeated, field by field. */

const JAVA_DATES = 'Java only: Jackson writes java.util.Date with +00:00, and a BigDecimal with its trailing zero';
const JAVA_TEXT = 'Java only: toString() of a collection';
const JAVA_MIME = 'Java only: a MimeType object as header; a string is sent as it is';
const NATIVE = 'use-native-encoding hands the payload to a converter of Spring AMQP; it is not supported, and says so at the start';
const XML = 'Spring refuses a string as application/xml; here its text leaves as text/plain';

/** By id. */
export const PUBLISHED: Readonly<Record<string, string>> = {
  'default/date': JAVA_DATES,
  'default/string+header-mimetype-object': JAVA_MIME,
  'default/string+header-xml': XML,
  'content-type-text/map': JAVA_TEXT,
  'content-type-text/list': JAVA_TEXT,
  'content-type-text/date': JAVA_TEXT,
  'content-type-text/string+header-mimetype-object': JAVA_MIME,
  'content-type-text/string+header-xml': XML,
  'header-mode-embedded/string':
    'Spring leaves the output unbound, and the send fails; here headers travel as AMQP headers, and the start says so',
  'native-encoding/string': NATIVE,
  'native-encoding/pojo': NATIVE,
  'native-encoding/map': `${NATIVE}; Java only: serialization`,
  'native-encoding/bytes': NATIVE,
  'confirms-errors/string':
    'Spring adds two headers to know a returned message again; here the message id is enough, and nothing is added',
};

/** Keys by name. */
export const PARTITIONS: Readonly<Record<string, string>> = {
  'key-uuid': 'Java only: the hash of a UUID object is another than that of its text',
};

/** What a row needs beside its own properties, by id or case, and why. */
export const ALSO: Readonly<Record<string, Readonly<Record<string, string | number>>>> = {
  // a message that a restart of the broker loses has to be asked for
  'non-persistent/string': { 'spring.cloud.stream.bindings.output.producer.guarantee': 'at-most-once' },
  'republish, republish-delivey-mode NON_PERSISTENT': {
    'spring.cloud.stream.bindings.input.consumer.guarantee': 'at-most-once',
  },
  // Spring Cloud Stream 3 wraps and does not compress unless told; 4 compresses, and so does this binder
  'compress/string': { 'spring.cloud.stream.rabbit.binder.compression-level': 0 },
};

export interface Instead {
  /** What our handler gets: the body as text or bytes, or what its JSON says. */
  readonly got: 'text' | 'bytes' | 'json';
  readonly why: string;
}

const EMPTY = 'Spring rejects an empty body, whoever takes it, and the message is lost or dead; here it arrives as it is';
const PARSED = 'Spring leaves bytes to a handler that names no type; here it gets what the content type says';
const RECORD = 'Java only: a Map is a class; the type of a record is gone at run time, so its handler names no type';

const instead = (why: string, got: Instead['got'], handler: string, ...messages: string[]): [string, Instead][] =>
  messages.map((message) => [`${handler}/${message}`, { got, why }]);

const JSON_BODIES = ['json object', 'no content type, json', 'json array', 'contentType in headers table'];
const TEXT_BODIES = ['json string literal', 'plain text as json', 'no content type, text'];

/** Handlers that get another payload than Spring's, by handler and message. */
export const INBOUND: Readonly<Record<string, Instead>> = Object.fromEntries([
  ...instead('Spring cannot make a string of octets; here it is UTF-8', 'text', 'sink-string', 'octet-stream'),
  ...instead(EMPTY, 'text', 'sink-string', 'empty body'),
  ...instead(EMPTY, 'bytes', 'sink-bytes', 'empty body'),
  ...['sink-object', 'sink-message'].flatMap((handler) => [
    ...instead(PARSED, 'json', handler, ...JSON_BODIES),
    ...instead(PARSED, 'text', handler, ...TEXT_BODIES),
    ...instead(EMPTY, 'text', handler, 'empty body'),
  ]),
  ...instead(RECORD, 'json', 'sink-map', 'json array'),
  ...instead(RECORD, 'text', 'sink-map', ...TEXT_BODIES, 'text/plain', 'text/plain json', 'header types'),
  ...instead(RECORD, 'bytes', 'sink-map', 'octet-stream'),
  ...instead(EMPTY, 'text', 'sink-map', 'empty body'),
]);
