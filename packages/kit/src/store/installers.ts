import type { Kysely, Transaction } from 'kysely'
import { type KeyRing, Sealer } from '../crypto/index.ts'
import {
  INSTALLATION_PURPOSE,
  installationAad,
  type InstallationKey,
} from './installation-store.ts'
import type { Tables } from './tables.ts'

const PREFIX = 'installer:'

/** What is read of a sealed body; the rest is its owner's. */
type Body = Record<string, unknown> & { readonly person?: { readonly id?: unknown } | null }

/** An opened row and where it stands. */
interface Opened {
  readonly key: InstallationKey
  readonly body: Body
}

/** Who installed apps, as the sealed installations say. Every one of them is opened: for what is rarely asked. */
export class Installers {
  readonly #sealer: Sealer

  constructor(keys: KeyRing) {
    this.#sealer = new Sealer(keys, INSTALLATION_PURPOSE)
  }

  /** The ids, `installer:<provider>:<id>`, of those whose id at a provider that is. */
  async find(db: Kysely<Tables>, person: string): Promise<readonly string[]> {
    const ids = (await this.#read(db)).flatMap(idOf)
    return [...new Set(ids)].filter((id) => personOf(id) === person)
  }

  /** How many installations say something of that installer. */
  async count(db: Kysely<Tables>, installer: string): Promise<number> {
    if (!installer.startsWith(PREFIX)) return 0
    return (await this.#read(db)).flatMap(idOf).filter((id) => id === installer).length
  }

  /** Takes the installer out of all of them, with what they gave of their own. The installations stay. */
  async empty(db: Transaction<Tables>, installer: string, version: number): Promise<number> {
    if (!installer.startsWith(PREFIX)) return 0
    const meant = (await this.#read(db)).filter((row) => idOf(row).includes(installer))
    for (const { key, body } of meant) {
      const { provider, app, team } = key
      const text = JSON.stringify({ ...body, person: null })
      const sealed = Buffer.from(this.#sealer.seal(Buffer.from(text), installationAad(key)))
      await db
        .updateTable('installations')
        .set({ body: sealed, version })
        .where((eb) => eb.and({ provider, app, team }))
        .execute()
    }
    return meant.length
  }

  async #read(db: Kysely<Tables>): Promise<readonly Opened[]> {
    const rows = await db
      .selectFrom('installations')
      .select(['provider', 'app', 'team', 'body'])
      .execute()
    return rows.flatMap(({ body, ...key }) => {
      const sealed = Buffer.from(body).toString('latin1')
      const text = this.#sealer.open(sealed, installationAad(key))?.toString()
      return text === undefined ? [] : [{ key, body: JSON.parse(text) as Body }] // sealed by us
    })
  }
}

/** The installer of a row, if it says one. */
function idOf({ key, body }: Opened): string[] {
  const id = body.person?.id
  return typeof id === 'string' && id !== '' ? [`${PREFIX}${key.provider}:${id}`] : []
}

/** What stands after the provider; its name has no colon. */
function personOf(id: string): string {
  return id.slice(id.indexOf(':', PREFIX.length) + 1)
}
