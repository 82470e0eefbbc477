/** What the broker and the socket say, as the errors of this project. */
import { StreambindError, asError, isStreambindError } from '@streambind/core/binder';
import type { Address, ConnectionTarget } from './connection.js';

/** What a further try does not cure, before somebody changes something. */
export const isPermanent = (error: Error): boolean =>
  isStreambindError(error) && ['ACCESS_REFUSED', 'BINDER_FAILED', 'CONFIG_VALUE'].includes(error.code);

/** `error` of amqplib with the reply code of AMQP. */
export const replyCode = (error: unknown): number | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined;

const at = ({ host, port }: Address): string => `${host}:${port}`;

/** A connection that could not be made. Never has a password in it. */
export function connectFailed(
  thrown: unknown,
  address: Address,
  { username, virtualHost }: Pick<ConnectionTarget, 'username' | 'virtualHost'>,
): StreambindError {
  const error = asError(thrown);
  const { message } = error;
  const where = at(address);
  const code = 'code' in error ? String(error.code) : '';
  // with this the server closes: no such user, or another password
  if (message.includes('ACCESS-REFUSED') || message.includes('ACCESS_REFUSED')) {
    return new StreambindError('AUTH', `RabbitMQ at ${where} refused the login.`, {
      where,
      given: `user "${username}"`,
      fix: 'Check spring.rabbitmq.username and spring.rabbitmq.password.',
    });
  }
  // amqplib drops the text of a close during the handshake
  if (message.startsWith('Expected ConnectionOpenOk')) {
    return new StreambindError('AUTH', `RabbitMQ at ${where} does not let "${username}" into the virtual host.`, {
      where,
      given: `spring.rabbitmq.virtual-host "${virtualHost}"`,
      fix: `It does not exist, or the user has no permissions in it: rabbitmqctl add_vhost, rabbitmqctl set_permissions -p "${virtualHost}" ${username} ".*" ".*" ".*".`,
    });
  }
  const reason = address.tls
    ? tlsReason(message, code)
    : message.includes('abruptly') || code === 'ECONNRESET'
      ? ' The connection was closed during the handshake: is it a TLS port, or another kind of server?'
      : '';
  return new StreambindError(
    'BROKER_UNAVAILABLE',
    `RabbitMQ at ${where} cannot be reached: ${told(message, code)}.${reason}`,
    {
      where,
      fix: address.tls
        ? 'Check spring.rabbitmq.port and spring.rabbitmq.ssl.'
        : 'Check spring.rabbitmq.host and spring.rabbitmq.port, and that the broker runs.',
    },
    error,
  );
}

const told = (message: string, code: string): string =>
  message === '' ? code || 'no reason was given' : message.replace(/\.$/, '');

function tlsReason(message: string, code: string): string {
  if (message.includes('wrong version number') || message.includes('packet length too long') || code === 'ECONNRESET') {
    return ' It does not speak TLS there: the TLS port of RabbitMQ is 5671, the plain one 5672.';
  }
  return '';
}

/** A connection that ended. */
export function connectionLost(thrown: unknown, address: Address): StreambindError {
  const where = at(address);
  const error = thrown === undefined ? undefined : asError(thrown);
  return new StreambindError(
    'BROKER_UNAVAILABLE',
    `The connection to RabbitMQ at ${where} was lost: ${told(error?.message ?? 'it was closed', '')}.`,
    { where },
    error,
  );
}

/** A channel that the server closed, by the reply code of AMQP. */
export function channelClosed(error: Error | undefined, address: Address): StreambindError {
  const where = at(address);
  if (!error) return connectionLost(undefined, address);
  return new StreambindError(
    codeOf(error),
    `RabbitMQ at ${where} closed a channel: ${serverText(error)}.`,
    { where },
    error,
  );
}

/** `… with message "PRECONDITION_FAILED - …"`: what the server says, without amqplib's words around it. */
export function serverText(error: Error): string {
  const [, text] = /with message "(.*)"$/s.exec(error.message) ?? [];
  return (text ?? error.message).replace(/\.$/, '');
}

function codeOf(error: Error): 'ACCESS_REFUSED' | 'DESTINATION_GONE' | 'BINDER_FAILED' {
  switch (replyCode(error)) {
    case 403:
      return 'ACCESS_REFUSED';
    case 404:
      return 'DESTINATION_GONE';
    default:
      return 'BINDER_FAILED';
  }
}
