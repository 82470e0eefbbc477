/** Every message that was recorded from Spring Cloud Stream 3.2.10, against what the real pipelines make of the same. */
import {
  BootApplication,
  Component,
  EnableBinding,
  ImmediateAcknowledgeError,
  Message,
  MessageBuilder,
  MessageChannel,
  Processor,
  RejectAndDontRequeueError,
  Resource,
  SendTo,
  Sink,
  Source,
  StreamListener,
  runApplication,
  type Application,
  type Class,
} from '@streambind/core';
import { afterEach, describe, expect, test } from '@jest/globals';
import { ALSO, PARTITIONS, PUBLISHED } from './golden/left-out.js';
import { writeFields, type Fields } from './support/fields.js';
import { PaperWire, rawMessage } from './support/paper-wire.js';
import {
  Order,
  recordedMessages,
  sentMessage,
  type Properties,
  type WireMessage,
} from './support/recorded-messages.js';

@BootApplication()
class Main {}

@Component()
@EnableBinding(Source)
class Sender {
  @Resource() readonly output!: MessageChannel;
  static last: Sender;
  constructor() {
    Sender.last = this;
  }
}

const running: Application[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((application) => application.stop()));
});

async function run(wire: PaperWire, components: Class[], properties: Properties): Promise<Application> {
  const application = await runApplication(Main, {
    components,
    binders: [wire.binder as never],
    env: {},
    args: [
      '--spring.main.banner-mode=off',
      '--logging.level.root=OFF',
      ...Object.entries(properties).map(([key, value]) => `--${key}=${value}`),
    ],
    signals: false,
  });
  running.push(application);
  return application;
}

/** Ids and times aside. */
function comparable({ exchange, routingKey, properties, body }: WireMessage): object {
  const { message_id, timestamp, ...rest } = properties;
  return {
    exchange,
    routingKey,
    properties: {
      ...rest,
      message_id: /^[0-9a-f-]{36}$/.test(String(message_id)) ? '<uuid>' : message_id,
      timestamp: Number(timestamp) > 1_750_000_000 ? '<now>' : timestamp,
    },
    body,
  };
}

/** A row that is not repeated says why. */
function row(name: string, reason: string | undefined, repeat: () => Promise<void>): void {
  if (reason === undefined) test(name, repeat);
  else test.skip(`${name}: ${reason}`, repeat);
}

describe('published', () => {
  for (const { id, properties, sent, annotation } of recordedMessages.published) {
    row(id, PUBLISHED[id], async () => {
      const wire = new PaperWire();
      await run(wire, [Sender], { ...properties, ...ALSO[id] });
      const sending: Promise<void>[] = [];
      for (let n = 0; n < (sent.times ?? 1); n++) sending.push(Sender.last.output.send(sentMessage(sent)));
      if (annotation.error) {
        await expect(Promise.all(sending)).rejects.toThrow();
        expect(wire.published).toEqual([]);
        return;
      }
      await Promise.all(sending);
      wire.flush();
      expect(wire.published.map(comparable)).toEqual([comparable(annotation as WireMessage)]);
    });
  }
});

describe('partitioned', () => {
  for (const { id, properties, routingKeys } of recordedMessages.partitions) {
    test(id, async () => {
      const wire = new PaperWire();
      await run(wire, [Sender], properties);
      const repeated = Object.entries(routingKeys).filter(([name]) => !(name in PARTITIONS));
      for (const [, { key }] of repeated)
        await Sender.last.output.send(sentMessage({ payload: 'p', headers: { key } }));
      expect(wire.published.map(({ routingKey }, n) => [repeated[n]![0], routingKey])).toEqual(
        repeated.map(([name, { routingKey }]) => [name, routingKey]),
      );
      expect(repeated.length).toBeGreaterThan(60);
    });
  }

  for (const [name, reason] of Object.entries(PARTITIONS)) test.skip(`${name}: ${reason}`, () => undefined);
});

const IN = 'spring.cloud.stream.bindings.input';

