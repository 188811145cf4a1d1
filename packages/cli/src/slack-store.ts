import type { SecretsRotated, SubjectErased, SubjectEraseInput } from '@sallyport/contract/admin'
import { KeyControl, LOCAL_ADMIN, toSecretsRotated } from '@sallyport/gateway/admin'
import { AppError } from '@sallyport/kit/errors'
import { type Log, silentLog } from '@sallyport/kit/log'
import {
  acquireStoreLock,
  hasSqliteStore,
  type KeyedStore,
  openKeyedStore,
} from '@sallyport/kit/store'
import type { ConfigOptions } from './configuration.ts'
import type { Context } from './context.ts'
import type { SecretAdministration } from './secret-administration.ts'
import { findSettings } from './slack-settings.ts'
import { eraseSubject } from './store-secrets.ts'

const SQLITE = 'sqlite:'
/** Nothing that the Slack server seals is good for longer. */
const SEALED_MS_MAX = 24 * 3_600_000

/** The store of the Slack server, opened beside whoever runs on it. */
export class SlackStore implements AsyncDisposable, SecretAdministration {
  readonly #context: Context
  readonly #location: string
  readonly #keyed: KeyedStore
  readonly #log: Log = silentLog

  private constructor(context: Context, location: string, keyed: KeyedStore) {
    this.#context = context
    this.#location = location
    this.#keyed = keyed
  }

  /** @throws {AppError} `not_found` where nothing was ever kept, `config_invalid`, `master_key_wrong` */
  static async open(context: Context, options: ConfigOptions): Promise<SlackStore> {
    const { store: location, masterKeys } = await findSettings(context, options)
    const path = location.startsWith(SQLITE) ? location.slice(SQLITE.length) : undefined
    // Nothing is made by looking.
    if (path !== undefined && !hasSqliteStore(path)) {
      throw new AppError('not_found', 'the Slack server has kept nothing yet')
    }
    const { clock } = context
    const opened = { location, masterKeys, clock, log: silentLog, migrate: false }
    return new SlackStore(context, location, await openKeyedStore(opened))
  }

  /** Removes an installation with its tokens. A server that runs knows within a second. */
  async remove(team: string, app: string | undefined): Promise<string> {
    const { installations } = this.#keyed.store
    const { keys } = await installations.read('slack', 0)
    const meant = keys.filter((key) => key.team === team && key.app === (app ?? key.app))
    const [key, ...others] = meant
    if (key === undefined) {
      throw new AppError(
        'not_found',
        'the app is not installed there; "sallyport slack teams" lists where it is',
      )
    }
    if (others.length > 0) {
      const apps = meant.map((each) => each.app).join(', ')
      throw new AppError('usage', `--app must name one of the apps that are installed: ${apps}`)
    }
    await installations.remove(key)
    return key.app
  }

  /** @throws {AppError} `store_locked` while a Slack server runs on an embedded store */
  async rotate(): Promise<SecretsRotated> {
    const { clock } = this.#context
    const path = this.#location.startsWith(SQLITE) && this.#location.slice(SQLITE.length)
    await using stack = new AsyncDisposableStack()
    if (path) stack.use(await acquireStoreLock(path))
    const limits = { session: { totalMs: SEALED_MS_MAX }, idempotency: { keepMs: SEALED_MS_MAX } }
    const control = new KeyControl({
      ...{ ...this.#keyed, clock, log: this.#log },
      config: () => ({ limits }),
    })
    stack.use(control)
    return toSecretsRotated(await control.rotate({ by: LOCAL_ADMIN.id, requestId: '' }))
  }

  erase(input: SubjectEraseInput): Promise<SubjectErased> {
    const { store } = this.#keyed
    return eraseSubject({ store, keys: store.ring.keys, log: this.#log }, input)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#keyed[Symbol.asyncDispose]()
  }
}
