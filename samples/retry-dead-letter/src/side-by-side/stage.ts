/** What the comparison needs of a broker: where it is, and a look at what lies in it that no binder takes part in. */

export type BinderType = 'embedded' | 'rabbit' | 'kafka' | 'redis';

export interface DeadLetter {
  readonly payload: string;
  /** As the broker has them; numbers and bytes as text. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface Stage {
  readonly type: BinderType;
  /** Product and version. */
  readonly title: string;
  /** Spring's names of where it is, as environment variables. */
  readonly environment: Readonly<Record<string, string>>;
  /** The queue, topic or stream with the dead letters of a group. */
  deadLetterName(destination: string, group: string): string;
  /** All that lie there; none while there is no such place. */
  deadLetters(name: string): Promise<DeadLetter[]>;
  /** Messages of the group that are unread or not settled. */
  left(destination: string, group: string): Promise<number>;
  leave(): Promise<void>;
}
