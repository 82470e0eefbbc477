/** Dead letters of all inputs of a binder, through one producer that is made when the first one comes. */
import type { Trouble } from '@streambind/core/binder';
import type { KafkaClient, OutgoingRecord, ProducerSettings } from '../client/port.js';
import { isPermanent } from '../client/refusals.js';
import { Publisher } from '../publishing/publisher.js';
import { DEFAULT_MAX_MESSAGE_BYTES, room } from '../publishing/size.js';

export class DeadLetterOffice {
  readonly #publisher: Publisher;

  constructor(client: KafkaClient, settings: ProducerSettings, trouble: Trouble) {
    this.#publisher = new Publisher({
      name: 'dead letters',
      open: () => client.producer(settings),
      maxBytes: () => room(DEFAULT_MAX_MESSAGE_BYTES),
      // the broker knows best: the record it gave is larger now by what it died of
      compressed: true,
      reporter: trouble.reporter(),
      permanent: isPermanent,
    });
  }

  /** Resolves when the broker has it; whoever sends it makes its topic first. @throws as `Publisher.send` */
  async send(record: OutgoingRecord): Promise<void> {
    await this.#publisher.open();
    await this.#publisher.send(record);
  }

  async close(): Promise<void> {
    await this.#publisher.close(0);
  }
}
