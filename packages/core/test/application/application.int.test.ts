import { afterEach, describe, expect, test } from '@jest/globals';
import {
  Autowired,
  Bean,
  BootApplication,
  Component,
  Configuration,
  EnableBinding,
  Header,
  Input,
  Message,
  MessageBuilder,
  MessageChannel,
  MessageHeaders,
  Output,
  Payload,
  PostConstruct,
  PreDestroy,
  Processor,
  RejectAndDontRequeueError,
  Resource,
  SendTo,
  Sink,
  Source,
  StreamListener,
  SubscribableChannel,
  Value,
  runApplication,
  type Application,
  type Class,
  type RunOptions,
} from '@streambind/core';
import { MemoryBroker, memoryBinder } from '../support/memory-binder.js';
import { until } from '../support/until.js';

@BootApplication()
class Main {}

const running: Application[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((application) => application.stop()));
});

async function run(
  broker: MemoryBroker,
  components: Class[],
  args: string[] = [],
  more: RunOptions = {},
): Promise<Application> {
  const application = await runApplication(Main, {
    components,
    binders: [memoryBinder(broker)],
    env: {},
    args: ['--spring.main.banner-mode=off', '--logging.level.root=OFF', ...args],
    signals: false,
    ...more,
  });
  running.push(application);
  return application;
}

const failure = async (broker: MemoryBroker, components: Class[], args: string[] = []): Promise<Error> =>
  run(broker, components, args).then(
    () => Promise.reject(new Error('it started')),
    (error: Error) => error,
  );

const text = (value: unknown): Message => MessageBuilder.withPayload(value).build();

@Component()
@EnableBinding(Source)
class Provider {
  @Resource() readonly output!: MessageChannel;
}

class Collector {
  readonly got: unknown[] = [];
}

const toDestination = [
  '--spring.cloud.stream.bindings.output.destination=d',
  '--spring.cloud.stream.bindings.input.destination=d',
];
const inGroup = [...toDestination, '--spring.cloud.stream.bindings.input.group=g'];
const fastRetry = ['--spring.cloud.stream.bindings.input.consumer.back-off-initial-interval=1'];

