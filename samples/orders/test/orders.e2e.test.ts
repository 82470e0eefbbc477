/** The same three services on every binder: only the `type` in application.yml, and where the broker is, differ. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import type { VirtualHost } from '../../../tools/brokers/index.mjs';
import { LIMIT_MS, cleanUp, temporaryFolder } from '../../../packages/core/test/process/harness.js';
import { until } from '../../../packages/core/test/support/until.js';
import { Shop, numbers, seenBy, stop } from './support/shop.js';

/** @param place variables that lead the services to a broker */
function describeShop(type: string, place: () => Readonly<Record<string, string>>): void {
  jest.setTimeout(90_000);

  let shop: Shop;
  beforeEach(() => {
    shop = new Shop(type, place());
  });
  afterEach(cleanUp);

  const placed = async (count: number): Promise<string[]> => {
    expect(await shop.place(count)).toEqual({ code: 0, signal: null });
    return numbers(count);
  };

  test('two instances of each service: each service sees every order once', async () => {
    const [points, push] = await Promise.all([shop.twoOf('points-service'), shop.twoOf('push-service')]);
    const orders = await placed(40);
    await until(() => [points, push].every((service) => seenBy(...service).length >= 40), 2 * LIMIT_MS);
    expect(await stop(...points, ...push)).toEqual([0, 0, 0, 0]);
    expect([seenBy(...points), seenBy(...push)]).toEqual([orders, orders]);
    // the work is shared
    for (const instance of [...points, ...push]) expect(seenBy(instance).length).toBeGreaterThan(0);
  });

  test('orders that are placed before any service has run wait for both', async () => {
    const orders = await placed(3);
    const services = [shop.start('points-service'), shop.start('push-service')];
    await until(() => services.every((service) => seenBy(service).length >= 3), 2 * LIMIT_MS);
    expect(await stop(...services)).toEqual([0, 0]);
    expect(services.map((service) => seenBy(service))).toEqual([orders, orders]);
  });

  test('without a group every instance sees every order', async () => {
    const points = await shop.twoOf('points-service', '--spring.cloud.stream.bindings.points.group=');
    const orders = await placed(3);
    await until(() => points.every((instance) => seenBy(instance).length >= 3), 2 * LIMIT_MS);
    expect(await stop(...points)).toEqual([0, 0]);
    expect(points.map((instance) => seenBy(instance))).toEqual([orders, orders]);
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
