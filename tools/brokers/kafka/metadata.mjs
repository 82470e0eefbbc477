/** Asks a Kafka broker for its cluster, as any client does first. */
import { connect } from 'node:net';

/** Metadata, version 1, of no topic; a broker that is no member of a cluster yet answers without brokers. */
const REQUEST = Buffer.from([0, 0, 0, 17, 0, 3, 0, 1, 0, 0, 0, 7, 0, 3, ...Buffer.from('rig'), 0, 0, 0, 0]);

/**
 * How many brokers the cluster has that answers there.
 * @param {{ host: string, port: number }} address of a listener without encryption and login
 * @param {number} [ms] how long to wait, in milliseconds
 * @returns {Promise<number>}
 */
export async function metadata({ host, port }, ms = 2000) {
  const socket = connect({ host, port });
  const timer = setTimeout(() => socket.destroy(new Error(`no Kafka answer in ${ms} ms`)), ms);
  try {
    socket.write(REQUEST);
    let answer = Buffer.alloc(0);
    for await (const chunk of socket) {
      answer = Buffer.concat([answer, chunk]);
      if (answer.length >= 8 && answer.readInt32BE(4) !== 7) throw new Error('what listens there does not speak Kafka');
      if (answer.length < 12) continue;
      const brokers = answer.readInt32BE(8);
      if (brokers < 1) throw new Error('the broker has not joined its cluster yet');
      return brokers;
    }
    throw new Error('the connection was closed before it answered');
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}
