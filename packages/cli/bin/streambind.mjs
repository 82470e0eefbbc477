#!/usr/bin/env node
import { existsSync } from 'node:fs';

const main = new URL('../dist/index.js', import.meta.url);
if (existsSync(main)) {
  const { run } = await import(main.href);
  process.exitCode = await run(process.argv.slice(2), process);
} else {
  // linked into a workspace before its first build
  process.stderr.write('streambind is not compiled yet: npm run build\n');
  process.exitCode = 2;
}
