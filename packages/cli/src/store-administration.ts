import {
  auditQuery,
  type AuditList,
  type AuditQueryInput,
  type MarkChanged,
  type VerifyReport,
} from '@sallyport/contract/admin'
import {
  type IdentityServices,
  LOCAL_ADMIN,
  openStoreServices,
  toAuditItem,
  toMarkItem,
  unknownServer,
  UserService,
} from '@sallyport/gateway/admin'
import type { State } from '@sallyport/gateway/state'
import type { Clock } from '@sallyport/kit/clock'
import { Passwords } from '@sallyport/kit/users'
import type { Administration, MarkTarget } from './administration.ts'
import { openCommandState } from './command-state.ts'
import type { Configuration } from './configuration.ts'
import type { Context } from './context.ts'
import type { IdentityAdministration } from './identity-administration.ts'
import { storeIdentity } from './store-identity.ts'
import { type StoreParts, StoreSecrets } from './store-secrets.ts'
import { StoreUsers } from './store-users.ts'

const LIST_MS = 30_000
/** Verifying reads every row. */
const VERIFY_MS = 60 * 60_000

/** The administration of a gateway that does not run: its store, held under the lock until disposed. */
export class StoreAdministration implements Administration {
  readonly identity: IdentityAdministration
  readonly users: StoreUsers
  readonly secrets: StoreSecrets
  readonly #state: State
  readonly #clock: Clock
  readonly #config: Configuration['config']

  private constructor(parts: StoreParts, services: IdentityServices) {
    const { state, clock, config } = parts
    this.identity = storeIdentity(services)
    this.secrets = new StoreSecrets(parts)
    this.users = new StoreUsers(
      new UserService({
        ...{ users: state.store.users, passwords: new Passwords(), grants: services.grants, clock },
        changed: async () => undefined,
      }),
    )
    this.#state = state
    this.#clock = clock
    this.#config = config
  }

  /** @throws {AppError} see `openState` */
  static async open(context: Context, configuration: Configuration): Promise<StoreAdministration> {
    const { clock } = context
    const { state, log } = await openCommandState(context, configuration)
    const { config } = configuration
    const services = await openStoreServices(state.store, config, clock)
    return new StoreAdministration({ state, config, clock, log }, services)
  }

  async listAudit(query: AuditQueryInput): Promise<AuditList> {
    const { since, until, limit, ...rest } = auditQuery.parse(query)
    const given = Object.entries({ ...rest, sinceMs: since, untilMs: until })
    const page = await this.#state.store.reader.list(
      { limit, ...Object.fromEntries(given.filter(([, value]) => value !== undefined)) },
      AbortSignal.timeout(LIST_MS),
    )
    const items = page.items.map(toAuditItem)
    return page.next === undefined ? { items } : { items, next: page.next }
  }

  async verifyAudit(): Promise<VerifyReport> {
    const report = await this.#state.store.reader.verify(AbortSignal.timeout(VERIFY_MS))
    const { ok, rows, writers, broken } = report
    return { ok, rows, writers, broken: broken.map((fault) => ({ ...fault })) }
  }

  async setMark({ server, kind }: MarkTarget, reason: string): Promise<MarkChanged> {
    this.#assertKnown(server)
    const atMs = this.#clock.nowMs()
    const record = { server: server ?? '', kind, reason, by: LOCAL_ADMIN.id, atMs }
    await this.#state.store.marks.set(record)
    return { server: server ?? null, mark: toMarkItem(record), changed: true, inFlight: null }
  }

  async clearMark({ server, kind }: MarkTarget): Promise<MarkChanged> {
    const changed = await this.#state.store.marks.clear(server ?? '', kind)
    if (!changed) this.#assertKnown(server)
    return { server: server ?? null, mark: null, changed, inFlight: null }
  }

  #assertKnown(server: string | undefined): void {
    if (server === undefined || Object.hasOwn(this.#config.servers, server)) return
    throw unknownServer(server, this.#config)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#state[Symbol.asyncDispose]()
  }
}
