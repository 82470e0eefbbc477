/**
 * A consumer under test: its handler takes some milliseconds, throws at the first attempt of one message in a hundred, and
 * always where the message is poison.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Application,
  BootApplication,
  Component,
  EnableBinding,
  MessageHeaders,
  PostConstruct,
  Resource,
  Sink,
  StreamListener,
  Value,
  runApplication,
} from '@streambind/core';
import { Ledger, checksum } from '../../records.js';
import { ID, POISON, endWithParent, watch } from '../witness.js';

const ONE_PER_CENT = 0x10000 / 100;

@Component()
@EnableBinding(Sink)
export class Worker {
  @Value('${faults.directory}') private readonly directory!: string;
  @Value('${faults.process}') private readonly process!: string;
  @Value('${spring.cloud.stream.bindings.input.group}') private readonly group!: string;
  @Value('${faults.slowest-ms}') private readonly slowestMs!: number;
  @Resource() private readonly application!: Application;
  #ledger!: Ledger;

  @PostConstruct()
  open(): void {
    this.#ledger = new Ledger(this.directory, this.process);
    watch(this.application, this.#ledger);
  }

  @StreamListener(Sink.INPUT)
  async on(body: Buffer, headers: MessageHeaders): Promise<void> {
    const [id, sum, group] = [String(headers[ID]), checksum(body), this.group];
    const attempt = Number(headers[MessageHeaders.DELIVERY_ATTEMPT]);
    this.#ledger.write({ event: 'delivered', id, group, attempt, sum });
    await sleep(Math.random() * this.slowestMs);
    const stumbles = attempt === 1 && parseInt(sum.slice(0, 4), 16) < ONE_PER_CENT;
    if (stumbles || headers[POISON] === true) {
      this.#ledger.write({ event: 'failed', id, group });
      throw new Error('a handler that fails on purpose');
    }
    this.#ledger.write({ event: 'handled', id, group });
  }
}

@BootApplication()
class Main {}

endWithParent();
await runApplication(Main, import.meta);
process.send!('started');
