import { randomBytes } from 'node:crypto'
import { keyCreated } from '@sallyport/contract/admin'
import { AppError } from '@sallyport/kit/errors'
import { callSocket } from '@sallyport/kit/lifecycle'
import { Secret } from '@sallyport/kit/secret'
import type { Context } from '../context.ts'

const KEYS = '/api/v1/keys'
/** One run is over long before. */
const RUN_MS = 15 * 60_000
/** A key a look would be a row a minute; what is kept in memory alone is lost with the process. */
const WATCH_MS = 24 * 60 * 60_000
/** A key is made anew before it ends under a probe. */
const LEAST_MS = 5 * 60_000
const MAKE_MS = 10_000
const REVOKE_MS = 5_000

interface Made {
  readonly id: string
  readonly name: string
  readonly key: Secret
  readonly socket: string
  readonly endsMs: number
}

/**
 * An API key of the role `caller` for looking at a gateway: made over the local socket when it is first asked for,
 * revoked by dispose, and ended by the gateway itself should nothing be left that could revoke it.
 */
export class RunKey implements AsyncDisposable {
  readonly #context: Context
  readonly #lifeMs: number
  #made: Promise<Made> | undefined
  #isOver = false

  /** @param looks how long it is needed: for one look 15 minutes are enough, while watching a day */
  constructor(context: Context, looks: 'once' | 'again' = 'once') {
    this.#context = context
    this.#lifeMs = looks === 'once' ? RUN_MS : WATCH_MS
  }

  /**
   * The same key each time, while it has some time left and the gateway is the same.
   *
   * @param socket of the gateway
   * @throws {AppError} as `callSocket`; `cancelled` once it is disposed
   */
  async text(socket: string): Promise<Secret> {
    if (this.#isOver) throw new AppError('cancelled', 'the run is over, and its key with it')
    // Not bound to the signal of one probe: others wait for the same key, and dispose must know of it.
    this.#made = this.#made?.then((made) => this.#renewed(made, socket)) ?? this.#make(socket)
    try {
      return (await this.#made).key
    } catch (thrown) {
      // The next look may have more luck.
      this.#made = undefined
      throw thrown
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    // One that was never made needs no end; why it was not made has been told to whoever asked.
    const made = await this.#made?.catch(() => undefined)
    if (made !== undefined) await this.#revoke(made)
  }

  async #renewed(made: Made, socket: string): Promise<Made> {
    if (made.socket === socket && made.endsMs - this.#context.clock.nowMs() > LEAST_MS) return made
    await this.#revoke(made)
    return this.#make(socket)
  }

  async #make(socket: string): Promise<Made> {
    const name = `checklist-${randomBytes(4).toString('hex')}`
    const body = { name, role: 'caller', expiresInMs: this.#lifeMs }
    const endsMs = this.#context.clock.nowMs() + this.#lifeMs
    const signal = AbortSignal.timeout(MAKE_MS)
    const answer = await callSocket({ path: socket, method: 'POST', url: KEYS, body, signal })
    const { id, key } = keyCreated.parse(answer)
    return { id, name, key: new Secret(key), socket, endsMs }
  }

  async #revoke({ id, name, socket, endsMs }: Made): Promise<void> {
    try {
      const url = `${KEYS}/${encodeURIComponent(id)}`
      const signal = AbortSignal.timeout(REVOKE_MS)
      await callSocket({ path: socket, method: 'DELETE', url, signal })
    } catch (thrown) {
      const { message } = AppError.from(thrown)
      const ends = new Date(endsMs).toISOString()
      this.#context.terminal.note(
        `the key ${name} could not be revoked (${message}): it ends by itself at ${ends}`,
      )
    }
  }
}
