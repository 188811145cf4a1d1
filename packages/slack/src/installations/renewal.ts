import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import type { RefreshOutcome } from '@sallyport/kit/metrics'
import type { InstallationKey, InstallationLease, InstallationStore } from '@sallyport/kit/store'
import type { SlackApp } from '../settings/settings.ts'
import { dueAtMs, hasExpired, jitterOf } from './due.ts'
import type { TokenKind, TokenRefusal } from './installation.ts'
import { type InstallationCache, type Place, placeId } from './installation-cache.ts'
import {
  ended,
  type KeptInstallation,
  type KeptToken,
  PROVIDER,
  tokenOf,
  withoutUser,
  withToken,
} from './kept-installation.ts'
import { refreshToken, type SpendRefreshToken } from './refresh-answer.ts'
import { RenewalPauses } from './renewal-pauses.ts'

/** How long Slack may take for a new pair. */
const ANSWER_MS = 10_000
/** How long others wait for a process that has ended; one that is at it renews its lease. */
const LEASE_MS = 5_000
const RENEW_EVERY_MS = 1_500
/** How often another process that is at it is looked after. */
const POLL_MS = 100
/** How long it is waited for while there is a token that may still do. */
const PATIENCE_MS = 3_000
/** A token that was refused and replaced so lately is not replaced again: the next would be refused, too. */
const REPLACED_MS = 10_000
const COMMITS_MAX = 5
const COMMIT_AGAIN_MS = 200
/** Who has a lease that nobody may take: Slack is not asked until it ends. */
const PAUSE = 'pause'

export interface RenewalOptions {
  readonly store: InstallationStore
  readonly cache: InstallationCache
  readonly apps: readonly SlackApp[]
  readonly spend: SpendRefreshToken
  readonly marginMs: number
  readonly clock: Clock
  readonly log: Log
  readonly onRefresh?: (outcome: RefreshOutcome) => void
  /** How often a lease is renewed; 1.5 s by default. */
  readonly renewEveryMs?: number
}

/** What a renewal is for: a token that is due, or one that Slack refused. */
interface Wish {
  readonly kind: TokenKind
  readonly refusal?: TokenRefusal
}

/**
 * Replaces tokens, of each installation by one process at a time: whoever has its lease reads it again before it
 * spends the refresh token, and the new pair is in the store before anybody calls with it.
 */
export class Renewal implements AsyncDisposable {
  readonly #options: RenewalOptions
  readonly #apps: ReadonlyMap<string, SlackApp>
  readonly #running = new Map<string, Promise<void>>()
  readonly #pauses = new RenewalPauses()
  /** Issued by Slack, and not in the store yet since that could not be written. */
  readonly #uncommitted = new Map<string, KeptInstallation>()
  /** When a refused token was replaced last, wall clock. */
  readonly #replacedAt = new Map<string, number>()
  readonly #closing = new AbortController()

  constructor(options: RenewalOptions) {
    this.#options = options
    this.#apps = new Map(options.apps.map((app) => [app.name, app]))
  }

  /** Whether a token is to be refreshed before it is used. */
  isDue(place: Place, token: KeptToken): boolean {
    const { marginMs, clock } = this.#options
    const jitter = jitterOf(place.app, place.team)
    return clock.nowMs() >= dueAtMs(token, marginMs, jitter)
  }

  /** Until when Slack is not asked again; 0 = it may be asked. */
  pausedUntilMs(place: Place): number {
    return this.#pauses.untilMs(placeId(place), this.#options.clock.nowMs())
  }

  /** A new installation has no failures behind it. */
  forget(place: Place): void {
    this.#pauses.clear(placeId(place))
    this.#uncommitted.delete(placeId(place))
    this.#replacedAt.delete(placeId(place))
  }

