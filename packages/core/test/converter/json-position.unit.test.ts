import { describe, expect, test } from '@jest/globals';
import { jsonErrorAt } from '../../src/converter/json-position.js';

describe('jsonErrorAt', () => {
  test.each([
    ['', 0],
    ['  ', 2],
    ['hello', 0],
    ['{', 1],
    ['{"a":1,}', 7],
    ['{"a" 1}', 5],
    ['{a:1}', 1],
    ['[1,]', 3],
    ['[1 2]', 3],
    ['{"a":1}}', 7],
    ['[1}', 2],
    ['"a', 2],
    ['"a\n"', 2],
    ['"\\x"', 1],
    ['01', 1],
    ['{"a":tru}', 5],
    ['{"a":[{"b":"c"},{"b":}]}', 21],
  ])('%p at %p', (text, at) => {
    expect(jsonErrorAt(text)).toBe(at);
  });

  test('agrees with JSON.parse on what is JSON, whatever is broken', () => {
    const sound = JSON.stringify(
      { a: [1, -2.5e-7, true, null, { 'ü"\\\n': '\u0001' }], b: {}, c: [], d: '😀' },
      null,
      1,
    );
    const alphabet = '{}[],:"\\ \n0-.eEtfnu1a\u0001';
    const disagreements: string[] = [];
    for (let at = 0; at < sound.length; at++) {
      const cut = [sound.slice(0, at), sound.slice(0, at) + sound.slice(at + 1)];
      const changed = Array.from(alphabet).flatMap((c) => [
        sound.slice(0, at) + c + sound.slice(at),
        sound.slice(0, at) + c + sound.slice(at + 1),
      ]);
      disagreements.push(...[...cut, ...changed].filter((text) => isJson(text) !== (jsonErrorAt(text) === -1)));
    }
    expect(disagreements).toEqual([]);
    expect(jsonErrorAt(sound)).toBe(-1);
  });

  test('depth costs no stack', () => {
    expect(jsonErrorAt('['.repeat(1_000_000))).toBe(1_000_000);
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
