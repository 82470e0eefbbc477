import type { KafkaBroker, RabbitBroker, RedisBroker } from '../brokers/index.mjs';

export interface Place {
  readonly title: string;
  /** For each of the tutorial's services. */
  readonly args: readonly string[];
  /** Removes what the tutorial left behind. */
  leave(): Promise<void>;
}

/** A place on a broker that can be asked what it has. */
export interface PlaceOnBroker extends Place {
  /** The broker's administration program, for this place. */
  ctl(...args: string[]): Promise<string>;
}

export type Tell = (line: string) => void;

/** As the demo finds or starts them. */
export const places: Record<'embedded' | 'rabbit' | 'kafka' | 'redis', (tell: Tell) => Promise<Place>>;

/** A room for the tutorial on a broker; fails where there is none that nobody else uses. */
export const on: {
  rabbit(broker: RabbitBroker): Promise<PlaceOnBroker>;
  kafka(broker: KafkaBroker): Promise<PlaceOnBroker>;
  redis(broker: RedisBroker): Promise<PlaceOnBroker>;
};
