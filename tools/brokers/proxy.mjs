/**
 * A TCP proxy with faults, between a client and a broker. A fault works on the connections that are open and on those that
 * come, in the direction that is named or in both, until `restore()`. Bytes are held or cut, never dropped from the middle:
 * what a black hole swallowed arrives when it ends, as it does after a real partition when TCP sends it again.
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import { freePort } from './process.mjs';

/** @typedef {'toBroker' | 'toClient' | 'both'} Direction */

const directions = (direction) => (direction === 'both' ? ['toBroker', 'toClient'] : [direction]);

/** Bytes read and not delivered, above which no more are read: the sender then feels that nobody reads. */
const HELD = 256 * 1024;

/**
 * @param {{ host?: string, port: number }} target where the broker listens
 * @param {{ port?: number }} [at] the port it listens on, a free one unless told otherwise; it stays the same
 * @returns {Promise<TcpProxy>}
 */
export async function proxy({ host = '127.0.0.1', port }, at = {}) {
  const one = new TcpProxy({ host, port }, at.port ?? (await freePort()));
  await one.restore();
  return one;
}

class TcpProxy {
  host = '127.0.0.1';
  /** How many connections clients have opened so far. */
  accepted = 0;
  #target;
  #server;
  #accepting = gate();
  #links = new Set();
  #rules = { toBroker: new Rules(), toClient: new Rules() };

  constructor(target, port) {
    this.#target = target;
    this.port = port;
  }

  /** How many connections are open now. */
  get connections() {
    return this.#links.size;
  }