describe('passed on by a handler', () => {
  class Invoice {
    constructor(
      readonly orderId: string | null,
      readonly total: number,
    ) {}
  }

  @Component()
  @EnableBinding(Processor)
  class Upper {
    @StreamListener(Processor.INPUT)
    @SendTo(Processor.OUTPUT)
    on(text: string): string {
      return text.toUpperCase();
    }
  }

  @Component()
  @EnableBinding(Processor)
  class Bill {
    @StreamListener(Processor.INPUT)
    @SendTo(Processor.OUTPUT)
    on(order: Order): Invoice {
      return new Invoice(order.id, 2 * order.amount);
    }
  }

  const PROCESSORS: Readonly<Record<string, Class>> = {
    '3.2.10 @StreamListener @SendTo String→String': Upper,
    '3.2.10 @StreamListener @SendTo POJO→POJO': Bill,
  };

  for (const { model, received, sent } of recordedMessages.processors) {
    test(model, async () => {
      const wire = new PaperWire();
      const names = { [`${IN}.destination`]: 'in', [`${IN}.group`]: 'g' };
      await run(wire, [PROCESSORS[model]!], { ...names, 'spring.cloud.stream.bindings.output.destination': 'orders' });
      expect(await wire.deliver(rawMessage(received))).toBe('ack');
      expect(wire.published.map(comparable)).toEqual(sent.map(comparable));
    });
  }

  test('every type, and what the handler changes is typed anew', async () => {
    const fields: Fields = {
      b: { t: 'b', v: 1 },
      s: { t: 's', v: 2 },
      l: { t: 'l', v: 3 },
      big: { t: 'l', v: '9007199254740993' },
      f: { t: 'f', v: 0.5 },
      d: { t: 'd', v: 4 },
      D: { t: 'D', v: { scale: 2, unscaled: 150 } },
      T: { t: 'T', v: 1704164645 },
      map: { t: 'F', v: { l: { t: 'l', v: 5 }, none: { t: 'V', v: null } } },
      changed: { t: 's', v: 6 },
    };
    const seen: Record<string, unknown>[] = [];

    @Component()
    @EnableBinding(Processor)
    class Change {
      @StreamListener(Processor.INPUT)
      @SendTo(Processor.OUTPUT)
      on(message: Message<string>): Message<string> {
        seen.push({ ...message.headers });
        return MessageBuilder.fromMessage(message).setHeader('changed', 7).build();
      }
    }

    const wire = new PaperWire();
    await run(wire, [Change], { [`${IN}.destination`]: 'in', [`${IN}.group`]: 'g' });
    const message = rawMessage({ exchange: 'in', routingKey: 'in', body: 'x', properties: {} });
    await wire.deliver({ ...message, properties: { headers: writeFields(fields) } });
    expect(seen[0]).toMatchObject({
      b: 1,
      s: 2,
      l: 3,
      big: 9007199254740993n,
      f: 0.5,
      d: 4,
      changed: 6,
      map: { l: 5 },
    });
    expect(wire.published[0]!.properties['headers']).toEqual({ ...fields, changed: { t: 'I', v: 7 } });
  });
});

describe('dead letters', () => {
  @Component()
  @EnableBinding(Sink)
  class Failing {
    @StreamListener(Sink.INPUT)
    on(text: string): void {
      if (text === 'poison-null') throw new Error();
      const message = `poison: ${text}`;
      if (text === 'poison-reject') throw new RejectAndDontRequeueError(message);
      if (text === 'poison-ack') throw new ImmediateAcknowledgeError(message);
      throw new Error(message, { cause: new Error('below it') });
    }
  }

  @Component()
  @EnableBinding(Sink)
  class Ordering {
    @StreamListener(Sink.INPUT)
    on(order: Order): void {
      throw new Error(`must not be called with ${String(order)}`);
    }
  }

  for (const recorded of recordedMessages.deadLetters) {
    const { properties, sent, clientFrames, inDlq } = recorded;
    const [published] = clientFrames.filter(({ method }) => method === 'basic.publish');
    test(recorded.case, async () => {
      const wire = new PaperWire();
      await run(wire, [recorded.case.startsWith('conversion') ? Ordering : Failing], {
        ...properties,
        ...ALSO[recorded.case],
      });
      const settled = await wire.deliver(rawMessage(sent));
      if (!published) {
        // acknowledged as it is, or left to the broker, which writes x-death itself
        expect(settled).toBe(clientFrames[0]!.method === 'basic.ack' ? 'ack' : 'deadLetter');
        expect(wire.published).toEqual([]);
        return;
      }
      expect(settled).toBe('deadLetter');
      expect(wire.published.map(withoutTexts)).toEqual(inDlq.map(withoutTexts));
      const [ours, theirs] = [wire.published[0]!, inDlq[0]!].map((message) => message.properties['headers'] as Fields);
      const cut = Number(properties['spring.cloud.stream.rabbit.bindings.input.consumer.frame-max-headroom'] ?? 0);
      const trace = String(ours!['x-exception-stacktrace']!.v);
      if (cut > 0) expect(trace).toHaveLength(String(theirs!['x-exception-stacktrace']!.v).length);
      else expect(trace).toMatch(/^\w*Error[^]*\n    at /);
      // what Jackson says of bad JSON we say in our words
      if (recorded.case.startsWith('conversion')) expect(ours!['x-exception-message']!.v).toContain('JSON');
      else expect(ours!['x-exception-message']).toEqual(theirs!['x-exception-message']);
    });
  }

  /** The stack trace is another program's, and so are messages of libraries: their types remain. */
  function withoutTexts(message: WireMessage): object {
    const headers = message.properties['headers'] as Fields;
    const { exchange, routingKey, properties, body } = message;
    const blank = (name: string): object => ({ [name]: headers[name]!.t });
    return {
      exchange,
      routingKey,
      body,
      properties: {
        ...properties,
        headers: { ...headers, ...blank('x-exception-stacktrace'), ...blank('x-exception-message') },
      },
    };
  }
});
