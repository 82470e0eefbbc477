/** The same three services on every binder: only the `type` in application.yml, and where the broker is, differ. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import type { VirtualHost } from '../../../tools/brokers/index.mjs';
import { AppProcess, LIMIT_MS, ROOT, cleanUp, temporaryFolder } from '../../../packages/core/test/process/harness.js';
import { until } from '../../../packages/core/test/support/until.js';

type Environment = Readonly<Record<string, string>>;
type Service = 'order-service' | 'points-service' | 'push-service';

/** @param place variables that lead the services to a broker */
function describeShop(type: string, place: () => Environment): void {
  jest.setTimeout(90_000);

  let destination: string;
  let env: Environment;
  beforeEach(() => {
    destination = `ordermq-${randomUUID()}`;
    env = place();
  });
  afterEach(cleanUp);

  const start = (service: Service, ...args: string[]): AppProcess => {
    const cwd = join(ROOT, 'samples/orders');
    const bindings = ['orders', 'points', 'push'];
    return new AppProcess(join(cwd, 'dist', service, 'main.js'), undefined, {
      cwd,
      env,
      args: [
        `--spring.cloud.stream.binders.shop.type=${type}`,
        ...bindings.map((binding) => `--spring.cloud.stream.bindings.${binding}.destination=${destination}`),
        ...args,
      ],
    });
  };
  const instances = async (service: Service, ...args: string[]): Promise<[AppProcess, AppProcess]> => {
    const both: [AppProcess, AppProcess] = [start(service, ...args), start(service, ...args)];
    await Promise.all(both.map((instance) => instance.started()));
    return both;
  };
  const placeOrders = async (count: number): Promise<string[]> => {
    expect(await start('order-service', `--count=${count}`).ended(LIMIT_MS)).toEqual({ code: 0, signal: null });
    return Array.from({ length: count }, (_, n) => String(10_001 + n));
  };
  const seenBy = (...services: AppProcess[]): string[] =>
    services.flatMap(({ out }) => out.map((line) => /^order (\d+): /.exec(line)![1]!)).toSorted();
  const stop = (...apps: AppProcess[]): Promise<(number | null)[]> =>
    Promise.all(apps.map(async (app) => (await app.kill('SIGTERM')).code));

  test('two instances of each service: each service sees every order once', async () => {
    const [points, push] = await Promise.all([instances('points-service'), instances('push-service')]);
    const placed = await placeOrders(40);
    await until(() => [points, push].every((service) => seenBy(...service).length >= 40), 2 * LIMIT_MS);
    expect(await stop(...points, ...push)).toEqual([0, 0, 0, 0]);
    expect([seenBy(...points), seenBy(...push)]).toEqual([placed, placed]);
    // the work is shared
    for (const instance of [...points, ...push]) expect(seenBy(instance).length).toBeGreaterThan(0);
  });

  test('orders that are placed before any service has run wait for both', async () => {
    const placed = await placeOrders(3);
    const services = [start('points-service'), start('push-service')];
    await until(() => services.every((service) => seenBy(service).length >= 3), 2 * LIMIT_MS);
    expect(await stop(...services)).toEqual([0, 0]);
    expect(services.map((service) => seenBy(service))).toEqual([placed, placed]);
  });

  test('without a group every instance sees every order', async () => {
    const points = await instances('points-service', '--spring.cloud.stream.bindings.points.group=');
    const placed = await placeOrders(3);
    await until(() => points.every((instance) => seenBy(instance).length >= 3), 2 * LIMIT_MS);
    expect(await stop(...points)).toEqual([0, 0]);
    expect(points.map((instance) => seenBy(instance))).toEqual([placed, placed]);
  });
}

describe('orders on the embedded binder', () => {
  describeShop('embedded', () => ({ SPRING_CLOUD_STREAM_EMBEDDED_BINDER_DIRECTORY: temporaryFolder() }));
});

await describeWithBroker('rabbit', 'orders on RabbitMQ', (broker) => {
  let virtualHost: VirtualHost;
  beforeAll(async () => {
    virtualHost = await broker.virtualHost();
  });
  afterAll(() => virtualHost.remove());
  describeShop('rabbit', () => virtualHost.environment);
});

await describeWithBroker('kafka', 'orders on Kafka', (broker) => describeShop('kafka', () => broker.environment));

await describeWithBroker('redis', 'orders on Redis', (broker) => describeShop('redis', () => broker.environment));
