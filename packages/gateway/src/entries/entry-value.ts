import { AppError } from '@sallyport/kit/errors'
import { isSameValue } from '../same-value.ts'
import type { Entry } from './entry-book.ts'

type Value = Entry['value']

/** Stands in the place of every secret that is shown. */
export const REDACTED = '[redacted]'
/** No configuration is this deep. */
const DEPTH_MAX = 32
/** What a secret is for: kept only where all of these stay. */
const BOUND_TO = ['url', 'command', 'args', 'transport', 'proxy'] as const
const SECRET_MAPS = ['env', 'headers'] as const

/**
 * Refuses what no value of an entry may hold anywhere: a reference, by which a secret of this machine could be
 * read, and what only stands for a secret.
 *
 * @throws {AppError} `request_invalid`
 */
export function judgeValue(value: unknown, path = '', depth = 0): void {
  if (depth > DEPTH_MAX) {
    throw new AppError('request_invalid', `\`${path}\` is nested too deep`)
  }
  if (typeof value === 'string') judgeText(value, path)
  if (typeof value !== 'object' || value === null) return
  for (const [key, child] of Object.entries(value)) {
    judgeText(key, path)
    judgeValue(child, path === '' ? key : `${path}.${key}`, depth + 1)
  }
}

function judgeText(text: string, path: string): void {
  if (text.includes('${')) {
    const sentence = `\`${path}\` holds a reference, which only the file may: give the value itself`
    throw new AppError('request_invalid', sentence)
  }
  if (text.includes(REDACTED)) {
    const sentence = `\`${path}\` holds ${REDACTED}, which stands for a secret: give the secret itself`
    throw new AppError('request_invalid', sentence)
  }
}

/**
 * A server as it is to be, with the secrets it had where the new value leaves them out or shows `[redacted]`.
 * They stay only where they go to the same address or program as before: otherwise whoever may change a server
 * could have them sent to himself.
 *
 * @throws {AppError} `request_invalid`
 */
export function keepSecrets(next: Value, before: Value): Value {
  const maps = SECRET_MAPS.flatMap((key) => {
    const kept = keptMap(next[key], before[key])
    return kept === undefined ? [] : [[key, kept] as const]
  })
  const tls = keptTls(next['tls'], before['tls'])
  const whole = { ...next, ...Object.fromEntries(maps), ...(tls !== undefined && { tls }) }
  const usesKept = !isSameValue(whole, next)
  const changed = BOUND_TO.find((key) => !isSameValue(next[key], before[key]))
  const trust = !isSameValue(caOf(next['tls']), caOf(before['tls']))
  if (usesKept && (changed !== undefined || trust)) {
    const sentence = `\`${changed ?? 'tls.ca'}\` changes, so the secrets are not kept: give \`env\`, \`headers\` and \`tls.key\` again, or \`{}\` for none`
    throw new AppError('request_invalid', sentence)
  }
  return whole
}

function keptMap(next: unknown, before: unknown): unknown {
  if (next === undefined) return before
  if (!isMap(next)) return next
  const old = isMap(before) ? before : {}
  return Object.fromEntries(
    Object.entries(next).map(([name, value]) => {
      return [name, value === REDACTED && Object.hasOwn(old, name) ? old[name] : value]
    }),
  )
}

function keptTls(next: unknown, before: unknown): unknown {
  if (!isMap(next) || !isMap(before) || next['cert'] === undefined) return next
  const left = next['key'] === undefined || next['key'] === REDACTED
  return left && before['key'] !== undefined ? { ...next, key: before['key'] } : next
}

function caOf(tls: unknown): unknown {
  return isMap(tls) ? tls['ca'] : undefined
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