describe('a message through an application', () => {
  test('is sent by a channel injected by name and handled by a listener', async () => {
    @Component()
    @EnableBinding(Sink)
    class Listener extends Collector {
      @StreamListener(Sink.INPUT)
      on(message: Message<string>): void {
        this.got.push(message.payload, message.headers['contentType'], message.headers['deliveryAttempt']);
      }
    }
    const application = await run(new MemoryBroker(), [Provider, Listener], inGroup);
    await application.get(Provider).output.send(text('hello'));
    const { got } = application.get(Listener);
    await until(() => got.length > 0);
    expect(got).toEqual(['hello', 'application/json', 1]);
  });

  test('keeps its id and its headers, and payload classes are made of JSON', async () => {
    class Order {
      id = '';
      amount = 0;
      total(): number {
        return this.amount * 2;
      }
    }
    @Component()
    @EnableBinding(Sink)
    class Listener extends Collector {
      @StreamListener(Sink.INPUT)
      on(order: Order, @Header('tenant') tenant: string, headers: MessageHeaders): void {
        this.got.push(order.total(), tenant, headers['id']);
      }
    }
    const application = await run(new MemoryBroker(), [Provider, Listener], inGroup);
    const message = MessageBuilder.withPayload({ id: 'a', amount: 21 }).setHeader('tenant', 't1').build();
    await application.get(Provider).output.send(message);
    const { got } = application.get(Listener);
    await until(() => got.length > 0);
    expect(got).toEqual([42, 't1', message.headers['id']]);
  });

  test('that always fails is tried three times and then lies in the dead letters with its bytes and headers', async () => {
    const broker = new MemoryBroker();
    @Component()
    @EnableBinding(Sink)
    class Listener extends Collector {
      @StreamListener(Sink.INPUT)
      on(@Payload() body: string, @Header('deliveryAttempt') attempt: number): void {
        this.got.push(attempt);
        throw new Error(`poison: ${body}`);
      }
    }
    const application = await run(broker, [Provider, Listener], [...inGroup, ...fastRetry]);
    await application.get(Provider).output.send(MessageBuilder.withPayload('p').setHeader('h', 7).build());
    await until(() => broker.waiting('d.g.dlq', 'parked').length > 0);
    expect(application.get(Listener).got).toEqual([1, 2, 3]);
    const [dead] = broker.waiting('d.g.dlq', 'parked');
    expect(Buffer.from(dead!.payload!).toString()).toBe('p');
    expect(dead!.headers).toMatchObject({ h: 7, 'x-exception-message': 'poison: p', contentType: 'application/json' });
  });

  test('that is rejected, or cannot be read, is not tried again', async () => {
    const broker = new MemoryBroker();
    class Order {}
    @Component()
    @EnableBinding(Sink)
    class Listener extends Collector {
      @StreamListener(Sink.INPUT)
      on(order: Order): void {
        this.got.push(order);
        throw new RejectAndDontRequeueError('never');
      }
    }
    const application = await run(broker, [Provider, Listener], inGroup);
    await application.get(Provider).output.send(text('{"a":'));
    await application.get(Provider).output.send(text({}));
    await until(() => broker.waiting('d.g.dlq', 'parked').length === 2);
    expect(application.get(Listener).got).toHaveLength(1);
  });

  test('goes on to the output that @SendTo names, with the headers of the request', async () => {
    const broker = new MemoryBroker();
    @Component()
    @EnableBinding(Processor)
    class Upper {
      @StreamListener(Processor.INPUT)
      @SendTo(Processor.OUTPUT)
      async on(body: string): Promise<string> {
        return body.toUpperCase();
      }
    }
    broker.subscription('out', 'probe');
    const application = await run(
      broker,
      [Upper],
      [
        '--spring.cloud.stream.bindings.output.destination=out',
        '--spring.cloud.stream.bindings.input.destination=in',
        '--spring.cloud.stream.bindings.input.group=g',
      ],
    );
    broker.publish('in', { payload: Buffer.from('abc'), headers: { tenant: 't', contentType: 'text/plain' } });
    await until(() => broker.waiting('out', 'probe').length > 0);
    const [reply] = broker.waiting('out', 'probe');
    expect(Buffer.from(reply!.payload!).toString()).toBe('ABC');
    expect(reply!.headers).toMatchObject({ tenant: 't', contentType: 'application/json' });
    expect(reply!.headers).not.toHaveProperty('deliveryAttempt');
    expect(application.bindings().map(({ name, state }) => [name, state])).toEqual([
      ['input', 'running'],
      ['output', 'running'],
    ]);
  });

  test('reaches each listener whose condition holds; after a failure only the unfinished ones again', async () => {
    const broker = new MemoryBroker();
    @Component()
    @EnableBinding(Sink)
    class Listener extends Collector {
      @StreamListener({ target: Sink.INPUT, condition: "headers['type']=='a'" })
      onA(body: string): void {
        this.got.push(`a:${body}`);
      }

      @StreamListener({ target: Sink.INPUT, condition: "headers['type']!='c'" })
      onAny(body: string): void {
        this.got.push(`any:${body}`);
        if (this.got.filter((one) => one === `any:${body}`).length < 2) throw new Error('once');
      }
    }
    const application = await run(broker, [Provider, Listener], [...inGroup, ...fastRetry]);
    const { output } = application.get(Provider);
    for (const type of ['a', 'b', 'c'])
      await output.send(MessageBuilder.withPayload(type).setHeader('type', type).build());
    const { got } = application.get(Listener);
    await until(() => got.length === 5);
    expect(got.map(String).toSorted()).toEqual(['a:a', 'any:a', 'any:a', 'any:b', 'any:b']);
    expect(broker.waiting('d.g.dlq', 'parked')).toEqual([]);
  });

  test('that nobody listens to is not lost', async () => {
    const broker = new MemoryBroker();
    @Component()
    @EnableBinding(Sink)
    class Nobody {}
    await run(broker, [Nobody], [...inGroup, ...fastRetry]);
    broker.publish('d', { payload: Buffer.from('x'), headers: {} });
    await until(() => broker.waiting('d.g.dlq', 'parked').length === 1);
  });

  test('is settled by hand where the binder says so', async () => {
    const broker = new MemoryBroker();
    const { Acknowledgment } = await import('@streambind/core');
    const open: InstanceType<typeof Acknowledgment>[] = [];
    @Component()
    @EnableBinding(Sink)
    class Listener extends Collector {
      @StreamListener(Sink.INPUT)
      on(body: string, acknowledgment: InstanceType<typeof Acknowledgment>): void {
        this.got.push(body);
        open.push(acknowledgment);
      }
    }
    Reflect.defineMetadata('design:paramtypes', [String, Acknowledgment], Listener.prototype, 'on');
    const application = await run(broker, [Provider, Listener], inGroup, {
      binders: [memoryBinder(broker, 'memory', { manual: true })],
    });
    const { output } = application.get(Provider);
    await output.send(text('one'));
    await output.send(text('two'));
    const { got } = application.get(Listener);
    await until(() => got.length === 2);
    open[0]!.acknowledge();
    expect(() => open[0]!.nack()).toThrow('before');
    open[1]!.nack(1);
    await until(() => got.length === 3);
    expect(got).toEqual(['one', 'two', 'two']);
    open[2]!.acknowledge();
  });
});

