import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import type { RefreshOutcome } from '@sallyport/kit/metrics'
import type { Secret } from '@sallyport/kit/secret'
import type { ChangeWatch, Store } from '@sallyport/kit/store'
import type { SlackApp } from '../settings/settings.ts'
import { hasExpired } from './due.ts'
import type {
  Grant,
  Installation,
  Installations,
  Revocation,
  TokenKind,
  TokenRefusal,
} from './installation.ts'
import { InstallationCache, type Place } from './installation-cache.ts'
import {
  ended,
  fromGrant,
  type KeptToken,
  PROVIDER,
  tokenOf,
  withoutUser,
} from './kept-installation.ts'
import type { SpendRefreshToken } from './refresh-answer.ts'
import { Renewal } from './renewal.ts'
import { untilAborted } from './until-aborted.ts'

/** What Slack says of a token that is of no use. Source: Slack, Web API, common errors. */
const TOKEN_ERRORS: ReadonlySet<string> = new Set([
  'account_inactive',
  'invalid_auth',
  'token_expired',
  'token_revoked',
])
const CHANGES_MAX = 5
const SWEEP_EVERY_MS = 30_000

export interface LiveInstallationsOptions {
  readonly store: Pick<Store, 'installations' | 'ring'>
  /** Tells what other processes change; it must outlive the installations. */
  readonly watch: Pick<ChangeWatch, 'on'>
  readonly apps: readonly SlackApp[]
  /** Asks Slack for a new pair. */
  readonly spend: SpendRefreshToken
  /** A token that ends within this time is refreshed. */
  readonly marginMs: number
  readonly clock: Clock
  readonly log: Log
  /** Told of every refresh that this process tried. */
  readonly onRefresh?: (outcome: RefreshOutcome) => void
  /** How often the lease of an installation is renewed; 1.5 s by default. */
  readonly renewEveryMs?: number
  /** Told, within a second, that some process changed some; maybe nothing that matters. Must not throw. */
  readonly onChanged?: () => void
  /** How often tokens that nobody calls with are looked after; 30 s by default. */
  readonly sweepEveryMs?: number
}

/** The installations of one store, opened and kept up to date. */
export class LiveInstallations implements Installations, AsyncDisposable {
  readonly #options: LiveInstallationsOptions
  readonly #cache: InstallationCache
  readonly #renewal: Renewal
  #timer: NodeJS.Timeout | undefined
  #sweeping: Promise<void> = Promise.resolve()
  #disposed = false

  private constructor(options: LiveInstallationsOptions) {
    const { store, log } = options
    this.#options = options
    this.#cache = new InstallationCache(store, log)
    this.#renewal = new Renewal({ ...options, store: store.installations, cache: this.#cache })
  }

  /**
   * Reads what is there, then follows what changes.
   *
   * @throws {AppError} `store_unwritable`
   */
  static async open(options: LiveInstallationsOptions): Promise<LiveInstallations> {
    const live = new LiveInstallations(options)
    options.watch.on('installations', async () => {
      await live.#cache.reread()
      options.onChanged?.()
    })
    await live.#cache.reread()
    live.#schedule()
    return live
  }

  /** Tells `forget` of every installation that is gone, or of no use until it is made anew. */
  onEnded(forget: (place: Place) => void): void {
    this.#cache.onEnded = forget
  }

  list(): readonly Installation[] {
    return this.#cache.list()
  }

