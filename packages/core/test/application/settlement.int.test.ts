/** What a failure inside a handler comes to: its sends, its time. */
import { describe, expect, test } from '@jest/globals';
import {
  Component,
  EnableBinding,
  MessageBuilder,
  MessageChannel,
  Processor,
  Resource,
  SendTo,
  Sink,
  StreamListener,
  type Class,
} from '@streambind/core';
import { binding, run } from '../support/applications.js';
import { MemoryBroker } from '../support/memory-binder.js';
import { until } from '../support/until.js';

const got: string[] = [];

@Component()
@EnableBinding(Processor)
class Replies {
  @StreamListener(Processor.INPUT)
  @SendTo(Processor.OUTPUT)
  on(body: string): string {
    got.push(body);
    return body;
  }
}

@Component()
@EnableBinding(Processor)
class Sends {
  @Resource() readonly output!: MessageChannel;
  @StreamListener(Processor.INPUT)
  async on(body: string): Promise<void> {
    got.push(body);
    await this.output.send(MessageBuilder.withPayload(body).build());
  }
}

const properties = {
  ...binding('input', { destination: 'in', group: 'g', 'consumer.back-off-initial-interval': 1 }),
  ...binding('output', { destination: 'out' }),
};
const publish = (broker: MemoryBroker, body: string): void =>
  broker.publish('in', { payload: Buffer.from(body), headers: {} });

describe.each<[string, Class]>([
  ['a reply', Replies],
  ['a send that the handler awaits', Sends],
])('%s', (_, handler) => {
  test('holds its message until the broker has confirmed', async () => {
    got.length = 0;
    const broker = new MemoryBroker();
    broker.subscription('out', 'probe');
    let confirm!: () => void;
    const confirmed = new Promise<void>((resolve) => (confirm = resolve));
    let asked = 0;
    broker.beforeConfirm = () => {
      asked++;
      return confirmed;
    };
    await run(broker, [handler], properties);
    publish(broker, 'a');
    publish(broker, 'b');
    await until(() => asked === 1);
    // the one slot is taken as long as the first message is open
    expect(got).toEqual(['a']);
    confirm();
    await until(() => broker.waiting('out', 'probe').length === 2);
    expect(got).toEqual(['a', 'b']);
  });

  test('that fails is a failure of the handler: tried again, then in the dead letters', async () => {
    got.length = 0;
    const broker = new MemoryBroker();
    broker.beforeConfirm = () => Promise.reject(new Error('the disk is full'));
    await run(broker, [handler], properties);
    publish(broker, 'a');
    await until(() => broker.waiting('in.g.dlq', 'parked').length === 1);
    expect(got).toEqual(['a', 'a', 'a']);
    expect(broker.waiting('in.g.dlq', 'parked')[0]!.headers['x-exception-message']).toContain('the disk is full');
  });
});

describe('an attempt beyond the handler-timeout', () => {
  test('has failed and frees its slot; what it still does is ignored', async () => {
    got.length = 0;
    let release!: () => void;
    const stuck = new Promise<void>((resolve) => (release = resolve));
    let ended = 0;
    @Component()
    @EnableBinding(Sink)
    class Listener {
      @StreamListener(Sink.INPUT)
      async on(body: string): Promise<void> {
        got.push(body);
        if (body === 'stuck') await stuck;
        ended++;
      }
    }
    const broker = new MemoryBroker();
    const options = binding('input', { 'consumer.handler-timeout': '20ms', 'consumer.max-attempts': 2 });
    const application = await run(broker, [Listener], { ...properties, ...options });
    publish(broker, 'stuck');
    publish(broker, 'next');
    await until(() => broker.waiting('in.g.dlq', 'parked').length === 1 && got.includes('next'));
    expect(got.filter((body) => body === 'stuck')).toHaveLength(2);
    expect(broker.waiting('in.g.dlq', 'parked')[0]!.headers['x-exception-message']).toContain('longer than 20 ms');
    release();
    await until(() => ended === 3);
    const count = (name: string) => application.counters.find((counter) => counter.name === name)?.value;
    expect([count('streambind.messages.handled'), count('streambind.messages.failed')]).toEqual([1, 1]);
  });
});
