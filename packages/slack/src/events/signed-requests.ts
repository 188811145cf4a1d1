import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import { readBody } from '@sallyport/kit/http'
import type { InstallStateStore } from '@sallyport/kit/store'
import type { SlackApp } from '../settings/settings.ts'
import { appNamed } from '../web/app-named.ts'
import { isFresh, isSignedBy, REPLAY_LIFE_MS } from './signature.ts'

const BODY_BYTES_MAX = 64 * 1024
const BODY_MS_MAX = 10_000
const PROVIDER = 'slack/signed'
/** Requests that are remembered at once, over all processes. */
const SEEN_MAX = 100_000

/** What Slack sent, and which app it is for. */
export interface Signed {
  readonly app: SlackApp
  readonly rawBody: Buffer
  /** Forgets that it came, because it was not dealt with: Slack may send it again. */
  forget(): Promise<void>
}

export interface SignedRequestsDeps {
  readonly marks: Pick<InstallStateStore, 'add' | 'take'>
  readonly clock: Clock
}

/** Takes requests that Slack signed, each of them once over all processes. */
export class SignedRequests {
  readonly #apps: readonly SlackApp[]
  readonly #deps: SignedRequestsDeps

  constructor(apps: readonly SlackApp[], deps: SignedRequestsDeps) {
    this.#apps = apps
    this.#deps = deps
  }

  /**
   * Reads a request that the app named by its address signed. Nothing is parsed before that, and one secret is tried:
   * who cannot sign makes the server hash each body once at most.
   *
   * @throws {AppError} `slack_signature_invalid` for whatever is not signed, not fresh, or here for the second time;
   *   `request_too_large`, `request_slow`, `cancelled`, `overloaded`, `store_unwritable`
   */
  async receive(req: IncomingMessage, query: URLSearchParams): Promise<Signed> {
    const timestamp = header(req, 'x-slack-request-timestamp')
    const signature = header(req, 'x-slack-signature')
    const app = appNamed(this.#apps, query)
    const secret = app?.signingSecret
    if (app === undefined || secret === undefined) throw unsigned()
    // Before the body is read: who cannot have signed it costs nothing.
    if (!/^v0=[0-9a-f]{64}$/.test(signature)) throw unsigned()
    if (!isFresh(timestamp, this.#deps.clock.nowMs())) throw unsigned()
    const rawBody = await readSoon(req)
    if (!isSignedBy({ rawBody, timestamp, signature }, secret)) throw unsigned()
    return { app, rawBody, forget: await this.once('request', signature) }
  }

  /**
   * Marks something as come, for as long as it could come again. Returns how to forget it.
   *
   * @throws {AppError} `slack_signature_invalid` when it came before; `overloaded`, `store_unwritable`
   */
  async once(kind: string, id: string): Promise<() => Promise<void>> {
    const forget = await this.first(kind, id, REPLAY_LIFE_MS)
    if (forget === undefined) throw unsigned()
    return forget
  }

  /**
   * Marks something as come. Undefined when it came before, else how to forget it.
   *
   * @param lifeMs for how long it is remembered
   * @throws {AppError} `overloaded`, `store_unwritable`
   */
  async first(
    kind: string,
    id: string,
    lifeMs: number,
  ): Promise<(() => Promise<void>) | undefined> {
    const { marks, clock } = this.#deps
    const stateHash = createHash('sha256').update(`${kind} ${id}`).digest('hex')
    const nowMs = clock.nowMs()
    const mark = {
      provider: PROVIDER,
      stateHash,
      body: Buffer.alloc(0),
      expiresAtMs: nowMs + lifeMs,
    }
    if (!(await marks.add(mark, { nowMs, max: SEEN_MAX }))) return undefined
    return async () => void (await marks.take(PROVIDER, stateHash, clock.nowMs()))
  }
}

function header(req: IncomingMessage, name: string): string {
  const values = req.headersDistinct[name] ?? []
  return values.length === 1 ? (values[0] ?? '') : ''
}

/** Reads the body; whoever trickles it is told off. */
async function readSoon(req: IncomingMessage): Promise<Buffer> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new AppError('request_slow', `the body took longer than ${BODY_MS_MAX} ms`))
    }, BODY_MS_MAX)
  })
  try {
    return await Promise.race([readBody(req, BODY_BYTES_MAX, UNBOUNDED), late])
  } finally {
    clearTimeout(timer)
  }
}

/** The routes bound how many run, and each body is bounded. */
const UNBOUNDED = { grow: () => true }

function unsigned(): AppError {
  return new AppError(
    'slack_signature_invalid',
    'the request has no fresh signature of a configured app, or came before',
  )
}
