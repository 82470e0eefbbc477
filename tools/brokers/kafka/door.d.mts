import type { Proxy } from '../proxy.mjs';

/** A way to a Kafka broker that clients do not leave: answers of the broker name the door's port instead of its own. */
export interface KafkaDoor {
  /** Where clients connect to, and what can be done to their connections. */
  readonly link: Proxy;
  /** Records that are sent wait from now on, and so does what their connection asks after them. */
  hold(): void;
  release(): void;
  close(): Promise<void>;
}

export function kafkaDoor(target: { host?: string; port: number }): Promise<KafkaDoor>;
