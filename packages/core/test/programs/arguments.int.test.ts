/** Programs by what their methods take: every kind of argument, alone and together. */
import { describe, expect, test } from '@jest/globals';
import {
  Component,
  EnableBinding,
  Header,
  Headers,
  Message,
  MessageHeaders,
  Payload,
  Sink,
  StreamListener,
  type Class,
} from '@streambind/core';
import type { WireRecord } from '@streambind/core/binder';
import { binding, run } from '../support/applications.js';
import { MemoryBroker } from '../support/memory-binder.js';
import { until } from '../support/until.js';

let got: unknown[] = [];

/** What the program's method got, or why the message went to the dead letters. */
async function given(program: Class, body: string | null, headers: WireRecord['headers'] = {}): Promise<unknown> {
  got = [];
  const broker = new MemoryBroker();
  await run(broker, [program], binding('input', { group: 'g', 'consumer.max-attempts': 1 }));
  broker.publish('input', { payload: body === null ? null : Buffer.from(body), headers });
  const dead = (): WireRecord[] => broker.waiting('input.g.dlq', 'parked');
  await until(() => got.length > 0 || dead().length > 0);
  return dead()[0]?.headers['x-exception-message'] ?? got[0];
}

class Order {
  id = '';
  quantity = 1;
  get label(): string {
    return `${this.quantity} × ${this.id}`;
  }
}
const ORDER = '{"id":"tea","quantity":2}';

describe('a payload', () => {
  @Component()
  @EnableBinding(Sink)
  class OfClass {
    @StreamListener(Sink.INPUT) on(order: Order): void {
      got.push(order);
    }
  }
  @Component()
  @EnableBinding(Sink)
  class Marked {
    @StreamListener(Sink.INPUT) on(@Payload(Order) order: { label: string }, @Header('tenant') tenant: string): void {
      got.push(`${order.label} for ${tenant}`);
    }
  }
  @Component()
  @EnableBinding(Sink)
  class Text {
    @StreamListener(Sink.INPUT) on(@Payload() body: string): void {
      got.push(body);
    }
  }
  @Component()
  @EnableBinding(Sink)
  class Bytes {
    @StreamListener(Sink.INPUT) on(body: Buffer): void {
      got.push(body);
    }
  }
  @Component()
  @EnableBinding(Sink)
  class Numeric {
    @StreamListener(Sink.INPUT) on(amount: number): void {
      got.push(amount);
    }
  }
  @Component()
  @EnableBinding(Sink)
  class Anything {
    @StreamListener(Sink.INPUT) on(body: unknown): void {
      got.push(body);
    }
  }

  test('of a class is made of the JSON', async () => {
    const order = (await given(OfClass, ORDER)) as Order;
    expect(order).toBeInstanceOf(Order);
    expect(order.label).toBe('2 × tea');
    expect(await given(Marked, ORDER, { tenant: 't' })).toBe('2 × tea for t');
  });

  test('that cannot become it is not handled', async () => {
    expect(await given(OfClass, '{"id":')).toMatch(/JSON/);
    expect(await given(OfClass, '[]')).toContain('not an object for Order');
    expect(await given(OfClass, null)).toContain('Payload value must not be empty');
    expect(await given(Numeric, 'many')).toContain('not a number');
  });

  test('as text, bytes or a number is the body, read no further than it says', async () => {
    expect(await given(Text, '"quoted"')).toBe('"quoted"');
    expect(await given(Bytes, ORDER)).toEqual(Buffer.from(ORDER));
    expect(await given(Numeric, '12.5')).toBe(12.5);
  });

  test('of no known type is what the JSON says, text where it is none', async () => {
    expect(await given(Anything, ORDER)).toEqual({ id: 'tea', quantity: 2 });
    expect(await given(Anything, 'plain')).toBe('plain');
    expect(await given(Anything, ORDER, { contentType: 'text/plain' })).toBe(ORDER);
  });

  test('may be left out where it is not required, and may not where it is', async () => {
    @Component()
    @EnableBinding(Sink)
    class Optional {
      @StreamListener(Sink.INPUT)
      on(@Payload({ type: Order, required: false }) order: Order | undefined): void {
        got.push(order ?? 'nothing');
      }
    }
    @Component()
    @EnableBinding(Sink)
    class Required {
      @StreamListener(Sink.INPUT) on(@Payload({ required: true }) body: string): void {
        got.push(body);
      }
    }
    expect(await given(Optional, '')).toBe('nothing');
    expect(await given(Optional, null)).toBe('nothing');
    expect(await given(Required, '')).toContain('Payload value must not be empty');
    expect(await given(Required, 'x')).toBe('x');
  });

  test('is checked by a schema, which may change it', async () => {
    const positive = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value: unknown) =>
          (value as Order).quantity > 0
            ? { value: { ...(value as object), checked: true } }
            : { issues: [{ message: 'must be positive', path: ['quantity'] }] },
      },
    };
    @Component()
    @EnableBinding(Sink)
    class Checked {
      @StreamListener(Sink.INPUT) on(@Payload({ schema: positive }) order: object): void {
        got.push(order);
      }
    }
    expect(await given(Checked, ORDER)).toEqual({ id: 'tea', quantity: 2, checked: true });
    expect(await given(Checked, '{"quantity":0}')).toContain('$.quantity: must be positive');
  });

  test('by an expression is a part of it', async () => {
    @Component()
    @EnableBinding(Sink)
    class Part {
      @StreamListener(Sink.INPUT) on(@Payload('payload.id') id: string): void {
        got.push(id);
      }
    }
    expect(await given(Part, ORDER)).toBe('tea');
  });
});