  async save(grant: Grant): Promise<Installation> {
    const { store, clock } = this.#options
    const kept = fromGrant(grant, clock.nowMs())
    const version = await store.installations.put(this.#cache.toValues(kept, clock.nowMs()))
    this.#renewal.forget(grant)
    this.#cache.put({ ...kept, version })
    return kept.installation
  }

  async remove(app: string, team: string): Promise<boolean> {
    const removed = await this.#options.store.installations.remove({
      provider: PROVIDER,
      app,
      team,
    })
    this.#renewal.forget({ app, team })
    this.#cache.drop({ app, team })
    return removed
  }

  async token(place: Place, kind: TokenKind, signal: AbortSignal): Promise<Secret> {
    const known = this.#usable(place, kind)
    const isOver = hasExpired(known, this.#options.clock.nowMs())
    // Without a refresh token nothing comes after it.
    if (!isOver && (!known.refresh || !this.#renewal.isDue(place, known))) return known.token
    if (this.#renewal.pausedUntilMs(place) > 0) return this.#unexpired(place, known)
    try {
      await untilAborted(this.#renewal.run(place, { kind }), signal)
    } catch (thrown) {
      signal.throwIfAborted()
      // Slack still takes it, whatever the store does.
      if (hasExpired(known, this.#options.clock.nowMs())) throw thrown
    }
    return this.#unexpired(place, this.#usable(place, kind))
  }

  async refused(place: Place, kind: TokenKind, refusal: TokenRefusal): Promise<boolean> {
    if (!TOKEN_ERRORS.has(refusal.error)) return false
    if (this.#hasOther(place, kind, refusal)) return true
    if (this.#cache.get(place)?.installation.state !== 'active') return false
    await this.#renewal.run(place, { kind, refusal })
    const isPaused = this.#renewal.pausedUntilMs(place) > 0
    if (this.#hasOther(place, kind, refusal)) return true
    if (isPaused) throw this.#noneYet(place)
    return false
  }

  async revoked(app: string, team: string, { what, atMs }: Revocation): Promise<boolean> {
    const { store, clock, log } = this.#options
    for (let attempt = 0; attempt < CHANGES_MAX; attempt += 1) {
      const record = await store.installations.get({ provider: PROVIDER, app, team })
      const kept = record && (await this.#cache.take(record))
      if (kept === undefined || kept.installation.installedAtMs > atMs) return false
      // Uninstalling brings both events, in any order: it stays a removal.
      const isRemoved = what === 'app' || kept.installation.state === 'removed'
      const state = isRemoved ? 'removed' : 'reinstall'
      const next = what === 'user' ? withoutUser(kept) : ended(kept, state)
      const values = this.#cache.toValues(next, clock.nowMs())
      const version = await store.installations.update(values, kept.version)
      if (version === undefined) continue
      this.#cache.put({ ...next, version })
      log.info({ app, team, what }, 'slack tokens revoked')
      return true
    }
    throw new AppError('store_unwritable', 'the installation is changed too fast')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true
    clearTimeout(this.#timer)
    await this.#renewal[Symbol.asyncDispose]()
    await this.#sweeping
  }

  /** @throws {AppError} `slack_reinstall`, `slack_scope_missing` */
  #usable(place: Place, kind: TokenKind): KeptToken {
    const kept = this.#cache.get(place)
    if (kept === undefined) throw reinstall(`the app is not installed in ${place.team} any more`)
    const { teamName, team, state } = kept.installation
    const name = `${teamName} (${team})`
    if (state === 'removed') throw reinstall(`the app was removed from ${name}`)
    const token = tokenOf(kept, kind)
    if (state === 'reinstall' || (kind === 'bot' && token === undefined)) {
      throw reinstall(`Slack does not accept the tokens for ${name} any more`)
    }
    if (token !== undefined) return token
    throw new AppError(
      'slack_scope_missing',
      `whoever installed the app in ${name} gave it no scopes of their own; set SLACK_USER_SCOPES and install it again`,
    )
  }

  /** The token as it stands, due or not. @throws {AppError} `slack_unavailable` */
  #unexpired(place: Place, token: KeptToken): Secret {
    if (!hasExpired(token, this.#options.clock.nowMs())) return token.token
    throw this.#noneYet(place)
  }

  #noneYet(place: Place): AppError {
    const nowMs = this.#options.clock.nowMs()
    const retryAfterMs = Math.max(1_000, this.#renewal.pausedUntilMs(place) - nowMs)
    const what = `the token for ${place.team} has ended and Slack gave no new one yet`
    return new AppError('slack_unavailable', what, { retryAfterMs })
  }

  #hasOther(place: Place, kind: TokenKind, { token }: TokenRefusal): boolean {
    const kept = this.#cache.get(place)
    const current = kept && tokenOf(kept, kind)
    return current !== undefined && current.token.reveal() !== token.reveal()
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      this.#sweeping = this.#sweep().then(() => {
        if (!this.#disposed) this.#schedule()
      })
    }, this.#options.sweepEveryMs ?? SWEEP_EVERY_MS)
    this.#timer.unref()
  }

  /** Refreshes what is due and nobody calls with, one after the other. The first that fails ends it for now. */
  async #sweep(): Promise<void> {
    for (const kept of this.#cache.values()) {
      for (const kind of ['bot', 'user'] as const) {
        const token = tokenOf(kept, kind)
        if (this.#disposed) return
        if (token?.refresh === undefined || !this.#renewal.isDue(kept.installation, token)) continue
        if (this.#renewal.pausedUntilMs(kept.installation) > 0) continue
        try {
          await this.#renewal.run(kept.installation, { kind })
        } catch (thrown) {
          this.#options.log.warn({ err: AppError.from(thrown) }, 'slack tokens not looked after')
          return
        }
        if (this.#renewal.pausedUntilMs(kept.installation) > 0) return
      }
    }
  }
}

function reinstall(what: string): AppError {
  return new AppError('slack_reinstall', `${what}; install it again at /slack/install`)
}
