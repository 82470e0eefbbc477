/**
 * A load generator: sends `--faults.rate` messages a second, at most `--faults.in-flight` of them not confirmed, each once.
 * A message from its parent ends the sending; SIGTERM ends the process.
 */
import { createHash } from 'node:crypto';
import {
  Application,
  BootApplication,
  Component,
  EnableBinding,
  MessageBuilder,
  MessageChannel,
  PostConstruct,
  PreDestroy,
  Resource,
  Source,
  Value,
  isStreambindError,
  runApplication,
} from '@streambind/core';
import { Ledger, checksum } from '../../records.js';
import { ID, KEY, POISON, endWithParent, watch } from '../witness.js';

const TICK_MS = 10;
const BYTES = 1024;

@Component()
@EnableBinding(Source)
export class Sender {
  @Value('${faults.directory}') private readonly directory!: string;
  @Value('${faults.process}') private readonly process!: string;
  @Value('${faults.rate}') private readonly rate!: number;
  @Value('${faults.in-flight}') private readonly inFlight!: number;
  @Value('${faults.keys}') private readonly keys!: number;
  /** One message in so many; 0: none. */
  @Value('${faults.poison}') private readonly poison!: number;
  @Resource() private readonly output!: MessageChannel;
  @Resource() private readonly application!: Application;
  #ledger!: Ledger;
  #pacing: NodeJS.Timeout | undefined;
  #hushed = false;
  #sent = 0;
  #pending = 0;

  @PostConstruct()
  open(): void {
    this.#ledger = new Ledger(this.directory, this.process);
    watch(this.application, this.#ledger);
  }

  start(): void {
    let last = performance.now();
    let due = 0;
    this.#pacing = setInterval(() => {
      const now = performance.now();
      // what could not be sent in time is not made up for: a burst after each fault would be another fault
      due = Math.min(due + ((now - last) * this.rate) / 1000, this.rate / 10);
      last = now;
      if (this.#hushed) return;
      for (; due >= 1 && this.#pending < this.inFlight; due--) void this.#send();
    }, TICK_MS);
  }

  /** Sends no more and stays: what ends it is a signal. */
  hush(): void {
    this.#hushed = true;
  }

  @PreDestroy()
  stop(): void {
    clearInterval(this.#pacing);
  }

  async #send(): Promise<void> {
    const sequence = this.#sent++;
    const id = `${this.process}-${sequence}`;
    const key = `${this.process}-${sequence % this.keys}`;
    const body = bytesOf(id);
    const poison = this.poison > 0 && sequence % this.poison === 0;
    const message = MessageBuilder.withPayload(body).setHeader(ID, id).setHeader(KEY, key);
    if (poison) message.setHeader(POISON, true);
    this.#ledger.write({ event: 'attempt', id, key, sequence, sum: checksum(body), ...(poison ? { poison } : {}) });
    this.#pending++;
    try {
      await this.output.send(message.build());
      this.#ledger.write({ event: 'confirmed', id });
    } catch (error) {
      const code = isStreambindError(error) ? error.code : String(error);
      this.#ledger.write({ event: code === 'PUBLISH_UNKNOWN' ? 'unknown' : 'refused', id, code });
    } finally {
      this.#pending--;
    }
  }
}

/** Bytes that no text encoding leaves as they are, different for each message. */
function bytesOf(id: string): Buffer {
  const parts: Buffer[] = [];
  for (let part = 0; part < BYTES / 32; part++) parts.push(createHash('sha256').update(`${id}/${part}`).digest());
  return Buffer.concat(parts);
}

@BootApplication()
class Main {}

endWithParent();
const application = await runApplication(Main, import.meta);
const sender = application.get(Sender);
process.on('message', () => sender.hush());
sender.start();
process.send!('started');
