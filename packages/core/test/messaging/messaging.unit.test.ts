import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { Acknowledgment, Message, MessageBuilder, MessageHeaders } from '@streambind/core';

test('a message has an id and a timestamp of its own, and keeps the headers it is built with', () => {
  const before = Date.now();
  const message = MessageBuilder.withPayload('p').copyHeaders({ a: 1, id: 'mine' }).build();
  expect(message).toBeInstanceOf(Message);
  expect(message.headers['a']).toBe(1);
  expect(message.headers['id']).toMatch(/^[0-9a-f-]{36}$/);
  expect(message.headers['timestamp']).toBeGreaterThanOrEqual(before);
});

test('a builder sets, keeps, copies and removes headers', () => {
  const first = MessageBuilder.withPayload(1).setHeader('a', 1).setHeader('b', 2).build();
  const second = MessageBuilder.fromMessage(first)
    .setHeaderIfAbsent('a', 9)
    .setHeaderIfAbsent('c', 3)
    .setHeader('b', null)
    .build();
  expect([second.headers['a'], second.headers['c']]).toEqual([1, 3]);
  expect('b' in second.headers).toBe(false);
  expect(second.payload).toBe(1);
  expect(second.headers['id']).not.toBe(first.headers['id']);
});

describe('a header that the framework sets', () => {
  const reserved = ['id', 'timestamp', 'deliveryAttempt', 'sourceData', 'scst_partition'];

  test.each(reserved)('%s is refused', (name) => {
    const refused = expect.objectContaining({
      code: 'HEADER_RESERVED',
      details: expect.objectContaining({ given: name }),
    });
    expect(() => MessageBuilder.withPayload('p').setHeader(name, 1)).toThrow(refused);
    expect(() => MessageBuilder.withPayload('p').setHeaderIfAbsent(name, 1)).toThrow(refused);
  });

  test('may be copied and removed', () => {
    const received = { headers: new MessageHeaders({ a: 1, deliveryAttempt: 2 }), payload: 'p' };
    const copy = MessageBuilder.fromMessage(received);
    expect(copy.build().headers).toMatchObject({ a: 1, deliveryAttempt: 2 });
    expect('deliveryAttempt' in copy.setHeader('deliveryAttempt', null).build().headers).toBe(false);
  });
});

test('a header may have any name and brings nothing from a prototype', () => {
  const headers = new MessageHeaders(
    JSON.parse('{"__proto__":"a","constructor":"b","toString":"c"}') as Record<string, unknown>,
  );
  expect([headers['__proto__'], headers['constructor'], headers['toString']]).toEqual(['a', 'b', 'c']);
  const empty = new MessageHeaders();
  expect([empty['constructor'], empty['toString'], empty['hasOwnProperty']]).toEqual([undefined, undefined, undefined]);
  expect(empty).toBeInstanceOf(MessageHeaders);
  expect(inspect(empty)).toContain('timestamp');
});

test('an acknowledgment takes one decision', () => {
  const decisions: (number | undefined)[] = [];
  const acknowledgment = new Acknowledgment((delay) => decisions.push(delay));
  acknowledgment.nack(5);
  expect(() => acknowledgment.acknowledge()).toThrow(expect.objectContaining({ code: 'ALREADY_SETTLED' }));
  expect(decisions).toEqual([5]);
});

test('what a binder gave with headers that came in goes with them when they are copied', () => {
  const table = { bytes: 'as they came' };
  const received = new MessageHeaders({ a: 1 }, table);
  const own = MessageBuilder.withPayload('p').setHeader('b', 2).build();
  const copies = [
    MessageBuilder.withPayload('p').copyHeaders(received).build(),
    MessageBuilder.fromMessage(own).copyHeadersIfAbsent(received).build(),
    MessageBuilder.fromMessage({ payload: 'p', headers: received }).setHeader('a', 2).build(),
    { headers: new MessageHeaders(received) },
  ];
  expect(copies.map(({ headers }) => MessageHeaders.receivedWith(headers))).toEqual([table, table, table, table]);
  expect(copies.map(({ headers }) => MessageHeaders.receivedWith(headers) === table)).not.toContain(false);
  expect(MessageHeaders.receivedWith(own.headers)).toBeUndefined();
  expect(inspect(received)).not.toContain('came');
});
