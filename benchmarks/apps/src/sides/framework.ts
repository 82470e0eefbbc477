/** What users write and get: the applications in `sender` and `receiver`, on one of the brokers. */
import { Sender, start as startSending } from './sender/main.js';
import { start as startReceiving } from './receiver/main.js';
import type { Side } from './served.js';

const BINDINGS = 'spring.cloud.stream.bindings';
/** Of a binding that does not say one. */
const DEFAULT_PREFETCH = 100;

/**
 * @param binder its type
 * @param where keys that say where the broker is
 * @param prefetchKey where the binder's own option hides the common one
 */
export function framework(
  binder: string,
  where: Readonly<Record<string, string | number>>,
  prefetchKey = `${BINDINGS}.input.consumer.prefetch`,
): Side {
  const given = (properties: Readonly<Record<string, string | number>>): string[] => [
    '--spring.profiles.active=brokers',
    `--spring.cloud.stream.default-binder=${binder}`,
    ...Object.entries({ ...where, ...properties }).map(([key, value]) => `--${key}=${value}`),
  ];
  return {
    async sender({ destination }) {
      const application = await startSending(given({ [`${BINDINGS}.output.destination`]: destination }));
      const sender = application.get(Sender);
      return {
        async sendAll(order, messages, inFlight) {
          let left = messages;
          const one = async (): Promise<void> => {
            while (left-- > 0) await sender.send(order);
          };
          await Promise.all(Array.from({ length: inFlight }, one));
        },
        send: (order, confirmed) => void sender.send(order).then(confirmed),
        close: async () => void (await application.stop()),
      };
    },
    async receiver(handle, { destination, group, concurrency, prefetch }) {
      const properties = {
        [`${BINDINGS}.input.destination`]: destination,
        [`${BINDINGS}.input.group`]: group,
        [`${BINDINGS}.input.consumer.concurrency`]: concurrency,
        ...(prefetch === DEFAULT_PREFETCH ? {} : { [prefetchKey]: prefetch }),
      };
      const application = await startReceiving(handle, given(properties));
      return { stop: async () => void (await application.stop()) };
    },
  };
}
