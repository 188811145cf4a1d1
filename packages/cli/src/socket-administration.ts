import {
  auditList,
  keyCreated,
  keyList,
  serverList,
  verifyReport,
  type AuditList,
  type AuditQueryInput,
  type KeyCreated,
  type KeyCreateInput,
  type KeyList,
  type ServerList,
  type VerifyReport,
} from '@sallyport/contract/admin'
import { AppError } from '@sallyport/kit/errors'
import { callSocket, type SocketRequest } from '@sallyport/kit/lifecycle'
import type { z } from 'zod'
import type { Administration } from './administration.ts'

const ASK_MS = 30_000
/** Verifying reads every row. */
const VERIFY_MS = 60 * 60_000

type Asked = Pick<SocketRequest, 'method' | 'url' | 'body'>

/** The administration of a running gateway, over its local socket. Holds nothing open. */
export class SocketAdministration implements Administration {
  readonly #path: string

  /** @param path of the socket */
  constructor(path: string) {
    this.#path = path
  }

  createKey(input: KeyCreateInput): Promise<KeyCreated> {
    return this.#ask(keyCreated, { method: 'POST', url: '/api/v1/keys', body: input })
  }

  listKeys(): Promise<KeyList> {
    return this.#ask(keyList, { method: 'GET', url: '/api/v1/keys' })
  }

  async revokeKey(idOrName: string): Promise<void> {
    const url = `/api/v1/keys/${encodeURIComponent(idOrName)}`
    await this.#send({ method: 'DELETE', url }, ASK_MS)
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
    return this.#ask(serverList, { method: 'GET', url: '/api/v1/servers' })
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #ask<Answer>(schema: z.ZodType<Answer>, asked: Asked, withinMs = ASK_MS): Promise<Answer> {
    const answer = schema.safeParse(await this.#send(asked, withinMs))
    if (answer.success) return answer.data
    throw new AppError(
      'server_protocol',
      `the gateway on ${this.#path} answered ${asked.url} in an unknown form: is it of this version?`,
      { cause: answer.error },
    )
  }

  async #send(asked: Asked, withinMs: number): Promise<unknown> {
    const signal = AbortSignal.timeout(withinMs)
    try {
      return await callSocket({ ...asked, path: this.#path, signal })
    } catch (cause) {
      if (!signal.aborted) throw cause
      throw new AppError(
        'deadline_exceeded',
        `the gateway on ${this.#path} did not answer in time`,
        {
          cause,
        },
      )
    }
  }
}
