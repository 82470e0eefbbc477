/** Applications of one test, on a binder with or without a connection; all of them are stopped after it. */
import { afterEach } from '@jest/globals';
import { BootApplication, runApplication, type Application, type BinderFactory, type Class } from '@streambind/core';
import type { Properties, WireMessage } from './recorded-messages.js';

/** Prefix of the properties of the one input. */
export const IN = 'spring.cloud.stream.bindings.input';

@BootApplication()
class Main {}

const running: Application[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((application) => application.stop()));
});

export async function run(
  { binder }: { readonly binder: unknown },
  components: Class[],
  properties: Properties,
): Promise<Application> {
  const application = await runApplication(Main, {
    components,
    binders: [binder as BinderFactory],
    env: {},
    args: [
      '--spring.main.banner-mode=off',
      '--logging.level.root=OFF',
      ...Object.entries(properties).map(([key, value]) => `--${key}=${value}`),
    ],
    signals: false,
  });
  running.push(application);
  return application;
}

/** Ids and times aside. */
export function comparable({ exchange, routingKey, properties, body }: WireMessage): object {
  const { message_id, timestamp, ...rest } = properties;
  return {
    exchange,
    routingKey,
    properties: {
      ...rest,
      message_id: /^[0-9a-f-]{36}$/.test(message_id as string) ? '<uuid>' : message_id,
      timestamp: Number(timestamp) > 1_750_000_000 ? '<now>' : timestamp,
    },
    body,
  };
}
