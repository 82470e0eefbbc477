/**
 * Consumes a backlog and prints how long it took from the message after the warm-up until all are acknowledged.
 * `--bench.messages` counted, after `--bench.warm-up` that are not.
 */
import {
  BootApplication,
  Component,
  EnableBinding,
  Sink,
  StreamListener,
  Value,
  runApplication,
} from '@streambind/core';

@Component()
@EnableBinding(Sink)
class Receiver {
  @Value('${bench.messages}') private readonly messages!: number;
  @Value('${bench.warm-up}') private readonly warmUp!: number;
  received = 0;
  bytes = 0;
  started = 0;
  #done!: () => void;
  readonly done = new Promise<void>((resolve) => (this.#done = resolve));

  @StreamListener(Sink.INPUT)
  on(body: Buffer): void {
    this.bytes += body.length;
    this.received++;
    if (this.received === this.warmUp) this.started = performance.now();
    if (this.received === this.warmUp + this.messages) this.#done();
  }
}

@BootApplication({ components: [Receiver] })
class Main {}

const application = await runApplication(Main, import.meta);
const receiver = application.get(Receiver);
await receiver.done;
// resolves when the acknowledgements are in the store
await application.binding(Sink.INPUT).stop();
const ms = performance.now() - receiver.started;
await application.stop();
const { received, bytes } = receiver;
console.log(JSON.stringify({ received, bytes, ms }));
