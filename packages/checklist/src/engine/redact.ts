import { redactText } from '@sallyport/kit/log'
import { Secret } from '@sallyport/kit/secret'

const SHORTEST = 6
const REDACTED = '[redacted]'
const DEPTH_MAX = 64

/** Takes the secrets that a deployment is known to hold out of what is kept of it. */
export class Redactor {
  readonly #values = new Set<string>()

  /** Every secret within a configuration. */
  addAll(value: unknown, depth = 0): void {
    if (depth > DEPTH_MAX || typeof value !== 'object' || value === null) return
    if (value instanceof Secret) this.add(value.reveal())
    else for (const inner of Object.values(value)) this.addAll(inner, depth + 1)
  }

  /** One more; texts so short that they are in every sentence are left. */
  add(value: string): void {
    if (value.length >= SHORTEST) this.#values.add(value)
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
