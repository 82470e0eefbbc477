import { describe, expect, test } from '@jest/globals';
import {
  Component,
  EnableBinding,
  ErrorMessage,
  Header,
  ImmediateAcknowledgeError,
  Input,
  Message,
  MessageHandlingError,
  MessageHeaders,
  Processor,
  ServiceActivator,
  Sink,
  StreamListener,
  SubscribableChannel,
} from '@streambind/core';
import { binding, failures, run } from '../support/applications.js';
import { MemoryBroker } from '../support/memory-binder.js';
import { until } from '../support/until.js';

class Two {
  @Input() readonly one!: SubscribableChannel;
  @Input() readonly other!: SubscribableChannel;
}

const retries = { 'consumer.max-attempts': 2, 'consumer.back-off-initial-interval': 1 };

describe('error channels', () => {
  test('are told of each message that failed for good, its own first and then the global one', async () => {
    const told: string[] = [];
    const messages: ErrorMessage[] = [];
    @Component()
    @EnableBinding(Two)
    class Listeners {
      @StreamListener('one') one(): void {
        throw new Error('one fails');
      }
      @StreamListener('other') other(): void {
        throw new Error('other fails');
      }
      @StreamListener('errorChannel') all(message: ErrorMessage): void {
        told.push(`all: ${message.payload.message}`);
        messages.push(message);
      }
      @ServiceActivator({ inputChannel: 'd1.g.errors' })
      async own(error: MessageHandlingError, @Header('sourceData') native: object): Promise<void> {
        told.push(`own: ${(error.cause as Error).message} ${typeof native}`);
      }
    }
    const broker = new MemoryBroker();
    await run(broker, [Listeners], {
      ...binding('one', { destination: 'd1', group: 'g', ...retries }),
      ...binding('other', { destination: 'd2', group: 'g', ...retries }),
    });
    const headers = { id: 'm1', tenant: 't' };
    broker.publish('d1', { payload: Buffer.from('body'), headers });
    await until(() => broker.waiting('d1.g.dlq', 'parked').length === 1);
    broker.publish('d2', { payload: Buffer.from('x'), headers: { id: 'm2' } });
    await until(() => broker.waiting('d2.g.dlq', 'parked').length === 1);
    expect(told).toEqual([
      'own: one fails object',
      'all: Message m1 failed: one fails',
      'all: Message m2 failed: other fails',
    ]);
    const [{ payload, originalMessage, headers: own }] = messages as [ErrorMessage];
    expect(payload).toBeInstanceOf(MessageHandlingError);
    expect(payload.failedMessage).toBe(originalMessage);
    expect(Buffer.from(payload.failedMessage.payload!).toString()).toBe('body');
    expect(originalMessage!.headers).toMatchObject({ tenant: 't', deliveryAttempt: 2 });
    expect(own[MessageHeaders.SOURCE_DATA]).toMatchObject({ headers });
  });

  test('are told of dropped messages and of those that cannot be read, not of those a handler is done with', async () => {
    const told: string[] = [];
    @Component()
    @EnableBinding(Two)
    class Listeners {
      @StreamListener('one') one(body: object): void {
        if ('fine' in body) throw new ImmediateAcknowledgeError('fine');
        throw new Error('wrong');
      }
      @StreamListener({ target: 'errorChannel', condition: "originalMessage.headers['quiet'] == null" })
      all(message: Message<Error>): void {
        told.push(message.payload.message.split('\n', 1)[0]!);
      }
    }
    const broker = new MemoryBroker();
    await run(broker, [Listeners], {
      ...binding('one', { ...retries, 'consumer.on-exhausted': 'drop' }),
      ...binding('other', { group: 'g' }),
    });
    const publish = (id: string, body: string, more = {}): void =>
      broker.publish('one', { payload: Buffer.from(body), headers: { id, ...more } });
    publish('a', '{"fine":1}');
    publish('b', '{');
    publish('c', '{}', { quiet: true });
    publish('d', '{}');
    await until(() => told.length === 2);
    expect(told[0]).toMatch(/^Message b failed: /);
    expect(told[1]).toBe('Message d failed: wrong');
  });

  test('a listener that throws, at once or later, changes nothing about the settlement', async () => {
    let told = 0;
    @Component()
    @EnableBinding(Sink)
    class Listeners {
      @StreamListener(Sink.INPUT) on(): void {
        throw new Error('fails');
      }
      @StreamListener('errorChannel') first(): void {
        told++;
        throw new Error('so does this');
      }
      @StreamListener('errorChannel') async second(): Promise<void> {
        told++;
        await Promise.reject(new Error('and this'));
      }
      @StreamListener('d.g.errors') third(): void {
        told++;
      }
    }
    const broker = new MemoryBroker();
    await run(broker, [Listeners], binding('input', { destination: 'd', group: 'g', ...retries }));
    broker.publish('d', { payload: Buffer.from('x'), headers: {} });
    await until(() => broker.waiting('d.g.dlq', 'parked').length === 1);
    expect(told).toBe(3);
    expect(broker.waiting('d.g.dlq', 'parked')[0]!.headers['x-exception-message']).toBe('fails');
  });

  test('a listener that never returns holds neither the message nor the next listener longer than a handler may', async () => {
    let told = 0;
    @Component()
    @EnableBinding(Sink)
    class Listeners {
      @StreamListener(Sink.INPUT) on(): void {
        throw new Error('fails');
      }
      @StreamListener('d.g.errors') stuck(): Promise<void> {
        return new Promise(() => {});
      }
      @StreamListener('errorChannel') next(): void {
        told++;
      }
    }
    const broker = new MemoryBroker();
    const limited = { ...retries, 'consumer.handler-timeout': '20ms' };
    await run(broker, [Listeners], binding('input', { destination: 'd', group: 'g', ...limited }));
    broker.publish('d', { payload: Buffer.from('x'), headers: {} });
    await until(() => broker.waiting('d.g.dlq', 'parked').length === 1);
    expect(told).toBe(1);
    expect(broker.waiting('d.g.dlq', 'parked')[0]!.headers['x-exception-message']).toBe('fails');
  });

  test('what a service activator returns goes to its output', async () => {
    @Component()
    @EnableBinding(Processor)
    class Listeners {
      @StreamListener(Processor.INPUT) on(): void {
        throw new Error('fails');
      }
      @ServiceActivator({ inputChannel: 'errorChannel', outputChannel: Processor.OUTPUT })
      alert(error: Error): object {
        return { alert: error.message };
      }
    }
    const broker = new MemoryBroker();
    broker.subscription('alerts', 'probe');
    await run(broker, [Listeners], {
      ...binding('input', { destination: 'd', group: 'g', ...retries }),
      ...binding('output', { destination: 'alerts' }),
    });
    broker.publish('d', { payload: Buffer.from('x'), headers: { id: 'm' } });
    await until(() => broker.waiting('alerts', 'probe').length === 1);
    expect(Buffer.from(broker.waiting('alerts', 'probe')[0]!.payload!).toString()).toBe(
      '{"alert":"Message m failed: fails"}',
    );
  });

  test('of a binding that does not exist are refused', async () => {
    @Component()
    @EnableBinding(Sink)
    class Listeners {
      @StreamListener('d.h.errors') on(): void {}
    }
    const errors = await failures(new MemoryBroker(), [Listeners], binding('input', { destination: 'd', group: 'g' }));
    expect(errors).toMatchObject([{ code: 'LISTENER_TARGET', details: { nearest: 'd.g.errors' } }]);
  });
});
