/**
 * The bytes of one answer in the order they come, whatever the chunks: held is one unit (a frame, an item) and a little
 * more, in one buffer that is used again and again.
 */
import { KUBE_SOURCE_BYTES } from '../limits.ts'
import type { Pace } from './pace.ts'

export class ByteSource {
  bytes = Buffer.allocUnsafeSlow(KUBE_SOURCE_BYTES)
  /** What is not yet taken is from `at` up to `end`. */
  at = 0
  end = 0
  readonly #chunks: AsyncIterator<Uint8Array>
  readonly #pace: Pace
  #chunk: Uint8Array = new Uint8Array(0)
  #chunkAt = 0
  #taken = 0

  constructor(body: AsyncIterable<Uint8Array>, pace: Pace) {
    this.#chunks = body[Symbol.asyncIterator]()
    this.#pace = pace
  }

  get held(): number {
    return this.end - this.at
  }

  /** Bytes taken since the beginning. */
  get taken(): number {
    return this.#taken + this.at
  }

  /** Waits until so many bytes are held; false when the answer ends before. The caller bounds `wanted`. */
  async fill(wanted: number): Promise<boolean> {
    while (this.held < wanted) {
      if (this.#chunkAt === this.#chunk.length) {
        const resting = this.#pace.rest()
        if (resting !== undefined) await resting
        const next = await this.#chunks.next()
        this.#pace.work()
        if (next.done === true) return false
        this.#chunk = next.value
        this.#chunkAt = 0
      }
      this.#append(wanted)
    }
    return true
  }

  /** The answer is not read to its end: its socket is not used again. */
  async close(): Promise<void> {
    await this.#chunks.return?.()
  }

  /** Takes of the chunk what fits; makes room only as bytes come, not as they are announced. */
  #append(wanted: number): void {
    if (this.at > 0) {
      this.bytes.copyWithin(0, this.at, this.end)
      this.#taken += this.at
      this.end -= this.at
      this.at = 0
    }
    if (this.end === this.bytes.length)
      this.#resize(Math.min(this.bytes.length * 2, Math.max(wanted * 2, KUBE_SOURCE_BYTES)))
    // After one big unit the usual room is enough again.
    else if (this.bytes.length > KUBE_SOURCE_BYTES && wanted + this.end < KUBE_SOURCE_BYTES / 2)
      this.#resize(KUBE_SOURCE_BYTES)
    const size = Math.min(this.#chunk.length - this.#chunkAt, this.bytes.length - this.end)
    this.bytes.set(this.#chunk.subarray(this.#chunkAt, this.#chunkAt + size), this.end)
    this.#chunkAt += size
    this.end += size
  }

  #resize(length: number): void {
    const larger = Buffer.allocUnsafeSlow(length)
    this.bytes.copy(larger, 0, 0, this.end)
    this.bytes = larger
  }
}
