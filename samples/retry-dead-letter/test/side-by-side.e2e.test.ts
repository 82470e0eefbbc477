/** One handler that fails, on every binder: what has to be the same, and what each broker has of its own. */
import { describe, expect, jest, test } from '@jest/globals';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import { embedded } from '../src/side-by-side/embedded.js';
import { kafka } from '../src/side-by-side/kafka.js';
import { play } from '../src/side-by-side/play.js';
import { rabbit } from '../src/side-by-side/rabbit.js';
import { redis } from '../src/side-by-side/redis.js';
import { report } from '../src/side-by-side/report.js';
import type { Stage } from '../src/side-by-side/stage.js';

interface Differences {
  /** Whether the good message waits until the bad one ahead of it is a dead letter. */
  readonly waits: boolean;
  readonly deadLetterName: (destination: string, group: string) => string;
  /** Headers beside those of all brokers. */
  readonly headers: Readonly<Record<string, unknown>>;
}

function describePlay(open: () => Promise<Stage>, { waits, deadLetterName, headers }: Differences): void {
  jest.setTimeout(90_000);

  test('three attempts, then a dead letter, and nothing is lost', async () => {
    const stage = await open();
    try {
      const { attempts, next, destination, group, deadLetters, left, ...outcome } = await play(stage);
      expect(attempts).toHaveLength(3);
      const [first, second] = [attempts[1]! - attempts[0]!, attempts[2]! - attempts[1]!];
      // the times are cut to whole milliseconds
      expect([first >= 999, second >= 1999, second > first]).toEqual([true, true, true]);

      expect(next).toHaveLength(1);
      const whenNext = { beforeSecondAttempt: next[0]! < attempts[1]!, afterThirdAttempt: next[0]! > attempts[2]! };
      expect(whenNext).toEqual({ beforeSecondAttempt: !waits, afterThirdAttempt: waits });

      expect(outcome.deadLetterName).toBe(deadLetterName(destination, group));
      expect(deadLetters).toHaveLength(1);
      const [letter] = deadLetters;
      expect(letter!.payload).toBe('{"number":1,"amount":-5}');
      const texts = Object.entries(headers).map(([name, value]) => [
        name,
        typeof value === 'string' ? value.replace('<destination>', destination) : value,
      ]);
      expect(letter!.headers).toEqual({
        contentType: expect.stringMatching(/^"?application\/json"?$/),
        'x-exception-message': expect.stringContaining('a negative amount: -5'),
        'x-exception-stacktrace': expect.stringMatching(/RangeError: a negative amount: -5\n +at Billing\.charge /),
        ...Object.fromEntries(texts),
      });
      expect(left).toBe(0);
      expect(report([{ attempts, next, destination, group, deadLetters, left, ...outcome }])).toContain(
        outcome.deadLetterName,
      );
    } finally {
      await stage.leave();
    }
  });
}

const text = expect.stringMatching(/./);
const asSpringOnRabbit = { 'x-original-exchange': '<destination>', 'x-original-routingKey': '<destination>' };

describe('embedded', () => {
  describePlay(() => Promise.resolve(embedded()), {
    waits: false,
    deadLetterName: (destination, group) => `${destination}.${group}.dlq`,
    headers: {
      id: text,
      timestamp: text,
      ...asSpringOnRabbit,
      'x-original-group': 'billing',
      'x-attempts': '3',
      'x-error-code': 'RangeError',
      'x-first-failure': text,
      'x-last-failure': text,
    },
  });
});

await describeWithBroker('rabbit', 'rabbit', (broker) =>
  describePlay(() => rabbit(broker), {
    waits: false,
    deadLetterName: (destination, group) => `${destination}.${group}.dlq`,
    headers: asSpringOnRabbit,
  }),
);

await describeWithBroker('kafka', 'kafka', (broker) =>
  describePlay(() => kafka(broker), {
    // the offset of a partition only moves on: what is behind a message waits for it
    waits: true,
    deadLetterName: (destination, group) => `error.${destination}.${group}`,
    headers: {
      'x-original-topic': '<destination>',
      'x-original-partition': '0',
      'x-original-offset': '0',
      'x-original-timestamp': text,
      'x-original-timestamp-type': 'CreateTime',
      'x-exception-fqcn': text,
      spring_json_header_types: text,
    },
  }),
);

await describeWithBroker('redis', 'redis', (broker) =>
  describePlay(() => redis(broker), {
    waits: false,
    deadLetterName: (destination, group) => `error.${destination}.${group}`,
    headers: {
      headers: text,
      'x-original-stream': '<destination>',
      'x-original-id': expect.stringMatching(/^\d+-\d+$/),
      'x-original-group': 'billing',
      'x-error-code': 'RangeError',
      'x-attempts': '3',
      'x-last-failure': text,
    },
  }),
);
