/** Where Redis is, who logs in, and how long anything may take: what a connection is made from. */
import type { ConnectionOptions } from 'node:tls';

export interface Node {
  readonly host: string;
  readonly port: number;
}

export interface Login {
  /** Absent: Redis's own `default`. */
  readonly username?: string;
  readonly password?: string;
}

export interface Target extends Login {
  readonly kind: 'standalone' | 'sentinel' | 'cluster';
  /** One server; or the sentinels; or the nodes of a cluster that are asked for the others. At least one. */
  readonly nodes: readonly Node[];
  /** With sentinels: the name of what they watch. */
  readonly master?: string;
  /** With sentinels: who logs in there. */
  readonly sentinelLogin?: Login;
  /** The number of the database; a cluster has only 0. */
  readonly database: number;
  /** Absent: plain TCP. */
  readonly tls?: ConnectionOptions;
  /** Milliseconds for connecting and for the handshake. */
  readonly connectTimeout: number;
  /** Milliseconds without any answer to a command, after which the connection is given up. */
  readonly timeout: number;
  /** How often a command follows a slot of a cluster that has moved. */
  readonly maxRedirects: number;
  /** For errors: the keys of the configuration, each with the place where it is written down. */
  readonly settings: Settings;
}

export interface Settings {
  readonly address: string;
  readonly login: string;
  readonly database: string;
  readonly tls: string;
}

export const nodeText = ({ host, port }: Node): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** As errors name it. */
export const targetText = ({ kind, nodes, master }: Pick<Target, 'kind' | 'nodes' | 'master'>): string => {
  const list = nodes.map(nodeText).join(', ');
  if (kind === 'sentinel') return `"${master}" of the sentinels ${list}`;
  return kind === 'cluster' ? `the cluster of ${list}` : list;
};
