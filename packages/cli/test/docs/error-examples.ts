/** One situation for each code, brought about for real: what it comes to is the example of the errors page. */
import { join } from 'node:path';
import {
  Acknowledgment,
  Autowired,
  Bean,
  BootApplication,
  Component,
  EnableBinding,
  Header,
  IdempotentReceiver,
  IdempotencyStore,
  Input,
  MessageBuilder,
  MessageChannel,
  Output,
  Payload,
  PollableMessageSource,
  PostConstruct,
  RejectAndDontRequeueError,
  Resource,
  SendTo,
  Sink,
  Source,
  StreamListener,
  runApplication,
  type Application,
  type Class,
  type ErrorCode,
} from '@streambind/core';
import { inspectConfiguration, type Problem } from '@streambind/core/internal';
import { folderWith } from '../files.js';
import { Rig, errorsOf, type RigOptions } from './rig.js';

/** All that went wrong; the first with the code is the example. */
export type Situation = () => Promise<readonly unknown[]>;

const yml =
  (text: string): Situation =>
  async () => {
    const directory = folderWith({ 'application.yml': text });
    return (await inspectConfiguration({ directory, args: [], env: {} })).problems satisfies readonly Problem[];
  };
const input = (text: string): Situation =>
  yml(`spring.cloud.stream.bindings:\n  input:\n    destination: orders\n${text}`);

const start =
  (components: () => readonly Class[], options: RigOptions = {}): Situation =>
  () =>
    errorsOf(Rig.start(components(), options));

@Component()
@EnableBinding(Source)
class Sender {
  @Resource() readonly output!: MessageChannel;

  send(payload: unknown): Promise<void> {
    return this.output.send(MessageBuilder.withPayload(payload).build());
  }
}

/** What sending comes to. */
const send =
  (payload: unknown, options: RigOptions, times = 1): Situation =>
  async () => {
    const { application } = await Rig.start([Sender], options);
    const sends = Array.from({ length: times }, () => application.get(Sender).send(payload));
    return errorsOf(Promise.all(sends));
  };

/** What handling comes to. */
const handle =
  (listener: () => Class, deliver: (rig: Rig) => Promise<Error>, options: RigOptions = {}): Situation =>
  async () => {
    const bindings = { 'input.group': 'billing', 'input.consumer.max-attempts': 1, ...options.bindings };
    return [await deliver(await Rig.start([listener()], { ...options, bindings }))];
  };

const application =
  (task: (application: Application) => unknown): Situation =>
  async () => {
    const rig = await Rig.start([Sender, quiet()]);
    return errorsOf(Promise.resolve().then(() => task(rig.application)));
  };

function quiet(): Class {
  @Component()
  @EnableBinding(Sink)
  class OrderListener {
    @StreamListener(Sink.INPUT)
    on(_order: object): void {}
  }
  return OrderListener;
}

const never = (): Promise<never> => new Promise(() => {});

abstract class Mailer {}

