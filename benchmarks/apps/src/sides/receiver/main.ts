/** The receiving application: a decorated class, the yml, every default. Alone in its folder, as the sending one. */
import { BootApplication, Component, EnableBinding, Sink, StreamListener, runApplication } from '@streambind/core';
import type { Order } from '../order.js';

let handler: (order: Order) => void;

@Component()
@EnableBinding(Sink)
class Receiver {
  @StreamListener(Sink.INPUT)
  on(order: Order): void {
    handler(order);
  }
}

@BootApplication({ components: [Receiver] })
class Receiving {}

export function start(handle: (order: Order) => void, args: readonly string[]) {
  handler = handle;
  return runApplication(Receiving, { at: import.meta, args, signals: false });
}
