import { describe, expect, test } from '@jest/globals';
import {
  Component,
  EnableBinding,
  MessageBuilder,
  Sink,
  StreamListener,
  type Application,
  type Message,
} from '@streambind/core';
import { binding, run } from '../support/applications.js';
import { MemoryBroker } from '../support/memory-binder.js';
import { until } from '../support/until.js';

const got: string[] = [];
@Component()
@EnableBinding(Sink)
class Fixed {
  readonly got: string[] = [];
  readonly failed: string[] = [];
  @StreamListener(Sink.INPUT) on(body: string): void {
    this.got.push(body);
  }
  @StreamListener('errorChannel') error(error: Error): void {
    this.failed.push(error.message);
  }
}

async function start(broker: MemoryBroker, properties = {}): Promise<Application> {
  got.length = 0;
  return run(broker, [Fixed], { ...binding('input', { destination: 'd', group: 'fixed' }), ...properties });
}
const publish = (broker: MemoryBroker, body: string, headers = {}): void =>
  broker.publish('d', { payload: Buffer.from(body), headers });
const take = ({ payload }: Message): void => void got.push(String(payload));

describe('an input', () => {
  test('bound at run time handles exactly what comes until it is unbound, leaves nothing, disturbs nobody', async () => {
    const broker = new MemoryBroker();
    const application = await start(broker);
    const control = await application.bind('late', { destination: 'd', handler: take });
    expect(control.info()).toMatchObject({ name: 'late', direction: 'input', destination: 'd', state: 'running' });
    for (let n = 0; n < 10; n++) publish(broker, `a${n}`);
    await until(() => got.length === 10);
    await application.unbind('late');
    for (let n = 0; n < 10; n++) publish(broker, `b${n}`);
    const fixed = application.get(Fixed).got;
    await until(() => fixed.length === 20);
    expect(got).toEqual(Array.from({ length: 10 }, (_, n) => `a${n}`));
    expect(broker.groups('d')).toEqual(['fixed']);
    expect(application.bindings().map(({ name }) => name)).toEqual(['input']);
    expect(() => application.binding('late')).toThrow('There is no binding "late"');
  });

  test('takes its options over those of the configuration; its failures reach the error channel', async () => {
    const broker = new MemoryBroker();
    const application = await start(broker, binding('late', { group: 'configured', 'consumer.max-attempts': 9 }));
    const attempts: unknown[] = [];
    await application.bind('late', {
      destination: 'd',
      consumer: { maxAttempts: 2, 'back-off-initial-interval': '1ms' },
      handler: ({ headers }) => {
        attempts.push(headers['deliveryAttempt']);
        throw new Error('fails');
      },
    });
    expect(broker.groups('d').toSorted()).toEqual(['configured', 'fixed']);
    publish(broker, 'x', { id: 'm' });
    await until(() => broker.waiting('d.configured.dlq', 'parked').length === 1);
    expect(attempts).toEqual([1, 2]);
    expect(application.get(Fixed).failed).toEqual(['Message m failed: fails']);
  });

  test('can be bound, unbound and bound again; unbinding awaits the running handler', async () => {
    const broker = new MemoryBroker();
    const application = await start(broker);
    let release!: () => void;
    let started = false;
    await application.bind('late', {
      destination: 'd',
      group: 'g',
      handler: () => {
        started = true;
        return new Promise<void>((resolve) => (release = resolve));
      },
    });
    publish(broker, 'x');
    await until(() => started);
    const unbinding = application.unbind('late');
    setTimeout(release, 5);
    await unbinding;
    expect(broker.waiting('d', 'g')).toEqual([]);
    publish(broker, 'y');
    await application.bind('late', { destination: 'd', group: 'g', handler: take });
    await until(() => got.length === 1);
    expect(got).toEqual(['y']);
  });
});

test('an output bound at run time sends, and is closed by unbinding', async () => {
  const broker = new MemoryBroker();
  broker.subscription('there', 'probe');
  const application = await start(broker);
  const output = await application.bind('sender', {
    destination: 'there',
    contentType: 'text/plain',
    producer: { partitionKeyExpression: 'payload', partitionCount: 5 },
  });
  await output.send(MessageBuilder.withPayload('a').build());
  const [sent] = broker.waiting('there', 'probe');
  expect(sent).toMatchObject({ partition: 97 % 5, headers: { contentType: 'text/plain' } });
  await application.unbind('sender');
  await expect(output.send(MessageBuilder.withPayload('b').build())).rejects.toMatchObject({ code: 'CLOSED' });
});

test('what a start would refuse is refused, and leaves nothing behind', async () => {
  const application = await start(new MemoryBroker());
  const bind = (name: string, options: object) => application.bind(name, { handler: take, ...options });
  await expect(bind('input', {})).rejects.toMatchObject({ code: 'BINDING_STATE' });
  await expect(bind('x', { binder: 'none' })).rejects.toMatchObject({ code: 'BINDER_UNKNOWN' });
  await expect(bind('x', { consumer: { maxAttempts: 'many' } })).rejects.toMatchObject({ code: 'CONFIG_VALUE' });
  await expect(bind('x', { consumer: { maxAttempt: 1 } })).rejects.toMatchObject({
    code: 'CONFIG_KEY',
    message: expect.stringContaining('max-attempts'),
  });
  await expect(application.unbind('input')).rejects.toMatchObject({ code: 'BINDING_STATE' });
  await expect(application.unbind('x')).rejects.toMatchObject({ code: 'BINDING_UNKNOWN' });
  expect(application.bindings()).toHaveLength(1);
  await bind('x', {});
  const stopping = application.stop();
  await expect(bind('y', {})).rejects.toMatchObject({ code: 'CLOSED' });
  await stopping;
});
