/** Keeps the rooms of core in their order: imports run to the left only, and only through a room's index. */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const SRC = fileURLToPath(new URL('../../src/', import.meta.url));

/** From the foundation upwards; rooms of one line do not import each other. */
const ORDER: readonly (readonly string[])[] = [
  ['errors'],
  ['messaging', 'retry', 'schema', 'logging'],
  ['binder', 'config', 'observability', 'annotations'],
  ['expression', 'context'],
  ['converter'],
  ['pipeline'],
  ['binding'],
  ['application'],
];
const DOORS = ['index.ts', 'binder.ts', 'internal.ts'];

const level = (room: string): number => ORDER.findIndex((rooms) => rooms.includes(room));

const files = (folder: string): string[] =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? files(path) : name.endsWith('.ts') ? [path] : [];
  });

interface Import {
  readonly file: string;
  readonly room: string;
  /** Below src, as `room/…`. */
  readonly target: string;
}

const imports: readonly Import[] = files(SRC).flatMap((path) => {
  const file = relative(SRC, path);
  const text = readFileSync(path, 'utf8');
  return [...text.matchAll(/(?:^|\n)(?:import|export)\b[^'"]*?from '(\.[^']+)'/g)].map(([, specifier]) => ({
    file,
    room: file.includes('/') ? file.split('/')[0]! : '',
    target: relative(SRC, resolve(dirname(path), specifier!)),
  }));
});

const between = imports.filter(({ room, target }) => room !== '' && target.split('/')[0] !== room);

test('every folder of src is a room with a place in the order', () => {
  const rooms = readdirSync(SRC).filter((name) => statSync(join(SRC, name)).isDirectory());
  expect(rooms.toSorted()).toEqual(ORDER.flat().toSorted());
  expect(
    readdirSync(SRC)
      .filter((name) => name.endsWith('.ts'))
      .toSorted(),
  ).toEqual(DOORS.toSorted());
  expect(between.length).toBeGreaterThan(50);
});

test('imports run to the left only', () => {
  const wrong = between.filter(({ room, target }) => level(target.split('/')[0]!) >= level(room));
  expect(wrong.map(({ file, target }) => `${file} imports ${target}`)).toEqual([]);
});

test('a room is entered through its index', () => {
  const wrong = imports.filter(
    ({ room, target }) => target.split('/')[0] !== room && !/^[a-z]+\/index\.js$/.test(target),
  );
  expect(wrong.map(({ file, target }) => `${file} imports ${target}`)).toEqual([]);
});
