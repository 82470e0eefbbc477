/** What users write and get: the applications in `sender` and `receiver`. */
import { Sender, start as startSending } from './sender/main.js';
import { start as startReceiving } from './receiver/main.js';
import { serve } from './served.js';
import { address } from './wire.js';

const ARGS = ['--spring.profiles.active=rabbit', `--spring.rabbitmq.port=${address.port}`];
/** Of a binding that does not say one. */
const DEFAULT_PREFETCH = 100;
const PREFETCH = '--spring.cloud.stream.rabbit.bindings.input.consumer.prefetch';

serve({
  async sender() {
    const application = await startSending(ARGS);
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
  async receiver(handle, prefetch) {
    const args = prefetch === DEFAULT_PREFETCH ? ARGS : [...ARGS, `${PREFETCH}=${prefetch}`];
    const application = await startReceiving(handle, args);
    return { stop: async () => void (await application.stop()) };
  },
});
