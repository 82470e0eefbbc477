/** Pages of docs/ that are printed: compared with what is there, or written with `npm run docs`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';

const place = (name: string): URL => new URL(`../../../../docs/${name}`, import.meta.url);

export interface Page {
  readonly there: string;
  readonly printed: string;
}

/** The page as it is and as it ought to be; the same once `npm run docs` has written it. */
export async function page(name: string, markdown: string): Promise<Page> {
  const file = place(name);
  const printed = await format(markdown, { ...(await resolveConfig(file)), parser: 'markdown' });
  if (process.env['WRITE_DOCS'] === '1') writeFileSync(file, printed);
  return { there: readFileSync(file, 'utf8'), printed };
}

export const readPage = (name: string): string => readFileSync(place(name), 'utf8');
