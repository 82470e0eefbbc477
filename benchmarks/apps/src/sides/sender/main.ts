/** The sending application: a decorated class, the yml, every default. Alone in its folder, because the scan takes what is there. */
import {
  BootApplication,
  Component,
  EnableBinding,
  MessageBuilder,
  MessageChannel,
  Resource,
  Source,
  runApplication,
} from '@streambind/core';
import type { Order } from '../order.js';

@Component()
@EnableBinding(Source)
export class Sender {
  @Resource() private readonly output!: MessageChannel;

  send(order: Order): Promise<void> {
    return this.output.send(MessageBuilder.withPayload(order).build());
  }
}

@BootApplication()
class Sending {}

export const start = (args: readonly string[]) => runApplication(Sending, { at: import.meta, args, signals: false });
