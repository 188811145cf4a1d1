import type { Clock } from '@sallyport/kit/clock'
import {
  type CertificateSubject,
  type CredentialChanges,
  Credentials,
  CredentialsRefresher,
  type Renewal,
} from '@sallyport/kit/door'
import type { Log } from '@sallyport/kit/log'
import { ChangeWatch, type Store } from '@sallyport/kit/store'
import type { RunnableConfig } from '../config/index.ts'
import { readGrants, sourceOf } from './grant-sources.ts'
import { LiveGrants } from './live-grants.ts'
import { type IdentityServices, openServices } from './services.ts'
import { Suspensions } from './suspensions.ts'

export interface IdentityDeps {
  readonly store: Pick<Store, 'keys' | 'roles' | 'tenants' | 'suspensions' | 'changes'>
  readonly config: Pick<RunnableConfig, 'auth' | 'roles' | 'tenants'>
  readonly clock: Clock
  readonly log: Log
  /** 1,000 by default: what another process changed counts within a second. */
  readonly pollEveryMs?: number
}

/**
 * Who may call and what they may do, as the file and the store have it now. What changes takes effect on the
 * next call; whoever listens here is told whose sessions and streams that concerns.
 */
export class Identity implements AsyncDisposable {
  /** For all who turn names of roles and tenants into what a principal may do. */
  readonly grants: LiveGrants
  readonly credentials: Credentials
  readonly suspensions: Suspensions
  /** Finds out what other processes changed. */
  readonly watch: ChangeWatch
  readonly #store: IdentityDeps['store']
  readonly #clock: Clock
  readonly #refresher: CredentialsRefresher
  readonly #resources: AsyncDisposableStack
  readonly #onEnded: ((principalId: string) => void)[]
  readonly #onRenewed: ((renewal: Renewal) => void)[]
  readonly #onRegrant: (() => void)[] = []

  private constructor(parts: Parts, resources: AsyncDisposableStack) {
    this.grants = parts.grants
    this.credentials = parts.credentials
    this.suspensions = parts.suspensions
    this.watch = parts.watch
    this.#store = parts.store
    this.#clock = parts.clock
    this.#refresher = parts.refresher
    this.#onEnded = parts.onEnded
    this.#onRenewed = parts.onRenewed
    this.#resources = resources
  }

  /** Reads everything once. Rejects as the store does when it cannot be read. */
  static async open({ store, config, clock, log, ...poll }: IdentityDeps): Promise<Identity> {
    await using opening = new AsyncDisposableStack()
    // Before anything is read: a change in between is read again.
    const watch = opening.use(await ChangeWatch.start({ changes: store.changes, log, ...poll }))
    const grants = new LiveGrants(sourceOf(config), await readGrants(store))
    const credentials = new Credentials(clock, config.auth.tokens, grants)
    credentials.replaceCertificates(subjectsOf(config))
    const onEnded: Parts['onEnded'] = []
    const onRenewed: Parts['onRenewed'] = []
    const suspensions = new Suspensions(store.suspensions)
    await suspensions.refresh()
    const onChanged = (changes: CredentialChanges): void => {
      for (const id of changes.ended) for (const listener of onEnded) listener(id)
      for (const renewal of changes.renewed) for (const listener of onRenewed) listener(renewal)
    }
    const refresher = opening.use(
      await CredentialsRefresher.start({ keys: store.keys, credentials, log, onChanged, ...poll }),
    )
    const identity = new Identity(
      { store, clock, watch, grants, credentials, suspensions, refresher, onEnded, onRenewed },
      opening.move(),
    )
    watch.on('keys', () => refresher.refresh())
    watch.on('roles', () => identity.refreshGrants())
    watch.on('tenants', () => identity.refreshGrants())
    watch.on('suspensions', () => suspensions.refresh())
    return identity
  }

  /** Hears of principals that are no longer valid: their sessions and streams end. Must not throw. */
  onEnded(listener: (principalId: string) => void): void {
    this.#onEnded.push(listener)
  }

  /** Hears of principals that may do or see something else now. Must not throw. */
  onRenewed(listener: (renewal: Renewal) => void): void {
    this.#onRenewed.push(listener)
  }

  /** Hears that roles or tenants changed: what was resolved elsewhere is to be resolved anew. Must not throw. */
  onRegrant(listener: () => void): void {
    this.#onRegrant.push(listener)
  }

  /** Takes over tokens, roles and tenants of another configuration. Waits for nothing. */
  apply(config: IdentityDeps['config']): void {
    this.grants.file = sourceOf(config)
    this.settle(this.credentials.replaceTokens(config.auth.tokens))
    this.settle(this.credentials.replaceCertificates(subjectsOf(config)))
    this.#regrant()
  }

  /** Resolves once a change of keys counts here. */
  refreshKeys(): Promise<void> {
    return this.#refresher.refresh()
  }

  /** Resolves once a change of roles or tenants counts here. */
  async refreshGrants(): Promise<void> {
    this.grants.store = await readGrants(this.#store)
    this.#regrant()
  }

  /** Tells whoever holds something of these principals. For who keeps principals of its own too. */
  settle({ ended, renewed }: CredentialChanges): void {
    for (const id of ended) for (const listener of this.#onEnded) listener(id)
    for (const renewal of renewed) for (const listener of this.#onRenewed) listener(renewal)
  }

  /** What administrators do to keys, roles and tenants; counts here once it resolves. */
  services(config: () => IdentityDeps['config']): IdentityServices {
    return openServices({
      ...{ store: this.#store, grants: this.grants, clock: this.#clock, config },
      keysChanged: () => this.refreshKeys(),
      grantsChanged: () => this.refreshGrants(),
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync()
  }

  #regrant(): void {
    this.settle(this.credentials.regrant())
    for (const listener of this.#onRegrant) listener()
  }
}

interface Parts extends Pick<Identity, 'grants' | 'credentials' | 'suspensions' | 'watch'> {
  readonly store: IdentityDeps['store']
  readonly clock: Clock
  readonly refresher: CredentialsRefresher
  readonly onEnded: ((principalId: string) => void)[]
  readonly onRenewed: ((renewal: Renewal) => void)[]
}

function subjectsOf({ auth }: IdentityDeps['config']): readonly CertificateSubject[] {
  return auth.clientCertificates?.subjects ?? []
}
