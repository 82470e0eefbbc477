import { describe, expect, test } from '@jest/globals';
import { PatternRouter } from 'hono/router/pattern-router';
import { bySpecificity, parsePath } from '../src/path.js';

/** The variables of the path if the pattern fits, as the router that serves it finds them. */
function match(pattern: string, path: string): Record<string, string> | undefined {
  const { router, variables } = parsePath(pattern);
  const patterns = new PatternRouter<string>();
  patterns.add('GET', router, 'it');
  const found = patterns.match('GET', path)[0][0];
  if (found === undefined) return undefined;
  const values = found[1] as Record<string, string>;
  return Object.fromEntries(variables.map((name, index) => [name, values[`v${index}`]!]));
}

describe('path patterns', () => {
  test.each([
    ['/sendMessage', '/sendMessage', {}],
    ['sendMessage/', '/sendMessage', {}],
    ['/sendMessage', '/sendMessage/', {}],
    ['/', '/', {}],
    ['/发送', '/发送', {}],
    ['/a.b', '/a.b', {}],
    ['/users/{id}', '/users/7', { id: '7' }],
    ['/users/{user-id}/orders/{order}', '/users/7/orders/x', { 'user-id': '7', order: 'x' }],
    ['/users/{id:\\d{2,3}}', '/users/123', { id: '123' }],
    ['/files/{name}.{ext:[a-z]+}', '/files/a.b.txt', { name: 'a.b', ext: 'txt' }],
    ['/files/*.txt', '/files/a.txt', {}],
    ['/files/?.txt', '/files/a.txt', {}],
    ['/a/*/c', '/a/b/c', {}],
    ['/a/**', '/a', {}],
    ['/a/**', '/a/b/c', {}],
    ['/**', '/any/thing', {}],
    ['/v1/x:cancel', '/v1/x:cancel', {}],
    ['/a+(b)', '/a+(b)', {}],
  ])('%s fits %s', (pattern, path, variables) => {
    expect(match(pattern, path)).toEqual(variables);
  });

  test.each([
    ['/sendMessage', '/sendMessages'],
    ['/sendMessage', '/sendMessage/more'],
    ['/a.b', '/axb'],
    ['/users/{id}', '/users'],
    ['/users/{id}', '/users/7/8'],
    ['/users/{id:\\d+}', '/users/x'],
    ['/users/{id:a|b}', '/users/ax'],
    ['/a/*', '/a'],
    ['/a/*', '/a/b/c'],
    ['/files/*.txt', '/files/a.text'],
    ['/a/**', '/ab'],
  ])('%s does not fit %s', (pattern, path) => {
    expect(match(pattern, path)).toBeUndefined();
  });

  test.each([
    ['/a/**/b', '** can only stand at the end'],
    ['/a/{id', 'braces do not match'],
    ['/a/id}/{', 'braces do not match'],
    ['/a/{}', 'is no variable'],
    ['/a/{*rest}', 'is no variable'],
    ['/a/{id}/{id}', '{id} stands in it twice'],
    ['/a/{id:(}', 'Invalid regular expression'],
  ])('%s cannot be read: %s', (pattern, reason) => {
    expect(() => parsePath(pattern)).toThrow(reason);
  });

  test('the more specific comes first', () => {
    const sorted = ['/users/me', '/users/{id}.json', '/users/{id}', '/users/*', '/users/**', '/**'];
    const mixed = [3, 5, 0, 4, 2, 1].map((index) => parsePath(sorted[index]!));
    expect(mixed.sort(bySpecificity).map(({ text }) => text)).toEqual(sorted);
  });
});
