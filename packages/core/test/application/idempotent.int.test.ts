/** `@IdempotentReceiver`: what is handled once, what is handled again, and what is refused. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  Bean,
  Component,
  Configuration,
  EnableBinding,
  IdempotencyStore,
  IdempotentReceiver,
  ImmediateAcknowledgeError,
  Processor,
  ServiceActivator,
  Sink,
  StreamListener,
  type Class,
  type IdempotentReceiverOptions,
} from '@streambind/core';
import { binding, failures, run } from '../support/applications.js';
import { MemoryBroker, memoryBinder } from '../support/memory-binder.js';
import { MemoryIdempotencyStore } from '../support/memory-idempotency.js';
import { until } from '../support/until.js';

let store: MemoryIdempotencyStore;
let broker: MemoryBroker;
/** What the handlers were called with. */
let got: string[];
beforeEach(() => {
  store = new MemoryIdempotencyStore();
  broker = new MemoryBroker();
  got = [];
});

@Configuration()
class Stores {
  @Bean() seen(): IdempotencyStore {
    return store;
  }
}

const properties = binding('input', { destination: 'in', group: 'g', 'consumer.back-off-initial-interval': 1 });
const publish = (body: string, id?: string, headers: Record<string, string> = {}): void =>
  broker.publish('in', { payload: Buffer.from(body), headers: { ...headers, ...(id === undefined ? {} : { id }) } });

function receiver(options: IdempotentReceiverOptions, handle: (body: string) => unknown = () => {}): Class {
  @Component()
  @EnableBinding(Sink)
  class Payments {
    @StreamListener(Sink.INPUT)
    @IdempotentReceiver(options)
    async pay(body: string): Promise<void> {
      got.push(body);
      await handle(body);
    }
  }
  return Payments;
}
const start = (type: Class, more: Readonly<Record<string, string | number | boolean>> = {}) =>
  run(broker, [Stores, type], { ...properties, ...more });
/** The last message is handled after all before it, where one is handled at a time. */
const handledUpTo = async (body: string): Promise<void> => {
  publish(body, `the id of ${body}`);
  await until(() => got.includes(body));
};
const deadLetters = () => broker.waiting('in.g.dlq', 'parked');

describe('a message', () => {
  test('is handled once for its id, whoever sends it again', async () => {
    const [first, second] = [await start(receiver({})), await start(receiver({}))];
    for (const body of ['a', 'a again', 'a once more']) publish(body, '1');
    await handledUpTo('end');
    await until(() => broker.waiting('in', 'g').length === 0);
    expect(got).toEqual(['a', 'end']);
    await first.stop();
    await second.stop();
    expect(store.closed).toBe(true);
  });

  test('is known by what the key says', async () => {
    await start(receiver({ key: "headers['order'] + '/' + headers['version']" }));
    publish('4711, first', '1', { order: '4711', version: '1' });
    publish('4711, first, sent again', '2', { order: '4711', version: '1' });
    publish('4711, changed', '3', { order: '4711', version: '2' });
    await until(() => got.length === 2);
    expect(got).toEqual(['4711, first', '4711, changed']);
  });

  test('is forgotten when the ttl is over', async () => {
    await start(receiver({ ttl: 30 }));
    publish('a', '1');
    await until(() => got.length === 1 && [...store.entries.values()][0]?.token === null);
    await until(() => [...store.entries.values()][0]!.until < Date.now());
    publish('a', '1');
    await until(() => got.length === 2);
  });

  test('whose handler fails is handled again until it succeeds, and then no more', async () => {
    let left = 2;
    await start(
      receiver({}, (body) => {
        if (body === 'a' && left-- > 0) throw new Error('no');
      }),
    );
    publish('a', '1');
    await until(() => got.length === 3);
    publish('a', '1');
    await handledUpTo('end');
    expect(got).toEqual(['a', 'a', 'a', 'end']);
    expect(deadLetters()).toEqual([]);
  });

  test('that has failed for good can be handled when it is sent again', async () => {
    let broken = true;
    await start(
      receiver({}, () => {
        if (broken) throw new Error('no');
      }),
    );
    publish('a', '1');
    await until(() => deadLetters().length === 1);
    broken = false;
    publish('a', '1');
    await until(() => got.length === 4);
    publish('a', '1');
    await handledUpTo('end');
    expect(got).toEqual(['a', 'a', 'a', 'a', 'end']);
  });

  test('that its handler is done with counts as handled', async () => {
    await start(
      receiver({}, () => {
        throw new ImmediateAcknowledgeError('nothing to do');
      }),
    );
    publish('a', '1');
    publish('a', '1');
    await handledUpTo('end');
    expect(got).toEqual(['a', 'end']);
  });

  test('without a key is a dead letter at once, with the reason', async () => {
    await start(receiver({}));
    publish('a');
    await until(() => deadLetters().length === 1);
    expect(deadLetters()[0]!.headers['x-exception-message']).toMatch(
      /nothing to know it again by[^]*the id of the message: nothing/,
    );
    expect(got).toEqual([]);
  });

  test.each([
    ['an empty text', "''"],
    ['nothing', "headers['order']"],
    ['an object', 'headers'],
  ])('whose key is %s is one, too', async (what, key) => {
    await start(receiver({ key }));
    publish('a', '1');
    await until(() => deadLetters().length === 1);
    expect(deadLetters()[0]!.headers['x-exception-message']).toContain(`: ${what}\n`);
  });
});

