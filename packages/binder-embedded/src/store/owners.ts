/** Which consumer of a group reads which partition. */
import type { Database } from './database.js';

/**
 * A partition goes to the eldest consumer that asked for it by number, else in turn to those that asked for none. To be
 * called when a consumer comes or goes and when partitions are added. Inside a write transaction.
 */
export function assign(db: Database, subscription: number): void {
  const consumers = db
    .all<{ id: number; partitions: string | null }>(
      'SELECT id, partitions FROM consumer WHERE subscription = ? ORDER BY id',
      subscription,
    )
    .map(({ id, partitions }) => ({
      id,
      mine: partitions === null ? undefined : (JSON.parse(partitions) as number[]),
    }));
  const free = consumers.filter(({ mine }) => !mine);
  for (const { partition, owner } of db.all<{ partition: number; owner: number | null }>(
    'SELECT partition, owner FROM cursor WHERE subscription = ?',
    subscription,
  )) {
    const next = consumers.find(({ mine }) => mine?.includes(partition)) ?? free[partition % free.length];
    if ((next?.id ?? null) === owner) continue;
    db.run(
      'UPDATE cursor SET owner = ? WHERE subscription = ? AND partition = ?',
      next?.id ?? null,
      subscription,
      partition,
    );
  }
}
