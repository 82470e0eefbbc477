/** Spring Integration's decorators on bound channels. */
import { describe, expect, test } from '@jest/globals';
import {
  Component,
  EnableBinding,
  InboundChannelAdapter,
  MessageBuilder,
  Processor,
  ServiceActivator,
  Sink,
  Source,
  StreamListener,
  Transformer,
  type Message,
} from '@streambind/core';
import { binding, failures, run } from '../support/applications.js';
import { MemoryBroker } from '../support/memory-binder.js';
import { until } from '../support/until.js';

const bodies = (broker: MemoryBroker, destination = 'out'): string[] =>
  broker.waiting(destination, 'probe').map(({ payload }) => Buffer.from(payload!).toString());

const inAndOut = {
  ...binding('input', { destination: 'in', group: 'g' }),
  ...binding('output', { destination: 'out' }),
};

function brokerWithProbe(): MemoryBroker {
  const broker = new MemoryBroker();
  broker.subscription('out', 'probe');
  return broker;
}

const send = (broker: MemoryBroker, text: string, headers = {}): void =>
  broker.publish('in', { payload: Buffer.from(text), headers });

describe('a service activator', () => {
  test('handles the messages of an input beside its listeners', async () => {
    const got: string[] = [];
    @Component()
    @EnableBinding(Sink)
    class Handlers {
      @ServiceActivator({ inputChannel: Sink.INPUT })
      activate(body: string): void {
        got.push(`activated ${body}`);
      }
      @StreamListener(Sink.INPUT)
      listen(body: string): void {
        got.push(`heard ${body}`);
      }
    }
    const broker = new MemoryBroker();
    await run(broker, [Handlers], inAndOut);
    send(broker, 'x');
    await until(() => got.length === 2);
    expect(got.toSorted()).toEqual(['activated x', 'heard x']);
  });

  test('sends what it returns to its output, and nothing for null', async () => {
    @Component()
    @EnableBinding(Processor)
    class Activator {
      @ServiceActivator({ inputChannel: Processor.INPUT, outputChannel: Processor.OUTPUT })
      async activate(body: string): Promise<string | null> {
        return body === 'none' ? null : `${body}!`;
      }
    }
    const broker = brokerWithProbe();
    await run(broker, [Activator], inAndOut);
    send(broker, 'none');
    send(broker, 'one', { tenant: 't' });
    await until(() => bodies(broker).length === 1);
    expect(bodies(broker)).toEqual(['one!']);
    expect(broker.waiting('out', 'probe')[0]!.headers).toMatchObject({ tenant: 't' });
  });
});

describe('a transformer', () => {
  test('passes on what it makes; to make nothing is a failure', async () => {
    @Component()
    @EnableBinding(Processor)
    class Upper {
      @Transformer({ inputChannel: Processor.INPUT, outputChannel: Processor.OUTPUT })
      upper(body: string): unknown {
        return body === 'none' ? undefined : body.toUpperCase();
      }
    }
    const broker = brokerWithProbe();
    await run(broker, [Upper], { ...inAndOut, ...binding('input', { 'consumer.max-attempts': 1 }) });
    send(broker, 'none');
    send(broker, 'a');
    await until(() => bodies(broker).length === 1 && broker.waiting('in.g.dlq', 'parked').length === 1);
    expect(bodies(broker)).toEqual(['A']);
    expect(broker.waiting('in.g.dlq', 'parked')[0]!.headers['x-exception-message']).toContain('returned nothing');
  });
});

describe('an inbound channel adapter', () => {
  test('sends what its method returns, several a poll, until there is nothing', async () => {
    const source: (string | Message | null)[] = [
      'a',
      MessageBuilder.withPayload('b').setHeader('own', 1).build(),
      null,
      'c',
    ];
    let polls = 0;
    @Component()
    @EnableBinding(Source)
    class Adapter {
      @InboundChannelAdapter({
        value: Source.OUTPUT,
        poller: { fixedDelay: '${gap}', maxMessagesPerPoll: 5, initialDelay: 1 },
      })
      next(): unknown {
        polls++;
        return source.shift();
      }
    }
    const broker = brokerWithProbe();
    await run(broker, [Adapter], { ...inAndOut, gap: '5ms' });
    await until(() => bodies(broker).length === 3);
    expect(bodies(broker)).toEqual(['a', 'b', 'c']);
    expect(broker.waiting('out', 'probe')[1]!.headers['own']).toBe(1);
    expect(polls).toBeGreaterThanOrEqual(4);
  });

  test('goes on after an error', async () => {
    let calls = 0;
    @Component()
    @EnableBinding(Source)
    class Adapter {
      @InboundChannelAdapter({ channel: Source.OUTPUT, poller: { fixedDelay: 1 } })
      async next(): Promise<string | undefined> {
        if (++calls === 1) throw new Error('not yet');
        return calls === 2 ? 'now' : undefined;
      }
    }
    const broker = brokerWithProbe();
    await run(broker, [Adapter], inAndOut);
    await until(() => bodies(broker).length === 1);
    expect(bodies(broker)).toEqual(['now']);
  });
});

test('what is wrong with them by declaration is told at the start', async () => {
  @Component()
  @EnableBinding(Processor)
  class Wrong {
    @ServiceActivator({ inputChannel: 'inptu' }) target(): void {}
    @ServiceActivator({ inputChannel: 'input', outputChannel: 'input' }) output(): string {
      return '';
    }
    @Transformer({ inputChannel: 'input', outputChannel: 'output' }) nothing(): void {}
    @InboundChannelAdapter('outptu') adapter(): string {
      return '';
    }
    @InboundChannelAdapter('output') silent(): void {}
    @InboundChannelAdapter({ value: 'output', poller: { fixedDelay: 'soon' } }) late(): string {
      return '';
    }
    @InboundChannelAdapter('output') needs(what: string): string {
      return what;
    }
  }
  const errors = await failures(new MemoryBroker(), [Wrong], inAndOut);
  expect(errors.map(({ code, message }) => `${code} ${message.split('\n', 1)[0]}`).toSorted()).toEqual([
    'CONFIG_VALUE The fixedDelay of Wrong.late cannot be read.',
    'DECORATOR_MISUSE Only a method without parameters may be annotated with @InboundChannelAdapter',
    'LISTENER_RETURNS A @Transformer has to return what the message becomes',
    'LISTENER_RETURNS An @InboundChannelAdapter has to return what is sent',
    'LISTENER_TARGET Wrong.target listens to "inptu", which no binding class declares.',
    'SEND_TO_TARGET @InboundChannelAdapter names "outptu", which is no output.',
    'SEND_TO_TARGET @ServiceActivator names "input", which is no output.',
  ]);
});
