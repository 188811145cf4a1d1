import { Sealer, type DerivedKeys } from '@sallyport/kit/crypto'
import { AppError } from '@sallyport/kit/errors'
import type { Clock } from '@sallyport/kit/clock'
import { holderOf, type Principal } from '@sallyport/kit/principal'
import { z } from 'zod'

const PURPOSE = 'slack-cursor'
/** A walk may pause this long between two pages. */
export const CURSOR_LIFE_MS = 24 * 3_600_000
/** Longer ones are not ours. */
export const CURSOR_CHARACTERS_MAX = 4_096

/** What a cursor belongs to: for anything else it does not open. */
export interface CursorBinding {
  readonly principal: Pick<Principal, 'id' | 'tenant'>
  readonly tool: string
  readonly app: string
  readonly team: string
  /** What is walked through: ids of channel and thread, query, filters. */
  readonly subject: readonly (string | number | boolean | undefined)[]
}

const sealed = z.object({
  /** Issued, milliseconds since 1970. */
  t: z.number(),
  s: z.unknown(),
})

/**
 * Places in walks, handed to callers as sealed text: nothing is kept for them, so they survive restarts and
 * open in every process of a store; for another principal, workspace, channel or filter they do not open.
 */
export class Cursors {
  readonly #sealer: Sealer
  readonly #clock: Clock
  readonly #lifeMs: number

  constructor(keys: DerivedKeys, clock: Clock, lifeMs: number = CURSOR_LIFE_MS) {
    this.#sealer = new Sealer(keys, PURPOSE)
    this.#clock = clock
    this.#lifeMs = lifeMs
  }

  /** @param state whatever JSON holds; secret from the caller */
  seal(binding: CursorBinding, state: unknown): string {
    const plain = JSON.stringify({ t: this.#clock.nowMs(), s: state })
    return this.#sealer.seal(Buffer.from(plain), boundTo(binding))
  }

  /**
   * The place that a cursor names.
   *
   * @throws {AppError} `request_invalid` for one that is altered, foreign or too old
   */
  open<State>(text: string, binding: CursorBinding, state: z.ZodType<State>): State {
    const plain =
      text.length > CURSOR_CHARACTERS_MAX ? undefined : this.#sealer.open(text, boundTo(binding))
    if (plain === undefined) throw refusedCursor('does not belong to this call')
    const { t, s } = sealed.parse(JSON.parse(plain.toString('utf8')))
    const ageMs = this.#clock.nowMs() - t
    if (ageMs > this.#lifeMs) throw refusedCursor('has expired')
    const read = state.safeParse(s)
    // Sealed by an earlier version, whose state had another form.
    if (!read.success) throw refusedCursor('was issued by an earlier version')
    return read.data
  }
}

function boundTo({ principal, tool, app, team, subject }: CursorBinding): string {
  return JSON.stringify([
    holderOf(principal),
    tool,
    app,
    team,
    ...subject.map((part) => part ?? null),
  ])
}

function refusedCursor(why: string): AppError {
  return new AppError(
    'request_invalid',
    `cursor ${why}: pass a next_cursor with the same arguments it was returned for, or leave cursor out to begin again`,
  )
}
