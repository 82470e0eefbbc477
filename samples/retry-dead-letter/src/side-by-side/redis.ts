/** Redis, read and counted by redis-cli. */
import type { RedisBroker } from '../../../../tools/brokers/index.mjs';
import type { DeadLetter, Stage } from './stage.js';

interface Group {
  readonly name: string;
  readonly pending: number;
  readonly 'last-delivered-id': string;
}

export async function redis(broker: RedisBroker): Promise<Stage> {
  const ask = async <Answer>(...command: string[]): Promise<Answer> =>
    JSON.parse(await broker.ctl('--json', ...command)) as Answer;
  return {
    type: 'redis',
    title: await broker.probe(),
    environment: broker.environment,
    deadLetterName: (destination, group) => `error.${destination}.${group}`,
    async deadLetters(name) {
      const entries = await ask<[id: string, fields: string[]][]>('XRANGE', name, '-', '+');
      return entries.map(([, fields]): DeadLetter => {
        const all = new Map(fields.flatMap((field, at) => (at % 2 === 0 ? [[field, fields[at + 1]!]] : [])));
        const payload = all.get('payload') ?? '';
        all.delete('payload');
        return { payload, headers: Object.fromEntries(all) };
      });
    },
    async left(destination, group) {
      const groups = await ask<Group[]>('XINFO', 'GROUPS', destination);
      const found = groups.find(({ name }) => name === group);
      if (!found) throw new Error(`Redis knows no group ${group} of ${destination}`);
      const unread = await ask<unknown[]>('XRANGE', destination, `(${found['last-delivered-id']}`, '+');
      return found.pending + unread.length;
    },
    leave: () => Promise.resolve(),
  };
}
