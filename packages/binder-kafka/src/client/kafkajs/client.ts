/** The port on kafkajs. */
import type { Kafka as KafkaOf, KafkaConfig, SASLOptions } from 'kafkajs';
import type { Logger } from '@streambind/core/binder';
import type {
  ClientSettings,
  KafkaClient,
  KafkaMember,
  KafkaProducer,
  MemberSettings,
  ProducerSettings,
  TlsSettings,
} from '../port.js';
import { KafkaJsAdmin } from './admin.js';
import { registerCodecs } from './codecs.js';
import { Kafka, LogLevel } from './library.js';
import { quietly } from './logging.js';
import { KafkaJsMember } from './member.js';
import { KafkaJsProducer } from './producer.js';

/** Milliseconds; less than a second in all, then whoever asked is told and decides. */
const RETRY = { initialRetryTime: 100, maxRetryTime: 1000, retries: 3 };
/**
 * A transaction meets the end of the one before it nearly always, and the client then waits for the first of these: with
 * its default of 300 ms there are three transactions a second.
 */
const TRANSACTION_RETRY = { initialRetryTime: 5, factor: 0, multiplier: 1.3, maxRetryTime: 200, retries: 30 };

export class KafkaJsClient implements KafkaClient {
  readonly admin: KafkaJsAdmin;
  readonly #kafka: KafkaOf;
  readonly #config: KafkaConfig;
  #closed: Promise<void> | undefined;

  constructor(settings: ClientSettings, log: Pick<Logger, 'debug'>) {
    registerCodecs();
    const { brokers, clientId, connectionTimeoutMs, requestTimeoutMs, sasl, tls } = settings;
    this.#config = {
      brokers: [...brokers],
      clientId,
      connectionTimeout: connectionTimeoutMs,
      requestTimeout: requestTimeoutMs,
      ...(tls ? { ssl: connectionOptions(tls) } : {}),
      ...(sasl ? { sasl: { ...sasl } as SASLOptions } : {}),
      retry: RETRY,
      logLevel: LogLevel.INFO,
      logCreator: quietly(log),
    };
    this.#kafka = new Kafka(this.#config);
    this.admin = new KafkaJsAdmin(this.#kafka);
  }

  producer(settings: ProducerSettings): Promise<KafkaProducer> {
    const kafka =
      settings.transactionalId === undefined ? this.#kafka : new Kafka({ ...this.#config, retry: TRANSACTION_RETRY });
    return KafkaJsProducer.open(kafka, settings);
  }

  member(settings: MemberSettings): KafkaMember {
    return new KafkaJsMember(this.#kafka, settings);
  }

  close(): Promise<void> {
    return (this.#closed ??= this.admin.close());
  }
}

function connectionOptions({ ca, certificate, key, passphrase, pfx, verifyHostname }: TlsSettings) {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { cert: certificate }),
    ...(key === undefined ? {} : { key }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(pfx === undefined ? {} : { pfx }),
    ...(verifyHostname ? {} : { checkServerIdentity: () => undefined }),
  };
}
