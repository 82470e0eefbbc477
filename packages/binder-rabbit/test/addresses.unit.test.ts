/** Where the broker is, read from the keys of `spring.rabbitmq`, and how errors name them. */
import { describe, expect, test } from '@jest/globals';
import { isStreambindError, type Schema, type StreambindError } from '@streambind/core/binder';
import { destinationOf, type Destination } from '../src/options/addresses.js';
import { connectFailed } from '../src/client/errors.js';
import { binderFactory } from '../src/index.js';
import type { RabbitConnectionOptions } from '../src/options/options.js';
import { defaultsOf } from './support/binder.js';

const DEFAULTS = defaultsOf(binderFactory.connection!['spring.rabbitmq'] as Schema<RabbitConnectionOptions>);

const read = (options: Partial<RabbitConnectionOptions>, origins: Readonly<Record<string, string>> = {}): Destination =>
  destinationOf({ ...DEFAULTS, ...options }, (key) => origins[key]);

function refused(task: () => unknown): StreambindError {
  try {
    task();
  } catch (error) {
    if (isStreambindError(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('addresses', () => {
  test.each([
    ['b', { host: 'b', port: 5672 }, {}],
    ['b:1234', { host: 'b', port: 1234 }, {}],
    ['[::1]:1234', { host: '::1', port: 1234 }, {}],
    ['amqp://me:pw@b/shop', { host: 'b', port: 5672 }, { username: 'me', password: 'pw', virtualHost: 'shop' }],
    ['amqp://me:p@s/s:w@b:1', { host: 'b', port: 1 }, { username: 'me', password: 'p@s/s:w' }],
    ['me:50%25%zz@b', { host: 'b', port: 5672 }, { username: 'me', password: '50%25%zz' }],
    ['me:a%40b@b/%2f', { host: 'b', port: 5672 }, { password: 'a@b', virtualHost: '/' }],
    ['b/', { host: 'b', port: 5672 }, { virtualHost: '/', username: 'guest' }],
  ])('%s', (text, address, target) => {
    const { addresses, target: found } = read({ addresses: [text] });
    expect(addresses).toEqual([address]);
    expect(found).toMatchObject(target);
  });

  test('amqps of the first one is TLS at its own port', () => {
    const { addresses } = read({ addresses: ['amqps://a', 'b:5'] });
    expect(addresses).toEqual([
      expect.objectContaining({ host: 'a', port: 5671, tls: expect.anything() as unknown }),
      expect.objectContaining({ host: 'b', port: 5, tls: expect.anything() as unknown }),
    ]);
  });

  test.each(['me:secret@b:99999', 'me:sec@ret@b:x', 'amqp://me:secret@', 'http://me:secret@b'])(
    '%s is refused without its password',
    (text) => {
      const place = { 'spring.rabbitmq.addresses': 'application.yml:3:7' };
      const { code, message } = refused(() => read({ addresses: [text] }, place));
      expect(code).toBe('CONFIG_VALUE');
      expect(message).toContain('where:   application.yml:3:7 (spring.rabbitmq.addresses)');
      expect(message).toContain('given:   ');
      expect(message).not.toMatch(/sec|ret@/);
    },
  );
});

describe('an error of a connection names the keys', () => {
  const fixOf = (told: Error, { addresses, target }: Destination): unknown =>
    connectFailed(told, addresses[0]!, target).details.fix;
  const refusal = new Error('Handshake terminated by server: 403 (ACCESS-REFUSED) with message "ACCESS_REFUSED"');

  test('with their places, and says which are not set', () => {
    const destination = read({ password: 'x' }, { 'spring.rabbitmq.password': 'application.yml:2:5' });
    expect(fixOf(refusal, destination)).toBe(
      'Check spring.rabbitmq.username (not set) and spring.rabbitmq.password (application.yml:2:5).',
    );
  });

  test('of addresses, where those decide', () => {
    const destination = read({ addresses: ['me:x@b'] }, { 'spring.rabbitmq.addresses': 'application.yml:2:5' });
    expect(fixOf(refusal, destination)).toBe('Check spring.rabbitmq.addresses (application.yml:2:5).');
    expect(fixOf(new Error('connect ECONNREFUSED'), destination)).toMatch(/^Check spring.rabbitmq.addresses \(/);
    expect(fixOf(new Error('Expected ConnectionOpenOk; got <ConnectionClose>'), destination)).toMatch(
      /^Check spring.rabbitmq.virtual-host \(not set\)/,
    );
  });
});
