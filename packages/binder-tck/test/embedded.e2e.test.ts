/** The kit on the binder that needs nothing installed: all cases with a tenth of the messages, and what a run refuses. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import { cases, certify, command, type CaseResult } from '../dist/index.js';

jest.setTimeout(240_000);

const dist = new URL('../../binder-embedded/conformance/dist/', import.meta.url);
const subject = new URL('subject.js', dist);

const CORE = [
  'A01 A02 A03 A04 A05 A06 B01 B02 B03 B04 B05 B06 B07 B09 B11 C01 C02 C03 C05 C07 C08 D01 D02 D03 D04 D05 D06 D09',
  'E01 E03 E04 E07 F01 F02 F03 F04 F05 F07 F08 F09 F10 F12 F13 F14 F17 G01 G02 G03 G04 G05 H01 H02 H03',
  'I01 I02 I03 I04 I05 I06 I08 I12 J01 J03 J08',
]
  .join(' ')
  .split(' ');

test('the mandatory cases are there, each once', () => {
  const ids = cases.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(CORE.filter((id) => !ids.includes(id))).toEqual([]);
  expect(CORE).toHaveLength(64);
});

describe('a run', () => {
  test('names a case that fails, and why', async () => {
    // the first mutant acknowledges before the handler
    const [result] = await certify({ subject: new URL('mutants.js?mutant=0', dist), only: ['F02'], seed: 1 });
    expect(result).toMatchObject({ id: 'F02', status: 'failed' });
    expect(result!.reason).toMatch(/acknowledged before its handler has ended/);
  });

  test('counts apart what the binder says that it cannot do, once its start has refused it', async () => {
    const results = await certify({ subject: new URL('limited.js', dist), only: ['D03', 'D06', 'F01'], seed: 1 });
    const statusOf = Object.fromEntries(results.map(({ id, status }) => [id, status]));
    expect(statusOf).toEqual({ D03: 'unsupported', D06: 'unsupported', F01: 'passed' });
  });

  test('without a case, or with one that does not exist, fails', async () => {
    const silence = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
    expect(await command(subject, ['--only', 'Z99'])).toBe(2);
    expect(await command(subject, ['--only', ''])).toBe(2);
    expect(await command(subject, ['--repeat', 'often'])).toBe(2);
    silence.mockRestore();
  });

  test('of a subject that cannot be loaded fails in every case', async () => {
    const results = await certify({ subject: new URL('missing.js', dist), only: ['F01', 'F02'], seed: 1 });
    expect(results.map(({ status }) => status)).toEqual(['failed', 'failed']);
  });

  test('writes the file that was asked for', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tck-'));
    const file = join(directory, 'results.json');
    const silence = jest.spyOn(process.stdout, 'write').mockReturnValue(true);
    expect(await command(subject, ['--only', 'F01,F02', '--json', file])).toBe(0);
    silence.mockRestore();
    const results = JSON.parse(readFileSync(file, 'utf8')) as CaseResult[];
    rmSync(directory, { recursive: true });
    expect(results.map(({ id, status }) => `${id} ${status}`).toSorted()).toEqual(['F01 passed', 'F02 passed']);
  });
});