describe('channels of a user’s own binding class', () => {
  class Orders {
    @Input() readonly orders!: SubscribableChannel;
    @Output('invoices') readonly out!: MessageChannel;
  }

  test('are injected by class, by name, and can be subscribed to', async () => {
    const broker = new MemoryBroker();
    @Component()
    @EnableBinding(Orders)
    class User {
      @Autowired() readonly orders!: Orders;
      @Resource() readonly invoices!: MessageChannel;
    }
    broker.subscription('invoices', 'probe');
    const application = await run(broker, [User]);
    const user = application.get(User);
    expect(user.orders.out).toBe(user.invoices);
    const got: unknown[] = [];
    const unsubscribe = user.orders.orders.subscribe((message) => void got.push(message.payload));
    broker.publish('orders', { payload: Buffer.from('{"a":1}'), headers: {} });
    await until(() => got.length === 1);
    expect(got).toEqual([{ a: 1 }]);
    unsubscribe();
    await user.orders.out.send(text('bill'));
    expect(broker.waiting('invoices', 'probe')).toHaveLength(1);
  });
});

describe('start', () => {
  test('initialises every component before the first message is handled, and destroys in reverse', async () => {
    const broker = new MemoryBroker();
    const order: string[] = [];
    @Component()
    class Store {
      @PostConstruct()
      async open(): Promise<void> {
        await new Promise((resolve) => setTimeout(resolve, 20));
        order.push('store opened');
      }
      @PreDestroy()
      close(): void {
        order.push('store closed');
      }
    }
    @Component()
    @EnableBinding(Sink)
    class Listener {
      @Resource() readonly store!: Store;
      @PostConstruct()
      ready(): void {
        order.push('listener ready');
      }
      @StreamListener(Sink.INPUT)
      on(): void {
        order.push('handled');
      }
      @PreDestroy()
      done(): void {
        order.push('listener done');
      }
    }
    broker.subscription('d', 'g');
    broker.publish('d', { payload: Buffer.from('x'), headers: {} });
    const application = await run(broker, [Listener, Store], inGroup);
    await until(() => order.includes('handled'));
    await application.stop();
    expect(order).toEqual(['store opened', 'listener ready', 'handled', 'listener done', 'store closed']);
  });

  test('takes values, beans and properties', async () => {
    class Clock {
      constructor(readonly zone: string) {}
    }
    @Configuration()
    class Config {
      @Value('${zone:utc}') private readonly zone!: string;
      @Value('${retries:3}') readonly retries!: number;
      @Bean()
      clock(): Clock {
        return new Clock(this.zone);
      }
    }
    @Component()
    class User {
      constructor(
        readonly clock: Clock,
        @Value('${name:nobody}') readonly name: string,
      ) {}
    }
    const application = await run(new MemoryBroker(), [User, Config], ['--zone=cet']);
    expect(application.get(User).clock.zone).toBe('cet');
    expect(application.get(User).name).toBe('nobody');
    expect(application.get(Config).retries).toBe(3);
    expect(application.get('clock')).toBe(application.get(Clock));
  });

  test('waits for a broker that is away, tells so, and a send meanwhile waits too', async () => {
    const broker = new MemoryBroker();
    broker.up = false;
    let up = false;
    const starting = run(broker, [Provider], toDestination).then((application) => {
      up = true;
      return application;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(up).toBe(false);
    broker.up = true;
    const application = await starting;
    expect((await application.health()).readiness).toBe('up');
  });

  test('gives up at the start-timeout, naming what did not come up', async () => {
    const broker = new MemoryBroker();
    broker.up = false;
    const error = await failure(broker, [Provider], [...toDestination, '--spring.cloud.stream.start-timeout=50ms']);
    expect(error).toMatchObject({ code: 'START_TIMEOUT', message: expect.stringContaining('output') });
    expect(error.message).toContain('the broker is away');
  });

  test('reports every mistake of the declarations together', async () => {
    @Component()
    @EnableBinding(Sink)
    class Wrong {
      @Resource('nowhere') readonly missing!: MessageChannel;
      @StreamListener('inputt')
      a(): void {}
      @StreamListener(Sink.INPUT)
      b(): string {
        return '';
      }
      @StreamListener(Sink.INPUT)
      @SendTo('nothing')
      async c(): Promise<string> {
        return '';
      }
    }
    const error = (await failure(new MemoryBroker(), [Wrong])) as AggregateError;
    const codes = error.errors.map(({ code }: { code: string }) => code);
    expect(codes.toSorted()).toEqual([
      'COMPONENT_MISSING',
      'LISTENER_RETURNS',
      'LISTENER_RETURNS',
      'LISTENER_TARGET',
      'SEND_TO_TARGET',
    ]);
    expect(error.errors.find(({ code }: { code: string }) => code === 'LISTENER_TARGET')).toMatchObject({
      details: { nearest: 'input', where: 'Wrong.a' },
    });
  });

  test('names the binder that no package serves, with the install command', async () => {
    const error = await failure(new MemoryBroker(), [Provider], ['--spring.cloud.stream.binders.x.type=rocketmq']);
    expect(error).toMatchObject({ code: 'BINDER_TYPE' });
    expect(error.message).toContain('npm install @streambind/binder-rocketmq');
  });

  test('names the binder that was meant, and installs nothing of its misspelt name', async () => {
    const error = await failure(new MemoryBroker(), [Provider], ['--spring.cloud.stream.binders.x.type=kafak']);
    expect(error).toMatchObject({ code: 'BINDER_TYPE', details: { given: 'kafak', nearest: 'kafka' } });
    expect(error.message).not.toContain('npm install');
  });

  test('refuses a value that cannot be read', async () => {
    const error = await failure(
      new MemoryBroker(),
      [Provider],
      ['--spring.cloud.stream.bindings.output.producer.send-timeout=soon'],
    );
    expect(error).toMatchObject({ code: 'CONFIG_VALUE' });
    expect(error.message).toContain('soon');
  });
});

describe('stop', () => {
  test('lets running handlers finish, returns the rest, and says so', async () => {
    const broker = new MemoryBroker();
    @Component()
    @EnableBinding(Sink)
    class Listener extends Collector {
      @StreamListener(Sink.INPUT)
      async on(body: string): Promise<void> {
        this.got.push(body);
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
    }
    const application = await run(broker, [Listener], inGroup);
    for (let n = 0; n < 5; n++) broker.publish('d', { payload: Buffer.from(String(n)), headers: {} });
    const { got } = application.get(Listener);
    await until(() => got.length === 1);
    const receipt = await application.stop();
    expect(receipt).toMatchObject({ finished: 1, returned: 4, abandoned: 0, confirmed: 0, unconfirmed: 0 });
    expect(broker.waiting('d', 'g')).toHaveLength(4);
    expect(await application.stop()).toBe(receipt);
  });

  test('at the deadline abandons the handler, and counts the sends that nobody confirmed', async () => {
    const broker = new MemoryBroker();
    @Component()
    @EnableBinding(Processor)
    class Stuck {
      @Resource() readonly output!: MessageChannel;
      @StreamListener(Processor.INPUT)
      on(): Promise<void> {
        return new Promise(() => {});
      }
    }
    const application = await run(broker, [Stuck], [...inGroup, '--spring.lifecycle.timeout-per-shutdown-phase=100ms']);
    broker.beforeConfirm = () => new Promise(() => {});
    application
      .get(Stuck)
      .output.send(text('x'))
      .catch(() => {});
    broker.publish('d', { payload: Buffer.from('x'), headers: {} });
    await until(() => broker.waiting('d', 'g').length === 0);
    const started = performance.now();
    const receipt = await application.stop();
    expect(receipt).toMatchObject({ abandoned: 1, unconfirmed: 1 });
    expect(performance.now() - started).toBeLessThan(1000);
  });

  test('refuses sends after it', async () => {
    const application = await run(new MemoryBroker(), [Provider], toDestination);
    const { output } = application.get(Provider);
    await application.stop();
    await expect(output.send(text('late'))).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

describe('a binding', () => {
  @Component()
  @EnableBinding(Sink)
  class Listener extends Collector {
    @StreamListener(Sink.INPUT)
    on(body: string): void {
      this.got.push(body);
    }
  }

  test('can be paused, resumed, stopped and started; a durable group keeps what came meanwhile', async () => {
    const broker = new MemoryBroker();
    const application = await run(broker, [Listener], inGroup);
    const { got } = application.get(Listener);
    const input = application.binding('input');
    input.pause();
    broker.publish('d', { payload: Buffer.from('1'), headers: {} });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(got).toEqual([]);
    expect(input.info().state).toBe('paused');
    input.resume();
    await until(() => got.length === 1);
    await input.stop();
    expect(input.info().state).toBe('stopped');
    broker.publish('d', { payload: Buffer.from('2'), headers: {} });
    await input.start();
    await until(() => got.length === 2);
    expect(got).toEqual(['1', '2']);
    expect(() => application.binding('inputs')).toThrow('input');
  });

  test('of an anonymous group cannot be started again', async () => {
    const application = await run(new MemoryBroker(), [Listener], toDestination);
    const input = application.binding('input');
    await input.stop();
    await expect(input.start()).rejects.toMatchObject({ code: 'BINDING_STATE' });
  });
});

describe('a send', () => {
  test('beyond twice max-in-flight is refused with BUFFER_FULL, the others wait their turn in order', async () => {
    const broker = new MemoryBroker();
    broker.subscription('d', 'probe');
    const application = await run(
      broker,
      [Provider],
      [...toDestination, '--spring.cloud.stream.bindings.output.producer.max-in-flight=2'],
    );
    let open!: () => void;
    const gate = new Promise<void>((resolve) => (open = resolve));
    broker.beforeConfirm = () => gate;
    const { output } = application.get(Provider);
    const sends = ['0', '1', '2', '3', '4'].map((body) => output.send(text(body)));
    await expect(sends[4]).rejects.toMatchObject({ code: 'BUFFER_FULL' });
    open();
    await Promise.all(sends.slice(0, 4));
    expect(broker.waiting('d', 'probe').map(({ payload }) => Buffer.from(payload!).toString())).toEqual([
      '0',
      '1',
      '2',
      '3',
    ]);
  });

  test('that is not confirmed in time is PUBLISH_UNKNOWN and names its message', async () => {
    const broker = new MemoryBroker();
    const application = await run(broker, [Provider], toDestination);
    broker.beforeConfirm = () => new Promise(() => {});
    const message = text('x');
    await expect(application.get(Provider).output.send(message, 20)).rejects.toMatchObject({
      code: 'PUBLISH_UNKNOWN',
      details: { binding: 'output', messageId: message.headers['id'] },
    });
  });

  test('has the deadline of its binding, waiting included; what was not handed over is told apart', async () => {
    const broker = new MemoryBroker();
    const application = await run(
      broker,
      [Provider],
      [
        ...toDestination,
        '--spring.cloud.stream.bindings.output.producer.send-timeout=40ms',
        '--spring.cloud.stream.bindings.output.producer.max-in-flight=1',
      ],
    );
    broker.beforeConfirm = () => new Promise(() => {});
    const { output } = application.get(Provider);
    const started = performance.now();
    const outcomes = await Promise.allSettled([output.send(text('handed over')), output.send(text('waits'))]);
    expect(performance.now() - started).toBeGreaterThanOrEqual(39);
    expect(
      outcomes.map((outcome) => outcome.status === 'rejected' && (outcome.reason as { code: string }).code),
    ).toEqual(['PUBLISH_UNKNOWN', 'BROKER_UNAVAILABLE']);
  });

  test('goes to the partition of its key', async () => {
    const broker = new MemoryBroker();
    broker.subscription('d', 'probe');
    const application = await run(
      broker,
      [Provider],
      [
        ...toDestination,
        "--spring.cloud.stream.bindings.output.producer.partition-key-expression=headers['k']",
        '--spring.cloud.stream.bindings.output.producer.partition-count=3',
      ],
    );
    for (const k of ['a', 'b', 'c', 'd'])
      await application.get(Provider).output.send(MessageBuilder.withPayload(k).setHeader('k', k).build());
    // Java: "a".hashCode() is 97
    expect(broker.waiting('d', 'probe').map(({ partition }) => partition)).toEqual([97 % 3, 98 % 3, 99 % 3, 100 % 3]);
  });
});

test('a binding with auto-startup false is bound by hand', async () => {
  const broker = new MemoryBroker();
  @Component()
  @EnableBinding(Sink)
  class Listener extends Collector {
    @StreamListener(Sink.INPUT)
    on(body: string): void {
      this.got.push(body);
    }
  }
  const notAtStart = '--spring.cloud.stream.bindings.input.consumer.auto-startup=false';
  const application = await run(broker, [Listener], [...inGroup, notAtStart]);
  const input = application.binding('input');
  expect(input.info().state).toBe('stopped');
  expect(broker.groups('d')).toEqual([]);
  expect((await application.health()).readiness).toBe('up');
  await input.start();
  broker.publish('d', { payload: Buffer.from('x'), headers: {} });
  const { got } = application.get(Listener);
  await until(() => got.length === 1);
});
