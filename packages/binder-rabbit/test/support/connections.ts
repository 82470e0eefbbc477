/** Connections as the binder makes them, to the rig's broker. */
import type { RabbitAddress } from '../../../../tools/brokers/index.mjs';
import { RabbitChannel } from '../../src/client/channel.js';
import { RabbitConnection } from '../../src/client/connection.js';

/** @param virtualHost instead of the address's own */
export const connectTo = (
  { host, port, username, password, virtualHost: own }: RabbitAddress,
  virtualHost = own,
): Promise<RabbitConnection> =>
  RabbitConnection.open({ host, port }, { username, password, virtualHost, connectionTimeout: 10_000, name: 'test' });

/** For `declare`. */
export const channelsOf =
  (connection: RabbitConnection): (() => Promise<RabbitChannel>) =>
  () =>
    RabbitChannel.open(connection);
