/** The tutorial's services on every binder: their tests are the same, `type` and the address of the broker differ. */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, jest } from '@jest/globals';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import { on, places, type Place, type PlaceOnBroker } from '../../../tools/demo/places.mjs';
import { AppProcess, ROOT, cleanUp } from '../../../packages/core/test/process/harness.js';

export interface Binder {
  readonly type: 'embedded' | 'rabbit' | 'kafka' | 'redis';
  /** Starts a service of samples/ on the broker of the current test. */
  readonly service: (name: string, ...args: string[]) => AppProcess;
  /** The broker's administration program; embedded has none. */
  readonly ctl: (...args: string[]) => Promise<string>;
}

export async function onEachBinder(define: (binder: Binder) => void): Promise<void> {
  const within = (type: Binder['type'], enter: () => Promise<Place | PlaceOnBroker>): void => {
    // describeWithBroker says less
    jest.setTimeout(90_000);
    let place: Place | PlaceOnBroker;
    beforeEach(async () => {
      place = await enter();
    });
    afterEach(async () => {
      await cleanUp();
      await place.leave();
    });
    define({
      type,
      service: (name, ...args) => {
        const folder = join(ROOT, 'samples', name);
        return new AppProcess(join(folder, 'dist/main.js'), undefined, { cwd: folder, args: [...place.args, ...args] });
      },
      ctl: (...args) =>
        'ctl' in place ? place.ctl(...args) : Promise.reject(new Error(`${type} has no such program`)),
    });
  };
  describe('on embedded', () => {
    within('embedded', () => places.embedded(() => undefined));
  });
  await describeWithBroker('rabbit', 'on RabbitMQ', (broker) => within('rabbit', () => on.rabbit(broker)));
  // the tutorial's one topic, or stream, cannot be there twice
  const own = { own: true };
  await describeWithBroker('kafka', 'on Kafka', (broker) => within('kafka', () => on.kafka(broker)), own);
  await describeWithBroker('redis', 'on Redis', (broker) => within('redis', () => on.redis(broker)), own);
}
