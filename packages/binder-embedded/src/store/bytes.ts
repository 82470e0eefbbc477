/** Many byte arrays in one buffer, which is moved between threads instead of being copied. */
export function pack(parts: readonly (Uint8Array | null)[]): ArrayBuffer {
  let size = 0;
  for (const part of parts) size += part?.byteLength ?? 0;
  const packed = new Uint8Array(size);
  let offset = 0;
  for (const part of parts) {
    if (!part) continue;
    packed.set(part, offset);
    offset += part.byteLength;
  }
  return packed.buffer;
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
