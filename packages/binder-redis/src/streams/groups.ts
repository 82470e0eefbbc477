/** Consumer groups as they are on the server: made, found, or missing. */
import { StreambindError, type Provision } from '@streambind/core/binder';
import type { RedisConnection } from '../client/connection.js';
import { commandFailed, replyCode, wrongType } from '../client/errors.js';
import { JOIN } from './scripts.js';

export interface Joined {
  /** Whether it had not been there. */
  readonly made: boolean;
  /** The last id that was delivered to the group. */
  readonly last: string;
}

/**
 * @param from where a new group begins: an id is the last one that is known to be delivered
 * @throws DESTINATION_GONE it is not there and may not be made; what Redis refused
 */
export async function join(
  { client, target }: RedisConnection,
  stream: string,
  group: string,
  from: string,
  provision: Provision,
): Promise<Joined> {
  let reply: [string, string];
  try {
    reply = (await client.eval(JOIN, 1, stream, group, from, provision)) as [string, string];
  } catch (error) {
    if (replyCode(error) === 'WRONGTYPE') throw wrongType(stream, await client.type(stream), target);
    throw commandFailed(error, `XGROUP CREATE ${stream} ${group}`, target);
  }
  const [outcome, last] = reply;
  if (outcome === 'there' || outcome === 'made') return { made: outcome === 'made', last };
  if (provision === 'skip') return { made: false, last };
  throw new StreambindError('DESTINATION_GONE', `The stream ${stream} has no group "${group}".`, {
    where: stream,
    given: outcome,
    fix: `Make it: redis-cli XGROUP CREATE ${stream} ${group} 0 MKSTREAM`,
  });
}
