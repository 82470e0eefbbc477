/** The faults, as data. Times are seconds of steady load; `chance` gives numbers from 0 to 1 by the seed. */
import type { Role } from './records.js';
import type { Load } from './stage.js';
import type { Verb } from './verbs.js';

export interface Step {
  /** Seconds since the load was steady. */
  readonly at: number;
  readonly verb: Verb;
  /** Which worker or sender, from 0. */
  readonly which?: number;
  /** With this step the fault is over, and the time until everybody works again begins. */
  readonly over?: true;
  /** With this step a broker that forgot has again what it needs, and what is confirmed from here on has to arrive. */
  readonly whole?: true;
}

export interface Lane {
  readonly quick: boolean;
  readonly workers: number;
  readonly senders: number;
}

export interface Fault {
  readonly id: string;
  readonly title: string;
  /** Part of the quick lane. */
  readonly quick?: true;
  readonly script: (chance: () => number, lane: Lane) => readonly Step[];
  /** See `Expectations`. */
  readonly recovery: 'resume' | 'hand-over' | 'ready' | 'none';
  /** How soon readiness tells of it: at once, as soon as silence can be told from death, or it need not. */
  readonly noticed?: 'at once' | 'by silence';
  /** Only they can notice it. */
  readonly noticedBy?: Role;
  readonly forgets?: true;
  /** One message in so many is poison. */
  readonly poison?: number;
  /** What is other than usual. */
  readonly load?: Partial<Load>;
}

const among = (chance: () => number, count: number): number => Math.floor(chance() * count);

/** Between `least` and one second more. */
const around = (chance: () => number, least: number): number => Math.round((least + chance()) * 10) / 10;

/** One verb, and what ends it. */
const span = (chance: () => number, verb: Verb, seconds: number, ending: Verb): readonly Step[] => {
  const at = around(chance, 2);
  return [
    { at, verb },
    { at: at + seconds, verb: ending, over: true },
  ];
};

