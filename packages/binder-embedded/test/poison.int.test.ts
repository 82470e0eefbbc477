/** A message that always fails holds up nobody else: with nothing configured, and the retries at their default pace. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, jest, test } from '@jest/globals';
import {
  BootApplication,
  Component,
  EnableBinding,
  Header,
  Message,
  MessageBuilder,
  MessageChannel,
  Resource,
  Sink,
  Source,
  StreamListener,
  runApplication,
  type Class,
} from '@streambind/core';
import { eventually } from './support/waiting.js';

jest.setTimeout(60_000);

const HEALTHY = 1940;
const POISON = 20;

const directory = mkdtempSync(join(tmpdir(), 'streambind-poison-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

@BootApplication()
class Main {}

@Component()
@EnableBinding(Source)
class Provider {
  @Resource() readonly output!: MessageChannel;
}

@Component()
@EnableBinding(Sink)
class Worker {
  healthy = 0;
  readonly calls = new Map<string, number>();
  finishedAt = 0;

  @StreamListener(Sink.INPUT)
  async on(body: string): Promise<void> {
    if (body.startsWith('poison')) {
      this.calls.set(body, (this.calls.get(body) ?? 0) + 1);
      throw new Error(`cannot take ${body}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (++this.healthy === HEALTHY) this.finishedAt = performance.now();
  }
}

@Component()
@EnableBinding(Sink)
class Undertaker {
  readonly dead: string[] = [];

  @StreamListener(Sink.INPUT)
  on(message: Message<string>, @Header('x-exception-message') reason: string): void {
    this.dead.push(`${message.payload}: ${reason}`);
  }
}

const run = (components: Class[], ...args: string[]): ReturnType<typeof runApplication> =>
  runApplication(Main, {
    components,
    env: {},
    args: [
      '--spring.main.banner-mode=off',
      '--logging.level.root=OFF',
      `--spring.cloud.stream.embedded.binder.directory=${directory}`,
      ...args,
    ],
    signals: false,
  });

/** Milliseconds in which the healthy messages of a backlog are handled. */
async function timeOf(destination: string, poison: number): Promise<{ ms: number; calls: number[] }> {
  const provider = await run(
    [Provider],
    `--spring.cloud.stream.bindings.output.destination=${destination}`,
    '--spring.cloud.stream.bindings.output.producer.required-groups=g',
  );
  const { output } = provider.get(Provider);
  const every = poison === 0 ? Infinity : Math.floor(HEALTHY / poison);
  for (let n = 0; n < HEALTHY; n++) {
    await output.send(MessageBuilder.withPayload(`healthy ${n}`).build());
    if (n % every === every - 1) await output.send(MessageBuilder.withPayload(`poison ${n}`).build());
  }
  await provider.stop();

  const started = performance.now();
  const consumer = await run(
    [Worker],
    `--spring.cloud.stream.bindings.input.destination=${destination}`,
    '--spring.cloud.stream.bindings.input.group=g',
  );
  const worker = consumer.get(Worker);
  await eventually('the healthy ones are handled', () => worker.finishedAt > 0, { withinMs: 30_000 });
  const calls = (): number => [...worker.calls.values()].reduce((sum, each) => sum + each, 0);
  await eventually('each poison was tried three times', () => calls() === 3 * poison, {
    withinMs: 30_000,
    seen: calls,
  });
  await consumer.stop();
  return { ms: worker.finishedAt - started, calls: [...worker.calls.values()] };
}

test('1,940 healthy messages with 20 that always throw among them', async () => {
  const alone = await timeOf('alone', 0);
  const together = await timeOf('together', POISON);
  expect(together.ms).toBeLessThanOrEqual(alone.ms * 2);
  expect(together.calls).toEqual(Array.from({ length: POISON }, () => 3));

  const cemetery = await run(
    [Undertaker],
    '--spring.cloud.stream.bindings.input.destination=together.g.dlq',
    '--spring.cloud.stream.bindings.input.group=visitors',
  );
  const { dead } = cemetery.get(Undertaker);
  await eventually('all dead letters are read', () => dead.length === POISON, { seen: () => dead.length });
  await cemetery.stop();
  expect(new Set(dead).size).toBe(POISON);
  for (const one of dead) expect(one).toMatch(/^(poison \d+): cannot take \1$/);
});
