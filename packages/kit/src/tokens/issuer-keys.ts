import type { KeyObject } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { Log } from '../log/log.ts'
import type { IssuerRules } from './issuer-rules.ts'
import { isUrl, readDocument } from './read-document.ts'
import { VerificationKeys } from './verification-keys.ts'

export interface IssuerKeysDeps {
  readonly clock: Clock
  readonly log: Log
  /** Of the gateway: ends what is being read. */
  readonly signal: AbortSignal
}

type KeyRules = Pick<
  IssuerRules,
  'issuer' | 'jwks' | 'ca' | 'timeoutMs' | 'jwksMaxAgeMs' | 'jwksCooldownMs' | 'jwksKeysMax'
>

/**
 * The keys of one issuer, read when a token first needs them: again in the background after half of their
 * age, and when a token names one that is not there. At most one reading at a time; a reading that failed or
 * did not find what was looked for is followed by a cooldown, whatever tokens say.
 */
export class IssuerKeys {
  readonly #rules: KeyRules
  readonly #deps: IssuerKeysDeps
  #keys: VerificationKeys | undefined
  #readMs = 0
  /** When a reading last came to nothing. */
  #idleMs = Number.NEGATIVE_INFINITY
  #failed = false
  #reading: Promise<void> | undefined
  #revision = 0

  constructor(rules: KeyRules, deps: IssuerKeysDeps) {
    this.#rules = rules
    this.#deps = deps
  }

  /** Counts up whenever the keys change. */
  get revision(): number {
    return this.#revision
  }

  /**
   * The key of that name for that algorithm; undefined when the issuer has none.
   *
   * @throws {AppError} `issuer_unavailable` when that cannot be told now
   */
  async find(id: string | undefined, algorithm: string): Promise<KeyObject | undefined> {
    const { jwksMaxAgeMs } = this.#rules
    const ageMs = this.#deps.clock.monotonicMs() - this.#readMs
    if (this.#keys !== undefined && ageMs < jwksMaxAgeMs) {
      const known = this.#keys.find(id, algorithm)
      if (known !== undefined) {
        if (ageMs >= jwksMaxAgeMs / 2 && this.#waitMs() === 0) {
          this.#read().catch(() => undefined) // logged there; the keys in hand are still good
        }
        return known
      }
      // What was read a moment ago would be no different now.
      if (this.#waitMs() > 0 && !this.#failed && this.#reading === undefined) return undefined
    }
    await this.#readSoon()
    const found = this.#keys?.find(id, algorithm)
    if (found === undefined) this.#idleMs = this.#deps.clock.monotonicMs()
    return found
  }

  async #readSoon(): Promise<void> {
    const waitMs = this.#waitMs()
    if (waitMs > 0 && this.#reading === undefined) {
      throw unavailable(waitMs)
    }
    await this.#read()
  }

  /** Until it may be read again, milliseconds. */
  #waitMs(): number {
    const sinceMs = this.#deps.clock.monotonicMs() - this.#idleMs
    return Math.max(0, this.#rules.jwksCooldownMs - sinceMs)
  }

  /** Everybody who needs it waits for one reading. */
  #read(): Promise<void> {
    this.#reading ??= this.#readNow().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #readNow(): Promise<void> {
    const { clock, log, signal } = this.#deps
    const { issuer, timeoutMs, jwksCooldownMs } = this.#rules
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
    try {
      const keys = await readKeys(this.#rules, deadline)
      this.#readMs = clock.monotonicMs()
      if (this.#failed) log.info({ issuer }, 'keys of the identity provider read again')
      this.#failed = false
      if (keys.fingerprint === this.#keys?.fingerprint) return
      this.#keys = keys
      this.#revision += 1
    } catch (cause) {
      // Once per outage, not once per token.
      if (!this.#failed && !signal.aborted) {
        log.warn({ issuer, err: AppError.from(cause) }, 'keys of the identity provider not read')
      }
      this.#failed = true
      this.#idleMs = clock.monotonicMs()
      throw unavailable(jwksCooldownMs, cause)
    }
  }
}

async function readKeys(rules: KeyRules, signal: AbortSignal): Promise<VerificationKeys> {
  const place = rules.jwks ?? (await discover(rules, signal))
  const keys = VerificationKeys.parse(await readDocument(place, rules, signal), rules.jwksKeysMax)
  if (keys !== undefined) return keys
  const message = `the key set is none, holds no key that can verify, or more than ${rules.jwksKeysMax}`
  throw new AppError('issuer_unavailable', message)
}

/**
 * Where an issuer says that its keys are. A document that speaks for another issuer counts for nothing.
 *
 * Source: RFC 8414 §3.1 and §3.3; OpenID Connect Discovery §4; MCP 2026-07-28, "Authorization Server
 * Metadata Discovery" (the order).
 */
async function discover(rules: KeyRules, signal: AbortSignal): Promise<string> {
  const { issuer } = rules
  const faults: unknown[] = []
  for (const place of discoveryPlaces(issuer)) {
    const document = await readDocument(place, rules, signal).catch((fault: unknown) => {
      faults.push(fault)
      return undefined
    })
    signal.throwIfAborted()
    if (document === undefined) continue
    const { issuer: named, jwks_uri: jwks }: Record<string, unknown> = Object(document) // members are judged below
    if (named !== issuer) {
      faults.push(new Error(`the document at ${place} speaks for another issuer`))
    } else if (typeof jwks === 'string' && isSafeAfter(issuer, jwks)) return jwks
    else faults.push(new Error(`the document at ${place} has no jwks_uri that can be trusted`))
  }
  const message = 'its discovery document cannot be found; check `issuer`, or set `jwks`'
  throw new AppError('issuer_unavailable', message, { cause: new AggregateError(faults) })
}

/** The addresses of an issuer's metadata, in the order of the specification. */
export function discoveryPlaces(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/+$/, '')
  return [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    ...(path === '' ? [] : [`${origin}/.well-known/openid-configuration${path}`]),
    `${origin}${path}/.well-known/openid-configuration`,
  ]
}

/** Whether keys may be read there on the word of that issuer: never from https down to http, and no file. */
export function isSafeAfter(issuer: string, url: string): boolean {
  if (!isUrl(url) || !URL.canParse(url)) return false
  return url.toLowerCase().startsWith('https:') || issuer.startsWith('http:')
}

function unavailable(retryAfterMs: number, cause?: unknown): AppError {
  const message = 'the keys of the identity provider cannot be read now; try again'
  return new AppError('issuer_unavailable', message, { retryAfterMs, cause })
}
