import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import type { Deadlines } from '@sallyport/kit/limits'
import type { Log } from '@sallyport/kit/log'
import type { SlackApiCounters } from '@sallyport/kit/metrics'
import type { Secret } from '@sallyport/kit/secret'
import type { BudgetLimit } from '@sallyport/kit/store'
import type { Installation, Installations, TokenKind } from '../installations/installation.ts'
import type { SlackApp } from '../settings/settings.ts'
import { type Budgets, pause } from './budgets.ts'
import {
  type FailedCall,
  limitedError,
  lostError,
  refusedError,
  refusesToken,
  reinstallError,
  unknownError,
} from './call-errors.ts'
import { FileTransfer } from './file-transfer.ts'
import type { HttpExchange } from './http-exchange.ts'
import { KNOWN_METHODS, methodLimit, methodPart } from './method-limits.ts'
import type { FileAsk, FileContent, SlackAim, SlackApi, SlackAsk } from './slack-api.ts'
import type { Verdict } from './verdict.ts'
import { TokenClient } from './web-client.ts'

/** Told about requests; on the path of every call. */
export type ClientMeter = Pick<SlackApiCounters, 'requested' | 'waited'>

/** What all clients of a process share. */
export interface ClientParts {
  readonly installations: Installations
  readonly budgets: Budgets
  readonly exchange: HttpExchange
  readonly deadlines: Deadlines
  readonly clock: Clock
  readonly log: Log
  readonly meter: ClientMeter
  /** Ends in a slash. */
  readonly apiUrl: string
  /** Of one answer. */
  readonly responseBytesMax: number
  /** In place of Slack's own limits, for tests. */
  readonly callsPerMinute: number | undefined
}

/** Where no deadline is given. */
const DEADLINE_MS = 30_000
/** A pause that Slack did not put a length to. */
const UNSAID_PAUSE_MS = 5_000
/** Pauses that one call sits out; Slack that asks for more is not worth waiting for. */
const PAUSES_MAX = 3
const RETRY_AFTER_MS = 250

/** One call with its turns behind it. */
interface Attempt extends FailedCall {
  readonly kind: TokenKind
  readonly deadlineMs: number
  readonly scope: string
  readonly limit: BudgetLimit
  pauses: number
  retried: boolean
  renewed: boolean
}

/** The Web API for one installation: its own tokens, its own SDK clients, its own headers. */
export class SlackClient implements SlackApi {
  readonly #parts: ClientParts
  readonly #app: SlackApp
  readonly #installation: Installation
  readonly #files: FileTransfer
  /** The one of the token in use; a token that came after it makes another. */
  readonly #clients = new Map<TokenKind, { readonly token: string; readonly client: TokenClient }>()

  constructor(parts: ClientParts, app: SlackApp, installation: Installation) {
    this.#parts = parts
    this.#app = app
    this.#installation = installation
    this.#files = new FileTransfer(parts, installation)
  }

  async call<Reply>(
    method: string,
    args: Readonly<Record<string, unknown>>,
    ask: SlackAsk<Reply>,
  ): Promise<Reply> {
    const attempt = this.#begin(method, args, ask)
    for (;;) {
      const token = await this.#token(attempt)
      await this.#takeTurn(attempt)
      const verdict = await this.#send(method, args, attempt, token)
      if (verdict.kind === 'ok') return readReply(verdict.body, ask, attempt)
      await this.#judge(verdict, attempt, token)
    }
  }

  download(url: string, ask: FileAsk): Promise<FileContent> {
    return this.#files.download(url, { ...ask, deadlineMs: this.#deadlineOf(ask) })
  }

  upload(url: string, bytes: Buffer, aim: SlackAim): Promise<void> {
    return this.#files.upload(url, bytes, { ...aim, deadlineMs: this.#deadlineOf(aim) })
  }

  #begin(method: string, args: Readonly<Record<string, unknown>>, ask: SlackAsk<unknown>): Attempt {
    const { app, team } = this.#installation
    const part = ask.budget ?? methodPart(method, args)
    return {
      method,
      write: ask.write === true,
      signal: ask.signal,
      installation: this.#installation,
      kind: ask.as ?? 'bot',
      deadlineMs: this.#deadlineOf(ask),
      scope: `slack/${app}/${team}/${method}${part === undefined ? '' : `/${part}`}`,
      limit: methodLimit(method, this.#app.distribution, this.#parts.callsPerMinute),
      pauses: 0,
      retried: false,
      renewed: false,
    }
  }

