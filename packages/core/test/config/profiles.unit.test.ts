import { describe, expect, test } from '@jest/globals';
import { load, told, type Given } from './files.js';

describe('documents for profiles', () => {
  const holds = (condition: string, active: string): boolean | string[] => {
    const environment = load({
      files: { 'application.yml': `a: base\n---\n${condition}\na: here` },
      args: active === '' ? [] : [`--spring.profiles.active=${active}`],
    });
    return environment.problems.length > 0 ? told(environment) : environment.get('a') === 'here';
  };
  const on = 'spring.config.activate.on-profile:';

  test.each<[string, string, boolean]>([
    [`${on} dev`, 'dev', true],
    [`${on} dev`, 'prod', false],
    [`${on} dev`, '', false],
    [`${on} dev`, 'Dev', false],
    [`${on} default`, '', true],
    [`${on} "!dev"`, '', true],
    [`${on} "!dev"`, 'dev', false],
    [`${on} "a & !b"`, 'a', true],
    [`${on} "a & !b"`, 'a,b', false],
    [`${on} a | b`, 'b', true],
    [`${on} "a & (b | !c)"`, 'a,c', false],
    [`${on} "a&b|c"`, 'c', true],
    [`${on} a, b`, 'b', true],
    [`${on} [x, "!b"]`, 'b', false],
    [`${on}\n  - x\n  - b`, 'b', true],
    [`${on}`, '', true],
    ['spring.profiles: dev,prod', 'prod', true],
    ['spring:\n  profiles: dev', 'prod', false],
    ['spring:\n  config:\n    activate:\n      onProfile: dev', 'dev', true],
  ])('%s with %s: %s', (condition, active, expected) => expect(holds(condition, active)).toBe(expected));

  test.each(['"a &"', '"(a"', '"a b"', '"&"', '"!"', '"a)"'])('the expression %s is an error', (expression) => {
    expect(holds(`${on} ${expression}`, 'a')).toEqual([
      expect.stringMatching(/^error CONFIG_VALUE 3:36 spring.config.activate.on-profile$/),
    ]);
  });

  test('in properties', () => {
    const files = { 'application.properties': 'a=base\n#---\nspring.config.activate.on-profile=dev\na=dev' };
    expect(load({ files }).get('a')).toBe('base');
    expect(load({ files, env: { SPRING_PROFILES_ACTIVE: 'dev' } }).get('a')).toBe('dev');
  });
});

describe('which profiles are active', () => {
  const active = (given: Given): readonly string[] => {
    const environment = load(given);
    expect(environment.problems).toEqual([]);
    return environment.activeProfiles;
  };
  const app = (text: string): Given => ({ files: { 'application.yml': text } });

  test.each<[string, Given, string[]]>([
    ['none', {}, []],
    ['a file', app('spring.profiles.active: a, b'), ['a', 'b']],
    ['a list', app('spring.profiles.active: [a, b]'), ['a', 'b']],
    ['a placeholder', { ...app('spring.profiles.active: ${WHICH:b}'), env: { WHICH: 'x' } }, ['x']],
    ['a variable above a file', { ...app('spring.profiles.active: a'), env: { SPRING_PROFILES_ACTIVE: 'b' } }, ['b']],
    [
      'an argument above a variable',
      { args: ['--spring.profiles.active=a'], env: { SPRING_PROFILES_ACTIVE: 'b' } },
      ['a'],
    ],
    ['included ones first', app('spring.profiles: { active: a, include: [b, c] }'), ['b', 'c', 'a']],
    [
      'a group behind its name',
      app('spring.profiles: { active: "p,x", group: { p: "q,r", r: [s, p] } }'),
      ['p', 'q', 'r', 's', 'x'],
    ],
    [
      'a group in another case and by index',
      { files: { 'application.properties': 'spring.profiles.active=myProd\nspring.profiles.group.myProd[0]=q' } },
      ['myProd', 'q'],
    ],
    ['an unfilled placeholder is none', app('spring.profiles.active: @profile@'), []],
    ['an empty one is none', app('spring.profiles.active:'), []],
  ])('%s', (_, given, expected) => expect(active(given)).toEqual(expected));

  test('without any, those of spring.profiles.default, which are not called active', () => {
    const files = {
      'application.yml': 'a: base',
      'application-default.yml': 'a: default',
      'application-mine.yml': 'a: mine',
    };
    expect(load({ files }).get('a')).toBe('default');
    const mine = load({ files, args: ['--spring.profiles.default=mine'] });
    expect([mine.get('a'), mine.activeProfiles]).toEqual(['mine', []]);
    expect([mine.acceptsProfiles('mine'), mine.acceptsProfiles('default')]).toEqual([true, false]);
    expect(load({ files, args: ['--spring.profiles.active=x'] }).get('a')).toBe('base');
  });

  test('profiles cannot be set where a profile was already asked for', () => {
    const environment = load({
      files: {
        'application.yml':
          'spring.profiles.active: a\n---\nspring.config.activate.on-profile: a\nspring.profiles.include: b',
        'application-a.yml': 'spring:\n  profiles:\n    active: c',
        'application-b.yml': 'x: b',
      },
    });
    expect(environment.activeProfiles).toEqual(['a']);
    expect(environment.get('x')).toBeUndefined();
    expect(told(environment)).toEqual([
      'warning CONFIG_KEY 4:26 spring.profiles.include',
      'warning CONFIG_KEY 3:13 spring.profiles.active',
    ]);
  });

  test('acceptsProfiles: one of several expressions is enough', () => {
    const environment = load({ args: ['--spring.profiles.active=a,b'] });
    expect(
      [['a'], ['!a', 'b'], ['a & !b'], ['x | b'], []].map((expressions) => environment.acceptsProfiles(...expressions)),
    ).toEqual([true, true, false, true, false]);
  });
});
