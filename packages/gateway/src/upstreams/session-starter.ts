import type { Clock } from '@sallyport/kit/clock'
import { AppError, type ErrorCode } from '@sallyport/kit/errors'
import { BackOff } from './back-off.ts'
import type { OpenedSession, Opening, SessionOpener } from './open-session.ts'
import type { Slot } from './slot.ts'

/** A session that ends by itself sooner than this, without having answered a call, was a short life. */
const SHORT_LIFE_MS = 1_000
const SHORT_LIVES_MAX = 5
/** What callers hear also while the server is left alone. */
const TOLD_AGAIN: ReadonlySet<ErrorCode> = new Set([
  'server_start_failed',
  'command_not_allowed',
  'url_not_allowed',
])

export interface SessionStarterOptions {
  readonly opener: Pick<SessionOpener, 'open'>
  startMs(): number
  readonly clock: Clock
  readonly random: () => number
  /** Ends what is starting; its reason is an AppError. */
  readonly signal: AbortSignal
}

/** Starts sessions of one server in time, and leaves a server alone for a while that cannot be started. */
export class SessionStarter {
  readonly #options: SessionStarterOptions
  readonly #backOff: BackOff
  #shortLives = 0
  /** As which callers hear that it is left alone: a child cannot be reached or not. */
  #failedAs: ErrorCode = 'server_unavailable'

  constructor(options: SessionStarterOptions) {
    this.#options = options
    this.#backOff = new BackOff(options.random)
  }

  /**
   * Why no start may begin now; undefined when one may.
   *
   * @param insists whether it may although the server is left alone for a moment
   */
  refusal({ insists }: { readonly insists: boolean }): AppError | undefined {
    const { signal, clock } = this.#options
    if (signal.aborted) return AppError.from(signal.reason)
    if (insists) return undefined
    const retryAfterMs = this.#backOff.remainingMs(clock.monotonicMs())
    if (retryAfterMs <= 0) return undefined
    const sentence = 'the server failed to start and is left alone for a moment'
    return new AppError(this.#failedAs, sentence, { retryAfterMs, outcome: 'not_sent' })
  }

  /**
   * Opens one session. What was opened for a failed start goes to `retire`.
   *
   * @throws {AppError} as `SessionOpener.open`; says when to come back
   */
  async start(opening: Opening): Promise<OpenedSession> {
    const { opener, signal } = this.#options
    const startMs = this.#options.startMs()
    const deadline = new AbortController()
    const abort = (): void => deadline.abort(signal.reason)
    const timer = setTimeout(() => {
      const sentence = `the server did not start within ${startMs} ms`
      deadline.abort(new AppError('server_start_failed', sentence, { outcome: 'not_sent' }))
    }, startMs)
    signal.addEventListener('abort', abort, { once: true })
    try {
      const opened = await opener.open(opening, deadline.signal)
      this.#backOff.succeeded()
      this.#failedAs = 'server_unavailable'
      return opened
    } catch (thrown) {
      throw this.#failure(AppError.from(thrown))
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
    }
  }

  /** A server that starts well and dies at once, again and again, is left alone for a moment too. */
  noteEnd({ answered, readyAtMs }: Slot): void {
    const nowMs = this.#options.clock.monotonicMs()
    const useless = !answered && nowMs - readyAtMs < SHORT_LIFE_MS
    this.#shortLives = useless ? this.#shortLives + 1 : 0
    if (this.#shortLives >= SHORT_LIVES_MAX) this.#backOff.failed(nowMs)
  }

  #failure(error: AppError): AppError {
    const { signal, clock } = this.#options
    // Where a cap cannot be kept nothing was started, and each caller is to hear why.
    const spared = signal.aborted || error.code === 'caps_unavailable'
    const backOffMs = spared ? 0 : this.#backOff.failed(clock.monotonicMs())
    const retryAfterMs = Math.max(error.retryAfterMs ?? 0, backOffMs)
    const { code, message, details } = error
    this.#failedAs = TOLD_AGAIN.has(code) ? code : 'server_unavailable'
    return new AppError(code, message, {
      cause: error.cause ?? error,
      details,
      outcome: 'not_sent',
      ...(retryAfterMs > 0 ? { retryAfterMs } : {}),
    })
  }
}
