import type { EntryItem, EntryList } from '@sallyport/contract/admin'
import { AppError } from '@sallyport/kit/errors'
import type { Principal } from '@sallyport/kit/principal'
import type { EntryKind } from '@sallyport/kit/store'
import type { FastifyInstance } from 'fastify'
import { ENTRY_KEYS } from '../config/index.ts'
import type { Entries, EntryStanding } from '../entries/entries.ts'
import type { Entry } from '../entries/entry-book.ts'
import type { Operator } from '../operations.ts'
import { redactDocument } from '../reload/shown-config.ts'
import { seesServer } from '../sees-server.ts'
import { addRoutes, type Ask, Versioned } from './add-routes.ts'
import { toInstant } from './instant.ts'
import { page } from './page.ts'

type NameSet = Readonly<Record<string, unknown>>

export interface EntryDeps {
  readonly entries: Pick<Entries, 'add' | 'replace' | 'remove' | 'find' | 'standings'>
  /** The configuration in force. */
  readonly inForce: () => {
    readonly servers: NameSet
    readonly groups: NameSet
    readonly endpoints: NameSet
  }
}

type EntryAsk = Pick<Ask, 'by' | 'caller' | 'version' | 'request'>

/** What is added, changed and removed while the gateway runs: servers, groups and endpoints. */
export function addEntryRoutes(app: FastifyInstance, deps: EntryDeps): void {
  const { entries } = deps
  addRoutes(app, {
    'entries.list': ({ query, by }): EntryList => {
      const items = entries.standings().map(toApiItem)
      const seen = items.filter(({ kind, name }) => isSeen(kind, name, by))
      return page(seen, ({ kind, name }) => `${kind} ${name}`, query)
    },
    'servers.create': (ask) => create(deps, 'server', ask.body.name, ask),
    'servers.definition': ({ params, by }) => show(deps, 'server', params.name, by),
    'servers.replace': (ask) => replace(deps, 'server', ask.params.name, ask),
    'servers.remove': (ask) => remove(deps, 'server', ask.params.name, ask),
    'groups.create': (ask) => create(deps, 'group', ask.body.name, ask),
    'groups.definition': ({ params, by }) => show(deps, 'group', params.name, by),
    'groups.replace': (ask) => replace(deps, 'group', ask.params.name, ask),
    'groups.remove': (ask) => remove(deps, 'group', ask.params.name, ask),
    'endpoints.list': ({ query, by }): EntryList => {
      const seen = listEndpoints(deps).filter(({ kind, name }) => isSeen(kind, name, by))
      return page(seen, ({ name, source }) => `${name} ${source}`, query)
    },
    'endpoints.create': (ask) => create(deps, 'endpoint', ask.body.name, ask),
    'endpoints.definition': ({ params, by }) => show(deps, 'endpoint', params.name, by),
    'endpoints.replace': (ask) => replace(deps, 'endpoint', ask.params.name, ask),
    'endpoints.remove': (ask) => remove(deps, 'endpoint', ask.params.name, ask),
  })
}

/** Changes concern everybody: whoever sees a part could otherwise give itself the rest. */
function requireWholeSight({ sight }: Principal): void {
  if (sight === undefined) return
  throw new AppError('forbidden', 'this key sees only some servers or tools: use one that sees all')
}

async function create(
  { entries }: EntryDeps,
  kind: EntryKind,
  name: string,
  ask: EntryAsk,
): Promise<Versioned<EntryItem>> {
  requireWholeSight(ask.caller)
  const entry = await entries.add({ kind, name, by: ask.by }, definitionOf(ask))
  return versioned({ entry, leftOut: undefined })
}

async function replace(
  deps: EntryDeps,
  kind: EntryKind,
  name: string,
  ask: EntryAsk,
): Promise<Versioned<EntryItem>> {
  requireSeen(kind, name, ask.by)
  requireWholeSight(ask.caller)
  requireEntry(deps, kind, name)
  const wish = { kind, name, by: ask.by }
  const entry = await deps.entries.replace(wish, ask.version, definitionOf(ask))
  return versioned({ entry, leftOut: undefined })
}

