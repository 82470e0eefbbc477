import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import type { RabbitBroker, VirtualHost } from '../../../tools/brokers/index.mjs';
import {
  LIMIT_MS,
  cleanUp,
  program,
  rabbitArguments,
  type AppProcess,
} from '../../../packages/core/test/process/harness.js';
import { until } from '../../../packages/core/test/support/until.js';

jest.setTimeout(60_000);

/** Greetings in the order of their coming, by receiver. */
const heard = ({ out }: AppProcess, receiver: 'automatic' | 'manual'): string[] =>
  out.filter((line) => line.startsWith(`${receiver}: `)).map((line) => line.replace(/^\w+: /, ''));

const starter =
  (login: () => VirtualHost) =>
  (name: string, ...args: string[]): AppProcess =>
    program('rabbit-simple', name, ...rabbitArguments(login().address), ...args);

/** Polls the broker until its queues hold so many messages, in flight or not. */
async function queuesHold(virtualHost: VirtualHost, wanted: Readonly<Record<string, number>>): Promise<void> {
  const lines = Object.entries(wanted).map(([queue, messages]) => `${queue}\t${messages}`);
  for (const end = Date.now() + LIMIT_MS; ;) {
    const found = (await virtualHost.ctl('list_queues', 'name', 'messages')).trim().split('\n');
    if (lines.every((line) => found.includes(line))) return;
    if (Date.now() > end) throw new Error(`the queues hold\n${found.join('\n')}\nand not\n${lines.join('\n')}`);
  }
}

await describeWithBroker('rabbit', 'simple', (broker) => {
  let virtualHost: VirtualHost;
  beforeAll(async () => {
    virtualHost = await broker.virtualHost();
  });
  afterEach(cleanUp);
  afterAll(() => virtualHost.remove());
  const start = starter(() => virtualHost);

  test('both receivers get every greeting, and nothing is left', async () => {
    const receiver = start('receive');
    await receiver.started();
    const sender = start('send');
    expect(await sender.ended()).toEqual({ code: 0, signal: null });
    const greetings = ['Hello Ada', 'Hello Grace', 'Hello Edsger'];
    expect(sender.out).toEqual(greetings.map((greeting) => `sent: ${greeting}`));
    await until(() => receiver.out.length === 6, LIMIT_MS);
    expect([heard(receiver, 'automatic'), heard(receiver, 'manual')]).toEqual([greetings, greetings]);
    await queuesHold(virtualHost, { 'greetings.automatic': 0, 'greetings.manual': 0 });
    expect(await receiver.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  });

  test('a method that throws is called three times; then the greeting is a dead letter', async () => {
    const receiver = start('receive');
    await receiver.started();
    await start('send', '--names=nobody,Ada').ended();
    await queuesHold(virtualHost, { 'greetings.automatic': 0, 'greetings.automatic.dlq': 1 });
    expect(heard(receiver, 'automatic').toSorted()).toEqual([
      'Hello Ada',
      'Hello nobody',
      'Hello nobody',
      'Hello nobody',
    ]);
    expect(heard(receiver, 'manual')).toEqual(['Hello nobody', 'Hello Ada']);
  });

  test('killed before it acknowledges, a receiver gets the greeting again', async () => {
    const killed = start('receive', '--work=60000');
    await killed.started();
    await start('send', '--names=Ada').ended();
    await killed.line(/^manual: Hello Ada$/);
    await killed.line(/^automatic: Hello Ada$/);
    await queuesHold(virtualHost, { 'greetings.automatic': 0, 'greetings.manual': 1 });
    await killed.kill('SIGKILL');
    const next = start('receive');
    await next.line(/^manual: Hello Ada$/);
    await queuesHold(virtualHost, { 'greetings.automatic': 0, 'greetings.manual': 0 });
    expect(next.out).toEqual(['manual: Hello Ada']);
  });
});

await describeWithBroker(
  'rabbit',
  'persistence',
  (broker: RabbitBroker) => {
    let virtualHost: VirtualHost;
    beforeAll(async () => {
      virtualHost = await broker.virtualHost();
    });
    afterEach(cleanUp);
    const start = starter(() => virtualHost);

    test('what was sent outlives a kill -9 of the broker, and the receiver comes back to it by itself', async () => {
      const first = start('receive');
      await first.started();
      expect((await first.kill('SIGTERM')).code).toBe(0);
      const names = Array.from({ length: 50 }, (_, n) => `reader ${n}`);
      const greetings = names.map((name) => `Hello ${name}`);
      expect((await start('send', `--names=${names.join(',')}`).ended()).code).toBe(0);

      await broker.kill9();
      await broker.start();
      const receiver = start('receive');
      await until(() => receiver.out.length === 100, LIMIT_MS);
      expect([heard(receiver, 'automatic'), heard(receiver, 'manual')]).toEqual([greetings, greetings]);

      await broker.kill9();
      await broker.start();
      await start('send', '--names=Ada').ended();
      await receiver.line(/^manual: Hello Ada$/);
      await receiver.line(/^automatic: Hello Ada$/);
      expect((await receiver.kill('SIGTERM')).code).toBe(0);
    });
  },
  { own: true },
);
