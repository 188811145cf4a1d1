import { printable, printableLines } from '@sallyport/kit/log'

/** The result of a `tools/call`, of which nothing is certain. */
export interface ToolResult {
  readonly isError?: unknown
  readonly content?: unknown
  readonly structuredContent?: unknown
}

type Fields = Readonly<Record<string, unknown>>

const NAME_CHARACTERS_MAX = 128
const TEXT_CHARACTERS_MAX = 1_000_000

/**
 * A result for a person, a block below the other: texts, and those of embedded resources under a line with
 * their URI, without control characters. What is not text is named with its size.
 */
export function formatResult(result: ToolResult): string {
  const content = Array.isArray(result.content) ? result.content : []
  if (content.length > 0) return content.map(formatBlock).join('\n')
  return result.structuredContent === undefined
    ? '(no content)'
    : printableLines(JSON.stringify(result.structuredContent, null, 2), TEXT_CHARACTERS_MAX)
}

function formatBlock(block: unknown): string {
  if (!isFields(block)) return '(an unknown block)'
  const { type, text, resource } = block
  if (type === 'text' && typeof text === 'string') return printableLines(text, TEXT_CHARACTERS_MAX)
  const kind = printable(String(type), NAME_CHARACTERS_MAX)
  if (type !== 'resource' || !isFields(resource)) return describe(kind, block, block['data'])
  const head = describe(kind, resource, resource['blob'])
  if (typeof resource['text'] !== 'string') return head
  return `${head}\n${printableLines(resource['text'], TEXT_CHARACTERS_MAX)}`
}

/** What it is: kind, media type, URI and size, as far as they are known. */
function describe(kind: string, { mimeType, uri }: Fields, data: unknown): string {
  const media = typeof mimeType === 'string' ? ` ${printable(mimeType, NAME_CHARACTERS_MAX)}` : ''
  const link = typeof uri === 'string' ? ` ${printable(uri, TEXT_CHARACTERS_MAX)}` : ''
  const size = typeof data === 'string' ? `, ${data.length} characters of base64` : ''
  return `(${kind}${media}${link}${size})`
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null
}
