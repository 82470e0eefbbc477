/**
 * The application of cases that need a process of its own. Profile `consumer` handles messages of `input`, profile
 * `sender` sends to `output` what the case asks for; both write the ledger and tell the case.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  BootApplication,
  Component,
  EnableBinding,
  Message,
  MessageBuilder,
  MessageChannel,
  PostConstruct,
  Profile,
  Resource,
  Sink,
  Source,
  StreamListener,
  Value,
  isStreambindError,
  runApplication,
} from '@streambind/core';
import type { Asked, Told } from '../child.js';
import { Ledger } from '../ledger.js';
import { ID_HEADER } from '../spi.js';
import type { Subject } from '../subject.js';

const tell = (told: Told): void => {
  if (process.connected) process.send?.(told);
};

@Component()
@Profile('consumer')
@EnableBinding(Sink)
class Receiver {
  @Value('${tck.ledger}') readonly directory!: string;
  @Value('${tck.name}') readonly name!: string;
  @Value('${tck.handler-ms:0}') readonly handlerMs!: number;
  #ledger!: Ledger;

  @PostConstruct()
  open(): void {
    this.#ledger = new Ledger(this.directory);
  }

  @StreamListener(Sink.INPUT)
  async on({ headers }: Message<unknown>): Promise<void> {
    const id = String(headers[ID_HEADER]);
    const attempt = Number(headers['deliveryAttempt']);
    this.#ledger.write('delivered', id, { consumer: this.name, attempt });
    tell({ tells: 'delivered', id, attempt, at: Date.now() });
    if (this.handlerMs > 0) await sleep(this.handlerMs);
    this.#ledger.write('acked', id, { consumer: this.name });
    tell({ tells: 'handled', id, attempt, at: Date.now() });
  }
}

@Component()
@Profile('sender')
@EnableBinding(Source)
class Sender {
  @Value('${tck.ledger}') readonly directory!: string;
  @Resource() readonly output!: MessageChannel;
  #ledger!: Ledger;

  @PostConstruct()
  open(): void {
    this.#ledger = new Ledger(this.directory);
    process.channel?.ref();
    process.on('message', ({ send = [] }: Asked) => {
      for (const id of send) void this.#send(id);
      tell({ tells: 'sending', count: send.length });
    });
  }

  async #send(id: string): Promise<void> {
    this.#ledger.write('attempt', id);
    try {
      await this.output.send(MessageBuilder.withPayload(id).setHeader(ID_HEADER, id).build());
      this.#ledger.write('confirmed', id);
      tell({ tells: 'sent', id });
    } catch (error) {
      const code = isStreambindError(error) ? error.code : 'none';
      this.#ledger.write(code === 'PUBLISH_UNKNOWN' ? 'unknown' : 'refused', id);
      tell({ tells: 'sent', id, code });
    }
  }
}

@BootApplication()
class Worker {}

// a case that was killed takes its applications along
process.on('disconnect', () => process.exit(1));
process.channel?.unref();

const { subject } = (await import(process.env['STREAMBIND_TCK_SUBJECT']!)) as { subject: Subject };
await runApplication(Worker, { components: [Receiver, Sender], binders: [subject.factory] });
tell({ tells: 'started' });