  /**
   * Makes the best of a token that is due or was refused; the cache then says what came of it. All who want the
   * same at once get the same.
   *
   * @throws {AppError} `store_unwritable`, `shutting_down`
   */
  run(place: Place, wish: Wish): Promise<void> {
    const id = `${placeId(place)} ${wish.kind} ${wish.refusal === undefined ? 'due' : 'refused'}`
    const running = this.#running.get(id)
    if (running !== undefined) return running
    const started = this.#run(place, wish).finally(() => this.#running.delete(id))
    this.#running.set(id, started)
    return started
  }

  /** Waits for what is on its way to Slack: its answer would be lost. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new AppError('shutting_down', 'the server is stopping'))
    await Promise.allSettled(this.#running.values())
  }

  async #run(place: Place, wish: Wish): Promise<void> {
    const { store, cache, clock } = this.#options
    const key: InstallationKey = { provider: PROVIDER, app: place.app, team: place.team }
    const holder = randomUUID()
    const startedMs = clock.monotonicMs()
    for (;;) {
      this.#closing.signal.throwIfAborted()
      const nowMs = clock.nowMs()
      const record = await store.takeLease(key, { holder, untilMs: nowMs + LEASE_MS }, nowMs)
      const kept = record && (await cache.take(record))
      if (record === undefined) cache.drop(place)
      const lease = record?.lease
      if (lease?.holder === holder) return await this.#withLease(key, holder, kept, wish)
      if (kept === undefined || this.#isAnswered(kept, wish)) return
      if (!lease) continue // ended between the two looks
      const token = tokenOf(kept, wish.kind)
      const isUsable = !wish.refusal && token !== undefined && !hasExpired(token, nowMs)
      const waitMs = isUsable ? PATIENCE_MS : ANSWER_MS + LEASE_MS
      if (lease.holder === PAUSE || clock.monotonicMs() - startedMs > waitMs) {
        this.#pauses.learn(placeId(place), lease.untilMs)
        return
      }
      const pollMs = Math.min(POLL_MS, Math.max(1, lease.untilMs - nowMs))
      await sleep(pollMs, undefined, { signal: this.#closing.signal }).catch(() => undefined) // asked above
    }
  }

  async #withLease(
    key: InstallationKey,
    holder: string,
    kept: KeptInstallation | undefined,
    wish: Wish,
  ): Promise<void> {
    const { store, clock, log } = this.#options
    let next: InstallationLease | null = null
    let renewed: Promise<unknown> = Promise.resolve()
    const renewing = setInterval(() => {
      const nowMs = clock.nowMs()
      const lease = { holder, untilMs: nowMs + LEASE_MS }
      // Where it cannot be renewed it ends; what it is for is tried to its end anyway.
      renewed = store.takeLease(key, lease, nowMs).catch(() => undefined)
    }, this.#options.renewEveryMs ?? RENEW_EVERY_MS)
    try {
      if (kept !== undefined) next = await this.#decide(kept, wish)
    } finally {
      clearInterval(renewing)
      await renewed
      // Where it cannot be ended it ends by itself.
      await store.endLease(key, holder, next).catch((thrown: unknown) => {
        log.warn({ err: AppError.from(thrown) }, 'slack lease not ended')
      })
    }
  }

  /** What is read under the lease decides. Returns the pause that is to follow. */
  async #decide(kept: KeptInstallation, wish: Wish): Promise<InstallationLease | null> {
    const id = placeId(kept.installation)
    const waiting = this.#uncommitted.get(id)
    if (waiting !== undefined && waiting.version === kept.version) {
      await this.#commit(waiting)
      return null
    }
    this.#uncommitted.delete(id)
    const token = tokenOf(kept, wish.kind)
    if (token === undefined || this.#isAnswered(kept, wish)) return null
    const { error = '' } = wish.refusal ?? {}
    const nowMs = this.#options.clock.nowMs()
    if (error === 'account_inactive' || error === 'token_revoked') {
      await this.#end(kept, wish.kind, error)
      return null
    }
    if (token.refresh === undefined) {
      if (wish.refusal || hasExpired(token, nowMs)) await this.#end(kept, wish.kind, error)
      return null
    }
    if (wish.refusal) {
      if ((this.#replacedAt.get(id) ?? 0) > nowMs - REPLACED_MS) return null
      this.#replacedAt.set(id, nowMs)
    }
    return await this.#spend(kept, wish.kind, token.refresh.reveal())
  }

  async #spend(
    kept: KeptInstallation,
    kind: TokenKind,
    refresh: string,
  ): Promise<InstallationLease | null> {
    const { spend, clock, log, onRefresh } = this.#options
    const { app: name, team } = kept.installation
    const app = this.#apps.get(name)
    const ask = () => {
      if (app === undefined) throw new AppError('config_invalid', 'the app is not configured')
      return spend(app, refresh, AbortSignal.timeout(ANSWER_MS))
    }
    const verdict = await refreshToken(ask, kind, () => clock.nowMs())
    switch (verdict.kind) {
      case 'issued': {
        const renewed = withToken(kept, kind, verdict.token)
        this.#uncommitted.set(placeId(kept.installation), renewed)
        await this.#commit(renewed)
        log.info({ app: name, team, kind }, 'slack token refreshed')
        onRefresh?.('ok')
        return null
      }
      case 'dead':
        onRefresh?.('reinstall')
        await this.#end(kept, kind, verdict.error)
        return null
      case 'failed': {
        const { error, retryAfterMs } = verdict
        const id = placeId(kept.installation)
        const untilMs = this.#pauses.fail(id, clock.nowMs(), retryAfterMs)
        log.warn({ app: name, team, kind, error, untilMs }, 'slack token not refreshed')
        onRefresh?.('failed')
        return { holder: PAUSE, untilMs }
      }
      default:
        return verdict satisfies never
    }
  }

  /** Slack does not take these tokens any more. Without that of a person the app still has its own. */
  async #end(kept: KeptInstallation, kind: TokenKind, error: string): Promise<void> {
    const { app, team } = kept.installation
    const isRemoved = error === 'account_inactive'
    const next =
      kind === 'user' ? withoutUser(kept) : ended(kept, isRemoved ? 'removed' : 'reinstall')
    if (await this.#write(next, kept.version)) {
      this.#options.log.warn({ app, team, kind, error }, 'slack tokens ended')
    }
  }

