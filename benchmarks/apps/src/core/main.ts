/**
 * One measured run of core: `node main.js <what> <messages>`; prints nanoseconds and bytes of garbage a message; `soak`
 * prints what the heap holds on the way instead. Each way
 * through the framework has its bare counterpart, which decodes or encodes the same and calls the same function.
 */
import { EventEmitter } from 'node:events';
import {
  BootApplication,
  Component,
  EnableBinding,
  MessageBuilder,
  MessageChannel,
  Processor,
  Resource,
  StreamListener,
  runApplication,
} from '@streambind/core';
import { InProcess, deliveryOf } from './in-process-binder.js';

const [what = '', count = '0'] = process.argv.slice(2);
const messages = Number(count);
/** Few enough that the young generation is not collected meanwhile: what the heap grows by is what they left behind. */
const FOR_GARBAGE = 20_000;

const order = {
  id: 'o-1',
  customer: 'c'.repeat(400),
  lines: Array.from({ length: 12 }, (_, n) => ({ sku: `sku-${n}`, amount: n, note: 'x'.repeat(20) })),
};
const json = Buffer.from(JSON.stringify(order));
const headers = {
  id: '00000000-0000-4000-8000-000000000000',
  timestamp: 1_700_000_000_000,
  contentType: what.endsWith('json') ? 'application/json' : 'application/octet-stream',
};
const record = { payload: what.endsWith('json') ? json : Buffer.alloc(1024, 'x'), headers };

let handled = 0;
function handle(payload: unknown): void {
  if (payload !== undefined) handled++;
}

@Component()
@EnableBinding(Processor)
class Listener {
  @Resource() readonly output!: MessageChannel;

  @StreamListener(Processor.INPUT)
  on(payload: unknown): void {
    handle(payload);
  }
}

@BootApplication({ components: [Listener] })
class Main {}

const broker = new InProcess();
const application = await runApplication(Main, {
  binders: [broker.factory],
  args: [
    '--spring.main.banner-mode=off',
    '--logging.level.root=OFF',
    '--spring.cloud.stream.bindings.input.group=g',
    `--spring.cloud.stream.bindings.output.content-type=${headers.contentType}`,
  ],
  env: {},
  signals: false,
});
const { output } = application.get(Listener);
const decode = (payload: Buffer): unknown =>
  what.endsWith('json') ? (JSON.parse(payload.toString()) as unknown) : payload;
const payload = what.endsWith('json') ? order : record.payload;
const encode = (): Buffer => (what.endsWith('json') ? Buffer.from(JSON.stringify(payload)) : record.payload);

const emitter = new EventEmitter().on('message', (delivery: { payload: Buffer }) => handle(decode(delivery.payload)));
let kept: unknown;

const ways: Record<string, (n: number) => Promise<void> | void> = {
  'in-core': (n) => broker.deliver(record, n),
  'in-bare': (n) => {
    for (let left = n; left > 0; left--) handle(decode(deliveryOf(record, left).payload as Buffer));
  },
  'in-emitter': (n) => {
    for (let left = n; left > 0; left--) emitter.emit('message', deliveryOf(record, left));
  },
  'out-core': async (n) => {
    // as many at once as one turn of an application may send
    for (let left = n; left > 0; left -= 250) {
      await Promise.all(
        Array.from({ length: Math.min(250, left) }, () => output.send(MessageBuilder.withPayload(payload).build())),
      );
    }
  },
  'out-bare': async (n) => {
    for (let left = n; left > 0; left -= 250) {
      await Promise.all(
        Array.from({ length: Math.min(250, left) }, async () => {
          kept = { payload: encode(), headers: MessageBuilder.withPayload(payload).build().headers };
          await Promise.resolve();
        }),
      );
    }
  },
};
const collect = globalThis.gc!;

if (what === 'soak') {
  // in and out in turns; what the heap holds after each tenth of the way
  const heapMB: number[] = [];
  for (let part = 0; part < 10; part++) {
    await ways['in-core']!(messages / 20);
    await ways['out-core']!(messages / 20);
    collect();
    heapMB.push(process.memoryUsage().heapUsed / 1e6);
  }
  await application.stop();
  console.log(JSON.stringify({ heapMB, handled, sent: broker.sent }));
  process.exit();
}

const way = ways[what.replace(/-(json|bytes)$/, '')]!;

await way(Math.min(messages, 100_000));
const started = performance.now();
await way(messages);
const ns = ((performance.now() - started) * 1e6) / messages;

await way(FOR_GARBAGE);
collect();
const before = process.memoryUsage().heapUsed;
await way(FOR_GARBAGE);
const bytes = (process.memoryUsage().heapUsed - before) / FOR_GARBAGE;
await application.stop();
console.log(JSON.stringify({ ns, bytes, handled, sent: broker.sent, kept: kept !== undefined }));
