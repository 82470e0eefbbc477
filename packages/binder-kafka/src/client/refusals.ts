/** Which errors no further try can cure, and what a user is told of those that come from the client. */
import { StreambindError, asError, isStreambindError, type ErrorCode } from '@streambind/core/binder';
import type { Places } from '../options/settings.js';
import { KafkaTrouble, type TroubleKind } from './errors.js';
import type { ClientSettings } from './port.js';

const PERMANENT: ReadonlySet<TroubleKind> = new Set(['authorization', 'refused']);

/** By somebody at the broker: a topic that is made, an account, a broker that comes back. */
const CURABLE: ReadonlySet<ErrorCode> = new Set(['BROKER_UNAVAILABLE', 'AUTH', 'DESTINATION_GONE']);

/** Wrong credentials are tried again, slowly: they may be put right at the broker. */
export function isPermanent(error: Error): boolean {
  if (error instanceof KafkaTrouble) return PERMANENT.has(error.kind);
  return isStreambindError(error) && !CURABLE.has(error.code);
}

/** What is the same for everybody, whatever was being done. */
const CONNECTION: ReadonlySet<TroubleKind> = new Set(['unavailable', 'unknown', 'authentication']);

/**
 * Trouble of the connection stays as it is, so that it is told once for all that have it: `toldOfConnection`.
 * @param where the binding for which something was being done
 */
export function told(thrown: unknown, where: string): Error {
  const error = asError(thrown);
  if (!(error instanceof KafkaTrouble) || CONNECTION.has(error.kind)) return error;
  const details = { where };
  switch (error.kind) {
    case 'authorization':
      return new StreambindError('ACCESS_REFUSED', `Kafka does not allow it: ${error.message}`, details, error);
    case 'missing':
      return new StreambindError('DESTINATION_GONE', `A topic is not there: ${error.message}`, details, error);
    default:
      return new StreambindError('BINDER_FAILED', `Kafka refused it: ${error.message}`, details, error);
  }
}

export interface Connection {
  readonly settings: Pick<ClientSettings, 'brokers' | 'sasl' | 'tls'>;
  readonly places: Places;
}

export function toldOfConnection(error: Error, { settings, places }: Connection): Error {
  if (!(error instanceof KafkaTrouble) || !CONNECTION.has(error.kind)) return error;
  const { message } = error;
  const where = settings.brokers.join(',');
  if (error.kind === 'authentication') {
    const who = settings.sasl ? `"${settings.sasl.username}"` : 'us';
    return new StreambindError(
      'AUTH',
      `Kafka does not let ${who} in: ${message}`,
      { where, fix: `Check ${[places.protocol, ...(settings.sasl ? [places.login] : []), places.trust].join(', ')}.` },
      error,
    );
  }
  return new StreambindError(
    'BROKER_UNAVAILABLE',
    `Kafka cannot be reached: ${message}`,
    { where, fix: unavailableFix(message, settings.brokers, places) },
    error,
  );
}

function unavailableFix(message: string, brokers: readonly string[], places: Places): string {
  const see = `Is it running, and is this its address? See ${places.brokers}.`;
  const told = /(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT) ([\w.:[\]-]+)/.exec(message)?.[1];
  if (told !== undefined) {
    const names = brokers.map((broker) => broker.replace(/:\d+$/, ''));
    if (brokers.includes(told) || names.includes(told) || names.includes('localhost')) return see;
    return `${see} Brokers tell their clients where they are, and that address is of a broker's own: see its advertised.listeners.`;
  }
  if (!/closed connection|disconnected|ECONNRESET|timed? ?out/i.test(message)) return see;
  return `${see} A broker that hangs up may want TLS or a login, or none: see ${places.protocol}.`;
}
