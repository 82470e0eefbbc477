/** What the nemesis can do. A fault is a list of these; a subject says how each is done to its broker, or why it cannot be. */

/** Done to a process under test, whatever the broker is. */
export const PROCESS_VERBS = [
  'kill worker',
  'start worker',
  'stop worker',
  /** As `stop worker`, while nothing else is wrong: it hands over what it has not handled, and nothing comes twice. */
  'leave worker',
  'freeze worker',
  'thaw worker',
  'kill sender',
  'start sender',
  'stop sender',
  /** Until the broker knows all of them, at most half a minute. */
  'await workers',
] as const;

export const BROKER_VERBS = [
  'kill broker',
  'stop broker',
  'start broker',
  'start broker empty',
  'freeze broker',
  'thaw broker',
  /** No connection any more, and no new one. */
  'cut',
  /** What applications send does not arrive. */
  'lose requests',
  /** What the broker sends does not arrive. */
  'lose deliveries',
  /** Neither arrives, and no connection ends. */
  'silence',
  /** Every connection is reset; new ones are welcome. */
  'reset',
  /** The network is as it was. */
  'restore',
  /** The broker takes no message. */
  'block',
  'unblock',
  'fill disk',
  'free disk',
  'delete queue',
  'refuse dead letters',
  'accept dead letters',
] as const;

export type ProcessVerb = (typeof PROCESS_VERBS)[number];
export type BrokerVerb = (typeof BROKER_VERBS)[number];
export type Verb = ProcessVerb | BrokerVerb;

export const isProcessVerb = (verb: Verb): verb is ProcessVerb => (PROCESS_VERBS as readonly Verb[]).includes(verb);

/**
 * Whose messages come back: those that one worker holds, or those that all hold. What is not here brings nothing twice. An
 * orderly stop is here because a worker that stops while the broker takes nothing cannot tell what it has handled.
 */
export const BREAKS: Partial<Record<Verb, 'worker' | 'everyone'>> = {
  'kill worker': 'worker',
  'stop worker': 'worker',
  'freeze worker': 'worker',
  'kill broker': 'everyone',
  'stop broker': 'everyone',
  'freeze broker': 'everyone',
  cut: 'everyone',
  'lose requests': 'everyone',
  'lose deliveries': 'everyone',
  silence: 'everyone',
  reset: 'everyone',
  'delete queue': 'everyone',
};

/** What ends a fault, and is none itself. */
export const RELIEVES: readonly Verb[] = [
  'start worker',
  'await workers',
  'thaw worker',
  'start sender',
  'start broker',
  'start broker empty',
  'thaw broker',
  'restore',
  'unblock',
  'free disk',
  'accept dead letters',
];
