/** What the command prints, where it looks, and how it ends. */
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { streambind } from './files.js';

const BASE = [
  'spring.cloud.stream:',
  '  default-binder: r',
  '  binders.r.type: rabbit',
  '  bindings:',
  '    input:',
  '      destination: orders',
  '      group: ${GROUP:billing}',
  '    output:',
  '      content-type: text/plain',
  '      destination: 订单',
  '',
].join('\n');
const files = { 'application.yml': BASE, 'application-dev.yml': 'spring.cloud.stream.bindings.input.group: dev\n' };
const MISTAKE = {
  'application.yml': 'spring.cloud.stream.bindings.input: { destination: a, cn: b, consumer.concurrency: 0 }\n',
};

describe('the table', () => {
  test('has every value above its place, aligned on the screen, without colour outside a terminal', async () => {
    const { code, out, err } = await streambind(['check'], { files });
    expect(out).toBe(
      [
        '┌──────────┬───────────────────────┬──────────────────────┬──────────────────────┬──────────────────────┐',
        '│ binding  │ destination           │ group                │ binder               │ content type         │',
        '├──────────┼───────────────────────┼──────────────────────┼──────────────────────┼──────────────────────┤',
        '│ input ←  │ orders                │ billing              │ r (rabbit)           │ application/json     │',
        '│          │ application.yml:6:20  │ application.yml:7:14 │ application.yml:2:19 │ default              │',
        '│ output → │ 订单                  │                      │ r (rabbit)           │ text/plain           │',
        '│          │ application.yml:10:20 │                      │ application.yml:2:19 │ application.yml:9:21 │',
        '└──────────┴───────────────────────┴──────────────────────┴──────────────────────┴──────────────────────┘',
        '',
        'No problems.',
        '',
      ].join('\n'),
    );
    expect([code, err]).toEqual([0, '']);
  });

  test('is the same in colour on a terminal, unless NO_COLOR says otherwise', async () => {
    const plain = await streambind(['check'], { files: MISTAKE });
    const coloured = await streambind(['check'], { files: MISTAKE, terminal: true });
    expect(coloured.out).not.toBe(plain.out);
    expect(stripVTControlCharacters(coloured.out)).toBe(plain.out);
    expect(await streambind(['check'], { files: MISTAKE, terminal: true, env: { NO_COLOR: '1' } })).toEqual(plain);
  });

  test('is followed by the problems and their number', async () => {
    const { code, out } = await streambind(['check'], { files: MISTAKE });
    expect(out).toContain(
      'application.yml:1:55: warning CONFIG_KEY: spring.cloud.stream.bindings.input.cn: is not known',
    );
    expect(out).toContain('  nearest: content-type');
    expect(out).toMatch(/\n\n1 error, 1 warning\n$/);
    expect(code).toBe(1);
  });
});

describe('json', () => {
  test('has bindings and problems', async () => {
    const { code, out } = await streambind(['check', '--json'], { files: MISTAKE });
    expect(JSON.parse(out)).toEqual({
      bindings: [
        {
          name: 'input',
          direction: 'input',
          destination: 'a',
          binder: 'embedded',
          type: 'embedded',
          contentType: 'application/json',
          origins: { destination: 'application.yml:1:52' },
        },
      ],
      problems: [
        expect.objectContaining({
          severity: 'warning',
          code: 'CONFIG_KEY',
          line: 1,
          column: 55,
          suggestion: 'content-type',
        }),
        expect.objectContaining({ severity: 'error', code: 'CONFIG_VALUE', line: 1, given: '0' }),
      ],
    });
    expect(code).toBe(1);
  });
});

describe('what is read', () => {
  const groupOf = async (args: readonly string[], env = {}): Promise<unknown> => {
    const { out } = await streambind(['check', '--json', ...args], {
      files: { ...files, 'other.yml': BASE.replace('billing', 'other') },
      env,
    });
    return (JSON.parse(out) as { bindings: { group?: string }[] }).bindings[0]?.group;
  };

  test.each<[string, string[], Record<string, string>, string]>([
    ['what an application in this folder would', [], {}, 'billing'],
    ['the variables too', [], { GROUP: 'variable' }, 'variable'],
    ['with the profiles that are asked for', ['--profile', 'dev'], {}, 'dev'],
    ['the files that are named', ['other.yml'], {}, 'other'],
    ['several, of which the last wins', ['application.yml', 'other.yml'], {}, 'other'],
    ['a file with its profile', ['application.yml', '--profile=dev'], {}, 'dev'],
  ])('%s', async (_, args, env, group) => expect(await groupOf(args, env)).toBe(group));

  test('a file that is not there is an error', async () => {
    const { code, out } = await streambind(['check', 'gone.yml']);
    expect(out).toContain('CONFIG_IMPORT: spring.config.location: there is no gone.yml');
    expect(code).toBe(1);
  });

  test('a folder without any configuration is told', async () => {
    const { code, out } = await streambind(['check']);
    expect(out).toContain('warning CONFIG_FILE: there is no application.yml');
    expect(code).toBe(0);
  });
});

describe('what is no command', () => {
  test.each<[string, string[], number, RegExp]>([
    ['nothing', [], 2, /^streambind check/],
    ['help', ['--help'], 0, /^streambind check/],
    ['another word', ['certify'], 2, /^There is no command "certify"\./],
    ['an unknown option', ['check', '--jsn'], 2, /^Unknown option '--jsn'/],
  ])('%s', async (_, args, exit, says) => {
    const { code, out, err } = await streambind(args);
    expect(out + err).toMatch(says);
    expect(code).toBe(exit);
  });
});
