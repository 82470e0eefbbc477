/**
 * Records on their way to several brokers, and which of them are stored. The client itself forgets: after a failure it
 * would send again what another broker has taken, and leave out what has moved to one that has answered.
 */
import type { Message, TopicMessages } from 'kafkajs';
import { KafkaTrouble } from '../errors.js';
import type { OutgoingRecord } from '../port.js';
import { KafkaJSNonRetriableError, TRACKER, type Tracker } from './library.js';
import { troubleOf } from './trouble.js';

type Batch = readonly object[];

export class Sending implements Tracker {
  #left: readonly TopicMessages[];
  #open: number;
  readonly #running = new Set<Promise<object>>();
  /** Of each partition, what was sent and not refused. */
  readonly #begun = new Set<object>();
  #stored: Batch[] = [];

  constructor(records: readonly OutgoingRecord[]) {
    this.#left = messagesOf(records, this);
    this.#open = records.length;
  }

  /** Sends what is not stored yet. @throws KafkaTrouble when not all of it was; what was is known then */
  async through(send: (topicMessages: TopicMessages[]) => Promise<unknown>): Promise<void> {
    try {
      await send([...this.#left]);
      if (this.#open > 0) throw new KafkaTrouble('unavailable', 'a partition went to another broker meanwhile');
    } catch (error) {
      // it gives up at the first failure, while others are on their way
      await Promise.allSettled(this.#running);
      const stored = new Set(this.#stored.splice(0).flat());
      this.#left = this.#left
        .map(({ topic, messages }) => ({ topic, messages: messages.filter((message) => !stored.has(message)) }))
        .filter(({ messages }) => messages.length > 0);
      throw troubleOf(error);
    }
  }

  async request(batches: readonly Batch[], send: () => Promise<object>): Promise<object> {
    const firsts = batches.map((batch) => batch[0]!);
    if (firsts.some((first) => this.#begun.has(first))) {
      throw new KafkaJSNonRetriableError('records would be sent twice');
    }
    for (const first of firsts) this.#begun.add(first);
    const running = send();
    this.#running.add(running);
    try {
      const answer = await running;
      this.#stored.push(...batches);
      for (const { length } of batches) this.#open -= length;
      return answer;
    } catch (error) {
      for (const first of firsts) this.#begun.delete(first);
      throw error;
    } finally {
      this.#running.delete(running);
    }
  }
}

function messagesOf(records: readonly OutgoingRecord[], tracker: Tracker): TopicMessages[] {
  const topics = new Map<string, Message[]>();
  for (const { topic, partition, key, value, headers, timestamp } of records) {
    const message = {
      key,
      value,
      headers,
      ...(partition === undefined ? {} : { partition }),
      ...(timestamp === undefined ? {} : { timestamp: String(timestamp) }),
      [TRACKER]: tracker,
    };
    const messages = topics.get(topic);
    if (messages) messages.push(message);
    else topics.set(topic, [message]);
  }
  return [...topics].map(([topic, messages]) => ({ topic, messages }));
}
