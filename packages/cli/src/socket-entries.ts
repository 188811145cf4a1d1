import { entryItem, entryList, type EntryItem, type EntryList } from '@sallyport/contract/admin'
import type { SocketClient } from './socket-client.ts'

/** What can be added while the gateway runs. */
export type EntryKind = EntryItem['kind']

/** A change waits for the reloads before it. */
const CHANGE_MS = 90_000
const URLS = {
  server: '/api/v1/servers',
  group: '/api/v1/groups',
  endpoint: '/api/v1/endpoints',
} as const satisfies Record<EntryKind, string>

/** Servers, groups and endpoints of a running gateway as they are defined. */
export class SocketEntries {
  readonly #client: SocketClient

  constructor(client: SocketClient) {
    this.#client = client
  }

  /** What was added while it ran. */
  list(): Promise<EntryList> {
    return this.#client.list(entryList, '/api/v1/entries')
  }

  listEndpoints(): Promise<EntryList> {
    return this.#client.list(entryList, URLS.endpoint)
  }

  /** @throws {AppError} `not_found` */
  show(kind: EntryKind, name: string): Promise<EntryItem> {
    return this.#client.ask(entryItem, { method: 'GET', url: `${urlOf(kind, name)}/definition` })
  }

  /** @throws {AppError} what the gateway answers */
  add(kind: EntryKind, name: string, definition: object): Promise<EntryItem> {
    const asked = { method: 'POST', url: URLS[kind], body: { name, definition } } as const
    return this.#client.ask(entryItem, asked, CHANGE_MS)
  }

  /** @throws {AppError} what the gateway answers */
  replace(entry: Target, definition: object): Promise<EntryItem> {
    const url = urlOf(entry.kind, entry.name)
    const asked = { method: 'PUT', url, body: { definition }, version: entry.version } as const
    return this.#client.ask(entryItem, asked, CHANGE_MS)
  }

  /** @throws {AppError} what the gateway answers */
  remove({ kind, name, version }: Target): Promise<void> {
    return this.#client.do({ method: 'DELETE', url: urlOf(kind, name), version }, CHANGE_MS)
  }
}

/** What is changed, and which version of it. */
export interface Target {
  readonly kind: EntryKind
  readonly name: string
  readonly version: number
}

function urlOf(kind: EntryKind, name: string): string {
  return `${URLS[kind]}/${encodeURIComponent(name)}`
}
