/** A seed replays the schedule, and every schedule can be played and ends. */
import { describe, expect, test } from '@jest/globals';
import { faults, type Step } from '../src/faults.js';
import { random } from '../src/random.js';
import { BREAKS, RELIEVES } from '../src/verbs.js';

const LANE = { quick: true, workers: 3, senders: 2 };
const schedule = (id: string, seed: number, quick = true): readonly Step[] =>
  faults.find((fault) => fault.id === id)!.script(random(seed, id), { ...LANE, quick });

test('the same seed gives the same schedule, another seed another one', () => {
  for (const { id } of faults) {
    expect(schedule(id, 7)).toEqual(schedule(id, 7));
    expect(Array.from({ length: 5 }, (_, seed) => JSON.stringify(schedule(id, seed)))).not.toEqual(
      Array.from({ length: 5 }, () => JSON.stringify(schedule(id, 0))),
    );
  }
});

test('the quick lane is the six that block', () => {
  expect(faults.filter(({ quick }) => quick).map(({ id }) => id)).toEqual(['X01', 'X03', 'X04', 'X06a', 'X08a', 'X12']);
});

describe.each(faults.map((fault) => [fault.id, fault] as const))('%s', (id, fault) => {
  const steps = [schedule(id, 1), schedule(id, 1, false)];

  test('its steps come one after the other, and after two seconds of calm', () => {
    for (const each of steps) {
      expect(each[0]!.at).toBeGreaterThanOrEqual(2);
      expect(each.map(({ at }) => at)).toEqual(each.map(({ at }) => at).toSorted((a, b) => a - b));
    }
  });

  test('it strikes, and where something has to be over it says when', () => {
    for (const each of steps) {
      expect(each.some(({ verb }) => !RELIEVES.includes(verb))).toBe(true);
      expect(each.some(({ over }) => over)).toBe(['resume', 'ready'].includes(fault.recovery) || id === 'X08c');
    }
  });

  test('what it names exists', () => {
    for (const { verb, which = -1 } of steps.flat()) {
      const most = { worker: LANE.workers, sender: LANE.senders }[verb.split(' ')[1] ?? ''] ?? 0;
      expect(which).toBeGreaterThanOrEqual(most === 0 ? -1 : 0);
      expect(which).toBeLessThan(most);
    }
  });
});

test('whatever only relieves brings nothing twice', () => {
  for (const verb of RELIEVES) expect(BREAKS[verb]).toBeUndefined();
});
