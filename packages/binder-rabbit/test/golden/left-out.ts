/** Rows of `rabbit-messages.json` that are not repeated here, and why. Everything else is, field by field. */

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

/** By handler and message. */
export const INBOUND: Readonly<Record<string, string>> = {};