describe('while another handles a message of the key', () => {
  test('it waits without an attempt being counted, and is done with when that has succeeded', async () => {
    let finish!: () => void;
    const working = new Promise<void>((resolve) => (finish = resolve));
    const lease = 200;
    await start(
      receiver({ lease }, (body) => (body === 'a' ? working : undefined)),
      binding('input', { 'consumer.max-attempts': 1, 'consumer.concurrency': 2 }),
    );
    publish('a', '1');
    await until(() => got.length === 1);
    publish('a again', '1');
    publish('b', '2');
    // the claim outlives its lease, because the handler still runs
    const begun = Date.now();
    await until(() => got.includes('b') && Date.now() - begun > 3 * lease);
    expect(got).toEqual(['a', 'b']);
    finish();
    await until(() => [...store.entries.values()].every(({ token }) => token === null));
    await handledUpTo('end');
    expect(got).toEqual(['a', 'b', 'end']);
    expect(deadLetters()).toEqual([]);
  });

  test('the claim of one that died runs out', async () => {
    await start(receiver({ lease: 200 }));
    const key = 'in.g:Payments.pay:1';
    const died = Date.now();
    await store.claim(key, 'of a process that is gone', 200);
    publish('a', '1');
    await until(() => got.length === 1);
    expect(Date.now() - died).toBeGreaterThanOrEqual(200);
    await until(() => store.entries.get(key)?.token === null);
  });

  test('an attempt beyond its handler-timeout keeps the key no longer than its lease', async () => {
    let hang = true;
    await start(
      receiver({ lease: 200 }, () => {
        if (!hang) return;
        hang = false;
        return new Promise(() => {});
      }),
      { 'spring.cloud.stream.bindings.input.consumer.handler-timeout': '50ms' },
    );
    publish('a', '1');
    await until(() => got.length === 2);
    expect(deadLetters()).toEqual([]);
  });
});

describe('a store that fails', () => {
  test('holds the messages back and costs none of them an attempt', async () => {
    await start(receiver({ lease: 100 }), { 'spring.cloud.stream.bindings.input.consumer.max-attempts': 1 });
    store.trouble = new Error('the store is away');
    publish('a', '1');
    publish('b', '2');
    const away = Date.now();
    await until(() => Date.now() - away > 350);
    expect(got).toEqual([]);
    store.trouble = undefined;
    await until(() => got.length === 2);
    expect(got.toSorted()).toEqual(['a', 'b']);
    expect(deadLetters()).toEqual([]);
  });

  test('after the handler leaves the message handled', async () => {
    await start(
      receiver({}, () => {
        store.trouble = new Error('the store is away');
      }),
    );
    publish('a', '1');
    await until(() => got.length === 1 && broker.waiting('in', 'g').length === 0);
    store.trouble = undefined;
    await handledUpTo('end');
    expect(got).toEqual(['a', 'end']);
    expect(deadLetters()).toEqual([]);
  });
});

describe('the keys of', () => {
  test('two listeners of one input are not taken for each other', async () => {
    @Component()
    @EnableBinding(Sink)
    class Both {
      @StreamListener(Sink.INPUT)
      @IdempotentReceiver()
      one(body: string): void {
        got.push(`one ${body}`);
      }
      @StreamListener(Sink.INPUT)
      @IdempotentReceiver()
      other(body: string): void {
        got.push(`other ${body}`);
      }
    }
    await start(Both);
    publish('a', '1');
    publish('a', '1');
    publish('b', '2');
    await until(() => got.length === 4);
    expect(got).toEqual(['one a', 'other a', 'one b', 'other b']);
  });

  test('two groups neither, and consumers without a group each handle their own copy', async () => {
    const named = receiver({});
    await start(named);
    await start(named, binding('input', { destination: 'in', group: 'h' }));
    const anonymous = binding('input', { destination: 'in' });
    await run(broker, [Stores, named], anonymous);
    await run(broker, [Stores, named], anonymous);
    publish('a', '1');
    publish('a', '1');
    await until(() => got.length === 4);
    await until(() => [...store.entries.values()].filter(({ token }) => token === null).length === 4);
    expect(got).toEqual(['a', 'a', 'a', 'a']);
  });
});

