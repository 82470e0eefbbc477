/** Applications of one test, on a binder with or without a connection; all of them are stopped after it. */
import { afterEach } from '@jest/globals';
import { BootApplication, runApplication, type Application, type BinderFactory, type Class } from '@streambind/core';
import type { Properties } from './recorded-messages.js';

/** Prefixes of the properties of the one input and the one output. */
export const IN = 'spring.cloud.stream.bindings.input';
export const OUT = 'spring.cloud.stream.bindings.output';

@BootApplication()
class Main {}

const running: Application[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((application) => application.stop()));
});

/** @param topic stands in for `<topic>`, which the recordings have */
export async function run(
  { binder }: { readonly binder: unknown },
  components: Class[],
  properties: Properties,
  topic = 'orders',
): Promise<Application> {
  const written = Object.entries(properties).filter(([key]) => !key.startsWith('('));
  const application = await runApplication(Main, {
    components,
    binders: [binder as BinderFactory],
    env: {},
    args: [
      '--spring.main.banner-mode=off',
      '--logging.level.root=OFF',
      ...written.map(([key, value]) => `--${key}=${String(value).replaceAll(/<(topic|dlq)>/g, (_, name) => (name === 'dlq' ? `${topic}-dead` : topic))}`), // prettier-ignore
    ],
    signals: false,
  });
  running.push(application);
  return application;
}
