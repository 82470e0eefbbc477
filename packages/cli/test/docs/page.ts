/** Pages of docs/ that are printed: compared with what is there, or written with `npm run docs`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { expect } from '@jest/globals';

const place = (name: string): URL => new URL(`../../../../docs/${name}`, import.meta.url);

/** Fails when the page is out of date; `npm run docs` brings it up to date. */
export async function expectPage(name: string, markdown: string): Promise<void> {
  const file = place(name);
  const page = await format(markdown, { ...(await resolveConfig(file)), parser: 'markdown' });
  if (process.env['WRITE_DOCS'] === '1') writeFileSync(file, page);
  expect(readFileSync(file, 'utf8')).toBe(page);
}

export const readPage = (name: string): string => readFileSync(place(name), 'utf8');
