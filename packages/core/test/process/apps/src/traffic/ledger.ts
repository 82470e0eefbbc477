import { appendFileSync } from 'node:fs';
import { Component, Value } from '@streambind/core';

export type LedgerEvent = 'sent' | 'confirmed' | 'begun' | 'handled';

/** Lines `event pid message`, appended at once: they outlive kill -9, and the processes of a test share one file. */
@Component()
export class Ledger {
  @Value('${ledger}') private readonly file!: string;

  write(event: LedgerEvent, message: string): void {
    appendFileSync(this.file, `${event} ${process.pid} ${message}\n`);
  }
}
