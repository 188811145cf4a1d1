import { createHash, randomBytes } from 'node:crypto'
import type { Clock } from '@sallyport/kit/clock'
import type { InstallStateStore } from '@sallyport/kit/store'
import { z } from 'zod'
import type { SlackApp } from '../settings/settings.ts'

const PROVIDER = 'slack'
const SECRET_BYTES = 32
/** Begun installations that are kept at once, over all processes. */
const STATES_MAX = 10_000

/** What is kept once and taken once, over all processes. */
export type OnceMarks = Pick<InstallStateStore, 'add' | 'take'>

const bodySchema = z.object({ app: z.string() })

/**
 * Installations that were begun in a browser and not finished yet. Kept in the store, so that a restart or another
 * process can finish them, and found only with both the state and the browser's cookie: what is kept tells neither.
 */
export class InstallStates {
  readonly #marks: OnceMarks
  readonly #clock: Clock
  readonly #lifeMs: number

  constructor(marks: OnceMarks, clock: Clock, lifeMs: number) {
    this.#marks = marks
    this.#clock = clock
    this.#lifeMs = lifeMs
  }

  get lifeMs(): number {
    return this.#lifeMs
  }

  /**
   * Begins one for an app. Returns the state for Slack to send back.
   *
   * @throws {AppError} `overloaded`, `store_unwritable`
   */
  async begin(app: SlackApp, browser: string): Promise<string> {
    const state = randomText()
    const stateHash = hashOf(state, browser)
    const nowMs = this.#clock.nowMs()
    const body = Buffer.from(JSON.stringify({ app: app.name }))
    const mark = { stateHash, provider: PROVIDER, body, expiresAtMs: nowMs + this.#lifeMs }
    await this.#marks.add(mark, { nowMs, max: STATES_MAX })
    return state
  }

  /**
   * The name of the app whose installation this browser began with this state: once. Undefined for a state that is
   * used, expired, altered or another browser's.
   *
   * @throws {AppError} `store_unwritable`
   */
  async finish(
    state: string | null | undefined,
    browser: string | undefined,
  ): Promise<string | undefined> {
    if (typeof state !== 'string' || !isRandomText(state)) return undefined
    if (browser === undefined) return undefined
    const nowMs = this.#clock.nowMs()
    const body = await this.#marks.take(PROVIDER, hashOf(state, browser), nowMs)
    return body === undefined ? undefined : bodySchema.parse(JSON.parse(body.toString())).app
  }
}

/** 256 random bits as 43 characters that stand in URLs and cookies as they are. */
export function randomText(): string {
  return randomBytes(SECRET_BYTES).toString('base64url')
}

/** Whether a text looks like one of `randomText`. */
export function isRandomText(text: string): boolean {
  return /^[\w-]{43}$/.test(text)
}

function hashOf(state: string, browser: string): string {
  return createHash('sha256').update(`${state}.${browser}`).digest('hex')
}
