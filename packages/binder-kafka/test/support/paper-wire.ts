/** The binder without a connection: what it would send is kept, what it is given is handled. */
import type {
  ConsumerSink,
  ConsumerSource,
  Delivery,
  ProducerTarget,
  Settlement,
  WireRecord,
} from '@streambind/core/binder';
import type { IncomingRecord, OutgoingRecord, RecordHeaders } from '../../src/client/port.js';
import type { KafkaConsumerOptions, KafkaOptions, KafkaProducerOptions } from '../../src/options/options.js';
import { binderFactory } from '../../src/factory.js';
import { deadLetterRecord } from '../../src/records/dead-letter.js';
import { ReceivedRecord, type Origin } from '../../src/records/inbound.js';
import { encoder } from '../../src/records/outbound.js';
import type { Foreign, RecordedHeader, WireMessage } from './recorded-messages.js';

export class PaperWire {
  readonly sent: OutgoingRecord[] = [];
  #source: ConsumerSource<KafkaConsumerOptions> | undefined;
  #sink: ConsumerSink | undefined;

  /** @param partitions of the topic that is there already */
  constructor(private readonly partitions = 0) {}

  get published(): WireMessage[] {
    return this.sent.map(recorded);
  }

  readonly binder = {
    ...binderFactory,
    create: (options: KafkaOptions) =>
      Promise.resolve({
        bindProducer: (target: ProducerTarget<KafkaProducerOptions>) => {
          const { partitionCount } = target;
          const encode = encoder({
            ...target.options,
            topic: target.destination,
            headerMode: target.headerMode ?? 'headers',
            embeddedHeaders: options.headers,
          });
          return Promise.resolve({
            ...(partitionCount === undefined ? {} : { partitionCount: Math.max(partitionCount, this.partitions) }),
            send: async (record: WireRecord) => void this.sent.push(encode(record)),
            close: () => Promise.resolve({ confirmed: 0, unconfirmed: 0 }),
          });
        },
        bindConsumer: (source: ConsumerSource<KafkaConsumerOptions>, sink: ConsumerSink) => {
          this.#source = source;
          this.#sink = sink;
          const close = () => Promise.resolve({ finished: 0, returned: 0, abandoned: 0 });
          return Promise.resolve({ pause: () => undefined, resume: () => undefined, close });
        },
        close: () => Promise.resolve(),
      }),
  } as typeof binderFactory;

  /** Until its last attempt. @returns what it came to, and the dead letter if that is what */
  async deliver(record: IncomingRecord, partition = 0): Promise<{ kind: Settlement['kind']; letter?: OutgoingRecord }> {
    const { destinations, group, headerMode, options } = this.#source!;
    const [topic] = destinations as [string];
    const { trustedPackages } = options;
    const origin: Origin = { topic, partition, group: group!, headerMode: headerMode ?? 'headers', trustedPackages };
    for (let attempt = 1; ; attempt++) {
      const delivery: Delivery = Object.assign(new ReceivedRecord(record, origin), {
        id: record.offset,
        lane: topic,
        lost: new AbortController().signal,
        attempt,
      });
      const settlement = (await this.#sink!.deliver(delivery)) as Settlement;
      if (settlement.kind === 'requeue') continue;
      if (settlement.kind !== 'deadLetter') return settlement;
      return {
        kind: 'deadLetter',
        letter: deadLetterRecord(record, { topic, partition }, settlement.reason, { topic: 'dead', partition }),
      };
    }
  }
}

/** A record in the notation of the recordings. */
export const recorded = ({ partition, key, value, headers }: Omit<OutgoingRecord, 'topic'>): WireMessage => ({
  partition,
  key: key && key.toString('hex'),
  value: value && value.toString('base64'),
  headers: Object.entries(headers).flatMap(([name, values]) =>
    (Array.isArray(values) ? values : [values]).map((each): RecordedHeader => [name, textOr(each)]),
  ),
});

function textOr(bytes: Buffer): RecordedHeader[1] {
  const text = bytes.toString();
  const isText = Buffer.from(text).equals(bytes) && !bytes.some((byte) => byte < 9);
  return isText ? text : { hex: bytes.toString('hex') };
}

/** What a foreign client sent, as it arrives. */
export function incoming({ key, value, headers = [] }: Foreign): IncomingRecord {
  const record: RecordHeaders = {};
  for (const [name, given] of headers) {
    const bytes = headerBytes(given);
    const before = record[name];
    record[name] = before === undefined ? bytes : [before, bytes].flat();
  }
  return {
    offset: '0',
    key: key === undefined ? null : Buffer.from(key),
    value: value === null ? null : Buffer.from(value),
    headers: record,
    timestamp: '1795259355061',
    timestampType: 'CreateTime',
  };
}

export function headerBytes(given: RecordedHeader[1]): Buffer {
  if (typeof given === 'string') return Buffer.from(given);
  return 'hex' in given ? Buffer.from(given.hex, 'hex') : Buffer.from(given.base64, 'base64');
}

/**
 * Without the order of headers, which in Java is that of a hash map, but for the one that tells their classes: it is last,
 * and itself without an order.
 */
export function comparable({ partition, key, value, headers }: WireMessage): object {
  const types = headers.findIndex(([name]) => name === 'spring_json_header_types');
  const last = types === -1 ? undefined : headers[types]![1];
  return {
    partition,
    key,
    value,
    typesAreLast: types === -1 || types === headers.length - 1,
    types: typeof last === 'string' ? (JSON.parse(last) as unknown) : last,
    headers: headers.filter((_, index) => index !== types).toSorted(([one], [other]) => (one < other ? -1 : 1)),
  };
}