test('the reply to a message is sent once', async () => {
  @Component()
  @EnableBinding(Processor)
  class Replies {
    @ServiceActivator({ inputChannel: Processor.INPUT, outputChannel: Processor.OUTPUT })
    @IdempotentReceiver()
    on(body: string): string {
      got.push(body);
      return body;
    }
  }
  broker.subscription('out', 'probe');
  await start(Replies, binding('output', { destination: 'out' }));
  publish('a', '1');
  publish('a', '1');
  await handledUpTo('end');
  await until(() => broker.waiting('out', 'probe').length >= 2);
  expect(broker.waiting('out', 'probe').map(({ payload }) => String(payload))).toEqual(['a', 'end']);
});

describe('at the start', () => {
  const refusal = async (type: Class, more: Class[] = [Stores], options: Parameters<typeof run>[3] = {}) =>
    (await failures(broker, [...more, type], properties, options)).map(({ code, message }) => `${code} ${message}`);

  test('a store has to be there, and to be one', async () => {
    expect(await refusal(receiver({}), [])).toEqual([
      expect.stringMatching(/^COMPONENT_MISSING Payments\.pay handles each message once[^]*RedisIdempotencyStore/),
    ]);
    expect(await refusal(receiver({ store: 'sen' }))).toEqual([
      expect.stringMatching(/^COMPONENT_MISSING There is no IdempotencyStore of the name "sen"[^]*nearest: seen/),
    ]);
  });

  test('key, ttl and lease are checked', async () => {
    expect(await refusal(receiver({ key: 'headers[' }))).toEqual([expect.stringMatching(/^EXPRESSION_SYNTAX/)]);
    expect(await refusal(receiver({ ttl: 'a while' }))).toEqual([
      expect.stringMatching(/^CONFIG_VALUE The ttl of @IdempotentReceiver at Payments\.pay[^]*given:   a while/),
    ]);
    expect(await refusal(receiver({ lease: '5ms' }))).toEqual([expect.stringMatching(/^CONFIG_VALUE The lease/)]);
  });

  test('placeholders are read', async () => {
    await start(receiver({ key: "headers['${my.header}']", store: '${my.store}', ttl: '${my.ttl}' }), {
      'my.header': 'order',
      'my.store': 'seen',
      'my.ttl': '1h',
    });
    publish('a', undefined, { order: '1' });
    publish('a', undefined, { order: '1' });
    publish('b', undefined, { order: '2' });
    await until(() => got.includes('b'));
    expect(got).toEqual(['a', 'b']);
  });

  test('acknowledgement by hand is refused beside it', async () => {
    const binders = [memoryBinder(broker, 'memory', { manual: true })];
    expect(await refusal(receiver({}), [Stores], { binders })).toEqual([
      expect.stringMatching(/^DECORATOR_MISUSE @IdempotentReceiver stands where messages are acknowledged by hand/),
    ]);
  });

  test('it means nothing on other methods', async () => {
    @Component()
    @EnableBinding(Sink)
    class Wrong {
      @IdempotentReceiver()
      plain(): void {}

      @ServiceActivator({ inputChannel: 'errorChannel' })
      @IdempotentReceiver()
      errors(): void {}

      @StreamListener(Sink.INPUT)
      on(): void {}
    }
    expect(await refusal(Wrong)).toEqual([
      expect.stringMatching(
        /^DECORATOR_MISUSE @IdempotentReceiver means nothing on a method that listens to no channel/,
      ),
      expect.stringMatching(/^DECORATOR_MISUSE @IdempotentReceiver means nothing on an error channel/),
    ]);
  });
});

test('a duplicate is told of at the level of debugging', async () => {
  const lines: string[] = [];
  const write = process.stderr.write.bind(process.stderr);
  process.stderr.write = ((text: string) => lines.push(text) > 0) as typeof process.stderr.write;
  try {
    await start(receiver({}), { 'logging.level.root': 'OFF', 'logging.level.binding': 'DEBUG' });
    publish('a', '1');
    publish('a', '1');
    await handledUpTo('end');
  } finally {
    process.stderr.write = write;
  }
  expect(
    lines.filter((line) =>
      /DEBUG.*Payments\.pay has handled a message of this key before.*in\.g:Payments\.pay:1/.test(line),
    ),
  ).toHaveLength(1);
});
