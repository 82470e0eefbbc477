/** Programs of several listeners on one input. */
import { describe, expect, test } from '@jest/globals';
import { Component, EnableBinding, Message, Sink, StreamListener, type Class } from '@streambind/core';
import { binding, run } from '../support/applications.js';
import { MemoryBroker } from '../support/memory-binder.js';
import { until } from '../support/until.js';

const got: string[] = [];

/** Runs a program on messages; resolves when all of them are settled. */
async function handle(
  program: Class,
  messages: readonly [string, object?][],
  options: Readonly<Record<string, string>> = {},
): Promise<MemoryBroker> {
  got.length = 0;
  const broker = new MemoryBroker();
  const application = await run(
    broker,
    [program],
    binding('input', { group: 'g', 'consumer.back-off-initial-interval': 1, ...options }),
  );
  for (const [body, headers = {}] of messages)
    broker.publish('input', { payload: Buffer.from(body), headers: headers as Record<string, string> });
  const settled = (): number =>
    application.counters
      .filter(({ name }) => name === 'streambind.messages.handled' || name === 'streambind.messages.failed')
      .reduce((sum, { value }) => sum + value, 0);
  await until(() => settled() === messages.length);
  return broker;
}

describe('listeners with conditions', () => {
  @Component()
  @EnableBinding(Sink)
  class ByType {
    @StreamListener({ target: Sink.INPUT, condition: "headers['type']=='bogey'" })
    bogey(body: string): void {
      got.push(`bogey ${body}`);
    }
    @StreamListener({ target: Sink.INPUT, condition: "headers['type']=='bacall'" })
    bacall(body: string): void {
      got.push(`bacall ${body}`);
    }
    @StreamListener({ target: Sink.INPUT, condition: "headers['speed'] > 40" })
    fast(body: string): void {
      got.push(`fast ${body}`);
    }
    @StreamListener({
      target: Sink.INPUT,
      condition: "headers['routing'] != null and headers['routing'].toString().contains('eu')",
    })
    routed(body: string): void {
      got.push(`routed ${body}`);
    }
  }

  test('are each called where theirs holds; a message that fits none is done with', async () => {
    const broker = await handle(ByType, [
      ['a', { type: 'bogey' }],
      ['b', { type: 'bacall', speed: 50 }],
      ['c', { type: 'nobody' }],
      ['d', { routing: 'orders.eu' }],
      ['e', {}],
    ]);
    expect(got).toEqual(['bogey a', 'bacall b', 'fast b', 'routed d']);
    expect(broker.waiting('input.g.dlq', 'parked')).toEqual([]);
  });

  test('are judged before the payload is read', async () => {
    class Order {
      id = 0;
    }
    @Component()
    @EnableBinding(Sink)
    class Typed {
      @StreamListener({ target: Sink.INPUT, condition: "headers['type']=='order'" })
      order(order: Order): void {
        got.push(`order ${order.id}`);
      }
      @StreamListener({ target: Sink.INPUT, condition: "headers['type']!='order'" })
      other(message: Message): void {
        got.push(`other ${String(message.payload)}`);
      }
    }
    await handle(Typed, [
      ['{"id":1}', { type: 'order' }],
      ['no order', { type: 'text' }],
    ]);
    expect(got).toEqual(['order 1', 'other no order']);
  });

  test('mixed with one that has none: that one gets everything', async () => {
    @Component()
    @EnableBinding(Sink)
    class Mixed {
      @StreamListener(Sink.INPUT)
      all(body: string): void {
        got.push(`all ${body}`);
      }
      @StreamListener({ target: Sink.INPUT, condition: "headers['type']=='a'" })
      some(body: string): void {
        got.push(`some ${body}`);
      }
    }
    await handle(Mixed, [['x', { type: 'a' }], ['y']]);
    expect(got).toEqual(['all x', 'some x', 'all y']);
  });
});

describe('listeners without conditions', () => {
  test('all get every message, also from several classes', async () => {
    @Component()
    @EnableBinding(Sink)
    class Both {
      @StreamListener(Sink.INPUT)
      one(body: string): void {
        got.push(`one ${body}`);
      }
      @StreamListener(Sink.INPUT)
      async two(body: Buffer): Promise<void> {
        got.push(`two ${body.length}`);
      }
    }
    await handle(Both, [['abc'], ['d']]);
    expect(got).toEqual(['one abc', 'two 3', 'one d', 'two 1']);
  });

  test('of different payload classes: who cannot read the message does not keep it from the others', async () => {
    class Order {}
    @Component()
    @EnableBinding(Sink)
    class Different {
      @StreamListener(Sink.INPUT)
      order(order: Order): void {
        got.push(`order ${JSON.stringify(order)}`);
      }
      @StreamListener(Sink.INPUT)
      number(amount: number): void {
        got.push(`number ${amount}`);
      }
    }
    const broker = await handle(Different, [['{"a":1}'], ['7'], ['neither']]);
    expect(got).toEqual(['order {"a":1}', 'number 7']);
    expect(broker.waiting('input.g.dlq', 'parked').map(({ payload }) => Buffer.from(payload!).toString())).toEqual([
      'neither',
    ]);
  });

  test('one that takes too long is tried again alone', async () => {
    const never = new Promise<void>(() => {});
    @Component()
    @EnableBinding(Sink)
    class Slow {
      @StreamListener(Sink.INPUT)
      fine(body: string): void {
        got.push(`fine ${body}`);
      }
      @StreamListener(Sink.INPUT)
      slow(body: string): Promise<void> | undefined {
        got.push(`slow ${body}`);
        return got.length < 4 ? never : undefined;
      }
    }
    await handle(Slow, [['x']], { 'consumer.handler-timeout': '10ms' });
    expect(got).toEqual(['fine x', 'slow x', 'slow x', 'slow x']);
  });

  test('an exception in one is tried again for those that have not finished, and goes to the dead letters in the end', async () => {
    @Component()
    @EnableBinding(Sink)
    class Failing {
      @StreamListener(Sink.INPUT)
      fine(body: string): void {
        got.push(`fine ${body}`);
      }
      @StreamListener(Sink.INPUT)
      fails(body: string): void {
        got.push(`fails ${body}`);
        throw new Error('no');
      }
    }
    const broker = await handle(Failing, [['x']]);
    expect(got).toEqual(['fine x', 'fails x', 'fails x', 'fails x']);
    expect(broker.waiting('input.g.dlq', 'parked')).toHaveLength(1);
  });
});
