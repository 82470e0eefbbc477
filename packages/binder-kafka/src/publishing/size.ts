/** What records take in a request, from above. */
import type { OutgoingRecord, RecordHeaders } from '../client/port.js';

/** Of a batch, and of a record beside its parts. Kafka: record batch format, version 2. */
const BATCH_BYTES = 61;
const RECORD_BYTES = 36;
const HEADER_BYTES = 10;

/** `max.message.bytes` of a topic limits a batch, so a record too. Kafka's default. */
export const DEFAULT_MAX_MESSAGE_BYTES = 1_048_588;

/** Bytes that a request of this many may carry. */
export const room = (maxMessageBytes: number): number => maxMessageBytes - BATCH_BYTES;

export function bytesOf({ key, value, headers }: OutgoingRecord): number {
  return RECORD_BYTES + (key?.length ?? 0) + (value?.length ?? 0) + headerBytes(headers);
}

function headerBytes(headers: RecordHeaders): number {
  let bytes = 0;
  for (const name in headers) {
    const value = headers[name]!;
    for (const one of Array.isArray(value) ? value : [value]) {
      // three bytes of UTF-8 for a character at most, apart from pairs
      bytes += HEADER_BYTES + name.length * 3 + (one?.length ?? 0);
    }
  }
  return bytes;
}
