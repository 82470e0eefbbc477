import { setTimeout as pause } from 'node:timers/promises';
import { Acknowledgment, Component, EnableBinding, Payload, StreamListener, Value } from '@streambind/core';
import { Greetings } from './greetings.js';

@Component()
@EnableBinding(Greetings)
export class ManualReceiver {
  /** Milliseconds. */
  @Value('${work:0}') private readonly work!: number;

  /** Until `acknowledge()` the message is in flight: RabbitMQ delivers it again when this process dies. */
  @StreamListener('manual')
  async receive(@Payload() text: string, acknowledgment: Acknowledgment): Promise<void> {
    console.log(`manual: ${text}`);
    await pause(this.work);
    acknowledgment.acknowledge();
  }
}
