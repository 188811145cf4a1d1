import type { ConfigPath } from '@sallyport/kit/config'
import { failed, notApplicable, type Probe, proved, unproved } from '../../answers/answer.ts'
import { configPlaces, type SourceText, sourceTexts } from '../../looks/config-places.ts'
import {
  credentialsIn,
  holdsCredential,
  isNoSecret,
  isReference,
  isSecret,
  isSecretName,
} from '../../looks/credential-shapes.ts'
import { fileName, isUnread } from './config.ts'

/** Keys of the file whose values are secrets by what they mean. */
const SECRET_PATHS: readonly RegExp[] = [
  /^masterKey(?:\.\d+)?$/,
  /^auth\.tokens\.\d+(?:\.\d+|\.value(?:\.\d+)?)?$/,
  /^auth\.login\.key(?:\.\d+)?$/,
  /^slack\.(?:clientSecret|signingSecret)$/,
  /^checklist\.grafana\.password$/,
]
/** Keys under which names are somebody else's: variables and headers. */
const FOREIGN_NAMES = /^(?:mcpServers\.[^.]+\.(?:env|headers)|tracing\.headers)\.[^.]+$/
const ARGUMENTS = /^mcpServers\.[^.]+\.args\.\d+$/

/** Secrets are brought in by reference and stand nowhere in the file. */
export const secretsAreReferences: Probe = {
  kind: 'probe',
  title: 'The configuration holds no secret, only references to them',
  remedy:
    'move the value to a file or a variable, write `${file:PATH}` or `${env:NAME}` in its place, and renew it: it was in a file that is copied around',
  look: async (deployment, signal) => {
    const { source, file } = deployment
    if (file === 'environment') {
      return notApplicable('this gateway is configured by its variables alone: there is no file')
    }
    if (isUnread(deployment)) {
      return unproved('config', `${fileName(deployment)} could not be read`)
    }
    const texts = sourceTexts(source)
    const literal = texts.filter((one) => isLiteralSecret(one, texts))
    if (literal.length === 0) {
      const text = `${texts.length} values of ${fileName(deployment)} were looked at: none is a secret itself`
      return proved({ kind: 'config', text })
    }
    const placeOf = await configPlaces(deployment, signal)
    const faults = literal.map(({ path, text }) => ({
      kind: 'config' as const,
      text: `${placeOf(path)} holds ${shapeOf(text)}, not a reference`,
    }))
    const [first] = literal
    return failed(
      faults,
      first &&
        `move ${placeOf(first.path)} to a file or a variable and reference it: \`\${file:PATH}\` or \`\${env:NAME}\`; then renew it`,
    )
  },
}

function isLiteralSecret({ path, text }: SourceText, all: readonly SourceText[]): boolean {
  const key = path.join('.')
  const name = String(path.at(-1))
  const value = withoutReferences(text)
  if (holdsCredential(value)) return true
  if (SECRET_PATHS.some((pattern) => pattern.test(key))) return isLiteral(value)
  if (ARGUMENTS.test(key)) return isArgument(path, value, all)
  if (FOREIGN_NAMES.test(key) && !isReference(value)) {
    if (isSecret(name, value.replace(/^(?:bearer|basic|token)\s+/i, ''))) return true
  }
  // A password within a URL, wherever it stands: `store`, `checklist.redis`, `proxy`.
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(value) && credentialsIn(name, value).length > 0
}

/** `--token x` and `--token=x`. */
function isArgument(path: ConfigPath, text: string, all: readonly SourceText[]): boolean {
  const [, flag, inline] = /^--?([\w-]+)=([\s\S]+)$/.exec(text) ?? []
  if (flag !== undefined && inline !== undefined) {
    return isSecretName(flag) ? isLiteral(inline) : isUrlWithPassword(inline)
  }
  if (text.startsWith('-')) return false
  const at = Number(path.at(-1)) - 1
  const key = [...path.slice(0, -1), at].join('.')
  const before = all.find((one) => one.path.join('.') === key)?.text ?? ''
  const [, word] = /^--?([\w-]+)$/.exec(before) ?? []
  return word !== undefined && isSecretName(word) ? isLiteral(text) : isUrlWithPassword(text)
}

function isUrlWithPassword(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text) && credentialsIn('url', text).length > 0
}

function isLiteral(value: string): boolean {
  return !isNoSecret(value.trim()) && !isReference(value)
}

/** The text with each reference as a short one, and the defaults of references as they are. */
function withoutReferences(text: string): string {
  const fallback = /^\$\{(?:env:)?[A-Za-z_]\w*:-([^}]+)\}$/.exec(text)?.[1]
  return fallback ?? text
}

function shapeOf(text: string): string {
  if (/-----BEGIN/.test(text)) return 'a private key'
  if (/^\$\{/.test(text)) return 'a secret as the default of a reference'
  if (/:\/\//.test(text)) return 'a URL with a password'
  return `a text of ${text.length} characters`
}
