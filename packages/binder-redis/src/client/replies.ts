/**
 * What Redis answers, in RESP2, from chunks as they come. Each reply is gone through once, however many chunks it takes: what
 * is read of it stays read. Much of what ioredis does for any command is not needed for reading streams, where it costs
 * more than handling a message does.
 */

/** Text in it is bytes. */
export type Reply = number | Buffer | null | readonly Reply[] | Error;

const ASTERISK = 42;
const DOLLAR = 36;
const COLON = 58;
const PLUS = 43;
const MINUS = 45;
const CR = 13;
const ZERO = 48;

/** An array that is not complete. */
interface Open {
  readonly items: Reply[];
  missing: number;
}

export class Replies {
  readonly #reply: (reply: Reply) => void;
  readonly #known: readonly Buffer[];
  /** The arrays that are open, the outermost first. */
  #open: Open[] = [];
  /** Bytes of a value that is not complete. */
  #rest: Buffer[] = [];
  #restBytes = 0;
  /** How many bytes there have to be before it is worth looking again. */
  #needed = 0;
  #at = 0;

  /**
   * @param reply called with each, in their order
   * @param known byte strings that come often: they are given out instead of copies, and are never to be changed
   */
  constructor(reply: (reply: Reply) => void, known: readonly Buffer[] = []) {
    this.#reply = reply;
    this.#known = known;
  }

  /** @throws Error what came is not RESP2 */
  write(chunk: Buffer): void {
    const bytes = this.#joined(chunk);
    if (!bytes) return;
    this.#at = 0;
    while (this.#at < bytes.length) {
      const start = this.#at;
      if (!this.#value(bytes)) {
        const rest = bytes.subarray(start);
        this.#rest = [rest];
        this.#restBytes = rest.length;
        this.#needed = Math.max(this.#needed - start, rest.length + 1);
        return;
      }
    }
  }

  /** With what was left, once that may be enough. */
  #joined(chunk: Buffer): Buffer | undefined {
    if (this.#restBytes === 0) return chunk;
    this.#rest.push(chunk);
    this.#restBytes += chunk.length;
    if (this.#restBytes < this.#needed) return undefined;
    const all = Buffer.concat(this.#rest, this.#restBytes);
    this.#rest = [];
    this.#restBytes = 0;
    return all;
  }

  /** One value, or the head of an array. False: it is not complete. */
  #value(bytes: Buffer): boolean {
    this.#needed = 0;
    const type = bytes[this.#at]!;
    if (type === PLUS || type === MINUS) return this.#line(bytes, type);
    if (type !== DOLLAR && type !== ASTERISK && type !== COLON) {
      throw new Error(`Redis answers with something else than RESP2: ${String.fromCharCode(type)}`);
    }
    const number = this.#number(bytes);
    if (number === undefined) return false;
    if (type === COLON) this.#done(number);
    else if (number < 0) this.#done(null);
    else if (type === DOLLAR) return this.#bytes(bytes, number);
    else if (number === 0) this.#done([]);
    else this.#open.push({ items: [], missing: number });
    return true;
  }

  #number(bytes: Buffer): number | undefined {
    let at = this.#at + 1;
    const negative = bytes[at] === MINUS;
    if (negative) at++;
    let number = 0;
    for (;;) {
      const digit = bytes[at];
      if (digit === CR) break;
      if (digit === undefined) return undefined;
      number = number * 10 + (digit - ZERO);
      at++;
    }
    if (at + 2 > bytes.length) return undefined;
    this.#at = at + 2;
    return negative ? -number : number;
  }

  #bytes(bytes: Buffer, length: number): boolean {
    const start = this.#at;
    const end = start + length;
    if (end + 2 > bytes.length) {
      this.#needed = end + 2;
      return false;
    }
    this.#at = end + 2;
    this.#done(this.#knownAs(bytes, start, length) ?? bytes.subarray(start, end));
    return true;
  }

  #knownAs(bytes: Buffer, start: number, length: number): Buffer | undefined {
    for (const known of this.#known) {
      if (known.length === length && known[0] === bytes[start] && known.compare(bytes, start, start + length) === 0) {
        return known;
      }
    }
    return undefined;
  }

  #line(bytes: Buffer, type: number): boolean {
    const end = bytes.indexOf('\r\n', this.#at);
    if (end === -1) return false;
    const text = bytes.subarray(this.#at + 1, end);
    this.#at = end + 2;
    this.#done(type === PLUS ? text : replyError(text.toString()));
    return true;
  }

  #done(value: Reply): void {
    let done = value;
    for (;;) {
      const array = this.#open.at(-1);
      if (!array) {
        this.#reply(done);
        return;
      }
      array.items.push(done);
      if (--array.missing > 0) return;
      this.#open.pop();
      done = array.items;
    }
  }
}

/** As ioredis makes them. */
function replyError(message: string): Error {
  const error = new Error(message);
  error.name = 'ReplyError';
  return error;
}
