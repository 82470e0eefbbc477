/** Which errors no further try can cure, and what a user is told of those that come from the client. */
import { StreambindError, asError, isStreambindError, type ErrorCode } from '@streambind/core/binder';
import { KafkaTrouble, type TroubleKind } from './errors.js';

const PERMANENT: ReadonlySet<TroubleKind> = new Set(['authorization', 'refused']);

/** By somebody at the broker: a topic that is made, an account, a broker that comes back. */
const CURABLE: ReadonlySet<ErrorCode> = new Set(['BROKER_UNAVAILABLE', 'AUTH', 'DESTINATION_GONE']);

/** Wrong credentials are tried again, slowly: they may be put right at the broker. */
export function isPermanent(error: Error): boolean {
  if (error instanceof KafkaTrouble) return PERMANENT.has(error.kind);
  return isStreambindError(error) && !CURABLE.has(error.code);
}

/** @param where what was being done, and for whom: the binding or the brokers */
export function told(thrown: unknown, where: string): Error {
  const error = asError(thrown);
  if (!(error instanceof KafkaTrouble)) return error;
  const details = { where };
  switch (error.kind) {
    case 'unavailable':
    case 'unknown':
      return new StreambindError(
        'BROKER_UNAVAILABLE',
        `Kafka cannot be reached: ${error.message}`,
        {
          ...details,
          fix: 'Is it running, and are these its addresses? spring.cloud.stream.kafka.binder.brokers names them.',
        },
        error,
      );
    case 'authentication':
      return new StreambindError(
        'AUTH',
        `Kafka does not let us in: ${error.message}`,
        {
          ...details,
          fix: 'Check security.protocol, the user and the password (sasl.jaas.config), and the certificates.',
        },
        error,
      );
    case 'authorization':
      return new StreambindError('ACCESS_REFUSED', `Kafka does not allow it: ${error.message}`, details, error);
    case 'missing':
      return new StreambindError('DESTINATION_GONE', `A topic is not there: ${error.message}`, details, error);
    default:
      return new StreambindError('BINDER_FAILED', `Kafka refused it: ${error.message}`, details, error);
  }
}
