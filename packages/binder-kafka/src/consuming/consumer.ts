/**
 * One input: a member of its group that is made anew when it fails, the lanes of the partitions it has, and what becomes
 * of their records. A lane ends with the ownership of its partition; what was not committed then, its next owner reads.
 */
import { setTimeout as delay } from 'node:timers/promises';
import {
  Intake,
  StreambindError,
  Supervisor,
  asError,
  type BinderContext,
  type Capabilities,
  type ConsumerBinding,
  type ConsumerSink,
  type ConsumerSource,
  type Settler,
  type Trouble,
} from '@streambind/core/binder';
import { KafkaTrouble } from '../client/errors.js';
import type {
  KafkaClient,
  KafkaMember,
  MemberListener,
  MemberSettings,
  Position,
  RecordBatch,
  TopicPartition,
} from '../client/port.js';
import { isPermanent, told } from '../client/refusals.js';
import type { KafkaConsumerOptions, KafkaOptions } from '../options/options.js';
import { memberSettings, startOf } from '../options/settings.js';
import { deadLetterRecord } from '../records/dead-letter.js';
import { anonymousGroup } from '../topics/names.js';
import { provisionConsumer, type ConsumerTopics } from '../topics/provision.js';
import { whereIs } from '../topics/refusals.js';
import { Commits } from './commits.js';
import type { DeadLetterOffice } from './dead-letter-office.js';
import type { KafkaDelivery } from './delivery.js';
import { Lane, laneName } from './lane.js';
import { Starts } from './starts.js';
import { LaneTransactions, type TransactionsOptions } from './transactions.js';

/** A partition with much to do may keep the others of its broker waiting for so long, then it is paused. */
const HOLD_MS = 100;
/** Before the group would go on without us. */
const HANDOVER_MARGIN_MS = 2000;
/** What a close waits for commits of what is done; what does not get through comes again. */
const LAST_COMMIT_MS = 10_000;

export interface Surroundings {
  readonly client: KafkaClient;
  readonly options: KafkaOptions;
  readonly capabilities: Capabilities;
  readonly trouble: Trouble;
  readonly context: Pick<BinderContext, 'log' | 'origin'>;
  readonly deadLetters: DeadLetterOffice;
  /** Present where the binder has transactions. */
  readonly transactions?: Pick<TransactionsOptions, 'open' | 'prefix'>;
}

export class KafkaConsumer implements Settler<KafkaDelivery> {
  readonly binding: ConsumerBinding;
  readonly #source: ConsumerSource<KafkaConsumerOptions>;
  readonly #sink: ConsumerSink;
  readonly #around: Surroundings;
  readonly #where: string;
  readonly #group: string;
  readonly #settings: Omit<MemberSettings, 'topics'>;
  readonly #intake: Intake<KafkaDelivery>;
  readonly #members: Supervisor<KafkaMember>;
  readonly #lanes = new Map<string, Lane>();
  readonly #transactions = new Map<Lane, LaneTransactions>();
  readonly #commits: Commits;
  readonly #starts: Starts;
  readonly #leaving = new AbortController();
  #topics: ConsumerTopics | undefined;
  #everUp = false;
  #changing = false;
  #stalled = false;
  #userPaused = false;

