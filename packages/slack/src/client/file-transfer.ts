import { AppError } from '@sallyport/kit/errors'
import type { Installation, Installations } from '../installations/installation.ts'
import { lostError } from './call-errors.ts'
import type { HttpAnswer, HttpExchange, HttpRequest } from './http-exchange.ts'
import type { FileAsk, FileContent, SlackAim } from './slack-api.ts'
import { isSlackFileUrl } from './slack-hosts.ts'

type Timed<Ask extends SlackAim> = Ask & { readonly deadlineMs: number }

/** What moving files needs. */
export interface TransferParts {
  readonly installations: Installations
  readonly exchange: HttpExchange
  readonly clock: { monotonicMs(): number }
  /** Ends in a slash. */
  readonly apiUrl: string
}

const DEFAULT_TYPE = 'application/octet-stream'

/** Moves the bytes of files, which Slack keeps apart from its Web API. */
export class FileTransfer {
  readonly #parts: TransferParts
  readonly #installation: Installation

  constructor(parts: TransferParts, installation: Installation) {
    this.#parts = parts
    this.#installation = installation
  }

  async download(url: string, ask: Timed<FileAsk>): Promise<FileContent> {
    this.#assertSlack(url)
    const { installations } = this.#parts
    const token = await installations.token(this.#installation, ask.as ?? 'bot', ask.signal)
    const headers = { authorization: `Bearer ${token.reveal()}` }
    const answer = await this.#send({ method: 'GET', url, headers, bytesMax: ask.bytesMax }, ask)
    const type = answer.headers['content-type']?.split(';')[0]?.trim().toLowerCase()
    // Who may not see a file gets the page of a login, as a success.
    const isLogin = type === 'text/html' && ask.mimeType !== 'text/html'
    if (answer.status !== 200 || isLogin)
      throw this.#refusal('the file cannot be read with this app')
    return { bytes: answer.body, mimeType: type === undefined || type === '' ? DEFAULT_TYPE : type }
  }

  async upload(url: string, bytes: Buffer, aim: Timed<SlackAim>): Promise<void> {
    this.#assertSlack(url)
    const headers = { 'content-type': DEFAULT_TYPE }
    const request = { method: 'POST', url, headers, body: bytes, bytesMax: 64 * 1024 } as const
    const answer = await this.#send(request, aim)
    if (answer.status !== 200) throw this.#refusal('Slack did not take the file')
  }

  #assertSlack(url: string): void {
    if (isSlackFileUrl(url, this.#parts.apiUrl)) return
    throw new AppError('slack_protocol', 'the address of a file is not one of Slack')
  }

  async #send(
    request: Omit<HttpRequest, 'signal' | 'timeoutMs'>,
    { signal, deadlineMs }: Timed<SlackAim>,
  ): Promise<HttpAnswer> {
    const timeoutMs = Math.max(0, deadlineMs - this.#parts.clock.monotonicMs())
    const outcome = await this.#parts.exchange.send({ ...request, signal, timeoutMs })
    const lost = outcome.kind === 'failure' ? outcome : lostByStatus(outcome)
    if (lost === undefined) return outcome as HttpAnswer // failures are all lost
    // Bytes that nobody completes are no file yet: an upload has no outcome that could be unknown.
    const call = { method: 'files', write: false, signal, installation: this.#installation }
    throw lostError({ kind: 'lost', why: lost.why, sent: lost.sent, detail: lost.code }, call)
  }

  #refusal(sentence: string): AppError {
    return new AppError('slack_refused', sentence, { details: { team: this.#installation.team } })
  }
}

function lostByStatus({
  status,
}: HttpAnswer): { why: 'unavailable'; sent: true; code: string } | undefined {
  return status >= 500 ? { why: 'unavailable', sent: true, code: String(status) } : undefined
}
