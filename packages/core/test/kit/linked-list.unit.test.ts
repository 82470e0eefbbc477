import { describe, expect, test } from '@jest/globals';
import { LinkedList, type Links } from '@streambind/core/binder';

class Item implements Links<Item> {
  before: Item | undefined;
  after: Item | undefined;

  constructor(readonly name: string) {}
}

const [a, b, c] = [new Item('a'), new Item('b'), new Item('c')];

function listOf(...items: Item[]): LinkedList<Item> {
  const list = new LinkedList<Item>();
  for (const item of items) list.add(item);
  return list;
}

const names = (list: LinkedList<Item>): string => [...list].map(({ name }) => name).join('');

describe('linked list', () => {
  test.each([
    { leaves: [a], stay: 'bc' },
    { leaves: [b], stay: 'ac' },
    { leaves: [c], stay: 'ab' },
    { leaves: [b, a], stay: 'c' },
    { leaves: [b, c], stay: 'a' },
    { leaves: [a, c, b], stay: '' },
  ])('keeps the order of those that stay: $stay', ({ leaves, stay }) => {
    const list = listOf(a, b, c);
    for (const item of leaves) expect(list.delete(item)).toBe(true);
    expect(names(list)).toBe(stay);
    expect(list.size).toBe(stay.length);
    for (const item of leaves) list.add(item);
    expect(names(list)).toBe(stay + leaves.map(({ name }) => name).join(''));
    for (const item of list) list.delete(item);
  });

  test('who left names no neighbour, and cannot leave twice', () => {
    const list = listOf(a, b, c);
    list.delete(b);
    expect(b).toMatchObject({ before: undefined, after: undefined });
    expect(list.delete(b)).toBe(false);
    expect(list.size).toBe(2);
    for (const item of list) list.delete(item);
  });

  test('visits whom it had when the visit began, whatever leaves meanwhile', () => {
    const list = listOf(a, b, c);
    const visited: string[] = [];
    for (const item of list) {
      visited.push(item.name);
      for (const each of [a, b, c]) list.delete(each);
    }
    expect(visited).toEqual(['a', 'b', 'c']);
    expect(list.size).toBe(0);
  });
});
