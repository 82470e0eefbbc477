/**
 * Field tables as RabbitMQ writes them, read for the probe alone: exactly, where amqplib rounds long integers. Types by
 * the letters of https://www.rabbitmq.com/amqp-0-9-1-errata.html.
 */
import type { HeaderValue } from '@streambind/core/binder';

class Reader {
  #at = 0;

  constructor(private readonly bytes: Buffer) {}

  get more(): boolean {
    return this.#at < this.bytes.length;
  }

  take(count: number): Buffer {
    this.#at += count;
    return this.bytes.subarray(this.#at - count, this.#at);
  }

  long(): Buffer {
    return this.take(this.take(4).readUInt32BE());
  }

  value(): HeaderValue {
    const type = this.take(1).toString('latin1');
    switch (type) {
      case 'S':
        return this.long().toString();
      case 't':
        return this.take(1)[0] !== 0;
      case 'b':
        return this.take(1).readInt8();
      case 'B':
        return this.take(1).readUInt8();
      case 's':
        return this.take(2).readInt16BE();
      case 'u':
        return this.take(2).readUInt16BE();
      case 'I':
        return this.take(4).readInt32BE();
      case 'i':
        return this.take(4).readUInt32BE();
      case 'l': {
        const whole = this.take(8).readBigInt64BE();
        return Number.isSafeInteger(Number(whole)) ? Number(whole) : whole;
      }
      case 'f':
        return this.take(4).readFloatBE();
      case 'd':
        return this.take(8).readDoubleBE();
      case 'T':
        return new Date(Number(this.take(8).readBigUInt64BE()) * 1000);
      case 'x':
        return new Uint8Array(this.long());
      case 'V':
        return null;
      case 'F':
        return fieldsOf(this.long());
      case 'A': {
        const list = new Reader(this.long());
        const values: HeaderValue[] = [];
        while (list.more) values.push(list.value());
        return values;
      }
      default:
        throw new Error(`a field of type "${type}"`);
    }
  }
}

/** @param table without its length */
export function fieldsOf(table: Buffer): Record<string, HeaderValue> {
  const reader = new Reader(table);
  const fields: Record<string, HeaderValue> = {};
  while (reader.more) fields[reader.take(reader.take(1)[0]!).toString()] = reader.value();
  return fields;
}
