import { randomBytes } from 'node:crypto'
import { keyCreated } from '@sallyport/contract/admin'
import { callSocket } from '@sallyport/kit/lifecycle'
import { Secret } from '@sallyport/kit/secret'
import { AppError } from '@sallyport/kit/errors'

const KEYS = '/api/v1/keys'
/** It ends by itself, should nothing be left that could revoke it. */
const LIFE_MS = 15 * 60_000
const MAKE_MS = 10_000
const REVOKE_MS = 5_000

/**
 * An API key of the role `caller` that lives as long as one run of the checklist: made over the local socket when
 * it is first asked for, revoked by dispose.
 */
export class RunKey implements AsyncDisposable {
  readonly #socket: string
  readonly #note: (text: string) => void
  #made: Promise<{ readonly id: string; readonly name: string; readonly key: Secret }> | undefined
  #isOver = false

  /** @param note told when it cannot be revoked */
  constructor(socket: string, note: (text: string) => void) {
    this.#socket = socket
    this.#note = note
  }

  /**
   * The same key each time.
   *
   * @throws {AppError} as `callSocket`; `cancelled` once it is disposed
   */
  async text(): Promise<Secret> {
    if (this.#isOver) throw new AppError('cancelled', 'the run is over, and its key with it')
    // Not bound to the signal of one probe: others wait for the same key, and dispose must know of it.
    this.#made ??= this.#make()
    return (await this.#made).key
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    // One that was never made needs no end; why it was not made has been told to whoever asked.
    const made = await this.#made?.catch(() => undefined)
    if (made === undefined) return
    const { id, name } = made
    try {
      const url = `${KEYS}/${encodeURIComponent(id)}`
      const signal = AbortSignal.timeout(REVOKE_MS)
      await callSocket({ path: this.#socket, method: 'DELETE', url, signal })
    } catch (thrown) {
      const { message } = AppError.from(thrown)
      this.#note(
        `the key ${name} could not be revoked (${message}): it ends within 15 minutes by itself`,
      )
    }
  }

  async #make(): Promise<{ id: string; name: string; key: Secret }> {
    const body = {
      name: `checklist-${randomBytes(4).toString('hex')}`,
      role: 'caller',
      expiresInMs: LIFE_MS,
    }
    const signal = AbortSignal.timeout(MAKE_MS)
    const answer = await callSocket({ path: this.#socket, method: 'POST', url: KEYS, body, signal })
    const { id, name, key } = keyCreated.parse(answer)
    return { id, name, key: new Secret(key) }
  }
}
