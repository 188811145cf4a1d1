import { type KeyRing, Sealer } from '@sallyport/kit/crypto'
import { AppError } from '@sallyport/kit/errors'
import type { Log } from '@sallyport/kit/log'
import type { ErasedRows, KeyRecord, Store } from '@sallyport/kit/store'

const SUBJECTS_AT_ONCE = 500
const NAMED_MAX = 5

export interface ErasureDeps {
  readonly store: Pick<Store, 'keys' | 'users' | 'subjects' | 'erasure'>
  readonly keys: KeyRing
  readonly log: Log
  /** Writes what is counted of principals and not in the store yet. */
  readonly flush: () => Promise<void>
  /** Ends what these principals have open, and forgets what this process knows of them. */
  readonly onErased: (principals: readonly string[]) => Promise<void>
}

/** Whom to erase, and who wants it. */
export interface ErasureWish {
  /**
   * Id of a principal, or id or name of a key or user, or the subject of an identity provider, or the id of who
   * installed an app.
   */
  readonly subject: string
  /** Whether nothing is to change. */
  readonly plan: boolean
  /** Principal id. */
  readonly by: string
  readonly requestId: string
}

/** Who is meant: a principal by which somebody calls. */
export interface ErasedPrincipal {
  readonly id: string
  readonly kind: 'key' | 'user' | 'subject' | 'token' | 'certificate' | 'installer'
  /** As it was kept; null where the id is all there is. */
  readonly name: string | null
}

export interface ErasureReport {
  readonly planned: boolean
  readonly principals: readonly ErasedPrincipal[]
  readonly rows: readonly ErasedRows[]
  /** What stays, and what is left to do; sentences. */
  readonly notes: readonly string[]
}

/** Removes what the store knows of a person; what the audit log has of it then says nothing about who it was. */
export class Erasure {
  readonly #deps: ErasureDeps

  constructor(deps: ErasureDeps) {
    this.#deps = deps
  }

  /**
   * @throws {AppError} `not_found` when nothing is known of it; `conflict` when the name is that of several, or
   *   of the last admin; `store_unwritable`
   */
  async erase({ subject, plan, by, requestId }: ErasureWish): Promise<ErasureReport> {
    const { store, log, flush, onErased } = this.#deps
    const principals = await this.#find(subject)
    const ids = principals.map(({ id }) => id)
    await flush()
    const planned = await store.erasure.plan(ids)
    if (planned.every(({ rows }) => rows === 0)) throw nobody()
    const notes = notesOf(principals)
    if (plan) return { planned: true, principals, rows: planned, notes }
    const rows = await store.erasure.erase(ids)
    await onErased(ids)
    // What they did until their sessions ended was counted meanwhile.
    await flush()
    await store.erasure.erase(ids)
    // Without a name: the log is kept, too.
    log.info({ principals: ids, by, requestId }, 'subject erased')
    return { planned: false, principals, rows, notes }
  }

  /** @throws {AppError} `not_found`, `conflict` */
  async #find(text: string): Promise<readonly ErasedPrincipal[]> {
    const byId = parseId(text)
    if (byId !== undefined) return [{ ...byId, name: await this.#nameOf(byId) }]
    const keys = await this.#keysOf(text)
    const user = await this.#deps.store.users.find(text)
    const found: readonly (readonly ErasedPrincipal[])[] = [
      ...keys,
      ...(user ? [[{ id: `user:${user.id}`, kind: 'user', name: user.name } as const]] : []),
      ...(await this.#subjectsOf(text)).map((one) => [one]),
      ...(await this.#installersOf(text)).map((one) => [one]),
    ]
    const [first, ...others] = found
    if (first === undefined) throw nobody()
    if (others.length === 0) return first
    const ids = found.flat().map(({ id }) => id)
    const more = ids.length > NAMED_MAX ? ', ...' : ''
    throw new AppError(
      'conflict',
      `several are called that: ${ids.slice(0, NAMED_MAX).join(', ')}${more}; give one of these ids`,
    )
  }

  /** The keys of that id or name, those of one tenant together: one name, one after the other. */
  async #keysOf(text: string): Promise<ErasedPrincipal[][]> {
    const keys = await this.#deps.store.keys.list()
    const one = keys.find(({ id }) => id === text)
    if (one) return [[toPrincipal(one)]]
    const named = keys.filter(({ name }) => name === text)
    return [...Map.groupBy(named, ({ tenant }) => tenant).values()].map((group) =>
      group.map(toPrincipal),
    )
  }

  /** Those of identity providers whose subject that is. */
  async #subjectsOf(text: string): Promise<ErasedPrincipal[]> {
    const { store, keys } = this.#deps
    const sealer = new Sealer(keys, 'subjects')
    const found: ErasedPrincipal[] = []
    let after = ''
    for (;;) {
      const page = await store.subjects.list(after, SUBJECTS_AT_ONCE)
      for (const { id, subject } of page) {
        const name = sealer.open(subject.toString('latin1'), id)?.toString()
        if (name === text) found.push({ id, kind: 'subject', name })
      }
      after = page.at(-1)?.id ?? ''
      if (page.length < SUBJECTS_AT_ONCE) return found
    }
  }

  /** Those who installed an app of a first-party server and have that id there. */
  async #installersOf(text: string): Promise<ErasedPrincipal[]> {
    const ids = await this.#deps.store.erasure.installers(text)
    return ids.map((id) => ({ id, kind: 'installer', name: text }))
  }

  async #nameOf({ id, kind }: Omit<ErasedPrincipal, 'name'>): Promise<string | null> {
    const { store, keys } = this.#deps
    const rest = id.slice(kind.length + 1)
    switch (kind) {
      case 'key':
        return (await store.keys.list()).find((key) => key.id === rest)?.name ?? null
      case 'user':
        return (await store.users.find(rest))?.name ?? null
      case 'subject': {
        const row = await store.subjects.get(id)
        const sealed = row?.subject.toString('latin1') ?? ''
        return new Sealer(keys, 'subjects').open(sealed, id)?.toString() ?? null
      }
      case 'token':
      case 'certificate':
        return rest
      case 'installer':
        return rest.slice(rest.indexOf(':') + 1)
      default:
        return kind satisfies never
    }
  }
}

function toPrincipal({ id, name }: KeyRecord): ErasedPrincipal {
  return { id: `key:${id}`, kind: 'key', name }
}

const KINDS = ['key', 'user', 'subject', 'token', 'certificate', 'installer'] as const

function parseId(text: string): Omit<ErasedPrincipal, 'name'> | undefined {
  const kind = KINDS.find((one) => text.startsWith(`${one}:`) && text.length > one.length + 1)
  return kind && { id: text, kind }
}

function nobody(): AppError {
  return new AppError('not_found', 'nothing is known of that id or name')
}

function notesOf(principals: readonly ErasedPrincipal[]): string[] {
  const kinds = new Set(principals.map(({ kind }) => kind))
  const notes = [
    'the audit log keeps the ids with the times and addresses of their calls until `audit.keep` is over, and still verifies',
    'a backup from before still holds what was erased',
  ]
  if (kinds.has('subject')) {
    notes.push(
      'the identity provider still knows the person: whoever comes back with a token of it is noted again',
    )
  }
  if (kinds.has('installer')) {
    notes.push(
      'the app stays in the workspace, and works; what it did as that person it does no more',
    )
  }
  if (kinds.has('token') || kinds.has('certificate')) {
    notes.push(
      'the configuration gives that name and the audit log has it: rename or remove it there',
    )
  }
  return notes
}
