/** What the worker has to say, gathered and posted once a turn. */
import type { MessagePort } from 'node:worker_threads';
import { Packer } from './bytes.js';
import type { Claimed } from './claims.js';
import type { Content } from './contents.js';
import { plain, type Failure } from './failure.js';
import { POST_AT_BYTES, type DeliveredFields, type FromWorker, type WorkerEvent } from './protocol.js';
import type { ReaderState } from './reader.js';

type Outgoing = { -readonly [Key in keyof FromWorker]: FromWorker[Key] };

export class Outbox {
  #next: Outgoing = {};
  #buffers: ArrayBuffer[] = [];
  #bytes = 0;

  constructor(private readonly port: MessagePort) {}

  opened(failure?: Failure): void {
    this.#next.opened = failure ? { failure: plain(failure) } : {};
  }

  ended(failure: Failure): void {
    this.event({ event: 'ended', failure: plain(failure) });
  }

  published(fate: { failure?: Failure; refused?: readonly (readonly [number, Failure])[] }): void {
    (this.#next.published ??= []).push(fate.failure ? { failure: plain(fate.failure) } : fate);
  }

  result(id: number, value?: unknown): void {
    (this.#next.results ??= []).push({ id, value });
  }

  failed(id: number, failure: Failure): void {
    (this.#next.results ??= []).push({ id, failure: plain(failure) });
  }

  event(event: WorkerEvent): void {
    (this.#next.events ??= []).push(event);
  }

  fault(reader: number, failure: Failure): void {
    this.event({ event: 'fault', reader, failure: plain(failure) });
  }

  deliver(reader: ReaderState, claimed: readonly (readonly [Claimed, Content])[]): void {
    let fields: DeliveredFields = [];
    const bytes = new Packer();
    const close = (): void => {
      if (fields.length === 0) return;
      this.#bytes += bytes.size;
      const buffer = bytes.take();
      this.#buffers.push(buffer);
      (this.#next.deliveries ??= []).push({
        reader: reader.request.reader,
        epoch: reader.epoch,
        fields,
        bytes: buffer,
      });
      fields = [];
      if (this.#bytes >= POST_AT_BYTES) this.post();
    };
    for (const [{ message, partition, failures, crashes, first_failure: firstFailure }, content] of claimed) {
      const { at, key, headers, payload } = content;
      fields.push(message, partition, failures, crashes, firstFailure, at, key, headers, payload?.byteLength ?? -1);
      bytes.add(payload);
      if (bytes.size >= POST_AT_BYTES) close();
    }
    close();
  }

  post(): void {
    const next = this.#next;
    if (Object.keys(next).length === 0) return;
    const buffers = this.#buffers;
    [this.#next, this.#buffers, this.#bytes] = [{}, [], 0];
    this.port.postMessage(next, buffers);
  }
}