  /** Closes every connection and refuses new ones. */
  async down() {
    const server = this.#server;
    this.#server = undefined;
    const closed = server && once(server, 'close');
    server?.close();
    for (const link of this.#links) link.destroy();
    await closed;
  }

  /** Delays what passes by `ms` milliseconds, give or take up to `jitter`; the order is kept. */
  latency(ms, { jitter = 0, direction = 'both' } = {}) {
    this.#set(direction, { latency: () => ms + (Math.random() * 2 - 1) * jitter });
  }

  /** Lets `bytes` a second pass, on each connection. */
  bandwidth(bytes, { direction = 'both' } = {}) {
    this.#set(direction, { bandwidth: bytes });
  }

  /** Nothing passes and no end of a connection is told; new connections are accepted and hear nothing. */
  blackHole({ direction = 'both' } = {}) {
    for (const name of directions(direction)) this.#rules[name].gate.shut();
  }

  /** Passes everything in segments of `min` to `max` bytes. */
  slice(min, max, { direction = 'both' } = {}) {
    this.#set(direction, { sliced: true, slice: () => min + Math.floor(Math.random() * (max - min + 1)) });
  }

  /** Lets exactly `bytes` more bytes pass on each connection, then closes it. */
  limit(bytes, { direction = 'both' } = {}) {
    this.#set(direction, { limit: bytes });
    for (const link of this.#links) for (const name of directions(direction)) link.passed[name] = 0;
  }

  /** Accepts no connection: clients wait in the backlog, as far as they can tell. Open ones go on. */
  pauseAccept() {
    this.#accepting.shut();
  }

  /** Resets (RST) the open connections, for the client (`toClient`), the broker, or both; the other side hears nothing. */
  reset({ direction = 'both' } = {}) {
    for (const link of this.#links) link.reset(directions(direction));
  }

  /** Sends the end (FIN) on the open connections in one direction, or both; the other direction goes on. */
  halfClose({ direction = 'both' } = {}) {
    for (const link of this.#links) for (const name of directions(direction)) link.to(name).end();
  }

  /** Ends every fault: listens again, delivers what was held, and closes what `reset` has left half open. */
  async restore() {
    for (const link of this.#links) if (link.cut) link.destroy();
    for (const rules of Object.values(this.#rules)) rules.clear();
    this.#accepting.open();
    if (this.#server) return;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => void this.#accept(client));
    this.#server.listen(this.port, this.host);
    await once(this.#server, 'listening');
  }

  /** Ends the proxy and its connections. */
  close() {
    this.#accepting.open();
    for (const rules of Object.values(this.#rules)) rules.clear();
    return this.down();
  }

  #set(direction, rule) {
    for (const name of directions(direction)) Object.assign(this.#rules[name], rule);
  }

  async #accept(client) {
    const link = new Link(client, this.#rules);
    this.#links.add(link);
    this.accepted++;
    await this.#accepting.passed;
    await link.run(this.#target);
    this.#links.delete(link);
  }
}

/** What happens to the bytes of one direction. */
class Rules {
  gate = gate();

  constructor() {
    this.clear();
  }

  clear() {
    this.latency = () => 0;
    this.sliced = false;
    this.slice = () => Infinity;
    this.bandwidth = Infinity;
    this.limit = Infinity;
    this.gate.open();
  }
}

/** A client's connection and the one to the broker that belongs to it. */
class Link {
  /** Reset on purpose: one side does not learn of the other's end. */
  cut = false;
  passed = { toBroker: 0, toClient: 0 };
  #client;
  #broker;
  #rules;

  constructor(client, rules) {
    this.#client = client.on('error', ignore);
    void closed(client);
    this.#rules = rules;
  }

  to(direction) {
    return direction === 'toBroker' ? (this.#broker ?? this.#client) : this.#client;
  }

  /** Returns when both connections are closed. A broker that does not answer is a reset for the client. */
  async run(target) {
    if (this.#client.destroyed) return;
    this.#broker = connect({ ...target, allowHalfOpen: true, noDelay: true }).on('error', ignore);
    const both = [closed(this.#client), closed(this.#broker)];
    void this.#pump('toBroker', this.#client, this.#broker);
    void this.#pump('toClient', this.#broker, this.#client);
    await Promise.all(both);
  }

  destroy() {
    this.#client.destroy();
    this.#broker?.destroy();
  }

  reset(sides) {
    this.cut = true;
    for (const side of sides) this.to(side).resetAndDestroy();
  }

  async #pump(direction, from, to) {
    const rules = this.#rules[direction];
    let line = Promise.resolve();
    let held = 0;
    let last = (socket) => socket.end();
    try {
      for await (const chunk of from.iterator({ destroyOnReturn: false })) {
        for (const piece of cut(chunk, rules)) {
          const due = performance.now() + rules.latency();
          held += piece.length;
          line = line.then(() => this.#deliver(direction, piece, due, to)).then(() => (held -= piece.length));
        }
        if (held > HELD) await line;
      }
    } catch {
      last = (socket) => socket.resetAndDestroy();
    }
    await line;
    await rules.gate.passed;
    if (this.cut) from.destroy();
    else last(to);
  }

  /** Waits until the kernel has it: pieces that are written together are sent together. */
  async #deliver(direction, piece, due, to) {
    const rules = this.#rules[direction];
    const wait = due - performance.now();
    if (wait > 0) await delay(wait);
    await rules.gate.passed;
    const rest = rules.limit - this.passed[direction];
    this.passed[direction] += piece.length;
    if (to.writable && rest > 0) await new Promise((resolve) => to.write(piece.subarray(0, rest), resolve));
    if (rest <= piece.length) {
      if (to.writable) to.end(() => this.destroy());
      else this.destroy();
    } else if (rules.bandwidth < Infinity) await delay((piece.length / rules.bandwidth) * 1000);
    else if (rules.sliced) await turn();
  }
}

/** Pieces as large as the rules allow; with a bandwidth, what passes in a twentieth of a second. */
function* cut(chunk, rules) {
  for (let at = 0; at < chunk.length;) {
    const size = Math.max(1, Math.min(rules.slice(), Math.ceil(rules.bandwidth / 20)));
    yield chunk.subarray(at, at + size);
    at += size;
  }
}

/** Something to wait for while it is shut. */
function gate() {
  let opened;
  const one = {
    passed: Promise.resolve(),
    shut: () => {
      if (!opened) one.passed = new Promise((resolve) => (opened = resolve));
    },
    open: () => {
      opened?.();
      opened = undefined;
    },
  };
  return one;
}

const ignore = () => undefined;

const ends = new WeakMap();

/** When a socket is closed; one listener, however often it is asked. */
function closed(socket) {
  if (!ends.has(socket)) ends.set(socket, new Promise((resolve) => socket.once('close', resolve)));
  return ends.get(socket);
}
