/** Sends on a real broker: what is refused is refused alone, and nothing is said to be known that is not. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { connect } from 'amqplib';
import { until } from '../../../tools/brokers/index.mjs';
import { describeWithBroker } from '../../../tools/brokers/jest.mjs';
import { proxy as openProxy, type Proxy } from '../../../tools/brokers/proxy.mjs';
import { consume, openBinder, outcomes, produce, record, type RabbitBinder } from './support/binder.js';

const LIMIT = 200_000;

await describeWithBroker(
  'rabbit',
  'publishing',
  (broker) => {
    const binders: RabbitBinder[] = [];
    const open = async (...given: Parameters<typeof openBinder>) => {
      const opened = await openBinder(...given);
      binders.push(opened.binder);
      return opened;
    };
    afterEach(async () => {
      await Promise.all(binders.splice(0).map((binder) => binder.close()));
    });

    /** Bodies of what lies in a queue; takes them out. */
    const taken = async (queue: string): Promise<string[]> => {
      const { host, port } = broker.address;
      const connection = await connect({ hostname: host, port, username: 'guest', password: 'guest' });
      const channel = await connection.createChannel();
      const bodies: string[] = [];
      for (;;) {
        const message = await channel.get(queue, { noAck: true });
        if (!message) break;
        bodies.push(message.content.length > 100 ? `${message.content.length} bytes` : message.content.toString());
      }
      await connection.close();
      return bodies;
    };

    test('a message over the limit is refused, and its neighbours arrive', async () => {
      const { binder } = await open(broker.address);
      const producer = await produce(binder, 'limited', { requiredGroups: ['g'] });
      const ids = Array.from({ length: 20 }, (_, n) => `m${n}`);
      const send = (id: string) =>
        producer.send(record(id, {}, id === 'm9' ? Buffer.alloc(LIMIT + 1) : Buffer.from(id)));
      const ends = await outcomes(ids.map(send));
      expect(ends.filter((end) => end !== 'confirmed')).toMatchObject([
        {
          code: 'PAYLOAD_TOO_LARGE',
          message: expect.stringMatching(new RegExp(`${LIMIT + 1}.*\\n.*${LIMIT} bytes`, 's')),
        },
      ]);
      expect(ends[9]).not.toBe('confirmed');
      expect(new Set(await taken('limited.g'))).toEqual(new Set(ids.filter((id) => id !== 'm9')));
      // it has learned the limit
      const [again, small] = await outcomes([send('m9'), send('after')]);
      expect(again).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
      expect(small).toBe('confirmed');
    });

    test('a message that closes the channel for another reason is found, and its neighbours arrive', async () => {
      const { binder } = await open(broker.address);
      const producer = await produce(binder, 'offended', { requiredGroups: ['g'] });
      const ids = Array.from({ length: 10 }, (_, n) => `m${n}`);
      // the broker checks that the user is the one who is logged in
      const ends = await outcomes(
        ids.map((id) => producer.send(record(id, id === 'm4' ? { amqp_userId: 'somebody' } : {}))),
      );
      expect(ends.filter((end) => end !== 'confirmed')).toMatchObject([
        { code: 'PUBLISH_REFUSED', message: expect.stringContaining("user_id property set to 'somebody'") },
      ]);
      expect(ends[4]).not.toBe('confirmed');
      expect(new Set(await taken('offended.g'))).toEqual(new Set(ids.filter((id) => id !== 'm4')));
    });

    test('a full queue that refuses is told', async () => {
      const { binder } = await open(broker.address);
      const producer = await produce(binder, 'full', {
        requiredGroups: ['g'],
        options: { maxLength: 3, overflowBehavior: 'reject-publish' },
      });
      const ends: unknown[] = [];
      for (const id of ['a', 'b', 'c', 'd', 'e']) ends.push(...(await outcomes([producer.send(record(id))])));
      expect(ends.slice(0, 3)).toEqual(['confirmed', 'confirmed', 'confirmed']);
      expect(ends.slice(3)).toMatchObject([{ code: 'PUBLISH_REFUSED' }, { code: 'PUBLISH_REFUSED' }]);
    });

    test('several records go as one message: by number, by bytes, by time, by routing key, and at the close', async () => {
      const { binder } = await open(broker.address);
      const options = { batchingEnabled: true, batchSize: 3, batchBufferLimit: 200, batchTimeout: 200 };
      const producer = await produce(binder, 'batched', { requiredGroups: ['g'], partitionCount: 2, options });
      const send = (text: string, partition = 0) => producer.send({ ...record(text), partition });
      const whole = ['a', 'b', 'c'].map((id) => send(id));
      const large = [send('d'), send('e'.repeat(200))];
      const others = [send('f'), send('g', 1)];
      await Promise.all([...whole, ...large, ...others]);
      const last = send('h');
      await producer.close();
      await last;
      const framed = (...texts: string[]) =>
        texts.map((text) => `\0\0\0${String.fromCharCode(text.length)}${text}`).join('');
      expect(await taken('batched.g-0')).toEqual([framed('a', 'b', 'c'), 'd', '200 bytes', 'f', 'h']);
      expect(await taken('batched.g-1')).toEqual(['g']);
    });

    describe('a message that no queue takes', () => {
      test('is counted, with one warning', async () => {
        const { binder, told } = await open(broker.address);
        const producer = await produce(binder, 'nobody');
        expect(await outcomes([1, 2, 3].map((n) => producer.send(record(`m${n}`))))).toEqual(
          Array.from({ length: 3 }, () => 'confirmed'),
        );
        expect(told.warnings).toEqual([
          expect.stringContaining('No queue takes messages that are sent to the exchange "nobody"'),
        ]);
        expect(await binder.health!()).toEqual({ state: 'up', detail: { unroutable: { output: 3 } } });
      });

      test('fails where the binding wants a queue to take it, and only then', async () => {
        const { binder, told } = await open(broker.address);
        const producer = await produce(binder, 'wanted', { options: { mandatory: true } });
        expect(await outcomes([producer.send(record('a')), producer.send(record('a'))])).toMatchObject([
          { code: 'UNROUTABLE' },
          { code: 'UNROUTABLE' },
        ]);
        const { binding } = await consume(binder, 'wanted', () => ({ kind: 'ack' }));
        expect(await outcomes([producer.send(record('b'))])).toEqual(['confirmed']);
        await binding.close();
        expect(told.warnings).toEqual([]);
      });
    });

    test('an exchange that is deleted is made again', async () => {
      const { binder } = await open(broker.address);
      const producer = await produce(binder, 'deleted');
      await producer.send(record('before'));
      await broker.ctl(
        'eval',
        'rabbit_exchange:delete(rabbit_misc:r(<<"/">>, exchange, <<"deleted">>), false, <<"test">>).',
      );
      expect(await outcomes(['a', 'b', 'c'].map((id) => producer.send(record(id))))).toEqual(
        Array.from({ length: 3 }, () => 'confirmed'),
      );
    });

    test('an exchange that nobody makes again, and one that may not be written, end what is sent to them', async () => {
      const { binder } = await open(broker.address);
      const producer = await produce(binder, 'unmade', { provision: 'skip' });
      const sends = ['a', 'b', 'c'].map((id) => producer.send(record(id)));
      expect(await outcomes(sends)).toMatchObject(Array.from({ length: 3 }, () => ({ code: 'DESTINATION_GONE' })));

      await broker.ctl('add_user', 'reader', 'secret');
      await broker.ctl('set_permissions', 'reader', '.*', '^$', '.*');
      const { binder: forbidden } = await open({ ...broker.address, username: 'reader', password: 'secret' });
      const other = await produce(forbidden, 'unmade');
      expect(await outcomes(['a', 'b', 'c'].map((id) => other.send(record(id))))).toMatchObject(
        Array.from({ length: 3 }, () => ({ code: 'ACCESS_REFUSED' })),
      );
    });

    test('while the broker blocks publishers sends wait, consumers go on, and it is told', async () => {
      const { binder } = await open(broker.address);
      const got: string[] = [];
      await consume(binder, 'blocked', ({ payload }) => {
        got.push(Buffer.from(payload!).toString());
        return { kind: 'ack' };
      });
      const producer = await produce(binder, 'blocked');
      await producer.send(record('before'));
      await broker.ctl('set_vm_memory_high_watermark', '0.00001');
      try {
        // the broker tells of it at the first publish
        const first = producer.send(record('first'));
        await until(async () => (await binder.health!()).state === 'degraded', 10_000, 'it is told');
        let ended = 0;
        const more = Array.from({ length: 50 }, (_, n) => producer.send(record(`w${n}`)).finally(() => ended++));
        await until(async () => (await binder.health!()).reason?.includes('memory'), 5000, 'the reason is told');
        expect(ended).toBe(0);
        await broker.ctl('set_vm_memory_high_watermark', '0.4');
        await Promise.all([first, ...more]);
      } finally {
        await broker.ctl('set_vm_memory_high_watermark', '0.4');
      }
      await until(() => got.length >= 52, 5000, 'all arrive');
      expect(got).toHaveLength(52);
    });

    describe('behind a broken network', () => {
      let proxy: Proxy;
      beforeAll(async () => {
        proxy = await openProxy(broker.address);
      });
      afterAll(() => proxy.close());

      test('what was not confirmed when the connection ended is unknown; what was not sent goes out later', async () => {
        const { host, port } = proxy;
        const { binder } = await open({ ...broker.address, host, port });
        const producer = await produce(binder, 'broken', { requiredGroups: ['g'] });
        await producer.send(record('before'));
        // confirms do not come back any more
        proxy.blackHole({ direction: 'toClient' });
        const unknown = ['u1', 'u2', 'u3'].map((id) => producer.send(record(id)));
        await until(
          async () => (await broker.ctl('list_queues', 'name', 'messages')).includes('broken.g\t4'),
          10_000,
          'they are on the broker',
        );
        const told = outcomes(unknown);
        proxy.reset();
        expect(await told).toMatchObject(Array.from({ length: 3 }, () => ({ code: 'PUBLISH_UNKNOWN' })));
        const later = producer.send(record('later'));
        await proxy.restore();
        expect(await outcomes([later])).toEqual(['confirmed']);
        expect(await taken('broken.g')).toEqual(['before', 'u1', 'u2', 'u3', 'later']);
      });

      test('closing ends what is pending at its deadline', async () => {
        const { host, port } = proxy;
        const { binder } = await open({ ...broker.address, host, port });
        const producer = await produce(binder, 'closing');
        proxy.blackHole({ direction: 'toClient' });
        const pending = outcomes([producer.send(record('a')), producer.send(record('b'))]);
        expect(await producer.close(200)).toEqual({ confirmed: 0, unconfirmed: 2 });
        expect(await pending).toMatchObject([{ code: 'PUBLISH_UNKNOWN' }, { code: 'PUBLISH_UNKNOWN' }]);
        expect(await outcomes([producer.send(record('c'))])).toMatchObject([{ code: 'CLOSED' }]);
        await proxy.restore();
      });
    });
  },
  { own: true, config: [`max_message_size = ${LIMIT}`] },
);
