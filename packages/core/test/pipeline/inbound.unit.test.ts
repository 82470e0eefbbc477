/** What the inbound pipeline makes of deliveries that no application on a binder in memory gets. */
import { expect, test } from '@jest/globals';
import type { Delivery } from '../../src/binder/index.js';
import { Logging, type Logger } from '../../src/logging/index.js';
import type { ErrorMessage } from '../../src/messaging/index.js';
import { Meters } from '../../src/observability/index.js';
import { Exchange } from '../../src/pipeline/exchange.js';
import { ErrorListeners, Listeners, inboundPipeline } from '../../src/pipeline/index.js';
import { DEFAULT_RETRY_POLICY } from '../../src/retry/index.js';

const delivery: Delivery = {
  id: '1',
  attempt: 1,
  lane: '',
  lost: new AbortController().signal,
  native: 'native',
  payload: Buffer.from('x'),
  headers: {},
};

test('a message that kills its consumers is not handled a 21st time: dead letters, and the error channels hear of it', async () => {
  const logging = new Logging();
  logging.configure({ levels: { root: 'OFF' } });
  const log = logging.logger('test');
  const listeners = new Listeners(log);
  let handled = 0;
  listeners.add({ at: 'here', call: () => void handled++ });
  const errorListeners = new ErrorListeners(log);
  const told: ErrorMessage[] = [];
  errorListeners.add({ at: 'there', tell: async (message) => void told.push(message) });
  const sink = inboundPipeline({
    settings: {
      binding: 'input',
      destination: 'd',
      group: 'g',
      contentType: 'application/json',
      retry: DEFAULT_RETRY_POLICY,
      exhausted: 'dlq',
      acknowledge: 'auto',
    },
    listeners,
    errorListeners,
    log,
    meters: new Meters(),
  });
  expect(sink.deliver({ ...delivery, crashes: 20 })).toEqual({ kind: 'ack' });
  expect(await sink.deliver({ ...delivery, crashes: 21 })).toMatchObject({
    kind: 'deadLetter',
    reason: { code: 'CRASHING' },
  });
  expect(handled).toBe(1);
  expect(told).toMatchObject([{ payload: { cause: { code: 'CRASHING' } }, headers: { sourceData: 'native' } }]);
});

test('an error listener that takes too long is named in the log; the next one is told, and what comes later is ignored', async () => {
  const errors: string[] = [];
  const write = (text: string): void => void errors.push(text);
  const log: Logger = { name: '', enabled: () => true, debug: write, info: write, warn: write, error: write };
  const errorListeners = new ErrorListeners(log);
  let fail!: (reason: Error) => void;
  const stuck = new Promise<void>((_, reject) => (fail = reject));
  errorListeners.add({ at: 'Alerts.stuck', tell: () => stuck });
  let told = 0;
  errorListeners.add({ at: 'Alerts.next', tell: async () => void told++ });
  const exchange = new Exchange({ ...delivery, headers: { id: '6f1c' } }, 'text/plain');
  await errorListeners.tell(exchange, new Error('boom'), 20);
  fail(new Error('much later'));
  expect(told).toBe(1);
  expect(errors).toEqual([
    'Alerts.stuck failed over the error of message 6f1c: It took longer than 20 ms, the handler-timeout.',
  ]);
});
