import type { Installation } from '../installations/installation.ts'
import type { SlackApp } from '../settings/settings.ts'
import type { SlackApi } from './slack-api.ts'
import { type ClientParts, SlackClient } from './slack-client.ts'

/** Clients that are kept ready; the one unused for longest gives way. Each holds about 30 KB. */
const CLIENTS_MAX = 1_000

/** One client per installation, made when it is first needed. */
export class SlackClients {
  readonly #parts: ClientParts
  readonly #clients = new Map<
    string,
    { readonly installation: Installation; readonly api: SlackApi }
  >()

  constructor(parts: ClientParts) {
    this.#parts = parts
  }

  /** The Web API as this installation may use it. An installation that was replaced gets another client. */
  of(app: SlackApp, installation: Installation): SlackApi {
    const key = `${installation.app}/${installation.team}`
    const known = this.#clients.get(key)
    this.#clients.delete(key)
    const fits = known !== undefined && isSame(known.installation, installation)
    const entry = fits
      ? known
      : { installation, api: new SlackClient(this.#parts, app, installation) }
    this.#clients.set(key, entry)
    if (this.#clients.size > CLIENTS_MAX) this.#forgetOldest()
    return entry.api
  }

  /** Drops the client of an installation, with the tokens it holds. */
  forget({ app, team }: Pick<Installation, 'app' | 'team'>): void {
    this.#clients.delete(`${app}/${team}`)
  }

  #forgetOldest(): void {
    for (const key of this.#clients.keys()) {
      this.#clients.delete(key)
      return
    }
  }
}

function isSame(one: Installation, other: Installation): boolean {
  return one === other || (one.installedAtMs === other.installedAtMs && one.state === other.state)
}
