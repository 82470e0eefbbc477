/** What Redis, ioredis and the socket say, as the errors of this project. None has a password in it. */
import { StreambindError, asError, isStreambindError, type ErrorCode } from '@streambind/core/binder';
import { targetText, type Target } from './target.js';

/** The first word of a refusal: `NOGROUP`, `OOM`, `ERR`; undefined where it was not Redis that answered. */
export const replyCode = (error: unknown): string | undefined =>
  error instanceof Error && error.name === 'ReplyError' ? /^[A-Z][A-Z0-9_]*/.exec(error.message)?.[0] : undefined;

/** What a further try does not cure, before somebody changes something. */
export const isPermanent = (error: Error): boolean =>
  isStreambindError(error) &&
  ['ACCESS_REFUSED', 'TOPOLOGY_CONFLICT', 'BINDER_FAILED', 'CONFIG_VALUE'].includes(error.code);

/** Answers of a server that is not, or no longer, the right one: a new connection finds the one that is. */
const ELSEWHERE: ReadonlySet<string> = new Set(['READONLY', 'MASTERDOWN', 'LOADING', 'MOVED', 'CLUSTERDOWN']);

/** Whether the connection has to be replaced although it still works. */
export const isStale = (error: unknown): boolean => ELSEWHERE.has(replyCode(error) ?? '');

/** Whether ioredis says that no server has taken the command. */
const wasNeverSent = ({ message }: Error): boolean =>
  message.includes("isn't writeable and enableOfflineQueue") || message.startsWith('Too many Cluster redirections');

const CODES: Readonly<Record<string, ErrorCode>> = {
  OOM: 'BROKER_FULL',
  // snapshots cannot be written, which is a full disk as a rule
  MISCONF: 'BROKER_FULL',
  NOGROUP: 'DESTINATION_GONE',
  UNBLOCKED: 'DESTINATION_GONE',
  WRONGTYPE: 'TOPOLOGY_CONFLICT',
  NOAUTH: 'AUTH',
  WRONGPASS: 'AUTH',
  NOPERM: 'ACCESS_REFUSED',
  CROSSSLOT: 'BINDER_FAILED',
  ...Object.fromEntries(
    [...ELSEWHERE, 'TRYAGAIN', 'NOREPLICAS', 'BUSY', 'ASK'].map((code) => [code, 'BROKER_UNAVAILABLE' as const]),
  ),
};

const FIXES: Readonly<Record<string, string>> = {
  OOM: 'Raise maxmemory of Redis, or let consumers catch up: entries that every group has acknowledged are trimmed.',
  WRONGTYPE: 'Another program uses this key. Give the binding another destination; rename the key; delete it.',
  NOPERM: 'Let the user run it: ACL SETUSER <user> ~<key> +<command>.',
  MOVED: 'This is a cluster: name its nodes in spring.data.redis.cluster.nodes.',
};

/**
 * A command that failed, of which nothing has to be known but that.
 * @param what as the sentence names it: `XGROUP CREATE orders points`
 */
export function commandFailed(thrown: unknown, what: string, target: Target): StreambindError {
  if (isStreambindError(thrown)) return thrown;
  const error = asError(thrown);
  const code = replyCode(error);
  if (code === undefined) return connectionLost(error, target);
  const fix = FIXES[code];
  return new StreambindError(
    CODES[code] ?? 'BINDER_FAILED',
    `Redis at ${targetText(target)} refused ${what}: ${said(error)}.`,
    { where: targetText(target), ...(fix === undefined ? {} : { fix }) },
    error,
  );
}

/** @param type what TYPE says of a key that has to be a stream */
export const wrongType = (key: string, type: string, target: Target): StreambindError =>
  new StreambindError('TOPOLOGY_CONFLICT', `The key ${key} of Redis at ${targetText(target)} is not a stream.`, {
    where: key,
    given: `a key of type ${type}, which another program uses`,
    allowed: 'a key of type stream, or none',
    fix: `Give the binding another destination; rename the key (redis-cli RENAME ${key} <name>); delete it (redis-cli DEL ${key}).`,
  });

/** An XADD that failed although its connection was not lost when it was given: refused, or nobody knows. */
export function publishFailed(thrown: unknown, stream: string, target: Target): StreambindError {
  if (isStreambindError(thrown)) return thrown;
  const error = asError(thrown);
  const code = replyCode(error);
  if (code === undefined) {
    if (wasNeverSent(error)) return connectionLost(undefined, target);
    return new StreambindError(
      'PUBLISH_UNKNOWN',
      `The connection to Redis at ${targetText(target)} was lost before it confirmed an entry of ${stream}: ${said(error)}.`,
      { where: targetText(target) },
      error,
    );
  }
  if (/proto-max-bulk-len|invalid bulk length|maximum allowed size|too large/i.test(error.message)) {
    return new StreambindError(
      'PAYLOAD_TOO_LARGE',
      `Redis at ${targetText(target)} takes no entry of that size: ${said(error)}.`,
      { where: stream, fix: 'Send less, or raise proto-max-bulk-len of Redis.' },
      error,
    );
  }
  const failure = commandFailed(error, `an entry of ${stream}`, target);
  if (failure.code !== 'BINDER_FAILED') return failure;
  return new StreambindError('PUBLISH_REFUSED', failure.message.split('\n', 1)[0]!, { where: stream }, error);
}

/** A connection that could not be made. */
export function connectFailed(thrown: unknown, target: Target): StreambindError {
  if (isStreambindError(thrown)) return thrown;
  const error = asError(thrown);
  const where = targetText(target);
  const { settings, username } = target;
  const code = replyCode(error);
  if (code === 'WRONGPASS' || code === 'NOAUTH' || /\binvalid password\b|AUTH/.test(error.message)) {
    const user = username === undefined ? 'the default user' : `"${username}"`;
    return new StreambindError('AUTH', `Redis at ${where} refused the login of ${user}: ${said(error)}.`, {
      where,
      fix: `Check ${settings.login}.`,
    });
  }
  if (/DB index is out of range|SELECT is not allowed/.test(error.message)) {
    return new StreambindError('BINDER_FAILED', `Redis at ${where} has no database ${target.database}.`, {
      where,
      given: target.database,
      fix: `Check ${settings.database}.`,
    });
  }
  return new StreambindError(
    'BROKER_UNAVAILABLE',
    `Redis at ${where} cannot be reached: ${unreachable(error, target)}.`,
    { where, fix: `Check ${settings.address}${target.tls ? `, ${settings.tls}` : ''}, and that Redis runs.` },
    error,
  );
}

/** A connection that ended. */
export function connectionLost(thrown: unknown, target: Target): StreambindError {
  const where = targetText(target);
  const error = thrown === undefined ? undefined : asError(thrown);
  return new StreambindError(
    'BROKER_UNAVAILABLE',
    `The connection to Redis at ${where} was lost: ${error ? said(error) : 'it was closed'}.`,
    { where },
    error,
  );
}

const said = (error: Error): string => {
  const text = error.message === '' && 'code' in error ? String(error.code) : error.message;
  return text.replace(/\.$/, '');
};

function unreachable(error: Error, { tls }: Target): string {
  const { message } = error;
  if (tls && /wrong version number|packet length too long/.test(message)) return 'it does not speak TLS there';
  if (/Connection is closed|ECONNRESET|Protocol error/.test(message)) {
    return tls
      ? `it closed the connection during the handshake (${said(error)})`
      : `it closed the connection during the handshake (${said(error)}); is it a TLS port, or another kind of server?`;
  }
  return said(error);
}
