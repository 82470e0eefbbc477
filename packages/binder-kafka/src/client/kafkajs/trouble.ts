/** What kafkajs throws, in the port's words. */
import { KafkaTrouble, type TroubleKind } from '../errors.js';

interface Thrown {
  readonly name?: string;
  readonly message?: string;
  /** The protocol's name of the error. */
  readonly type?: string;
  readonly code?: unknown;
  readonly retriable?: boolean;
  readonly cause?: unknown;
  readonly errors?: readonly unknown[];
}

const TYPES: Readonly<Record<string, TroubleKind>> = {
  UNKNOWN_TOPIC_OR_PARTITION: 'missing',
  UNKNOWN_TOPIC_ID: 'missing',
  MESSAGE_TOO_LARGE: 'too-large',
  RECORD_LIST_TOO_LARGE: 'too-large',
  SASL_AUTHENTICATION_FAILED: 'authentication',
  UNSUPPORTED_SASL_MECHANISM: 'authentication',
  ILLEGAL_SASL_STATE: 'authentication',
  UNKNOWN_MEMBER_ID: 'fenced',
  ILLEGAL_GENERATION: 'fenced',
  REBALANCE_IN_PROGRESS: 'fenced',
  FENCED_INSTANCE_ID: 'fenced',
  INVALID_PRODUCER_EPOCH: 'fenced',
  PRODUCER_FENCED: 'fenced',
  INVALID_PRODUCER_ID_MAPPING: 'fenced',
  INVALID_TXN_STATE: 'fenced',
  TRANSACTION_COORDINATOR_FENCED: 'fenced',
  OUT_OF_ORDER_SEQUENCE_NUMBER: 'fenced',
  UNKNOWN_PRODUCER_ID: 'fenced',
  REQUEST_TIMED_OUT: 'unknown',
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: 'unknown',
};

const NAMES: Readonly<Record<string, TroubleKind>> = {
  KafkaJSSASLAuthenticationError: 'authentication',
  KafkaJSRequestTimeoutError: 'unknown',
  KafkaJSConnectionClosedError: 'unknown',
  KafkaJSConnectionError: 'unavailable',
  KafkaJSBrokerNotFound: 'unavailable',
  KafkaJSNoBrokerAvailableError: 'unavailable',
  KafkaJSGroupCoordinatorNotFound: 'unavailable',
  KafkaJSMetadataNotLoaded: 'unavailable',
  KafkaJSTopicMetadataNotLoaded: 'unavailable',
  KafkaJSLockTimeout: 'unavailable',
  KafkaJSTimeout: 'unavailable',
};

/** A certificate that is not trusted, or does not fit: trying again does not help, and the socket's words say why. */
const CERTIFICATE = /certificate|self[- ]signed|ERR_TLS|unable to verify|altnames|SSL routines|wrong version number/i;

export function troubleOf(thrown: unknown): KafkaTrouble {
  if (thrown instanceof KafkaTrouble) return thrown;
  const told = chain(thrown);
  const details = (type: string | undefined): { type?: string; cause: unknown } => ({
    ...(type === undefined ? {} : { type }),
    cause: thrown,
  });
  const innermost = told.at(-1) ?? {};
  for (const { type, message = '' } of told) {
    if (type === undefined) continue;
    return new KafkaTrouble(TYPES[type] ?? kindOf(type, told), message || type, details(type));
  }
  const message = innermost.message ?? String(thrown);
  if (CERTIFICATE.test(message)) return new KafkaTrouble('authentication', message, details(undefined));
  for (const { name = '' } of told) {
    const kind = NAMES[name];
    if (kind) return new KafkaTrouble(kind, message, details(undefined));
  }
  return new KafkaTrouble(innermost.retriable === true ? 'unavailable' : 'refused', message, details(undefined));
}

function kindOf(type: string, told: readonly Thrown[]): TroubleKind {
  if (type.endsWith('_AUTHORIZATION_FAILED')) return 'authorization';
  return told.some(({ type: its, retriable }) => its === type && retriable === true) ? 'unavailable' : 'refused';
}

/** An error and what caused it, outermost first. */
function chain(thrown: unknown): readonly Thrown[] {
  const told: Thrown[] = [];
  for (let one: unknown = thrown; typeof one === 'object' && one !== null && told.length < 10;) {
    const error: Thrown = one;
    told.push(error);
    one = error.errors?.[0] ?? error.cause;
  }
  return told;
}
