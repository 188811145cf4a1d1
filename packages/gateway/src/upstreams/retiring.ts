import { AppError } from '@sallyport/kit/errors'
import type { Session } from './session.ts'

export interface RetiringOptions {
  /** A session could not be ended as it should. */
  onFailed(error: AppError): void
  /** One is gone, and its room is free. */
  onEnded(): void
}

interface Ending {
  /** As `Slot.group`. */
  readonly group: string
  readonly end: Promise<void>
}

/** The sessions of one server that are being ended: they take no call, but still take room. */
export class Retiring {
  readonly #options: RetiringOptions
  readonly #endings = new Map<Session, Ending>()

  constructor(options: RetiringOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#endings.size
  }

  /** Process ids of their children. */
  get pids(): number[] {
    return [...this.#endings.keys()].flatMap((session) => session.pid ?? [])
  }

  /** For whom each of them counts. */
  get groups(): string[] {
    return [...this.#endings.values()].map(({ group }) => group)
  }

  /** Ends a session; what is in flight on it fails for this reason. */
  add(session: Session, group: string, reason: string): void {
    const { onFailed, onEnded } = this.#options
    const end = session
      .close(reason)
      .catch((thrown: unknown) => onFailed(AppError.from(thrown)))
      .finally(() => {
        this.#endings.delete(session)
        onEnded()
      })
    this.#endings.set(session, { group, end })
  }

  /** Waits until one of them is gone. */
  async next(): Promise<void> {
    await Promise.race([...this.#endings.values()].map(({ end }) => end))
  }

  /** Waits until all of them are gone. */
  async all(reason: string): Promise<void> {
    for (const session of this.#endings.keys()) void session.close(reason)
    await Promise.allSettled([...this.#endings.values()].map(({ end }) => end))
  }
}