export const faults: readonly Fault[] = [
  {
    id: 'X01',
    title: 'a consumer is killed',
    quick: true,
    script: (chance, { quick, workers }) =>
      Array.from({ length: quick ? 2 : 4 }, (_, n) => {
        const at = around(chance, 2 + 4 * n);
        const which = among(chance, workers);
        return [
          { at, verb: 'kill worker', which },
          { at: at + 2, verb: 'start worker', which },
        ] as const;
      }).flat(),
    recovery: 'hand-over',
  },
  {
    id: 'X02',
    title: 'a producer is killed while it sends',
    script: (chance, { senders }) =>
      Array.from({ length: senders }, (_, which) => {
        const at = around(chance, 2 + 3 * which);
        return [
          { at, verb: 'kill sender', which },
          { at: at + 1, verb: 'start sender', which },
        ] as const;
      }).flat(),
    recovery: 'none',
  },
  {
    id: 'X03',
    title: 'the broker is killed and started again',
    quick: true,
    script: (chance, { quick }) =>
      Array.from({ length: quick ? 1 : 2 }, (_, n) => {
        const at = around(chance, 2 + 20 * n);
        return [
          { at, verb: 'kill broker' },
          { at: at + 1, verb: 'start broker', over: true },
        ] as const;
      }).flat(),
    recovery: 'resume',
    noticed: 'at once',
  },
  {
    id: 'X04',
    title: 'the broker is restarted in order',
    quick: true,
    script: (chance) => span(chance, 'stop broker', 1, 'start broker'),
    recovery: 'resume',
    noticed: 'at once',
  },
  ...[5, 30, 120].map((seconds, n): Fault => ({
    id: `X06${'abc'[n]}`,
    title: `the network is down for ${seconds} s`,
    ...(n === 0 ? { quick: true } : {}),
    script: (chance) => span(chance, 'cut', seconds, 'restore'),
    recovery: 'resume',
    noticed: 'at once',
  })),
  {
    id: 'X07a',
    title: 'one way: what is sent to the broker is lost',
    script: (chance) => span(chance, 'lose requests', 15, 'restore'),
    recovery: 'resume',
  },
  {
    id: 'X07b',
    title: 'one way: what the broker sends is lost',
    script: (chance) => span(chance, 'lose deliveries', 15, 'restore'),
    recovery: 'resume',
    noticed: 'by silence',
  },
  {
    id: 'X08a',
    title: 'connections are half open',
    quick: true,
    script: (chance) => span(chance, 'silence', 10, 'restore'),
    recovery: 'resume',
    noticed: 'by silence',
  },
  {
    id: 'X08b',
    title: 'the broker is frozen',
    script: (chance) => span(chance, 'freeze broker', 10, 'thaw broker'),
    recovery: 'resume',
    noticed: 'by silence',
  },
  {
    id: 'X08c',
    title: 'a consumer is frozen',
    script: (chance, { workers }) => {
      const which = among(chance, workers);
      return span(chance, 'freeze worker', 12, 'thaw worker').map((step) => ({ ...step, which }));
    },
    recovery: 'hand-over',
  },
  {
    id: 'X12',
    title: 'connections are reset again and again',
    quick: true,
    script: (chance, { quick }) => {
      const begin = around(chance, 2);
      const count = quick ? 6 : 30;
      return [
        ...Array.from({ length: count }, (_, n) => ({ at: begin + 2 * n, verb: 'reset' as const })),
        { at: begin + 2 * count, verb: 'restore', over: true },
      ];
    },
    recovery: 'resume',
  },
  {
    id: 'X13',
    title: 'the disk is full',
    script: (chance) => span(chance, 'fill disk', 5, 'free disk'),
    recovery: 'resume',
    noticed: 'at once',
    noticedBy: 'sender',
  },
  {
    id: 'X14',
    title: 'the broker takes no message',
    script: (chance) => span(chance, 'block', 6, 'unblock'),
    recovery: 'resume',
    noticed: 'at once',
    noticedBy: 'sender',
  },
  {
    id: 'X15',
    title: 'the queue is deleted',
    script: (chance) => {
      const at = around(chance, 2);
      return [
        { at, verb: 'delete queue', over: true },
        { at, verb: 'await workers', whole: true },
      ];
    },
    recovery: 'resume',
    forgets: true,
  },
  {
    id: 'X17',
    title: 'the broker is killed and comes back empty',
    script: (chance) => span(chance, 'kill broker', 1, 'start broker empty'),
    recovery: 'resume',
    noticed: 'at once',
    forgets: true,
  },
  {
    id: 'X18',
    title: 'workers leave and join all the time',
    script: (chance, { quick, workers }) => {
      const begin = around(chance, 2);
      const first = among(chance, workers);
      return Array.from({ length: quick ? 4 : 12 }, (_, n) => {
        const which = (first + n) % workers;
        return [
          { at: begin + 4 * n, verb: 'leave worker', which },
          { at: begin + 4 * n + 2, verb: 'start worker', which, over: true },
        ] as const;
      }).flat();
    },
    recovery: 'resume',
    load: { workers: 5, rate: 1000, slowestMs: 10 },
  },
  {
    id: 'X22',
    title: 'dead letters are refused while poison flows',
    script: (chance) => span(chance, 'refuse dead letters', 5, 'accept dead letters'),
    recovery: 'ready',
    poison: 100,
  },
  {
    id: 'X24',
    title: 'processes are told to stop while the broker takes no message',
    script: (chance, { workers, senders }) => {
      const begin = around(chance, 2);
      const end = begin + 9;
      const [worker, sender] = [among(chance, workers), among(chance, senders)];
      return [
        { at: begin, verb: 'block' },
        { at: begin + 1, verb: 'stop worker', which: worker },
        { at: begin + 1.5, verb: 'stop sender', which: sender },
        { at: end, verb: 'unblock', over: true },
        { at: end + 0.1, verb: 'start worker', which: worker },
        { at: end + 0.2, verb: 'start sender', which: sender },
      ];
    },
    recovery: 'resume',
  },
];
