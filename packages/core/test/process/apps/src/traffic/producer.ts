import { setTimeout as delay } from 'node:timers/promises';
import { EnableBinding, MessageBuilder, MessageChannel, PostConstruct, Profile, Resource } from '@streambind/core';
import { Component, Source, Value, isStreambindError } from '@streambind/core';
import { Ledger } from './ledger.js';

const KEYS = 8;

/** Keeps `window` sends on their way until `total` are sent or the output is closed. A message is `pid:key:number`. */
@Component()
@Profile('producer')
@EnableBinding(Source)
export class Producer {
  @Resource() private readonly output!: MessageChannel;
  @Resource() private readonly ledger!: Ledger;
  @Value('${window:50}') private readonly window!: number;
  @Value('${pause-ms:0}') private readonly pauseMs!: number;
  @Value('${total:1000000}') private readonly total!: number;
  #number = 0;

  @PostConstruct()
  begin(): void {
    for (let lane = 0; lane < this.window; lane++) void this.#keepSending();
  }

  async #keepSending(): Promise<void> {
    while (this.#number < this.total) {
      const number = ++this.#number;
      const key = `k${number % KEYS}`;
      const message = `${process.pid}:${key}:${number}`;
      this.ledger.write('sent', message);
      try {
        await this.output.send(MessageBuilder.withPayload(message).setHeader('key', key).build());
      } catch (error) {
        if (isStreambindError(error, 'CLOSED') || isStreambindError(error, 'PUBLISH_UNKNOWN')) return;
        throw error;
      }
      this.ledger.write('confirmed', message);
      if (this.pauseMs > 0) await delay(this.pauseMs);
    }
  }
}
