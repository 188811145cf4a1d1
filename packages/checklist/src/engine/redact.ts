import { redactText } from '@sallyport/kit/log'
import { Secret } from '@sallyport/kit/secret'
import type { Deployment } from '../deployment.ts'

const SHORTEST = 6
const REDACTED = '[redacted]'
const DEPTH_MAX = 64

/** Words that stand in every sentence about a deployment: as secrets they are none, and a probe names them. */
const WORDS = new Set([
  ...['admin', 'changeme', 'default', 'discord', 'example', 'gateway', 'grafana', 'localhost'],
  ...['password', 'passwort', 'placeholder', 'postgres', 'postgresql', 'production', 'prometheus'],
  ...['redis', 'sallyport', 'secret', 'staging', 'token', 'username', 'undefined', 'development'],
])

/** Takes the secrets that a deployment is known to hold out of what is kept of it. */
export class Redactor {
  readonly #values = new Set<string>()

  /** Every secret within a configuration. */
  addAll(value: unknown, depth = 0): void {
    if (depth > DEPTH_MAX || typeof value !== 'object' || value === null) return
    if (value instanceof Secret) this.add(value.reveal())
    else for (const inner of Object.values(value)) this.addAll(inner, depth + 1)
  }

  /** One more; texts so short or so common that they are in every sentence are left. */
  add(value: string): void {
    if (value.length >= SHORTEST && !WORDS.has(value.toLowerCase())) this.#values.add(value)
  }

  /** The text without them, and without what looks like a credential. */
  clean(text: string): string {
    let cleaned = text
    // The longest first: a secret may be part of another.
    for (const value of [...this.#values].sort((one, other) => other.length - one.length)) {
      cleaned = cleaned.replaceAll(value, REDACTED)
    }
    return redactText(cleaned)
  }
}

const redactors = new WeakMap<Deployment, Redactor>()

/**
 * What is kept out of the report of a deployment. Whoever reads a secret of it from a file or from a program adds it
 * here, before it is spoken of.
 */
export function redactorOf(deployment: Deployment): Redactor {
  const known = redactors.get(deployment)
  if (known !== undefined) return known
  const made = new Redactor()
  redactors.set(deployment, made)
  return made
}
