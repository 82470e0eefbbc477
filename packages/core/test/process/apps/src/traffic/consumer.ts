import { setTimeout as delay } from 'node:timers/promises';
import { Component, EnableBinding, Profile, Resource, Sink, StreamListener, Value } from '@streambind/core';
import { Ledger } from './ledger.js';

/** Takes `handler-ms` for each message. */
@Component()
@Profile('consumer')
@EnableBinding(Sink)
export class Consumer {
  @Resource() private readonly ledger!: Ledger;
  @Value('${handler-ms:0}') private readonly handlerMs!: number;

  @StreamListener(Sink.INPUT)
  async on(message: string): Promise<void> {
    this.ledger.write('begun', message);
    if (this.handlerMs > 0) await delay(this.handlerMs);
    this.ledger.write('handled', message);
  }
}
