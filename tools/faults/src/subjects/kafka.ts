/**
 * Kafka: a broker of the run's own, which may be hurt, and a door to it that all applications go through. What is counted
 * is asked by Kafka's own client, as in the conformance of this binder.
 */
import { place, prepare } from '../../../../packages/binder-kafka/conformance/dist/broker.js';
import { deadLettersOf, probeOf } from '../../../../packages/binder-kafka/conformance/dist/probe.js';
import { kafkaDoor } from '../../../brokers/kafka/door.mjs';
import { ID } from '../apps/witness.js';
import type { BrokerUnderTest, Scene, Subject } from '../subject.js';

/** As in `application-kafka.yml`. */
const REQUEST_MS = 3000;
/** The default of the binder. */
const SESSION_MS = 10_000;
const SILENCE_MS = 2 * REQUEST_MS + 3000;
const NO_SMALL_DISK = 'a broker of Kafka ends itself when a folder of its logs fails';

let shared: Promise<() => Promise<void>> | undefined;

export const kafka: Subject = {
  name: 'kafka',
  ordered: true,
  resends: false,
  // a commit follows after 100 ms; one that does not come back in 250 ms ends the beginning of more
  uncommittedMs: 500,
  // one of those who ask, and one of those who send or read: to the address that was given, beside that of the broker
  spareSockets: 2,
  silenceMs: SILENCE_MS,
  recoveryMs: {
    X01: SESSION_MS + 5000,
    X03: 30_000,
    X04: 30_000,
    // a group waits for the session of a member that gave itself up while the broker was silent
    X08: 2 * SESSION_MS + 5000,
    X14: 5000,
    X15: 30_000,
    X17: 30_000,
    X18: 20_000,
    others: 10_000,
  },
  cannot: { 'fill disk': NO_SMALL_DISK, 'free disk': NO_SMALL_DISK },
  open,
  close: async () => {
    const end = await shared?.catch(() => undefined);
    shared = undefined;
    await end?.();
  },
};

async function open(): Promise<BrokerUnderTest> {
  await (shared ??= prepare());
  const { broker, partner } = await place();
  const { host, port } = broker.address;
  const door = await kafkaDoor({ host, port });
  const { link } = door;
  const probe = probeOf(partner);
  const done = async (work: Promise<unknown>): Promise<void> => void (await work);
  const now = (work: () => void) => (): Promise<void> => {
    work();
    return Promise.resolve();
  };
  const letters = ({ destination, group }: Scene): { topic: string } => ({ topic: deadLettersOf(destination, group) });
  return {
    properties: { 'spring.kafka.bootstrap-servers': `${link.host}:${link.port}` },
    verbs: {
      'kill broker': () => broker.kill9(),
      'stop broker': () => broker.stop(),
      'start broker': () => done(broker.start()),
      'start broker empty': () => done(broker.restart({ data: 'empty' })),
      'freeze broker': () => broker.freeze(),
      'thaw broker': () => broker.thaw(),
      cut: () => link.down(),
      'lose requests': now(() => link.blackHole({ direction: 'toBroker' })),
      'lose deliveries': now(() => link.blackHole({ direction: 'toClient' })),
      silence: now(() => link.blackHole()),
      reset: now(() => link.reset()),
      restore: () => link.restore(),
      block: now(() => door.hold()),
      unblock: now(() => door.release()),
      'delete queue': ({ destination }) => done(partner.ask('deleteTopics', { topics: [destination] })),
      'refuse dead letters': (scene) => done(partner.ask('denyWriting', letters(scene))),
      'accept dead letters': (scene) => done(partner.ask('allowWriting', letters(scene))),
    },
    backlog: (destination, group) => probe.backlog(destination, group),
    consumers: (destination, group) => probe.consumers(destination, group),
    deadLetters: async (destination, group) =>
      (await probe.deadLetters(destination, group)).map(({ headers }) => headers[ID] as string),
    close: async () => {
      await door.close();
      partner.close();
    },
  };
}
