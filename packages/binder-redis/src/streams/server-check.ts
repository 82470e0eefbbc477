/** Whether this Redis keeps what it has confirmed. INFO tells it, also where CONFIG is forbidden. */
import { StreambindError } from '@streambind/core/binder';
import type { RedisConnection } from '../client/connection.js';
import { targetText } from '../client/target.js';
import { Redis } from 'ioredis';

export interface Danger {
  readonly what: string;
  readonly given: string;
  readonly fix: string;
}

/** What could lose entries that were confirmed. A server that does not tell is no danger that is known. */
export async function dangers(connection: RedisConnection): Promise<readonly Danger[]> {
  const found = new Map<string, Danger>();
  for (const info of await infos(connection)) for (const danger of dangersIn(info)) found.set(danger.given, danger);
  return [...found.values()];
}

async function infos({ client }: RedisConnection): Promise<readonly string[]> {
  const servers = client instanceof Redis ? [client] : client.nodes('master');
  const asked = servers.map(async (each) => `${await each.info('persistence')}\n${await each.info('memory')}`);
  return Promise.all(asked);
}

const valueOf = (info: string, name: string): string | undefined =>
  new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];

/** @param info the sections `persistence` and `memory` */
export function dangersIn(info: string): readonly Danger[] {
  const found: Danger[] = [];
  if (valueOf(info, 'aof_enabled') === '0') {
    found.push({
      what: 'a restart of Redis loses the entries since its last snapshot',
      given: 'appendonly no',
      fix: 'Set appendonly yes in redis.conf; with appendfsync always a crash does not lose its last second either.',
    });
  }
  const eviction = valueOf(info, 'maxmemory_policy');
  if (eviction?.startsWith('allkeys-')) {
    found.push({
      what: 'when its memory is full, Redis removes whole streams with all of their groups',
      given: `maxmemory-policy ${eviction}`,
      fix: 'Set maxmemory-policy noeviction in redis.conf; sends are then refused with BROKER_FULL instead.',
    });
  }
  return found;
}

export const refusal = ({ what, given, fix }: Danger, { target }: RedisConnection): StreambindError =>
  new StreambindError('GUARANTEE', `Redis at ${targetText(target)} cannot keep messages: ${what}.`, {
    where: targetText(target),
    given,
    fix: `${fix} Or set spring.cloud.stream.redis.binder.server-check: warn.`,
  });