describe('a message', () => {
  test('has its payload as it says and its headers', async () => {
    @Component()
    @EnableBinding(Sink)
    class Whole {
      @StreamListener(Sink.INPUT) on(@Payload() message: Message<{ id: string }>): void {
        got.push([message.payload.id, message.headers['tenant'], message.headers['contentType']]);
      }
    }
    expect(await given(Whole, ORDER, { tenant: 't' })).toEqual(['tea', 't', 'application/json']);
  });
});

describe('a header', () => {
  @Component()
  @EnableBinding(Sink)
  class Versioned {
    @StreamListener(Sink.INPUT)
    on(@Payload() body: string, @Header('version') version: number): void {
      got.push([body, version]);
    }
  }

  test('is converted to the type of its parameter', async () => {
    expect(await given(Versioned, 'x', { version: '12' })).toEqual(['x', 12]);
    expect(await given(Versioned, 'x', { version: 'new' })).toContain("header 'version' is no number");
  });

  test('that is required and missing fails the message', async () => {
    expect(await given(Versioned, 'x')).toContain("Missing header 'version'");
  });

  test('may be missing, or have a default', async () => {
    @Component()
    @EnableBinding(Sink)
    class Lenient {
      @StreamListener(Sink.INPUT)
      on(
        @Header({ name: 'x-death', required: false }) death: unknown,
        @Header({ name: 'METHOD', defaultValue: 'GET' }) method: string,
      ): void {
        got.push([death, method]);
      }
    }
    expect(await given(Lenient, 'x')).toEqual([undefined, 'GET']);
    expect(await given(Lenient, 'x', { METHOD: 'PUT', 'x-death': 1 })).toEqual([1, 'PUT']);
  });

  test('comes with all others by @Headers or by type', async () => {
    @Component()
    @EnableBinding(Sink)
    class All {
      @StreamListener(Sink.INPUT)
      on(@Headers() map: Record<string, unknown>, headers: MessageHeaders): void {
        got.push([map['tenant'], headers['deliveryAttempt'], map === headers]);
      }
    }
    expect(await given(All, 'x', { tenant: 't' })).toEqual(['t', 1, true]);
  });
});

test('two parameters without a mark both take the payload, each in its own way', async () => {
  @Component()
  @EnableBinding(Sink)
  class Twice {
    @StreamListener(Sink.INPUT) on(order: Order, raw: Buffer): void {
      got.push([order.label, raw.length]);
    }
  }
  expect(await given(Twice, ORDER)).toEqual(['2 × tea', ORDER.length]);
});
