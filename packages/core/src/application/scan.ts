/**
 * The component scan: the main module's folder, downwards. Importing a file runs it, so only files are imported whose
 * text names a streambind package; the main module itself never is, since it waits for this very scan.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { StreambindError, asError, isStreambindError } from '../errors/index.js';
import { isComponent, recordedClasses, type Class } from '../annotations/index.js';
import type { Logger } from '../logging/index.js';

const CODE = new Set(['.js', '.mjs', '.cjs']);
const TYPESCRIPT = new Set(['.ts', '.mts', '.cts']);
const NEVER = /(?:\.d\.[mc]?ts|\.(?:test|spec)\.[mc]?[jt]s)$/;
/** A scanned file that is not loaded after so long is told by name. */
const SLOW_MS = 2000;

/**
 * Imports what the scan finds.
 * @returns the component classes declared in those files and in the main module, in the order of declaration
 * @throws COMPONENT_SCAN
 */
export async function scanComponents(mainFile: string, log: Logger): Promise<Class[]> {
  const files = scannedFiles(mainFile);
  await Promise.all(files.map((file) => load(file, mainFile, log)));
  const declaring = new Set([...files, mainFile].map(withoutLinks));
  const found: Class[] = [];
  for (const { type, file } of recordedClasses()) {
    if (file !== undefined && declaring.has(file) && isComponent(type)) found.push(type);
  }
  return found;
}

/** Paths of stacks are as the loader resolved them. */
const withoutLinks = (file: string): string => resolve(file);

export function scannedFiles(mainFile: string): string[] {
  const fitting = TYPESCRIPT.has(extname(mainFile)) ? new Set([...CODE, ...TYPESCRIPT]) : CODE;
  const files: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (entry.name !== 'node_modules' && !entry.name.startsWith('.')) walk(path);
      } else if (path !== mainFile && fitting.has(extname(entry.name)) && !NEVER.test(entry.name)) {
        if (readFileSync(path, 'utf8').includes('streambind')) files.push(path);
      }
    }
  };
  walk(dirname(mainFile));
  return files.sort();
}

async function load(file: string, mainFile: string, log: Logger): Promise<void> {
  refuseImportOfMain(file, mainFile);
  const leadsBack = (): StreambindError =>
    new StreambindError(
      'COMPONENT_SCAN',
      `The imports of ${file} lead to the main module, which waits for the component scan: neither could go on.`,
      { where: file, fix: 'Move what they share with the main module to a file of its own.' },
    );
  // A process that has nothing left to do while a file is still being loaded will never load it.
  let tellStuck = (): void => {};
  const stuck = new Promise<never>((_, reject) => (tellStuck = () => reject(leadsBack())));
  process.once('beforeExit', tellStuck);
  const slow = setTimeout(() => {
    log.warn(
      `The component scan still waits for ${file} after ${SLOW_MS / 1000} s. If one of its imports leads to the main module ${mainFile}, which itself waits for the scan, move what they share to a file of its own.`,
    );
  }, SLOW_MS).unref();
  try {
    await Promise.race([import(pathToFileURL(file).href), stuck]);
  } catch (error) {
    if (isStreambindError(error, 'COMPONENT_SCAN')) throw error;
    const cause = asError(error);
    throw new StreambindError(
      'COMPONENT_SCAN',
      `The component scan could not load ${file}: ${cause.message}`,
      { where: file },
      cause,
    );
  } finally {
    clearTimeout(slow);
    process.off('beforeExit', tellStuck);
  }
}

/** `import … from './main.js'` in a scanned file would wait for the main module, which waits for the scan. */
function refuseImportOfMain(file: string, mainFile: string): void {
  if (extname(mainFile) === '.cjs') return;
  const text = readFileSync(file, 'utf8');
  if (!/^\s*import\b/m.test(text)) return;
  for (const [, specifier = ''] of text.matchAll(/^\s*(?:import|export)\b[^'"]*?['"](\.{1,2}\/[^'"]+)['"]/gm)) {
    const target = resolve(dirname(file), specifier);
    if (target === mainFile || target.replace(/\.([mc]?)js$/, '.$1ts') === mainFile) {
      throw new StreambindError(
        'COMPONENT_SCAN',
        `${file} imports the main module, which waits for the component scan: neither could go on.`,
        {
          where: file,
          given: specifier,
          fix: 'Move what they share to a file of its own.',
        },
      );
    }
  }
}