async function remove(
  deps: EntryDeps,
  kind: EntryKind,
  name: string,
  ask: EntryAsk,
): Promise<undefined> {
  requireSeen(kind, name, ask.by)
  requireWholeSight(ask.caller)
  requireEntry(deps, kind, name)
  await deps.entries.remove({ kind, name, by: ask.by }, ask.version)
}

function show(
  deps: EntryDeps,
  kind: EntryKind,
  name: string,
  by: Operator,
): EntryItem | Versioned<EntryItem> {
  requireSeen(kind, name, by)
  const found = deps.entries.find(kind, name)
  if (found !== undefined) return versioned(found)
  if (Object.hasOwn(namesOf(deps, kind), name)) return toFileItem(kind, name)
  throw missing(kind, name)
}

function listEndpoints(deps: EntryDeps): EntryItem[] {
  const added = deps.entries.standings().filter(({ entry }) => entry.kind === 'endpoint')
  const inForce = added.filter(({ leftOut }) => leftOut === undefined)
  const own = new Set(inForce.map(({ entry }) => entry.name))
  const others = Object.keys(deps.inForce().endpoints).filter((name) => !own.has(name))
  return [...others.map((name) => toFileItem('endpoint', name)), ...added.map(toApiItem)]
}

/** Endpoints name servers that the caller may not see: they are for whoever sees everything. */
function isSeen(kind: EntryKind, name: string, { principal }: Operator): boolean {
  return kind === 'endpoint' ? principal.sight === undefined : seesServer(principal, name)
}

/** @throws {AppError} `not_found` for what the caller does not see, as for what is not there */
function requireSeen(kind: EntryKind, name: string, by: Operator): void {
  if (!isSeen(kind, name, by)) throw missing(kind, name)
}

/** @throws {AppError} `conflict` for what the file defines, `not_found` */
function requireEntry(deps: EntryDeps, kind: EntryKind, name: string): void {
  if (deps.entries.find(kind, name) !== undefined) return
  if (!Object.hasOwn(namesOf(deps, kind), name)) throw missing(kind, name)
  throw new AppError('conflict', `the file defines the ${kind} \`${name}\`: change it there`)
}

function missing(kind: EntryKind, name: string): AppError {
  return new AppError('not_found', `there is no ${kind} \`${name}\``)
}

function namesOf({ inForce }: EntryDeps, kind: EntryKind): NameSet {
  const { servers, groups, endpoints } = inForce()
  return { server: servers, group: groups, endpoint: endpoints }[kind]
}

/** As it was sent: what the schema makes of it is for this process alone. */
function definitionOf({ request }: EntryAsk): Entry['value'] {
  const { definition } = request.body as { readonly definition: Entry['value'] } // checked before
  return definition
}

function versioned(standing: EntryStanding): Versioned<EntryItem> {
  return new Versioned(standing.entry.version, toApiItem(standing))
}

function toApiItem({ entry, leftOut }: EntryStanding): EntryItem {
  const { kind, name, version, by, createdAtMs, changedAtMs, value } = entry
  const shown = redactDocument(value, `${ENTRY_KEYS[kind]}.${name}`)
  return {
    ...{ kind, name, source: 'api', version, changedBy: by },
    inForce: leftOut === undefined,
    reason: leftOut === undefined ? null : leftOut.problems[0].message,
    createdAt: toInstant(createdAtMs),
    changedAt: toInstant(changedAtMs),
    definition: shown as NonNullable<EntryItem['definition']>, // JSON, as it was sent
  }
}

function toFileItem(kind: EntryKind, name: string): EntryItem {
  return {
    ...{ kind, name, source: 'file', version: null, inForce: true, reason: null },
    ...{ createdAt: null, changedAt: null, changedBy: null, definition: null },
  }
}
