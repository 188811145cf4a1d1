import { Door, type DoorDeps } from '@sallyport/kit/door'
import type { RunnableConfig } from './config/index.ts'

/** What the admin listener's door asks besides, since people come in there alone. */
export type AdminJudges = Pick<DoorDeps, 'tokens' | 'cookies'>

/** The doors of both listeners, as the configuration in force has them; what they share lives on. */
export class Doors {
  readonly #deps: DoorDeps
  readonly #adminDeps: DoorDeps
  #data: Door
  #admin: Door

  /** @throws {AppError} `config_invalid` for a trusted proxy that is no address range */
  constructor(config: RunnableConfig, deps: DoorDeps, judges: AdminJudges = {}) {
    this.#deps = deps
    const { tokens = [], cookies } = judges
    this.#adminDeps = { ...deps, tokens: [...tokens, ...(deps.tokens ?? [])], cookies }
    this.#data = doorFor(config, 'listen', deps)
    this.#admin = doorFor(config, 'admin', this.#adminDeps)
  }

  get data(): Door {
    return this.#data
  }

  get admin(): Door {
    return this.#admin
  }

  /** @throws {AppError} as the constructor; then the doors stay as they are */
  apply(config: RunnableConfig): void {
    const data = doorFor(config, 'listen', this.#deps)
    const admin = doorFor(config, 'admin', this.#adminDeps)
    this.#data = data
    this.#admin = admin
  }
}

function doorFor(config: RunnableConfig, listener: 'listen' | 'admin', deps: DoorDeps): Door {
  const { auth, allowFrom } = config
  return new Door(
    {
      ...config,
      host: config[listener].host,
      anonymous: auth.anonymous,
      allowFrom: allowFrom[listener],
      clientCertificates: auth.clientCertificates,
      requireTenant: auth.requireTenant && listener === 'listen',
    },
    deps,
  )
}
