import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import type { VirtualHost } from '../../../tools/brokers/index.mjs';
import {
  LIMIT_MS,
  cleanUp,
  program,
  rabbitArguments,
  temporaryFolder,
  type AppProcess,
} from '../../../packages/core/test/process/harness.js';
import { until } from '../../../packages/core/test/support/until.js';

jest.setTimeout(60_000);
afterEach(cleanUp);

/** @param place arguments that lead the programs to a broker and a store */
function describePayments(place: () => readonly string[]): void {
  const paid = (...banks: AppProcess[]): string[] =>
    banks.flatMap(({ out }) => out).map((line) => /^paid 100 for order 4711-(\d+)$/.exec(line)![1]!);
  const orders = (count: number): string[] => Array.from({ length: count }, (_, n) => String(n + 1)).toSorted();

  test('what is sent twice, and once more, is paid once', async () => {
    const args = place();
    const banks = [
      program('idempotent-receiver', 'receive', ...args),
      program('idempotent-receiver', 'receive', ...args),
    ];
    await Promise.all(banks.map((bank) => bank.started()));
    const send = async (count: number): Promise<void> => {
      const sender = program('idempotent-receiver', 'send', `--orders=${count}`, ...args);
      expect(await sender.ended()).toEqual({ code: 0, signal: null });
    };
    await send(10);
    // the eleventh order comes last, after every repetition of the others
    await send(11);
    await until(() => paid(...banks).includes('11'), LIMIT_MS);
    for (const bank of banks) expect(await bank.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(paid(...banks).toSorted()).toEqual(orders(11));
  });

  test('the payment of a bank that is killed at its work is made by another', async () => {
    const args = [...place(), '--payments.lease=1s'];
    const killed = program('idempotent-receiver', 'receive', '--payments.work=60000', ...args);
    const next = program('idempotent-receiver', 'receive', ...args);
    await Promise.all([killed.started(), next.started()]);
    await program('idempotent-receiver', 'send', '--orders=5', ...args).ended();
    await until(() => paid(next).length > 0, LIMIT_MS);
    await killed.kill('SIGKILL');
    await until(() => paid(next).length === 5, LIMIT_MS);
    expect(await next.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(paid(killed)).toEqual([]);
    expect(paid(next).toSorted()).toEqual(orders(5));
  });
}

const embedded = (folder: string): string[] => [
  `--spring.cloud.stream.embedded.binder.directory=${join(folder, 'broker')}`,
  `--payments.directory=${join(folder, 'handled')}`,
];

describe('messages and memory in a directory', () => {
  describePayments(() => ['--spring.profiles.active=embedded', ...embedded(temporaryFolder())]);
});

await describeWithBroker('rabbit', 'messages over RabbitMQ', (broker) => {
  let virtualHost: VirtualHost;
  beforeAll(async () => {
    virtualHost = await broker.virtualHost();
  });
  afterAll(() => virtualHost.remove());

  let run = 0;
  describePayments(() => [
    `--payments.directory=${temporaryFolder()}`,
    `--spring.cloud.stream.bindings.input.destination=payments-${++run}`,
    `--spring.cloud.stream.bindings.output.destination=payments-${run}`,
    ...rabbitArguments(virtualHost.address),
  ]);
});

await describeWithBroker('redis', 'memory in Redis', (broker) => {
  const { host, port } = broker.address;
  describePayments(() => [
    '--spring.profiles.active=embedded,redis',
    `--spring.data.redis.host=${host}`,
    `--spring.data.redis.port=${port}`,
    `--spring.cloud.stream.bindings.input.group=bank-${process.pid}-${Math.random()}`,
    ...embedded(temporaryFolder()),
  ]);
});
