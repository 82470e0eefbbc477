/** Where a broker is, and who logs in. */
import type { ConnectionOptions } from 'node:tls';
import type { Settings } from './settings.js';

export interface Address {
  readonly host: string;
  readonly port: number;
  /** Absent: plain TCP. */
  readonly tls?: ConnectionOptions;
}

export interface ConnectionTarget {
  readonly username: string;
  readonly password: string;
  readonly virtualHost: string;
  /** Seconds; 0: none; absent: what the server proposes, 60 for RabbitMQ. */
  readonly heartbeat?: number;
  readonly channelMax?: number;
  /** Milliseconds for connecting and for the handshake; 0: no limit. */
  readonly connectionTimeout: number;
  /** As the broker's tools show it. */
  readonly name: string;
  /** For errors; default: the names of the keys alone. */
  readonly settings?: Settings;
}

export const addressText = ({ host, port }: Address): string => `${host}:${port}`;
