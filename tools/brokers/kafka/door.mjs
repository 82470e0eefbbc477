/**
 * A door to a Kafka broker. Clients of Kafka ask one broker for the addresses of all and go on with those, past every
 * proxy; here the answers name the door instead, so that a client keeps to the proxy it was given. Requests and answers
 * pass otherwise as they are, except that records can be held up. For clients of Metadata below version 9 and
 * FindCoordinator below 3 (kafkajs); another one is told by a closed connection.
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { proxy } from '../proxy.mjs';

const PRODUCE = 0;
const METADATA = 3;
const FIND_COORDINATOR = 10;

/** @param {{ host?: string, port: number }} target a broker's address, as it is told to clients */
export async function kafkaDoor({ host = '127.0.0.1', port }) {
  const relay = new Relay({ host, port });
  const link = await proxy({ port: await relay.listen() });
  relay.told = link.port;
  return {
    link,
    hold: () => relay.hold(),
    release: () => relay.release(),
    close: async () => {
      await link.close();
      await relay.close();
    },
  };
}

class Relay {
  /** The port that clients hear of. */
  told = 0;
  #target;
  #server;
  #sockets = new Set();
  #passing = Promise.resolve();
  #pass = () => undefined;

  constructor(target) {
    this.#target = target;
  }

  async listen() {
    this.#server = createServer({ noDelay: true }, (client) => this.#serve(client));
    this.#server.listen(0, this.#target.host);
    await once(this.#server, 'listening');
    return this.#server.address().port;
  }

  /** Records wait, and what its connection asks after them, as it does behind a leader whose followers are slow. */
  hold() {
    this.#pass();
    this.#passing = new Promise((resolve) => (this.#pass = resolve));
  }

  release() {
    this.#pass();
    this.#passing = Promise.resolve();
  }

  async close() {
    this.release();
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #serve(client) {
    const broker = connect({ ...this.#target, noDelay: true });
    for (const socket of [client, broker]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined).once('close', () => this.#sockets.delete(socket));
    }
    /** Versions of the requests whose answers tell addresses, by their correlation ids. */
    const asked = new Map();
    void pump(client, broker, async (request) => {
      const [key, version, id] = [request.readInt16BE(4), request.readInt16BE(6), request.readInt32BE(8)];
      if (key === METADATA || key === FIND_COORDINATOR) asked.set(id, { key, version });
      if (key === PRODUCE) await this.#passing;
    });
    void pump(broker, client, (answer) => {
      const question = asked.get(answer.readInt32BE(4));
      if (!question) return;
      asked.delete(answer.readInt32BE(4));
      this.#tell(answer, question);
    });
  }

  /** Writes the door's port over the broker's. */
  #tell(answer, { key, version }) {
    for (const at of key === METADATA ? portsOfMetadata(answer, version) : portsOfCoordinator(answer, version)) {
      if (answer.readInt32BE(at) === this.#target.port) answer.writeInt32BE(this.told, at);
    }
  }
}

/** Where the length and the correlation id end. */
const BODY = 8;

function* portsOfMetadata(answer, version) {
  if (version > 8) throw new Error(`Metadata of version ${version}`);
  let at = BODY + (version >= 3 ? 4 : 0);
  let brokers = answer.readInt32BE(at);
  for (at += 4; brokers > 0; brokers--) {
    at = afterString(answer, at + 4);
    yield at;
    at += 4;
    if (version >= 1) at = afterString(answer, at);
  }
}

function portsOfCoordinator(answer, version) {
  if (version > 2) throw new Error(`FindCoordinator of version ${version}`);
  const error = BODY + (version >= 1 ? 4 : 0);
  const node = version >= 1 ? afterString(answer, error + 2) : error + 2;
  return [afterString(answer, node + 4)];
}

const afterString = (bytes, at) => at + 2 + Math.max(0, bytes.readInt16BE(at));

/** Passes frame after frame, once `see` has seen it, and then the end. */
async function pump(from, to, see) {
  try {
    for await (const frame of frames(from)) {
      await see(frame);
      if (!to.write(frame)) await Promise.race([once(to, 'drain'), once(to, 'close')]);
    }
    to.end();
  } catch {
    from.destroy();
    to.destroy();
  }
}

async function* frames(socket) {
  let chunks = [];
  let size = 0;
  for await (const chunk of socket) {
    chunks.push(chunk);
    size += chunk.length;
    if (size < 4) continue;
    if (chunks[0].length < 4) chunks = [Buffer.concat(chunks)];
    if (size < 4 + chunks[0].readInt32BE()) continue;
    let bytes = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
    while (bytes.length >= 4 && bytes.length >= 4 + bytes.readInt32BE()) {
      const end = 4 + bytes.readInt32BE();
      yield bytes.subarray(0, end);
      bytes = bytes.subarray(end);
    }
    chunks = bytes.length === 0 ? [] : [bytes];
    size = bytes.length;
  }
}
