import type { RabbitAddress } from './index.mjs';

/**
 * Opens an AMQP 0-9-1 connection and closes it in order, in `ms` milliseconds at most (2000).
 * @returns the broker's product and version
 * @throws {Error} with the broker's own words when it refuses
 */
export function handshake(address: RabbitAddress, ms?: number): Promise<string>;
