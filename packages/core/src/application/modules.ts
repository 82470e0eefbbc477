import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { StreambindError } from '../errors/index.js';
import { readDependency, type Location } from './locate.js';
import type { Module } from './module.js';

/** Loads the modules among the application's dependencies: packages with `"streambind": { "module": true }`. */
export async function loadModules({ mainFile, packageRoot, dependencies }: Location): Promise<Module[]> {
  if (mainFile === undefined) return [];
  const names = dependencies.filter((name) => {
    const own = readDependency(name, packageRoot)?.['streambind'] as { module?: boolean } | undefined;
    return own?.module === true;
  });
  const require = createRequire(mainFile);
  return Promise.all(
    names.map(async (name) => {
      const loaded = (await import(pathToFileURL(require.resolve(name)).href)) as { streambindModule?: Module };
      if (loaded.streambindModule) return loaded.streambindModule;
      throw new StreambindError(
        'START_FAILED',
        `The package ${name} says that it is a module and exports no streambindModule.`,
        { where: name },
      );
    }),
  );
}