  #deadlineOf({ deadlineMs }: SlackAim): number {
    return deadlineMs ?? this.#parts.clock.monotonicMs() + DEADLINE_MS
  }

  async #token({ kind, signal }: Attempt): Promise<Secret> {
    if (signal.aborted) throw signal.reason
    return await this.#parts.installations.token(this.#installation, kind, signal)
  }

  async #takeTurn({ scope, limit, signal, deadlineMs }: Attempt): Promise<void> {
    const waitedMs = await this.#parts.budgets.take(scope, limit, { signal, deadlineMs })
    if (waitedMs >= 1) this.#parts.meter.waited(waitedMs / 1_000)
  }

  async #send(
    method: string,
    args: Readonly<Record<string, unknown>>,
    { kind, signal, deadlineMs }: Attempt,
    token: Secret,
  ): Promise<Verdict> {
    const { clock, meter, responseBytesMax: bytesMax } = this.#parts
    const startMs = clock.monotonicMs()
    const timeoutMs = Math.max(0, deadlineMs - startMs)
    const bounds = { signal, timeoutMs, bytesMax }
    const verdict = await this.#clientOf(kind, token).send(method, args, bounds)
    const label = KNOWN_METHODS.has(method) ? method : 'other'
    meter.requested(label, verdict.kind, (clock.monotonicMs() - startMs) / 1_000)
    return verdict
  }

  #clientOf(kind: TokenKind, token: Secret): TokenClient {
    const known = this.#clients.get(kind)
    const value = token.reveal()
    if (known?.token === value) return known.client
    const client = new TokenClient(this.#parts.exchange, this.#parts.apiUrl, token)
    this.#clients.set(kind, { token: value, client })
    return client
  }

  /** Returns where the call is worth another request; @throws {AppError} what the caller is told otherwise. */
  async #judge(
    verdict: Exclude<Verdict, { kind: 'ok' }>,
    attempt: Attempt,
    token: Secret,
  ): Promise<void> {
    if (verdict.kind === 'limited') return await this.#sitOut(verdict.retryAfterMs, attempt)
    if (verdict.kind === 'refused') {
      if (!refusesToken(verdict)) throw refusedError(verdict, attempt)
      return await this.#renew(verdict.error, attempt, token)
    }
    const error = lostError(verdict, attempt)
    if (attempt.write || attempt.retried || error.code !== 'slack_unavailable') throw error
    attempt.retried = true
    if (attempt.deadlineMs - this.#parts.clock.monotonicMs() < 2 * RETRY_AFTER_MS) throw error
    await pause(this.#parts.deadlines, RETRY_AFTER_MS, attempt.signal)
  }

  /** The pause is kept by the budget: of every process, and only as long as this call may wait. */
  async #sitOut(retryAfterMs: number | undefined, attempt: Attempt): Promise<void> {
    const { method, installation, scope } = attempt
    const pauseMs = Math.max(1_000, retryAfterMs ?? UNSAID_PAUSE_MS)
    const fields = { method, app: installation.app, team: installation.team, pauseMs }
    this.#parts.log.info(fields, 'slack asks for fewer requests')
    await this.#parts.budgets.block(scope, pauseMs)
    attempt.pauses += 1
    if (attempt.pauses > PAUSES_MAX) throw limitedError(pauseMs, attempt)
  }

  async #renew(error: string, attempt: Attempt, token: Secret): Promise<void> {
    const { kind, installation } = attempt
    const again = await this.#parts.installations.refused(installation, kind, { token, error })
    // Dead tokens are refused here by their state, with the better sentence.
    if (!again) await this.#token(attempt)
    if (!again || attempt.renewed) throw reinstallError(installation, error)
    attempt.renewed = true
  }
}

function readReply<Reply>(
  body: Readonly<Record<string, unknown>>,
  ask: SlackAsk<Reply>,
  call: FailedCall,
): Reply {
  const read = ask.reply.safeParse(body)
  if (read.success) return read.data
  const [issue] = read.error.issues
  const details = { method: call.method, at: issue?.path.join('.').slice(0, 100) ?? '' }
  // It was done; what is missing is only what came of it.
  if (call.write) throw unknownError(details)
  throw new AppError('slack_protocol', 'a reply of Slack lacks what was asked for', { details })
}
