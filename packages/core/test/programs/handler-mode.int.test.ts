/** Programs of one listener and one output: what is sent for what a method returns. */
import { describe, expect, test } from '@jest/globals';
import {
  Component,
  EnableBinding,
  Message,
  MessageBuilder,
  Output,
  Processor,
  SendTo,
  StreamListener,
  type Class,
} from '@streambind/core';
import type { WireRecord } from '@streambind/core/binder';
import { binding, run } from '../support/applications.js';
import { MemoryBroker } from '../support/memory-binder.js';
import { until } from '../support/until.js';

const properties = {
  ...binding('input', { destination: 'in', group: 'g' }),
  ...binding('output', { destination: 'out' }),
};

/** What the program sends for these bodies; the last one has to be answered. */
async function replies(program: Class, bodies: readonly string[], headers = {}, more = {}): Promise<WireRecord[]> {
  const broker = new MemoryBroker();
  broker.subscription('out', 'probe');
  await run(broker, [program], { ...properties, ...more });
  for (const body of bodies) broker.publish('in', { payload: Buffer.from(body), headers });
  await until(() => broker.waiting('in', 'g').length === 0 && broker.waiting('out', 'probe').length > 0);
  return broker.waiting('out', 'probe');
}
const textOf = ({ payload }: WireRecord): string => Buffer.from(payload!).toString();

@Component()
@EnableBinding(Processor)
class Various {
  @StreamListener(Processor.INPUT)
  @SendTo(Processor.OUTPUT)
  on(what: string): unknown {
    switch (what) {
      case 'nothing':
        return null;
      case 'object':
        return { total: 3 };
      case 'list':
        return [1, 'two'];
      case 'number':
        return 7;
      case 'message':
        return MessageBuilder.withPayload('whole')
          .setHeader('tenant', 'own')
          .setHeader('contentType', 'text/plain')
          .build();
      default:
        return what.toUpperCase();
    }
  }
}

describe('a method that returns something', () => {
  test('sends it as one message, whatever it is; null sends nothing', async () => {
    const sent = await replies(Various, ['nothing', 'object', 'list', 'number', 'text']);
    expect(sent.map(textOf)).toEqual(['{"total":3}', '[1,"two"]', '7', 'TEXT']);
  });

  test('passes on the headers it got, but for the content type, which is that of the output', async () => {
    const [reply] = await replies(Various, ['text'], { tenant: 't', contentType: 'text/plain' });
    expect(reply!.headers).toMatchObject({ tenant: 't', contentType: 'application/json' });
  });

  test('sends a message as it is, its own headers before those it got', async () => {
    const [reply] = await replies(Various, ['message'], { tenant: 't', other: 1 });
    expect(textOf(reply!)).toBe('whole');
    expect(reply!.headers).toMatchObject({ tenant: 'own', other: 1, contentType: 'text/plain' });
  });

  test('passes on no headers where copyHeaders is false', async () => {
    @Component()
    @EnableBinding(Processor)
    class Bare {
      @StreamListener({ target: Processor.INPUT, copyHeaders: false })
      @SendTo(Processor.OUTPUT)
      on(message: Message<string>): string {
        return message.payload;
      }
    }
    const [reply] = await replies(Bare, ['x'], { tenant: 't' });
    expect(reply!.headers).not.toHaveProperty('tenant');
  });

  test('may name its output by @Output, and its channels by placeholders', async () => {
    @Component()
    @EnableBinding(Processor)
    class Placeholders {
      @StreamListener({ target: '${from}' })
      @Output('output')
      async on(body: string): Promise<string> {
        return `${body}!`;
      }
    }
    const sent = await replies(Placeholders, ['x'], {}, { from: 'input' });
    expect(sent.map(textOf)).toEqual(['x!']);
  });
});

test('a value that nobody declared and no output takes is told once and not sent', async () => {
  const lines: string[] = [];
  const write = process.stderr.write.bind(process.stderr);
  process.stderr.write = (text: string | Uint8Array) => lines.push(String(text)) > 0;
  let handled = 0;
  try {
    @Component()
    @EnableBinding(Processor)
    class Chatty {
      @StreamListener(Processor.INPUT)
      async on(body: string): Promise<unknown> {
        handled++;
        return body;
      }
    }
    const broker = new MemoryBroker();
    await run(broker, [Chatty], { ...properties, 'logging.level.binding': 'WARN' });
    broker.publish('in', { payload: Buffer.from('a'), headers: {} });
    broker.publish('in', { payload: Buffer.from('b'), headers: {} });
    await until(() => handled === 2);
    expect(broker.waiting('in.g.dlq', 'parked')).toEqual([]);
  } finally {
    process.stderr.write = write;
  }
  expect(lines.filter((line) => line.includes('Chatty.on returned a value'))).toHaveLength(1);
});
