import {
  auditList,
  checkReport,
  configDiff,
  configStatus,
  generationList,
  generationText,
  groupList,
  logList,
  markChanged,
  reloadReport,
  serverDone,
  serverItem,
  serverList,
  usageList,
  verifyReport,
  type AuditList,
  type AuditQueryInput,
  type CheckReport,
  type ConfigDiffResult,
  type ConfigStatus,
  type GenerationList,
  type GenerationText,
  type GroupList,
  type LogList,
  type MarkChanged,
  type ReloadResult,
  type ServerDone,
  type ServerItem,
  type ServerList,
  type UsageList,
  type VerifyReport,
} from '@sallyport/contract/admin'
import type { z } from 'zod'
import type { Administration, MarkTarget } from './administration.ts'
import type { IdentityAdministration } from './identity-administration.ts'
import { SocketSecrets } from './secret-administration.ts'
import { type Asked, SocketClient } from './socket-client.ts'
import { socketIdentity } from './socket-identity.ts'
import { SocketEntries } from './socket-entries.ts'
import { SocketUsers } from './user-administration.ts'

/** Verifying reads every row. */
const VERIFY_MS = 60 * 60_000
/** A drain and a start of ten minutes each are the most a configuration allows. */
const TURN_MS = 22 * 60_000
const RELOAD_MS = 3 * 60_000

/** What is done to one server. */
export type ServerAction = 'start' | 'stop' | 'restart' | 'warm'

const SET = { blocked: 'block', draining: 'drain' } as const
const CLEAR = { blocked: 'unblock', draining: 'undrain' } as const

/** The administration of a running gateway, over its local socket. Holds nothing open. */
export class SocketAdministration implements Administration {
  readonly identity: IdentityAdministration
  readonly users: SocketUsers
  readonly secrets: SocketSecrets
  /** Servers, groups and endpoints as they are defined. */
  readonly entries: SocketEntries
  readonly #client: SocketClient

  /** @param path of the socket */
  constructor(path: string) {
    this.#client = new SocketClient(path)
    this.identity = socketIdentity(this.#client)
    this.users = new SocketUsers(this.#client)
    this.secrets = new SocketSecrets(this.#client)
    this.entries = new SocketEntries(this.#client)
  }

  listAudit(query: AuditQueryInput): Promise<AuditList> {
    const parameters = new URLSearchParams()
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) parameters.set(name, value)
    }
    return this.#ask(auditList, { method: 'GET', url: `/api/v1/audit?${parameters.toString()}` })
  }

  verifyAudit(): Promise<VerifyReport> {
    return this.#ask(verifyReport, { method: 'POST', url: '/api/v1/audit/verify' }, VERIFY_MS)
  }

  listServers(): Promise<ServerList> {
    return this.#list(serverList, '/api/v1/servers')
  }

  showServer(name: string): Promise<ServerItem> {
    return this.#ask(serverItem, { method: 'GET', url: serverUrl(name) })
  }

  turnServer(name: string, action: ServerAction): Promise<ServerDone> {
    return this.#ask(serverDone, { method: 'POST', url: `${serverUrl(name)}/${action}` }, TURN_MS)
  }

  checkServer(name: string): Promise<CheckReport> {
    return this.#ask(checkReport, { method: 'POST', url: `${serverUrl(name)}/check` }, TURN_MS)
  }

  /** The newest lines of its standard error, oldest first. @param lines 1 to 1,000 */
  serverLogs(name: string, lines: number): Promise<LogList> {
    return this.#ask(logList, { method: 'GET', url: `${serverUrl(name)}/logs?lines=${lines}` })
  }

  setMark({ server, kind }: MarkTarget, reason: string): Promise<MarkChanged> {
    const url = server === undefined ? '/api/v1/drain' : `${serverUrl(server)}/${SET[kind]}`
    return this.#ask(markChanged, { method: 'POST', url, body: { reason } })
  }

  clearMark({ server, kind }: MarkTarget): Promise<MarkChanged> {
    if (server === undefined) {
      return this.#ask(markChanged, { method: 'DELETE', url: '/api/v1/drain' })
    }
    const url = `${serverUrl(server)}/${CLEAR[kind]}`
    return this.#ask(markChanged, { method: 'POST', url })
  }

  listGroups(): Promise<GroupList> {
    return this.#list(groupList, '/api/v1/groups')
  }

  listUsage(): Promise<UsageList> {
    return this.#list(usageList, '/api/v1/usage')
  }

  configStatus(): Promise<ConfigStatus> {
    return this.#ask(configStatus, { method: 'GET', url: '/api/v1/config' })
  }

  configDiff(): Promise<ConfigDiffResult> {
    return this.#ask(configDiff, { method: 'GET', url: '/api/v1/config/diff' })
  }

  listGenerations(): Promise<GenerationList> {
    return this.#list(generationList, '/api/v1/config/history')
  }

  showGeneration(id: number): Promise<GenerationText> {
    return this.#ask(generationText, { method: 'GET', url: `/api/v1/config/history/${id}` })
  }

  /** @throws {AppError} `config_invalid` with its problems when the file is refused */
  reload(): Promise<ReloadResult> {
    const asked = { method: 'POST', url: '/api/v1/config/reload' } as const
    return this.#ask(reloadReport, asked, RELOAD_MS)
  }

  /** @throws {AppError} as `reload`; `not_found` */
  rollback(id: number | undefined): Promise<ReloadResult> {
    const body = id === undefined ? {} : { id }
    const asked = { method: 'POST', url: '/api/v1/config/rollback', body } as const
    return this.#ask(reloadReport, asked, RELOAD_MS)
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** Every page of a list as one. */
  #list<List extends { items: unknown[]; next?: string | undefined }>(
    schema: z.ZodType<List>,
    url: string,
  ): Promise<List> {
    return this.#client.list(schema, url)
  }

  #ask<Answer>(schema: z.ZodType<Answer>, asked: Asked, withinMs?: number): Promise<Answer> {
    return this.#client.ask(schema, asked, withinMs)
  }
}

function serverUrl(name: string): string {
  return `/api/v1/servers/${encodeURIComponent(name)}`
}
