import { redactText } from '@sallyport/kit/log'
import { isSecretName, secretArgument } from '../config/secret-names.ts'

const REDACTED = '[redacted]'
const REFERENCE = /\$\{[^}]*\}/g
const SECRET_PLACES: readonly RegExp[] = [
  /^masterKey(\.|$)/,
  /^auth\.tokens\.\d+(\.value)?$/,
  /^auth\.login\.key(\.|$)/,
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
  return isSecretName(name) || SECRET_PLACES.some((place) => place.test(path))
}

/** What stands before the secret stays. */
function redactArgument(items: readonly unknown[], at: number, shown: unknown): unknown {
  const item = items[at]
  const secret = secretArgument(items, at)
  if (typeof item !== 'string' || secret === undefined) return shown
  return `${item.slice(0, item.length - secret.length)}${redactLiteral(secret)}`
}

/** Keeps references, which are no secrets themselves. */
function redactLiteral(text: string): string {
  const references = text.match(REFERENCE) ?? []
  if (references.join('') === text) return text
  return references.length === 0 ? REDACTED : `${REDACTED} ${references.join(' ')}`
}
