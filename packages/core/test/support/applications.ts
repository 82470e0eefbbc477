/** Applications of one test, on a broker in memory; all of them are stopped after it. */
import { afterEach } from '@jest/globals';
import { BootApplication, runApplication, type Application, type Class, type RunOptions } from '@streambind/core';
import { memoryBinder, type MemoryBroker } from './memory-binder.js';

@BootApplication()
class Main {}

const running: Application[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((application) => application.stop()));
});

export async function run(
  broker: MemoryBroker,
  components: Class[],
  properties: Readonly<Record<string, string | number | boolean>> = {},
  more: RunOptions = {},
): Promise<Application> {
  const application = await runApplication(Main, {
    components,
    binders: [memoryBinder(broker)],
    env: {},
    args: [
      '--spring.main.banner-mode=off',
      '--logging.level.root=OFF',
      ...Object.entries(properties).map(([key, value]) => `--${key}=${value}`),
    ],
    signals: false,
    ...more,
  });
  running.push(application);
  return application;
}

/** Every error of a start that has to fail. */
export async function failures(...given: Parameters<typeof run>): Promise<readonly (Error & { code?: string })[]> {
  const error = await run(...given).then(
    () => Promise.reject(new Error('it started')),
    (thrown: Error) => thrown,
  );
  return error instanceof AggregateError ? (error.errors as Error[]) : [error];
}

/** Properties of a binding, by their names below it. */
export const binding = (name: string, options: Readonly<Record<string, string | number | boolean>>) =>
  Object.fromEntries(
    Object.entries(options).map(([option, value]) => [`spring.cloud.stream.bindings.${name}.${option}`, value]),
  );
