/** Sizes of a tool's text result, in bytes before JSON escaping. */
export const SIZES = { '1k': 1_024, '100k': 102_400 } as const

export type Size = keyof typeof SIZES

/** The tool of the echo servers that answers with a text of this size. */
export function toolOf(size: Size): string {
  return `echo_${size}`
}

/**
 * The text of a result: numbered lines of 64 bytes, so that JSON has line ends to escape as real text
 * does, and no two lines are alike.
 */
export function payloadText(size: Size): string {
  const lines = Array.from({ length: SIZES[size] / 64 }, (_, at) => {
    const head = `line ${String(at).padStart(4, '0')} of a text that stands for what a tool returns`
    return `${head.padEnd(63, '.')}\n`
  })
  return lines.join('')
}
