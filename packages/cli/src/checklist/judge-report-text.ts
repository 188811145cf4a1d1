import { scanBatch } from '@sallyport/kit/mcp'

const DEPTH_MAX = 64
const CUT = 'the report is cut off: it ends before its end'

/** A report as it was read, or why it is none; a sentence. */
export type ReadReport = { readonly document: object } | { readonly fault: string }

/** Reads the text of a report without judging its signature. Pure. */
export function judgeReportText(text: Buffer): ReadReport {
  // A list of one, as that is what can be looked at for names that stand twice: readers differ on which counts.
  const scanned = scanBatch(Buffer.from(`[${text.toString()}]`), { depth: DEPTH_MAX })
  if (!Array.isArray(scanned)) {
    if (scanned.fault === 'duplicate') {
      return { fault: `the report is not as it was signed: ${scanned.reason}` }
    }
    if (isCut(text)) return { fault: CUT }
    return { fault: 'the file is no report: it is no JSON' }
  }
  const [only, ...others] = scanned
  const document: unknown = only && others.length === 0 ? JSON.parse(only.toString()) : undefined
  if (only === undefined) return { fault: CUT }
  if (typeof document !== 'object' || document === null || !('format' in document)) {
    return { fault: 'the file is no report: print one with `check --json`' }
  }
  return { document }
}

/** Whether more would have to follow. */
function isCut(text: Buffer): boolean {
  const trimmed = text.toString().trim()
  try {
    JSON.parse(trimmed)
    return false
  } catch (thrown) {
    const { message } = thrown as SyntaxError // all that it throws
    const [, position] = / at position (\d+)/.exec(message) ?? []
    if (position === undefined) return message.includes('end of JSON input')
    return Number(position) >= trimmed.length
  }
}
