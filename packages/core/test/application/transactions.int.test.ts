/** What a handler sends to the binder its message came by: committed with the message, or never seen. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  Acknowledgment,
  Bean,
  Component,
  Configuration,
  EnableBinding,
  IdempotencyStore,
  IdempotentReceiver,
  ImmediateAcknowledgeError,
  MessageBuilder,
  MessageChannel,
  Output,
  Processor,
  Resource,
  SendTo,
  StreamListener,
  type Application,
  type Class,
} from '@streambind/core';
import { binding, failures, run } from '../support/applications.js';
import { MemoryBroker, memoryBinder } from '../support/memory-binder.js';
import { MemoryIdempotencyStore } from '../support/memory-idempotency.js';
import { until } from '../support/until.js';

class Sides {
  @Output('side') readonly side!: MessageChannel;
  @Output('elsewhere') readonly elsewhere!: MessageChannel;
}

@Component()
@EnableBinding(Sides)
class Channels {
  @Resource() readonly side!: MessageChannel;
  @Resource() readonly elsewhere!: MessageChannel;
}

type Handle = (body: string, attempt: number) => unknown;

let broker: MemoryBroker;
let other: MemoryBroker;
let application: Application;
/** What the handlers were called with. */
let calls: string[];
beforeEach(() => {
  [broker, other, calls] = [new MemoryBroker(), new MemoryBroker(), []];
  for (const destination of ['out', 'side']) broker.subscription(destination, 'probe');
  other.subscription('elsewhere', 'probe');
});

const properties = {
  'spring.cloud.stream.default-binder': 'memory',
  ...binding('input', {
    destination: 'in',
    group: 'g',
    'consumer.back-off-initial-interval': 1,
    'consumer.ordered': true,
  }),
  ...binding('output', { destination: 'out' }),
  ...binding('elsewhere', { binder: 'other' }),
};
const binders = (options: { readonly manual?: boolean } = {}) => [
  memoryBinder(broker, 'memory', { transactional: true, ...options }),
  memoryBinder(other, 'other'),
];

/** A handler whose result goes to `output`. */
function handler(handle: Handle): Class {
  @Component()
  @EnableBinding(Processor)
  class Handler {
    @StreamListener(Processor.INPUT)
    @SendTo(Processor.OUTPUT)
    on(body: string): unknown {
      calls.push(body);
      return handle(body, calls.filter((call) => call === body).length);
    }
  }
  return Handler;
}

async function start(handle: Handle, more: Readonly<Record<string, string | number | boolean>> = {}): Promise<void> {
  application = await run(broker, [Channels, handler(handle)], { ...properties, ...more }, { binders: binders() });
}

const send = (to: 'side' | 'elsewhere', body: string): Promise<void> =>
  application.get(Channels)[to].send(MessageBuilder.withPayload(body).build());
const publish = (...bodies: string[]): void => {
  for (const body of bodies) broker.publish('in', { payload: Buffer.from(body), headers: {} });
};
const seen = (destination: 'out' | 'side'): string[] =>
  broker.waiting(destination, 'probe').map(({ payload }) => String(payload));
const deadLetters = (): unknown[] =>
  broker.waiting('in.g.dlq', 'parked').map(({ headers }) => headers['x-exception-message']);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
/** The message after all others was handled, so whatever comes of those has come. */
const handledUpToEnd = async (): Promise<void> => {
  publish('end');
  await until(() => seen('out').includes('end'));
};

describe('what a handler returns and sends', () => {
  test('is seen once the message is acknowledged, and not before', async () => {
    let go!: () => void;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const sent: string[] = [];
    await start(async (body) => {
      await turn();
      await send('side', `${body} by hand`);
      sent.push(body);
      await gate;
      return `${body} returned`;
    });
    publish('a');
    await until(() => sent.length === 1);
    await turn();
    expect(seen('side')).toEqual([]);
    go();
    await until(() => seen('out').length === 1);
    expect([seen('side'), seen('out')]).toEqual([['a by hand'], ['a returned']]);
    expect(broker.aborts).toEqual([]);
  });

  test('is forgotten when the attempt fails, before the next one', async () => {
    await start(async (body, attempt) => {
      await send('side', `${body}${attempt}`);
      if (body === 'a' && attempt < 3) throw new Error('not yet');
      return body;
    });
    publish('a');
    await handledUpToEnd();
    expect(seen('side')).toEqual(['a3', 'end1']);
    expect(seen('out')).toEqual(['a', 'end']);
    expect(broker.aborts).toEqual([['a1'], ['a2']]);
  });

  test.each(['dlq', 'drop'])('is never seen of a message that failed for good (%s)', async (exhausted) => {
    await start(
      async (body) => {
        await send('side', body);
        if (body === 'a') throw new Error('never');
        return body;
      },
      binding('input', { 'consumer.on-exhausted': exhausted, 'consumer.max-attempts': 2 }),
    );
    publish('a');
    await handledUpToEnd();
    expect(seen('side')).toEqual(['end']);
    expect(broker.aborts).toEqual([['a'], ['a']]);
    expect(deadLetters()).toHaveLength(exhausted === 'dlq' ? 1 : 0);
  });

  test('stands when the handler ends with ImmediateAcknowledgeError', async () => {
    await start(async (body) => {
      await send('side', body);
      if (body === 'a') throw new ImmediateAcknowledgeError('enough');
      return body;
    });
    publish('a');
    await handledUpToEnd();
    expect(seen('side')).toEqual(['a', 'end']);
    expect(broker.aborts).toEqual([]);
  });

  test('is not in the transaction where it goes to another binder', async () => {
    await start(
      async (body) => {
        await send('elsewhere', body);
        if (body === 'a') throw new Error('no');
        return body;
      },
      binding('input', { 'consumer.max-attempts': 1 }),
    );
    publish('a');
    await handledUpToEnd();
    expect(other.waiting('elsewhere', 'probe')).toHaveLength(2);
    // nothing was sent that would have to be aborted
    expect(broker.aborts).toEqual([]);
  });

  test('belongs to the message it was sent for, however many wait for their turn', async () => {
    await start(
      async (body, attempt) => {
        await Promise.all([send('side', `${body}${attempt}`), send('side', `${body}${attempt}`)]);
        if (body === 'bad') throw new Error('no');
        return body;
      },
      {
        ...binding('input', { 'consumer.concurrency': 4, 'consumer.ordered': false, 'consumer.max-attempts': 1 }),
        ...binding('side', { 'producer.max-in-flight': 8 }),
      },
    );
    broker.beforeConfirm = turn;
    publish('bad', 'b', 'c', 'd');
    await until(() => seen('out').length === 3 && broker.aborts.length === 1);
    expect(seen('side').sort()).toEqual(['b1', 'b1', 'c1', 'c1', 'd1', 'd1']);
    expect(broker.aborts).toEqual([['bad1', 'bad1']]);
  });
});

