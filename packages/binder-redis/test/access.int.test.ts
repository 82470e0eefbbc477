/** A user of Redis who may do no more than the README asks for. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { until } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import { ACK, aDestination, bodyOf, consume, openBinder, produce, record } from './support/binder.js';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const rules = /^\+@connection.*$/m.exec(readme)![0].split(' ');

await describeWithBroker('redis', 'access', (redis) => {
  const username = `user-${randomUUID().slice(0, 8)}`;
  const password = 'secret';
  const destination = aDestination();
  const keys = [destination, `{${destination}}:*`, `error.${destination}.*`];

  test('is enough for groups, broadcast, order, dead letters and trimming', async () => {
    await redis.ctl('ACL', 'SETUSER', username, 'on', `>${password}`, ...keys.map((key) => `~${key}`), ...rules);
    const { binder, told } = await openBinder({ ...redis.address, username, password });
    try {
      const got: string[] = [];
      const inputs = await Promise.all([
        consume(binder, destination, (delivery) => {
          got.push(`group ${bodyOf(delivery)}`);
          return bodyOf(delivery) === 'bad' ? { kind: 'deadLetter', reason: new Error('no') } : ACK;
        }),
        consume(binder, destination, (delivery) => (got.push(`ordered ${bodyOf(delivery)}`), ACK), {
          group: 'ordered',
          ordered: true,
        }),
        consume(binder, destination, (delivery) => (got.push(`all ${bodyOf(delivery)}`), ACK), { group: null }),
      ]);
      const output = await produce(binder, destination, { requiredGroups: ['g'] });
      await output.send(record('good'));
      await output.send(record('bad'));
      await until(() => got.length === 6, 5000, 'all come');
      const letters = async (): Promise<string> => (await redis.ctl('XLEN', `error.${destination}.g`)).trim();
      await until(async () => (await letters()) === '1', 5000, 'one is a dead letter');
      // several signs of life, and whatever goes with them
      await until(async () => (await redis.ctl('EXISTS', `{${destination}}:trimmed`)).trim() === '1', 15_000, 'a trim');
      await Promise.all(inputs.map(({ binding }) => binding.close()));
      expect([...told.reports, ...inputs.flatMap(({ faults }) => faults)]).toEqual([]);
    } finally {
      await binder.close();
      await redis.ctl('ACL', 'DELUSER', username);
    }
  });

  test('that is less is told with what is missing', async () => {
    const poor = rules.filter((rule) => rule !== '+@scripting');
    await redis.ctl('ACL', 'SETUSER', username, 'on', `>${password}`, ...keys.map((key) => `~${key}`), ...poor);
    const { binder } = await openBinder({ ...redis.address, username, password });
    try {
      const input = consume(binder, destination, () => ACK);
      await expect(input).rejects.toMatchObject({ code: 'ACCESS_REFUSED', message: expect.stringMatching(/eval/i) });
    } finally {
      await binder.close();
      await redis.ctl('ACL', 'DELUSER', username);
    }
  });
});
