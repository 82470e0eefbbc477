/** Applications at the rig's Redis; all of them are stopped after the test. */
import { afterEach } from '@jest/globals';
import { BootApplication, runApplication, type Application, type BinderFactory, type Class } from '@streambind/core';
import type { RedisAddress } from '../../../../tools/brokers/index.mjs';
import { binderFactory } from '../../src/index.js';

/** Prefix of the properties of the one input. */
export const IN = 'spring.cloud.stream.bindings.input';

@BootApplication()
class Main {}

const running: Application[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((application) => application.stop()));
});

export async function startAt(
  { host, port, username, password }: RedisAddress,
  components: Class[],
  properties: Readonly<Record<string, string | number | boolean>>,
): Promise<Application> {
  const all = {
    'spring.data.redis.host': host,
    'spring.data.redis.port': port,
    ...(username === undefined ? {} : { 'spring.data.redis.username': username }),
    ...(password === undefined ? {} : { 'spring.data.redis.password': password }),
    ...properties,
  };
  const application = await runApplication(Main, {
    components,
    binders: [binderFactory as BinderFactory],
    env: {},
    args: [
      '--spring.main.banner-mode=off',
      '--logging.level.root=OFF',
      ...Object.entries(all).map(([key, value]) => `--${key}=${value}`),
    ],
    signals: false,
  });
  running.push(application);
  return application;
}