describe('a send that the handler does not wait for', () => {
  test('is waited for before the message is acknowledged', async () => {
    await start((body) => {
      void send('side', body).then(() => void send('side', `${body} too`));
      return body;
    });
    broker.beforeConfirm = turn;
    publish('a');
    await handledUpToEnd();
    expect(seen('side')).toEqual(['a', 'a too', 'end', 'end too']);
  });

  test('fails the attempt when it fails, caught or not', async () => {
    let refusals = 1;
    await start(async (body, attempt) => {
      await send('side', `${body}${attempt}`).catch(() => {});
      return body;
    });
    broker.beforeConfirm = () => (refusals-- > 0 ? Promise.reject(new Error('full')) : Promise.resolve());
    publish('a');
    await handledUpToEnd();
    expect(calls).toEqual(['a', 'a', 'end']);
    expect(seen('side')).toEqual(['a2', 'end1']);
  });

  test('is a send of its own once the message is acknowledged', async () => {
    let later!: Promise<void>;
    let acknowledged!: () => void;
    const gate = new Promise<void>((resolve) => (acknowledged = resolve));
    await start((body) => {
      if (body === 'a') later = gate.then(() => send('side', 'late'));
      return body;
    });
    publish('a');
    await until(() => seen('out').length === 1);
    acknowledged();
    await later;
    expect(seen('side')).toEqual(['late']);
  });

  test('is refused once its attempt has failed', async () => {
    const outcomes: unknown[] = [];
    let go!: () => void;
    const gate = new Promise<void>((resolve) => (go = resolve));
    await start(
      async (body, attempt) => {
        if (body !== 'a' || attempt > 1) return body;
        await gate;
        await send('side', 'from an attempt that is over').catch((error: unknown) => outcomes.push(error));
        return undefined;
      },
      binding('input', { 'consumer.handler-timeout': '20ms' }),
    );
    publish('a');
    await until(() => seen('out').length === 1);
    go();
    await until(() => outcomes.length === 1);
    expect(outcomes[0]).toMatchObject({ code: 'PUBLISH_REFUSED' });
    expect(seen('side')).toEqual([]);
  });
});

describe('several listeners', () => {
  test('are all called again: what the first had sent is gone', async () => {
    @Component()
    @EnableBinding(Processor)
    class Two {
      @StreamListener(Processor.INPUT) async first(body: string): Promise<void> {
        calls.push('first');
        await send('side', body);
      }
      @StreamListener(Processor.INPUT) second(): void {
        calls.push('second');
        if (calls.length < 4) throw new Error('not yet');
      }
    }
    application = await run(broker, [Channels, Two], properties, { binders: binders() });
    publish('a');
    await until(() => seen('side').length === 1);
    expect(calls).toEqual(['first', 'second', 'first', 'second']);
    expect(broker.aborts).toEqual([['a']]);
  });
});

describe('acknowledged by hand', () => {
  const open: Acknowledgment[] = [];
  @Component()
  @EnableBinding(Processor)
  class ByHand {
    @StreamListener(Processor.INPUT)
    async on(body: string, acknowledgment: Acknowledgment): Promise<void> {
      calls.push(body);
      await send('side', `${body}${calls.length}`);
      open.push(acknowledgment);
    }
  }

  test('a message commits with acknowledge() and aborts with nack()', async () => {
    application = await run(broker, [Channels, ByHand], properties, { binders: binders({ manual: true }) });
    publish('a');
    await until(() => open.length === 1);
    expect(seen('side')).toEqual([]);
    open[0]!.nack(1);
    await until(() => open.length === 2);
    expect(broker.aborts).toEqual([['a1']]);
    open[1]!.acknowledge();
    await until(() => seen('side').length === 1);
    expect(seen('side')).toEqual(['a2']);
  });
});

test('@IdempotentReceiver is refused: it would remember what was not committed', async () => {
  @Configuration()
  class Stores {
    @Bean() seen(): IdempotencyStore {
      return new MemoryIdempotencyStore();
    }
  }
  @Component()
  @EnableBinding(Processor)
  class Once {
    @StreamListener(Processor.INPUT) @IdempotentReceiver() on(): void {}
  }
  const [error] = await failures(broker, [Stores, Once], properties, { binders: binders() });
  expect(error).toMatchObject({ code: 'DECORATOR_MISUSE' });
  expect(error!.message).toContain('"memory" has transactions');
});
