/** The topics that all sides use, on a private Kafka. */
import { Kafka, logLevel } from 'kafkajs';
import { until } from '../tools/brokers/index.mjs';
import { Bench, withBench } from './bench.mjs';

/** @template T @param {(bench: KafkaBench) => Promise<T>} work */
export const withBroker = (work) => withBench(KafkaBench, work);

class KafkaBench extends Bench {
  static broker = 'kafka';
  // the broker's own code is compiled as it would be in production
  static options = { load: true };
  #admin;
  #filler;
  #groups = 0;
  /** Topics with a backlog, by their number of partitions. */
  #backlogs = new Map();

  async open() {
    const kafka = new Kafka({ brokers: [`127.0.0.1:${this.port}`], logLevel: logLevel.NOTHING });
    this.#admin = kafka.admin();
    await this.#admin.connect();
    this.#filler = await this.serving('framework');
  }

  /** A topic with nothing in it, for one run. */
  async empty(partitions) {
    const destination = `out-${++this.#groups}`;
    await this.#create(destination, partitions);
    return { destination };
  }

  /** A topic with so many messages of the framework, made once, and a group that has read nothing of it. */
  async backlog(partitions, messages) {
    let destination = this.#backlogs.get(partitions);
    if (destination === undefined) {
      destination = `in-${partitions}`;
      this.#backlogs.set(partitions, destination);
      await this.#create(destination, partitions);
      await this.#filler.ask('send', { destination, messages, warmUp: 0, inFlight: 256 });
      await this.expectSent(messages, 'the backlog', { destination }, { keep: true });
    }
    return { destination, group: `g-${++this.#groups}` };
  }

  /** @throws when the topic does not hold so many: a run with loss counts for nothing */
  async expectSent(messages, name, { destination }, { keep = false } = {}) {
    const offsets = await this.#admin.fetchTopicOffsets(destination);
    const sent = offsets.reduce((sum, { high }) => sum + Number(high), 0);
    if (sent !== messages) throw new Error(`${name}: ${sent} messages are in ${destination}, not ${messages}`);
    if (!keep) await this.#admin.deleteTopics({ topics: [destination] });
  }

  /** @throws when the group has not committed so many */
  async expectRead(messages, name, { destination, group }) {
    const [{ partitions }] = await this.#admin.fetchOffsets({ groupId: group, topics: [destination] });
    const read = partitions.reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0);
    if (read !== messages)
      throw new Error(`${name}: ${read} messages of ${destination} are committed, not ${messages}`);
  }

  async close() {
    await this.endSides();
    await this.#filler?.end();
    await this.#admin?.disconnect();
  }

  async #create(topic, numPartitions) {
    await this.#admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: false });
    const led = async () => {
      // until it knows the topic, the broker answers with an error
      const metadata = await this.#admin.fetchTopicMetadata({ topics: [topic] }).catch(() => undefined);
      return metadata?.topics[0].partitions.filter(({ leader }) => leader >= 0).length === numPartitions;
    };
    await until(led, 20_000, `the leaders of ${topic}`);
  }
}
