/** Images that models read, told by their first bytes. Source: PNG 1.2 §3.1, JFIF, GIF89a, RFC 9649 (WebP). */
const IMAGES: readonly (readonly [mimeType: string, fits: (bytes: Buffer) => boolean])[] = [
  ['image/png', (bytes) => startsWith(bytes, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])],
  ['image/jpeg', (bytes) => startsWith(bytes, [0xff, 0xd8, 0xff])],
  ['image/gif', (bytes) => ['GIF87a', 'GIF89a'].includes(bytes.toString('latin1', 0, 6))],
  [
    'image/webp',
    (bytes) =>
      bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP',
  ],
]

const TEXT_TYPE =
  /^(text\/.*|application\/(json|xml|yaml|x-yaml|javascript|x-sh|sql|toml|x-ndjson|.*\+(json|xml)))$/

/** What a file turned out to be. */
export type FileKind =
  | { readonly kind: 'image'; readonly mimeType: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'binary' }

/**
 * Decides how the bytes of a file are handed on. Images go by what they are, not by what somebody says they
 * are: a model refuses a whole conversation for one image under a wrong type.
 */
export function kindOfFile(bytes: Buffer, mimeType: string): FileKind {
  const image = IMAGES.find(([, fits]) => fits(bytes))
  if (image !== undefined) return { kind: 'image', mimeType: image[0] }
  if (!TEXT_TYPE.test(mimeType.toLowerCase()) || bytes.includes(0)) return { kind: 'binary' }
  try {
    return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch {
    // `fatal` throws exactly for bytes that are no UTF-8, which is one of our answers.
    return { kind: 'binary' }
  }
}

const BREAKING = /<\/?(p|div|h[1-6]|li|tr|br|ul|ol|table|section|blockquote|pre)\b[^<>]{0,2000}>/gi
const ENTITIES: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&nbsp;': ' ',
  '&amp;': '&',
}

/** The text of a page of markup, a line per block; what it says is kept, how it looks is not. */
export function textOfMarkup(markup: string): string {
  return markup
    .replace(/<(script|style|head)\b[^<>]{0,2000}>[^<]{0,200000}<\/\1>/gi, '')
    .replace(BREAKING, '\n')
    .replace(/<[^<>]{0,4000}>/g, '')
    .replace(/&(lt|gt|quot|#39|nbsp|amp);/g, (entity) => ENTITIES[entity] ?? entity)
    .replace(/[ \t]+\n/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
}

function startsWith(bytes: Buffer, first: readonly number[]): boolean {
  return first.every((byte, index) => bytes[index] === byte)
}
