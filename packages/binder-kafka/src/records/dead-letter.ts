/** What a record becomes when it is dead: itself, and behind its headers those that tell where it was and why. */
import { HeaderRecord, isStreambindError, stackTraceOf } from '@streambind/core/binder';
import type { IncomingRecord, OutgoingRecord, RecordHeaders, TopicPartition } from '../client/port.js';
import { DeadLetterHeaders } from './headers.js';

const REPLACED: ReadonlySet<string> = new Set(Object.values(DeadLetterHeaders));

/** Bytes of an error's message and of its stack trace; a record may be as large as the broker allows already. */
const MOST_TEXT = 16_384;

/**
 * Key, value and headers stay as they were, byte for byte; what an earlier death said is replaced. Spring:
 * `KafkaMessageChannelBinder`.
 * @param source where it was read
 * @param target where it goes; without a partition its key decides
 */
export function deadLetterRecord(
  record: IncomingRecord,
  source: TopicPartition,
  reason: Error,
  target: { readonly topic: string; readonly partition?: number },
): OutgoingRecord {
  const headers = new HeaderRecord() as RecordHeaders;
  for (const name in record.headers) if (!REPLACED.has(name)) headers[name] = record.headers[name]!;
  headers[DeadLetterHeaders.ORIGINAL_TOPIC] = Buffer.from(source.topic);
  headers[DeadLetterHeaders.ORIGINAL_PARTITION] = int32(source.partition);
  headers[DeadLetterHeaders.ORIGINAL_OFFSET] = int64(record.offset);
  headers[DeadLetterHeaders.ORIGINAL_TIMESTAMP] = int64(record.timestamp);
  headers[DeadLetterHeaders.ORIGINAL_TIMESTAMP_TYPE] = Buffer.from(record.timestampType);
  headers[DeadLetterHeaders.EXCEPTION_FQCN] = Buffer.from(javaClassOf(reason));
  if (reason.message !== '') headers[DeadLetterHeaders.EXCEPTION_MESSAGE] = cut(reason.message);
  headers[DeadLetterHeaders.EXCEPTION_STACK_TRACE] = cut(stackTraceOf(reason));
  return {
    topic: target.topic,
    ...(target.partition === undefined ? {} : { partition: target.partition }),
    key: record.key,
    value: record.value,
    headers,
  };
}

/** What Spring's listeners throw in this case: tools that send dead letters back tell by it what can be cured. */
function javaClassOf(reason: Error): string {
  if (isStreambindError(reason, 'CONVERSION')) {
    return 'org.springframework.messaging.converter.MessageConversionException';
  }
  if (isStreambindError(reason, 'PAYLOAD_INVALID')) {
    return 'org.springframework.messaging.handler.annotation.support.MethodArgumentNotValidException';
  }
  return 'org.springframework.messaging.MessagingException';
}

function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function int64(decimal: string): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigInt64BE(BigInt(decimal));
  return bytes;
}

/** Without half a character at its end. */
function cut(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length <= MOST_TEXT) return bytes;
  return Buffer.from(bytes.toString('utf8', 0, MOST_TEXT).replace(/\uFFFD$/, ''));
}
