/** Recorded behaviour of Spring Cloud Stream on a real broker, as the files under `golden/` have it. */
import { readFileSync } from 'node:fs';

/** @param name file name without `.json`; the caller says what shape its file has */
export const golden = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../golden/${name}.json`, import.meta.url), 'utf8')) as T;