export const CORE_EXAMPLES = {
  CONFIG_FILE: input('\t group: billing\n'),
  CONFIG_KEY: input('    cn: application/json\n'),
  CONFIG_VALUE: input('    consumer.max-attempts: three\n'),
  CONFIG_PLACEHOLDER: input('    group: ${GROUP}\n'),
  CONFIG_CIRCULAR: yml('my.a: ${my.b}\nmy.b: ${my.a}\nspring.cloud.stream.default-binder: ${my.a}\n'),
  CONFIG_UNSUPPORTED: yml('spring.cloud.stream.function.definition: uppercase\n'),
  CONFIG_IMPORT: yml('spring.config.import: brokers.yml\n'),
  EXPRESSION_SYNTAX: yml(
    'spring.cloud.stream.bindings.output:\n  destination: orders\n  producer.partition-key-expression: payload.[id\n',
  ),
  EXPRESSION_EVALUATION: send(
    { id: null },
    { bindings: { 'output.producer.partition-key-expression': 'payload.id.length()' } },
  ),
  BINDER_UNKNOWN: input('    binder: rabbit1\nspring.cloud.stream.binders.rabbit.type: rabbit\n'),
  BINDER_TYPE: input('spring.cloud.stream.binders.main.type: rabit\n'),
  BINDER_AMBIGUOUS: input('spring.cloud.stream.binders: { one.type: rabbit, two.type: kafka }\n'),
  COMPONENT_MISSING: start(() => {
    @Component()
    class OrderListener {
      @Autowired() readonly mailer!: Mailer;
    }
    return [OrderListener];
  }),
  METADATA_MISSING: start(() => {
    // as a compiler leaves it that writes no types
    class OrderListener {}
    Component()(OrderListener);
    Autowired()(OrderListener.prototype, 'mailer');
    return [OrderListener];
  }),
  COMPONENT_AMBIGUOUS: start(() => {
    @Component()
    class FastMailer extends Mailer {}
    @Component()
    class CheapMailer extends Mailer {}
    @Component()
    class OrderListener {
      @Autowired() readonly mailer!: Mailer;
    }
    return [FastMailer, CheapMailer, OrderListener];
  }),
  COMPONENT_DUPLICATE: start(() => {
    @Component('mailer')
    class FastMailer {}
    @Component('mailer')
    class CheapMailer {}
    return [FastMailer, CheapMailer];
  }),
  COMPONENT_CIRCULAR: start(() => {
    @Component('hen')
    class Hen {
      constructor(@Resource('egg') readonly egg: object) {}
    }
    @Component('egg')
    class Egg {
      constructor(@Resource('hen') readonly hen: object) {}
    }
    return [Hen, Egg];
  }),
  COMPONENT_FAILED: start(() => {
    @Component()
    class Warehouse {
      @PostConstruct()
      open(): void {
        throw new Error('no stock list');
      }
    }
    return [Warehouse];
  }),
  COMPONENT_SCAN: () => {
    @BootApplication()
    class Main {}
    const folder = folderWith({
      'main.js': '',
      'listener.js': "import { Main } from './main.js';\n// of streambind\n",
    });
    const at = join(folder, 'main.js');
    return errorsOf(
      runApplication(Main, {
        at,
        env: {},
        args: ['--logging.level.root=OFF', '--spring.main.banner-mode=off'],
        signals: false,
      }),
    );
  },
  DECORATOR_MISUSE: start(() => {
    class Nothing {}
    @Component()
    @EnableBinding(Nothing)
    class OrderListener {}
    return [OrderListener];
  }),
  LISTENER_TARGET: start(() => {
    @Component()
    @EnableBinding(Sink)
    class OrderListener {
      @StreamListener('imput')
      on(_order: object): void {}
    }
    return [OrderListener];
  }),
  LISTENER_ARGUMENTS: start(() => {
    @Component()
    @EnableBinding(Sink)
    class OrderListener {
      @StreamListener(Sink.INPUT)
      on(@Payload() _order: object, _tenant: string): void {}
    }
    return [OrderListener];
  }),
  LISTENER_RETURNS: start(() => {
    @Component()
    @EnableBinding(Sink)
    class OrderListener {
      @StreamListener(Sink.INPUT)
      on(order: string): string {
        return order;
      }
    }
    return [OrderListener];
  }),
  SEND_TO_TARGET: start(() => {
    @Component()
    @EnableBinding(Sink, Source)
    class OrderListener {
      @StreamListener(Sink.INPUT)
      @SendTo('ouput')
      on(order: string): string {
        return order;
      }
    }
    return [OrderListener];
  }),
  CHANNEL_DUPLICATE: start(() => {
    class Orders {
      @Output('input') readonly orders!: MessageChannel;
    }
    @Component()
    @EnableBinding(Sink, Orders)
    class OrderListener {}
    return [OrderListener];
  }),
  CHANNEL_TYPE: start(() => {
    class Orders {
      @Input() readonly orders!: Promise<string>;
    }
    @Component()
    @EnableBinding(Orders)
    class OrderListener {}
    return [OrderListener];
  }),
  NOT_SUPPORTED_YET: start(() => {
    class Orders {
      @Input() readonly orders!: PollableMessageSource;
    }
    @Component()
    @EnableBinding(Orders)
    class OrderListener {}
    return [OrderListener];
  }),
  BINDER_FAILED: start(() => [quiet()], {
    bindConsumer: () => Promise.reject(new Error('the queue exists with other arguments')),
  }),
  BINDING_UNKNOWN: application((running) => running.binding('imput')),
  BINDING_STATE: application((running) => running.binding('output').pause()),
  UNSUPPORTED_CAPABILITY: start(() => [quiet()], {
    bindings: { 'input.group': 'billing', 'input.consumer.start-from': 'earliest' },
  }),
  START_TIMEOUT: start(() => [quiet()], {
    bindConsumer: never,
    properties: { 'spring.cloud.stream.start-timeout': '20ms' },
  }),
  GUARANTEE: input('    group: billing\nspring.cloud.stream.embedded.binder.max-age: 7d\n'),
  CONVERSION: handle(quiet, (rig) => rig.reasonOf('{"id": 7,}')),
  PAYLOAD_INVALID: handle(
    () => {
      @Component()
      @EnableBinding(Sink)
      class OrderListener {
        @StreamListener(Sink.INPUT)
        on(@Payload(Number) _amount: number): void {}
      }
      return OrderListener;
    },
    (rig) => rig.reasonOf(''),
  ),
  HEADER_MISSING: handle(
    () => {
      @Component()
      @EnableBinding(Sink)
      class OrderListener {
        @StreamListener(Sink.INPUT)
        on(@Payload() _order: object, @Header('tenant') _tenant: string): void {}
      }
      return OrderListener;
    },
    (rig) => rig.reasonOf('{}'),
  ),
  HEADER_RESERVED: () =>
    errorsOf(Promise.resolve({}).then((order) => MessageBuilder.withPayload(order).setHeader('deliveryAttempt', 1))),
  NO_LISTENER_MATCHED: handle(
    () => {
      @Component()
      @EnableBinding(Sink)
      class Nobody {}
      return Nobody;
    },
    (rig) => rig.reasonOf('{}'),
  ),
  HANDLER_TIMEOUT: handle(
    () => {
      @Component()
      @EnableBinding(Sink)
      class OrderListener {
        @StreamListener(Sink.INPUT)
        on(_order: object): Promise<void> {
          return never();
        }
      }
      return OrderListener;
    },
    (rig) => rig.reasonOf('{}'),
    { bindings: { 'input.consumer.handler-timeout': '20ms' } },
  ),
  REJECTED: handle(
    () => {
      @Component()
      @EnableBinding(Sink)
      class OrderListener {
        @StreamListener(Sink.INPUT)
        on(_order: object): void {
          throw new RejectAndDontRequeueError('the customer 4711 does not exist');
        }
      }
      return OrderListener;
    },
    (rig) => rig.reasonOf('{}'),
    { bindings: { 'input.consumer.max-attempts': 5 } },
  ),
  IDEMPOTENCY_KEY: handle(
    () => {
      @Component()
      @EnableBinding(Sink)
      class OrderListener {
        @Bean() handled(): IdempotencyStore {
          return Object.create(IdempotencyStore.prototype) as IdempotencyStore;
        }

        @StreamListener(Sink.INPUT)
        @IdempotentReceiver({ key: 'payload.number' })
        on(_order: object): void {}
      }
      return OrderListener;
    },
    (rig) => rig.reasonOf('{"number":null}'),
  ),
  CRASHING: handle(quiet, (rig) => rig.reasonOf('{}', { crashes: 21 })),
  ALREADY_SETTLED: handle(
    () => {
      @Component()
      @EnableBinding(Sink)
      class OrderListener {
        failure: unknown;

        @StreamListener(Sink.INPUT)
        on(@Payload() _order: object, acknowledgment: Acknowledgment): void {
          acknowledgment.acknowledge();
          try {
            acknowledgment.acknowledge();
          } catch (error) {
            this.failure = error;
          }
        }
      }
      return OrderListener;
    },
    async (rig) => {
      await rig.deliver('{}');
      return rig.application.get<{ failure: Error }>('orderListener').failure;
    },
    { manual: true },
  ),
  BUFFER_FULL: send('x', { send: never, bindings: { 'output.producer.max-in-flight': 1 } }, 3),
  PUBLISH_UNKNOWN: send('x', { send: never, bindings: { 'output.producer.send-timeout': '20ms' } }),
  PUBLISH_REFUSED: send('x', { send: () => Promise.reject(new Error('the user guest may not write to orders')) }),
  PARTITION_KEY: send(
    { id: null },
    { bindings: { 'output.producer.partition-key-expression': 'payload.id', 'output.producer.partition-count': 2 } },
  ),
  CLOSED: async () => {
    const { application: stopped } = await Rig.start([Sender]);
    const sender = stopped.get(Sender);
    await stopped.stop();
    return errorsOf(sender.send('x'));
  },
} satisfies Partial<Record<ErrorCode, Situation>>;
