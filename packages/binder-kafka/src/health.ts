/** Whether the brokers are well, as `health-timeout` and `consider-down-when-any-partition-has-no-leader` ask it. */
import { asError, type BinderHealth } from '@streambind/core/binder';
import type { KafkaAdmin } from './client/port.js';
import { toldOfConnection, type Connection } from './client/refusals.js';
import type { KafkaOptions } from './options/options.js';

type Options = Pick<KafkaOptions, 'healthTimeout' | 'considerDownWhenAnyPartitionHasNoLeader'>;

/** @param topics those that are read or sent to */
export async function healthOf(
  admin: KafkaAdmin,
  topics: readonly string[],
  options: Options,
  connection: Connection,
): Promise<BinderHealth> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<BinderHealth>((resolve) => {
    const reason = `Kafka has not answered for ${options.healthTimeout / 1000} s`;
    timer = setTimeout(() => resolve({ state: 'down', reason }), options.healthTimeout);
  });
  try {
    return await Promise.race([asked(admin, topics, options), late]);
  } catch (error) {
    return { state: 'down', reason: toldOfConnection(asError(error), connection).message };
  } finally {
    clearTimeout(timer);
  }
}

async function asked(admin: KafkaAdmin, topics: readonly string[], options: Options): Promise<BinderHealth> {
  const [{ id, brokers }, leaderless] = await Promise.all([
    admin.cluster(),
    Promise.all([...new Set(topics)].map((topic) => withoutLeader(admin, topic))),
  ]);
  const detail = { clusterId: id, brokers };
  const missing = leaderless.flat();
  if (missing.length === 0) return { state: 'up', detail };
  return {
    state: options.considerDownWhenAnyPartitionHasNoLeader ? 'down' : 'degraded',
    reason: `Partitions have no leader: ${missing.join(', ')}`,
    detail,
  };
}

async function withoutLeader(admin: KafkaAdmin, topic: string): Promise<readonly string[]> {
  const partitions = (await admin.partitions(topic)) ?? [];
  return partitions.filter(({ leader }) => leader === undefined).map(({ partition }) => `${topic}-${partition}`);
}
