/** What the broker and the socket say, as the errors of this project. */
import { StreambindError, asError, isStreambindError } from '@streambind/core/binder';
import { KEYS } from './settings.js';
import type { Address, ConnectionTarget } from './address.js';

/** What a further try does not cure, before somebody changes something. */
export const isPermanent = (error: Error): boolean =>
  isStreambindError(error) &&
  ['ACCESS_REFUSED', 'TOPOLOGY_CONFLICT', 'BINDER_FAILED', 'CONFIG_VALUE'].includes(error.code);

/** `error` of amqplib with the reply code of AMQP. */
export const replyCode = (error: unknown): number | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined;

const at = ({ host, port }: Address): string => `${host}:${port}`;

/** A connection that could not be made. Never has a password in it. */
export function connectFailed(
  thrown: unknown,
  address: Address,
  { username, virtualHost, settings = KEYS }: Pick<ConnectionTarget, 'username' | 'virtualHost' | 'settings'>,
): StreambindError {
  const error = asError(thrown);
  const { message } = error;
  const where = at(address);
  // with this the server closes: no such user, or another password
  if (message.includes('ACCESS-REFUSED') || message.includes('ACCESS_REFUSED')) {
    return new StreambindError('AUTH', `RabbitMQ at ${where} refused the login of "${username}".`, {
      where,
      given: `user "${username}", and a password`,
      fix: `Check ${settings.login}.`,
    });
  }
  // amqplib drops the text of a close during the handshake
  if (message.startsWith('Expected ConnectionOpenOk')) {
    const host = `"${virtualHost}"`;
    return new StreambindError(
      'AUTH',
      `RabbitMQ at ${where} does not let "${username}" into the virtual host ${host}.`,
      {
        where,
        given: `virtual host ${host}, user "${username}"`,
        fix: `Check ${settings.virtualHost}. Either it does not exist (rabbitmqctl add_vhost ${host}), or the user may not use it (rabbitmqctl set_permissions -p ${host} ${username} ".*" ".*" ".*").`,
      },
    );
  }
  return new StreambindError(
    'BROKER_UNAVAILABLE',
    `RabbitMQ at ${where} cannot be reached: ${unreachable(error, address)}.`,
    { where, fix: `Check ${settings.address}${address.tls ? `, ${settings.tls}` : ''}, and that the broker runs.` },
    error,
  );
}

const codeText = (error: Error): string => ('code' in error ? String(error.code) : '');

const told = (error: Error): string => (error.message === '' ? codeText(error) : error.message).replace(/\.$/, '');

function unreachable(error: Error, { tls }: Address): string {
  const { message } = error;
  const cut = message.includes('abruptly') || codeText(error) === 'ECONNRESET';
  if (tls && (cut || message.includes('wrong version number') || message.includes('packet length too long'))) {
    return 'it does not speak TLS there (the TLS port of RabbitMQ is 5671, the plain one 5672)';
  }
  if (cut) return 'it closed the connection during the handshake; is it a TLS port, or another kind of server?';
  return told(error);
}

/** A connection that ended. */
export function connectionLost(thrown: unknown, address: Address): StreambindError {
  const where = at(address);
  const error = thrown === undefined ? undefined : asError(thrown);
  return new StreambindError(
    'BROKER_UNAVAILABLE',
    `The connection to RabbitMQ at ${where} was lost: ${error ? told(error) : 'it was closed'}.`,
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