  /**
   * Keeps a new pair. The token it came for is spent: it is tried until it is kept, or somebody installed the app
   * anew.
   *
   * @throws {AppError} `store_unwritable`
   */
  async #commit(renewed: KeptInstallation): Promise<void> {
    const id = placeId(renewed.installation)
    let { version } = renewed
    for (let attempt = 1; ; attempt += 1) {
      try {
        if (await this.#write(renewed, version)) break
        const standing = await this.#readAgain(renewed)
        if (standing === undefined) break
        version = standing.version
      } catch (thrown) {
        if (attempt === COMMITS_MAX) throw thrown
        await sleep(COMMIT_AGAIN_MS)
      }
    }
    this.#uncommitted.delete(id)
    this.#pauses.clear(id)
  }

  /** What stands there in its place, where that is only another process's despair of the spent token. */
  async #readAgain({ installation }: KeptInstallation): Promise<KeptInstallation | undefined> {
    const { store, cache } = this.#options
    const { app, team, installedAtMs } = installation
    const record = await store.get({ provider: PROVIDER, app, team })
    const standing = record && (await cache.take(record))
    const isSame = standing?.installation.installedAtMs === installedAtMs
    return isSame && standing?.installation.state === 'reinstall' ? standing : undefined
  }

  async #write(kept: KeptInstallation, seen: number): Promise<boolean> {
    const { store, cache, clock } = this.#options
    const version = await store.update(cache.toValues(kept, clock.nowMs()), seen)
    if (version !== undefined) cache.put({ ...kept, version })
    return version !== undefined
  }

  #isAnswered(kept: KeptInstallation, { kind, refusal }: Wish): boolean {
    const token = tokenOf(kept, kind)
    if (kept.installation.state !== 'active' || token === undefined) return true
    if (refusal) return token.token.reveal() !== refusal.token.reveal()
    return !this.isDue(kept.installation, token)
  }
}
