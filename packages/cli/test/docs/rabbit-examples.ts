/** What only a broker with users, permissions and a topology of its own answers, brought about at a real RabbitMQ. */
import { binderFactory } from '@streambind/binder-rabbit';
import {
  BootApplication,
  Component,
  EnableBinding,
  MessageBuilder,
  MessageChannel,
  Resource,
  Sink,
  Source,
  StreamListener,
  isStreambindError,
  runApplication,
  type Application,
  type BinderFactory,
  type Class,
  type ErrorCode,
} from '@streambind/core';
import { until, type RabbitBroker, type VirtualHost } from '../../../../tools/brokers/index.mjs';
import { folderWith } from '../files.js';
import type { Situation } from './error-examples.js';

@BootApplication()
class Main {}

@Component()
@EnableBinding(Sink)
class OrderListener {
  @StreamListener(Sink.INPUT)
  on(_order: string): void {}
}

@Component()
@EnableBinding(Source)
class Sender {
  @Resource() readonly output!: MessageChannel;
}

type Properties = Readonly<Record<string, string | number | boolean>>;

/** Everything an application is told by its binder, whether it may go on or not. */
class Shop {
  readonly told: unknown[] = [];
  readonly starting: Promise<Application>;

  constructor(component: Class, properties: Properties) {
    const lines = Object.entries(properties).map(([key, value]) => `${key}: ${value}\n`);
    this.starting = runApplication(Main, {
      components: [component],
      binders: [this.#factory()],
      env: {},
      args: [`--spring.config.location=${folderWith({ 'application.yml': lines.join('') })}/`],
      signals: false,
    });
    this.starting.catch((error: unknown) => this.told.push(error));
  }

  async stop(): Promise<void> {
    const application = await this.starting.catch(() => undefined);
    await application?.stop();
  }

  #factory(): BinderFactory {
    const factory = binderFactory as unknown as BinderFactory;
    return {
      ...factory,
      create: async (options, context) => {
        const report = (error: Error): void => void this.told.push(error);
        const binder = await factory.create(options, { ...context, report });
        return {
          bindProducer: (target) => binder.bindProducer(target),
          bindConsumer: (source, sink) => binder.bindConsumer(source, { ...sink, fault: report }),
          close: () => binder.close(),
        };
      },
    };
  }
}

/** One virtual host, and a user who may look at everything in it and change nothing. */
export class RabbitPlace {
  #host: VirtualHost | undefined;
  readonly #reader = `reader-${process.pid}`;

  constructor(private readonly broker: RabbitBroker) {}

  async open(): Promise<void> {
    this.#host = await this.broker.virtualHost();
    await this.broker.ctl('add_user', this.#reader, 'secret');
    await this.#host.ctl('set_permissions', this.#reader, '', '.*', '.*');
  }

  async close(): Promise<void> {
    await this.broker.ctl('delete_user', this.#reader);
    await this.#host?.remove();
  }

  /** Without what is another at every broker. */
  text(told: string): string {
    const { host, port, username } = this.broker.address;
    return told
      .replaceAll(`${host}:${port}`, 'localhost:5672')
      .replaceAll(`"${username}"`, '"guest"')
      .replaceAll(this.#host!.name, 'shop')
      .replaceAll(this.#reader, 'reader');
  }

  readonly examples = {
    AUTH: this.#told('AUTH', OrderListener, { 'spring.rabbitmq.password': 'wrong' }),
    ACCESS_REFUSED: this.#told('ACCESS_REFUSED', OrderListener, {
      'spring.rabbitmq.username': this.#reader,
      'spring.rabbitmq.password': 'secret',
    }),
    TOPOLOGY_CONFLICT: this.#told('TOPOLOGY_CONFLICT', OrderListener, {
      'spring.cloud.stream.bindings.input.destination': 'amq.direct',
    }),
    DESTINATION_GONE: this.#told('DESTINATION_GONE', OrderListener, {
      'spring.cloud.stream.rabbit.bindings.input.consumer.bind-queue': false,
    }),
    DESTINATION_RESET: this.#told('DESTINATION_RESET', OrderListener, {}, () =>
      this.#host!.ctl('delete_queue', 'orders.billing'),
    ),
    UNROUTABLE: this.#told(
      'UNROUTABLE',
      Sender,
      { 'spring.cloud.stream.rabbit.bindings.output.producer.mandatory': true },
      (application) => application.get(Sender).output.send(MessageBuilder.withPayload('an order').build()),
    ),
  } satisfies Partial<Record<ErrorCode, Situation>>;

  /** @param act what is done once it has started, if it can */
  #told(
    code: ErrorCode,
    component: Class,
    properties: Properties,
    act?: (application: Application) => Promise<unknown>,
  ): Situation {
    return async () => {
      const { host, port, username, password, virtualHost } = this.#host!.address;
      const shop = new Shop(component, {
        'spring.rabbitmq.host': host,
        'spring.rabbitmq.port': port,
        'spring.rabbitmq.username': username,
        'spring.rabbitmq.password': password,
        'spring.rabbitmq.virtual-host': virtualHost,
        'spring.cloud.stream.bindings.input.destination': 'orders',
        'spring.cloud.stream.bindings.input.group': 'billing',
        'spring.cloud.stream.bindings.output.destination': 'shipments',
        // some of these would wait for ever
        ...(act ? {} : { 'spring.cloud.stream.start-timeout': '2s' }),
        'spring.main.banner-mode': 'off',
        'logging.level.root': 'OFF',
        ...properties,
      });
      try {
        if (act) await act(await shop.starting).catch((error: unknown) => shop.told.push(error));
        await until(() => shop.told.some((error) => isStreambindError(error, code)), 20_000, code);
        return shop.told;
      } finally {
        await shop.stop();
      }
    };
  }
}
