const KEPT_BYTES = 64 * 1_024

/** Keeps the last bytes that a child wrote to stderr, as text fit for a log. */
export class StderrRing {
  #chunks: Buffer[] = []
  #bytes = 0

  push(chunk: Buffer): void {
    // A copy: a view would keep the whole read buffer alive.
    const kept = Buffer.from(chunk.subarray(-KEPT_BYTES))
    this.#chunks.push(kept)
    this.#bytes += kept.length
    while (this.#bytes > KEPT_BYTES) {
      const first = this.#chunks[0]
      if (first === undefined) return
      const excess = this.#bytes - KEPT_BYTES
      if (first.length <= excess) this.#chunks.shift()
      else this.#chunks[0] = first.subarray(excess)
      this.#bytes -= Math.min(first.length, excess)
    }
    // Many tiny writes would otherwise be many tiny buffers.
    if (this.#chunks.length > 256) this.#chunks = [Buffer.concat(this.#chunks)]
  }

  /** The last lines, without control characters. */
  lines(linesMax: number): string[] {
    const text = Buffer.concat(this.#chunks).toString('utf8')
    return text
      .split('\n')
      .map(withoutControls)
      .filter((line) => line !== '')
      .slice(-linesMax)
  }
}

/** Removes terminal escape sequences and control characters, so that printing cannot act on a terminal. */
export function withoutControls(text: string): string {
  return (
    text
      // oxlint-disable-next-line no-control-regex -- removing them is the purpose
      .replaceAll(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, '')
      // oxlint-disable-next-line no-control-regex -- removing them is the purpose
      .replaceAll(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '')
      .trimEnd()
  )
}
