import { expect, test } from '@jest/globals';
import { Acks } from '../src/consuming/acks.js';

function acks(): { acks: Acks; told: string[] } {
  const told: string[] = [];
  const writer = { ack: (tag: number, multiple: boolean): void => void told.push(`${multiple ? '≤' : ''}${tag}`) };
  return { acks: new Acks(writer), told };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('what is settled in one step is told in one frame', async () => {
  const { acks: one, told } = acks();
  for (let tag = 1; tag <= 100; tag++) one.ack(tag);
  expect(told).toEqual([]);
  await turn();
  expect(told).toEqual(['≤100']);
});

test('beyond one that is open each is told alone, and not again', async () => {
  const { acks: one, told } = acks();
  for (const tag of [1, 3, 5]) one.ack(tag);
  await turn();
  expect(told).toEqual(['≤1', '3', '5']);
  one.ack(2);
  await turn();
  expect(told.slice(3)).toEqual(['≤2']);
  one.ack(4);
  one.ack(6);
  await turn();
  expect(told.slice(4)).toEqual(['≤6']);
});

test('what the broker was told by other means is not acknowledged by itself', async () => {
  const { acks: one, told } = acks();
  one.settled(1);
  one.ack(2);
  one.settled(4);
  await turn();
  expect(told).toEqual(['≤2']);
  one.ack(3);
  one.settled(5);
  await turn();
  // 4 and 5 are gone already: the frame reaches no further than what it has to tell
  expect(told.slice(1)).toEqual(['≤3']);
});

test('every tag is told exactly once, whatever the order', async () => {
  const random = (seed: number) => () => (seed = (seed * 48271) % 0x7fffffff) / 0x7fffffff;
  for (let seed = 1; seed <= 50; seed++) {
    const next = random(seed);
    const { acks: one, told } = acks();
    const open = Array.from({ length: 200 }, (_, index) => index + 1);
    const nacked = new Set<number>();
    while (open.length > 0) {
      const [tag] = open.splice(Math.floor(next() * Math.min(open.length, 20)), 1) as [number];
      if (next() < 0.1) {
        nacked.add(tag);
        one.settled(tag);
      } else {
        one.ack(tag);
      }
      if (next() < 0.2) await turn();
    }
    await turn();
    const settled = new Set(nacked);
    for (const frame of told) {
      const tag = Number(frame.replace('≤', ''));
      const covered = frame.startsWith('≤') ? Array.from({ length: tag }, (_, index) => index + 1) : [tag];
      const fresh = covered.filter((each) => !settled.has(each));
      // a frame that settles nothing closes the channel
      expect({ seed, frame, fresh: fresh.length }).not.toMatchObject({ fresh: 0 });
      for (const each of fresh) settled.add(each);
    }
    expect(settled.size).toBe(200);
  }
});
