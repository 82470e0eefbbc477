/** Many byte arrays in one buffer, which is moved between threads instead of being copied. */
export class Packer {
  #buffer = new Uint8Array(0);
  #used = 0;

  get size(): number {
    return this.#used;
  }

  /** Copies; null takes no room. */
  add(part: Uint8Array | null): void {
    if (!part) return;
    const needed = this.#used + part.byteLength;
    if (needed > this.#buffer.byteLength) this.#grow(needed);
    this.#buffer.set(part, this.#used);
    this.#used = needed;
  }

  /** The buffer, which may be longer than what was added. */
  take(): ArrayBuffer {
    const { buffer } = this.#buffer;
    this.#buffer = new Uint8Array(0);
    this.#used = 0;
    return buffer;
  }

  #grow(needed: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#buffer.byteLength)) as Uint8Array<ArrayBuffer>;
    grown.set(this.#buffer.subarray(0, this.#used));
    this.#buffer = grown;
  }
}

/** Takes the parts of a packed buffer in order, as views. */
export class Unpacker {
  #offset = 0;

  constructor(private readonly buffer: ArrayBuffer) {}

  /** @param length -1 for null */
  next(length: number): Buffer | null {
    if (length < 0) return null;
    const part = Buffer.from(this.buffer, this.#offset, length);
    this.#offset += length;
    return part;
  }
}
