import { redactText } from '@sallyport/kit/log'

const REDACTED = '[redacted]'
const REFERENCE = /\$\{[^}]*\}/g
/** The end of a name decides; a harmless name that ends alike is the price of missing none. */
const SECRET_NAME =
  /(?:authorization|tokens?|keys?|secrets?|passwords?|passphrase|cookies?|credentials?)$/i
const SECRET_PLACES: readonly RegExp[] = [
  /^masterKey(\.|$)/,
  /^auth\.tokens\.\d+(\.value)?$/,
  /^(mcpServers|servers)\.[^.]+\.(env|headers)\./,
  /^(mcpServers|servers)\.[^.]+\.(proxy|tls\.key)$/,
  /^tracing\.headers\./,
]

/**
 * A document as it may be shown: what is or looks like a secret is replaced, references to secrets stand as
 * they are written.
 *
 * @param path of the document inside the whole, its parts joined by dots
 */
export function redactDocument(document: unknown, path = ''): unknown {
  if (typeof document === 'string') {
    return isSecretPlace(path) ? redactLiteral(document) : redactText(document)
  }
  if (typeof document === 'number' && isSecretPlace(path)) return REDACTED
  if (Array.isArray(document)) {
    const items: readonly unknown[] = document
    return items.map((item, at) => redactArgument(items, at, redactDocument(item, `${path}.${at}`)))
  }
  if (typeof document !== 'object' || document === null) return document
  return Object.fromEntries(
    Object.entries(document).map(([key, value]) => {
      return [key, redactDocument(value, path === '' ? key : `${path}.${key}`)]
    }),
  )
}

function isSecretPlace(path: string): boolean {
  const name = path.slice(path.lastIndexOf('.') + 1)
  return SECRET_NAME.test(name) || SECRET_PLACES.some((place) => place.test(path))
}

/** `--token x` and `--token=x`: the word before tells what the next one is. */
function redactArgument(items: readonly unknown[], at: number, shown: unknown): unknown {
  const item = items[at]
  const before = items[at - 1]
  if (typeof item !== 'string' || typeof shown !== 'string') return shown
  const [, flag, value] = /^(--?[\w-]+=)([\s\S]*)$/.exec(item) ?? []
  if (flag !== undefined && value !== undefined && SECRET_NAME.test(flag.slice(0, -1))) {
    return `${flag}${redactLiteral(value)}`
  }
  const named = typeof before === 'string' && /^--?[\w-]+$/.test(before) && SECRET_NAME.test(before)
  return named && !item.startsWith('-') ? redactLiteral(item) : shown
}

/** Keeps references, which are no secrets themselves. */
function redactLiteral(text: string): string {
  const references = text.match(REFERENCE) ?? []
  if (references.join('') === text) return text
  return references.length === 0 ? REDACTED : `${REDACTED} ${references.join(' ')}`
}
