import { AppError } from '@sallyport/kit/errors'
import { callSocket, type SocketRequest } from '@sallyport/kit/lifecycle'
import type { z } from 'zod'

const ASK_MS = 30_000
/** The most that a page holds. */
const PAGE_ITEMS = 500
/** Half a million items: whoever has more asks for pages. */
const PAGES_MAX = 1_000

export type Asked = Pick<SocketRequest, 'method' | 'url' | 'body' | 'version'>

/** Asks a running gateway over its local socket and checks what it answers. Holds nothing open. */
export class SocketClient {
  readonly #path: string

  /** @param path of the socket */
  constructor(path: string) {
    this.#path = path
  }

  /** @throws {AppError} what the gateway answered, or as `callSocket`; `deadline_exceeded`; `server_protocol` */
  async ask<Answer>(
    schema: z.ZodType<Answer>,
    asked: Asked,
    withinMs: number = ASK_MS,
  ): Promise<Answer> {
    const answer = schema.safeParse(await this.#send(asked, withinMs))
    if (answer.success) return answer.data
    throw new AppError(
      'server_protocol',
      `the gateway on ${this.#path} answered ${asked.url} in an unknown form: is it of this version?`,
      { cause: answer.error },
    )
  }

  /** For routes that answer without a body. @throws {AppError} as `ask` */
  async do(asked: Asked, withinMs: number = ASK_MS): Promise<void> {
    await this.#send(asked, withinMs)
  }

  /**
   * Every page of a list as one.
   *
   * @param url may have a query, but for `limit` and `cursor`
   * @throws {AppError} as `ask`
   */
  async list<List extends { items: unknown[]; next?: string | undefined }>(
    schema: z.ZodType<List>,
    url: string,
  ): Promise<List> {
    const base = `${url}${url.includes('?') ? '&' : '?'}limit=${PAGE_ITEMS}`
    const all = await this.ask(schema, { method: 'GET', url: base })
    for (let pages = 1; all.next !== undefined && pages < PAGES_MAX; pages += 1) {
      const at = `${base}&cursor=${encodeURIComponent(all.next)}`
      const page = await this.ask(schema, { method: 'GET', url: at })
      all.items.push(...page.items)
      if (page.next === undefined) delete all.next
      else all.next = page.next
    }
    return all
  }

  async #send(asked: Asked, withinMs: number): Promise<unknown> {
    const signal = AbortSignal.timeout(withinMs)
    try {
      return await callSocket({ ...asked, path: this.#path, signal })
    } catch (cause) {
      if (!signal.aborted) throw cause
      const sentence = `the gateway on ${this.#path} did not answer in time`
      throw new AppError('deadline_exceeded', sentence, { cause })
    }
  }
}