  constructor(source: ConsumerSource<KafkaConsumerOptions>, sink: ConsumerSink, around: Surroundings) {
    const { context, options, capabilities, client } = around;
    this.#source = source;
    this.#sink = sink;
    this.#around = around;
    this.#where = whereIs(source.binding, context.origin);
    this.#group = source.group ?? anonymousGroup();
    const { settings, notices } = memberSettings(options, source, { group: this.#group, topics: [] }, context);
    for (const notice of notices) context.log.warn(notice);
    this.#settings = settings;
    this.#starts = new Starts(startOf(options, source, context), client.admin, this.#group);
    this.#intake = new Intake({ source, sink, settler: this, capabilities });
    this.#commits = new Commits({
      afterMs: 100,
      commit: async (positions) => {
        await this.#members.current?.commit(positions);
      },
      stalled: (stalled) => {
        this.#stalled = stalled;
        this.#startOrNot();
      },
      fault: (error) => sink.fault(told(error, this.#where)),
    });
    const reporter = around.trouble.reporter();
    this.#members = new Supervisor<KafkaMember>({
      connect: (signal) => this.#join(signal),
      dispose: (member) => member.close(),
      report: (error, nextTryMs) => reporter.report(told(error, this.#where), nextTryMs),
      recovered: () => reporter.recovered(),
      // once it worked, what is refused may be allowed again
      permanent: (error) => !this.#everUp && isPermanent(error),
      backOff: { initialMs: 200, maxMs: 5000 },
    });
    this.binding = {
      ...this.#intake.binding(
        () => this.#stop(),
        async () => {
          await within(LAST_COMMIT_MS, this.#settled());
          this.#leaving.abort();
          const transactions = [...this.#transactions.values()];
          this.#loseAll();
          await Promise.all([this.#members.close(), ...transactions.map((each) => each.close())]);
          reporter.end();
          if (source.group === undefined) await this.#forgetGroup();
        },
      ),
      pause: () => {
        this.#userPaused = true;
        this.#startOrNot();
      },
      resume: () => {
        this.#userPaused = false;
        this.#startOrNot();
      },
    };
  }

  /** Resolves when the group has told which partitions are ours. @throws what cannot be cured by trying again, CLOSED */
  async open(): Promise<void> {
    await this.#members.get();
  }

  get degraded(): string | undefined {
    return this.#intake.degraded;
  }

  /** Those it reads. */
  get topics(): readonly string[] {
    return [...(this.#topics?.topics.keys() ?? [])];
  }

  // from the intake

  ack(delivery: KafkaDelivery): void | Promise<void> {
    const { place } = delivery;
    const transactions = this.#transactions.get(place);
    if (!transactions) return this.#settle(delivery);
    const committed = transactions.settle(delivery, delivery.sent!.splice(0));
    this.#goOn(place);
    return committed;
  }

  async deadLetter(delivery: KafkaDelivery, reason: Error): Promise<void> {
    const { origin, lost } = delivery.place;
    const target = await this.#topics?.deadLetters?.target(origin);
    if (lost.aborted) return;
    if (!target) throw new StreambindError('INTERNAL', 'A dead letter has no topic.', { where: this.#where });
    const record = deadLetterRecord(delivery.native, origin, reason, target);
    const transactions = this.#transactions.get(delivery.place);
    if (transactions) {
      const committed = transactions.settle(delivery, [record]);
      this.#goOn(delivery.place);
      await committed;
    } else {
      try {
        await this.#around.deadLetters.send(record);
      } catch (error) {
        this.#topics?.deadLetters?.forget(target.topic);
        throw error;
      }
      this.#settle(delivery);
    }
  }

  #settle(delivery: KafkaDelivery): void {
    const { place } = delivery;
    if (place.lost.aborted) return;
    if (place.settle(delivery)) this.#commits.moved(place);
    this.#goOn(place);
  }

  #add(partition: TopicPartition): Lane {
    const { transactions } = this.#around;
    const lane = new Lane(this.#originOf(partition), transactions !== undefined);
    this.#lanes.set(lane.name, lane);
    if (transactions) {
      const failed = (_: Lane, error: Error): void => {
        this.#loseAll();
        this.#members.lost(told(error, this.#where));
      };
      this.#transactions.set(lane, new LaneTransactions(lane, { ...transactions, group: this.#group, failed }));
    }
    return lane;
  }

  #startOrNot(): void {
    if (this.#changing || this.#stalled || this.#userPaused) this.#intake.pause();
    else this.#intake.resume();
  }

  // the member

  async #join(closing: AbortSignal): Promise<KafkaMember> {
    const { client, options, context } = this.#around;
    try {
      const topics = (this.#topics = await provisionConsumer(client.admin, this.#source, options, context));
      if (!this.#everUp) for (const notice of topics.notices) context.log.warn(notice);
      await this.#starts.prepare([...topics.topics.keys()]);
      closing.throwIfAborted();
      const member = client.member({ ...this.#settings, topics: [...topics.topics.keys()] });
      const close = (): void => void member.close().catch(() => undefined);
      closing.addEventListener('abort', close, { once: true });
      try {
        await member.join(this.#listener(member));
      } catch (error) {
        this.#loseAll();
        await member.close();
        throw error;
      } finally {
        closing.removeEventListener('abort', close);
      }
      this.#everUp = true;
      return member;
    } catch (error) {
      throw isPermanent(asError(error)) ? told(error, this.#where) : error;
    }
  }

  #listener(member: KafkaMember): MemberListener {
    return {
      revoking: () => this.#revoking(),
      assigned: (partitions, continuous) => this.#assigned(member, partitions, continuous),
      batch: (batch) => this.#batch(member, batch),
      outOfRange: (partition) => this.#outOfRange(partition),
      failed: (error) => {
        this.#loseAll();
        if (error instanceof KafkaTrouble && error.kind === 'missing') this.#starts.forget();
        this.#members.lost(error, member);
      },
    };
  }

  /** Handlers that run may end, and what they have done is committed, before another member reads. */
  async #revoking(): Promise<void> {
    this.#changing = true;
    this.#startOrNot();
    for (const lane of this.#lanes.values()) lane.release();
    const most = Math.max(this.#settings.rebalanceTimeoutMs - HANDOVER_MARGIN_MS, HANDOVER_MARGIN_MS / 2);
    await within(most, this.#intake.whenIdle(), this.#leaving.signal);
    await this.#settled();
  }

  async #assigned(
    member: KafkaMember,
    partitions: readonly TopicPartition[],
    continuous: boolean,
  ): Promise<readonly Position[]> {
    const names = new Set(partitions.map(laneName));
    for (const [name, lane] of this.#lanes) if (!continuous || !names.has(name)) this.#lose(lane);
    const fresh = partitions.filter((partition) => !this.#lanes.has(laneName(partition)));
    const lanes = fresh.map((partition) => this.#add(partition));
    try {
      // until then what the group has committed may still change
      await Promise.all([...this.#transactions.values()].map((each) => each.ready()));
      const starts = await this.#starts.of(fresh);
      // the member has failed meanwhile
      if (lanes.some(({ lost }) => lost.aborted)) return [];
      for (const lane of lanes) {
        const start = starts.get(lane.name);
        if (start === undefined) continue;
        lane.startAt(start);
        // what begins at the end has to begin there for whoever is next, too
        if (!lane.transactional) this.#commits.moved(lane);
      }
    } catch (error) {
      for (const lane of lanes) this.#lose(lane);
      throw error;
    }
    const positions: Position[] = [];
    for (const { origin, next } of this.#lanes.values()) {
      if (next !== undefined) positions.push({ topic: origin.topic, partition: origin.partition, offset: next });
    }
    member.pause([...this.#lanes.values()].filter(({ paused }) => paused).map(({ origin }) => origin));
    this.#changing = false;
    this.#startOrNot();
    return positions;
  }

  #batch(member: KafkaMember, { topic, partition, records }: RecordBatch): void | Promise<void> {
    const lane = this.#lanes.get(laneName({ topic, partition }));
    if (!lane || this.#intake.closed) return;
    lane.take(records);
    this.#handOut(lane);
    if (lane.unsettled > this.#source.prefetch) return this.#hold(member, lane);
  }

  #goOn(lane: Lane): void {
    this.#handOut(lane);
    this.#mayRead(lane);
  }

  /** Up to `prefetch` of a partition: an acknowledgement by hand may be long in coming. */
  #handOut(lane: Lane): void {
    const { concurrency, prefetch } = this.#source;
    const deliveries = lane.draw(Math.max(concurrency, prefetch / 2), prefetch);
    if (deliveries.length > 0) this.#intake.offerAll(deliveries);
  }

  /**
   * What a partition has is enough for now. Reading the others of its broker may wait a little, not for a slow handler.
   * At half of it reading goes on, so that more is fetched while the rest is handled.
   */
  async #hold(member: KafkaMember, lane: Lane): Promise<void> {
    const enough = lane.unsettled / 2;
    await lane.shrink(enough, this.#lanes.size === 1 ? Infinity : HOLD_MS);
    if (lane.unsettled <= enough || lane.lost.aborted || this.#changing || this.#intake.closed) return;
    lane.enough = enough;
    lane.paused = true;
    member.pause([lane.origin]);
  }

  #mayRead(lane: Lane): void {
    if (!lane.paused || lane.unsettled > lane.enough || this.#intake.closed) return;
    lane.paused = false;
    this.#members.current?.resume([lane.origin]);
  }

  async #outOfRange({ topic, partition }: TopicPartition): Promise<bigint> {
    const watermarks = await this.#around.client.admin.watermarks(topic);
    const low = watermarks.find((each) => each.partition === partition)?.low ?? 0n;
    const lane = this.#lanes.get(laneName({ topic, partition }));
    // one that shall begin at the oldest record begins at 0
    if (lane?.next !== 0n) {
      this.#sink.fault(
        new StreambindError(
          'DESTINATION_RESET',
          `What should be read next of ${topic}-${partition} is not kept any more.`,
          {
            where: this.#where,
            given: `offset ${lane?.next ?? 'of the group'}`,
            fix: `Reading goes on at the oldest record, ${low}. It was deleted by retention before it was read, or the topic was made anew.`,
          },
        ),
      );
    }
    return low;
  }

  #originOf({ topic, partition }: TopicPartition): Lane['origin'] {
    const { headerMode, options } = this.#source;
    return {
      topic,
      partition,
      group: this.#group,
      headerMode: headerMode ?? 'headers',
      trustedPackages: options.trustedPackages,
    };
  }

  #lose(lane: Lane): void {
    if (this.#lanes.get(lane.name) === lane) this.#lanes.delete(lane.name);
    this.#transactions.delete(lane);
    this.#commits.forget(lane);
    lane.lose();
  }

  #loseAll(): void {
    for (const lane of this.#lanes.values()) this.#lose(lane);
  }

  /** Resolves when what is done is committed, or could not be. */
  async #settled(): Promise<void> {
    await Promise.all([...this.#transactions.values()].map((each) => each.idle()));
    await this.#commits.flush();
  }

  #stop(): void {
    for (const lane of this.#lanes.values()) lane.release();
    this.#members.current?.pause([...this.#lanes.values()].map(({ origin }) => origin));
  }

  /** Nobody joins it again, and the broker would keep its offsets for a week. */
  async #forgetGroup(): Promise<void> {
    try {
      await this.#around.client.admin.deleteGroup(this.#group);
    } catch (error) {
      this.#around.context.log.debug(`the group ${this.#group} is left behind: ${asError(error).message}`);
    }
  }
}

/** Resolves with `work`, which never rejects, after `ms`, or when `signal` fires. */
async function within(ms: number, work: Promise<void>, signal?: AbortSignal): Promise<void> {
  const over = new AbortController();
  const signals = signal ? [signal, over.signal] : [over.signal];
  const timer = delay(ms, undefined, { signal: AbortSignal.any(signals), ref: false }).catch(() => undefined);
  await Promise.race([work, timer]);
  over.abort();
}
