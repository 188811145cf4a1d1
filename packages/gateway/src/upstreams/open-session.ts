import { randomBytes } from 'node:crypto'
import type { CallerSigner } from '@sallyport/kit/callers'
import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import { type Log, printable, redactText } from '@sallyport/kit/log'
import { judgeCommand } from '../config/allowed-command.ts'
import { applyCaps } from './caps.ts'
import type { CapsGroups } from './caps-group.ts'
import { childEnvironment } from './environment.ts'
import type { EraMemory } from './era-memory.ts'
import { fingerprintOf } from './fingerprint.ts'
import { type Agreement, type HandshakeOptions, shakeHands } from './handshake.ts'
import { HttpSession } from './http-session.ts'
import { type Assertion, type HttpTarget, openTarget } from './http-target.ts'
import type { LookUp } from './guarded-connector.ts'
import { type KnownSecrets, secretsOf } from './known-secrets.ts'
import type { ClientInfo } from './own-messages.ts'
import type { OwnServer } from './own-server.ts'
import type { HttpServerConfig, ServerConfig, StdioServerConfig } from './server-config.ts'
import type { Session, SessionEvents } from './session.ts'
import { planSpawn, spawnWorld } from './spawn-plan.ts'
import { SseSession } from './sse-session.ts'
import type { StderrRing } from './stderr-ring.ts'
import { StdioSession } from './stdio-session.ts'
import { loadTls } from './tls-material.ts'
import type { Asker } from './upstream.ts'

/** On stdio a legacy server may leave a request it does not know unanswered. */
const SILENCE_MS = 1_000
const LAST_WORDS_CHARACTERS_MAX = 1_000
/** A stream of the newer transport may stand open and never name an address. */
const ENDPOINT_MS_MAX = 10_000

/** A session to be opened. */
export interface Opening {
  readonly events: SessionEvents
  /** Who it is opened for. */
  readonly asker: Asker
  /** Closes what was opened for an attempt that failed. */
  retire(session: Session): void
}

/** One attempt at it: what is known of the era. */
interface Attempted extends Opening {
  readonly remembered: HandshakeOptions['remembered']
}

export interface OpenedSession {
  readonly session: Session
  readonly agreement: Agreement
}

export interface SessionOpenerDeps {
  readonly resultBytes: number
  readonly clock: Clock
  readonly log: Log
  readonly eras: EraMemory
  /** Marks every child, so that it is found again: what is stable of this gateway, and this process of it. */
  readonly mark: string
  /** Keeps what children write to stderr. */
  readonly stderr: StderrRing
  /** Bound children; none with caps on memory or processes can start without. */
  readonly groups: CapsGroups
  readonly clientInfo: ClientInfo
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Looks up names of servers that were added over the admin API; the system's by default. */
  readonly lookUp?: LookUp | undefined
  /** What the server is when it is a child of the gateway. */
  readonly own?: OwnServer | undefined
  /** Vouches for callers to servers that are told of them. */
  readonly callers?: CallerSigner | undefined
}

/** Opens sessions with one server: starts the child or prepares connections, then shakes hands. */
export class SessionOpener {
  #config: ServerConfig
  readonly #deps: SessionOpenerDeps
  readonly #fingerprint: string
  /** The server was last spoken to over the transport before Streamable HTTP. */
  #older = false

  constructor(config: ServerConfig, deps: SessionOpenerDeps) {
    this.#config = config
    this.#deps = deps
    this.#fingerprint = fingerprintOf(config)
  }

  /** Opens further sessions under another configuration of the same server. */
  reconfigure(config: ServerConfig): void {
    this.#config = config
  }

  /**
   * Opens one session. What was opened for a failed attempt goes to `retire`, which closes it.
   *
   * @throws {AppError} `server_start_failed`, `server_unavailable`, `server_unauthorized`,
   *   `server_protocol`, or the signal's own reason; always `not_sent`
   */
  async open(opening: Opening, signal: AbortSignal): Promise<OpenedSession> {
    const remembered = this.#deps.eras.recall(this.#config.name, this.#fingerprint)
    const start = (as: HandshakeOptions['remembered']): Promise<OpenedSession> =>
      this.#attempt({ ...opening, remembered: as }, signal)
    let opened: OpenedSession
    try {
      opened = await start(remembered)
    } catch (thrown) {
      const error = AppError.from(thrown)
      // Some servers die of a request they do not know: these get no probe.
      const mayHaveDiedOfProbe = this.#config.kind === 'stdio' && remembered !== 'legacy'
      if (!mayHaveDiedOfProbe || error.code !== 'server_lost' || signal.aborted) {
        throw startFailure(error)
      }
      opened = await start('skip').catch((again: unknown) => {
        throw startFailure(AppError.from(again))
      })
    }
    const { era, version } = opened.agreement
    const verdict = { server: this.#config.name, fingerprint: this.#fingerprint, era, version }
    this.#deps.eras.remember(verdict)
    return opened
  }

  #attempt(how: Attempted, signal: AbortSignal): Promise<OpenedSession> {
    const config = this.#config
    if (config.kind === 'http') return this.#attemptHttp(config, how, signal)
    return this.#shake((events) => this.#startChild(config, events), how, signal)
  }

  /**
   * Streamable HTTP, or the transport before it where the server refuses that with a status that says so.
   *
   * Source: MCP 2025-11-25, Transports, "Backwards Compatibility".
   */
  async #attemptHttp(
    config: HttpServerConfig,
    how: Attempted,
    signal: AbortSignal,
  ): Promise<OpenedSession> {
    const { transport = 'auto' } = config
    let refusal: AppError | undefined
    if (transport !== 'sse' && !this.#older) {
      const connect = (events: SessionEvents): Promise<Session> =>
        this.#openHttp(config, events, how.asker)
      const opening = this.#shake(connect, how, signal)
      if (transport === 'http') return opening
      const opened = await opening.catch((thrown: unknown) => AppError.from(thrown))
      if (!(opened instanceof AppError)) return opened
      if (!isOlderTransport(opened) || signal.aborted) throw opened
      refusal = opened
    }
    const connect = (events: SessionEvents): Promise<Session> =>
      this.#openSse({ config, events, asker: how.asker }, signal)
    try {
      // There is no modern era on this transport to probe for.
      const opened = await this.#shake(connect, { ...how, remembered: 'skip' }, signal)
      this.#older = true
      return opened
    } catch (thrown) {
      this.#older = false
      const error = AppError.from(thrown)
      throw refusal === undefined || error.code === 'server_unauthorized' ? error : refusal
    }
  }

  async #shake(
    connect: (events: SessionEvents) => Session | Promise<Session>,
    { remembered, events, retire }: Attempted,
    signal: AbortSignal,
  ): Promise<OpenedSession> {
    let opened = false
    const session = await connect({
      ...events,
      // Until the handshake is over a loss is its failure, not an event.
      onLost: (error) => opened && events.onLost(error),
      onListChanged: (family) => opened && events.onListChanged(family),
    })
    try {
      const options = {
        remembered,
        clientInfo: this.#deps.clientInfo,
        roots: (this.#config.roots ?? 'none') !== 'none',
        silenceMs: this.#config.kind === 'stdio' ? SILENCE_MS : undefined,
        withinMs: this.#config.startMs,
      }
      const agreement = await shakeHands(session, options, signal)
      if (session.lost !== undefined) throw session.lost
      opened = true
      return { session, agreement }
    } catch (thrown) {
      retire(session)
      const error = withoutSecrets(AppError.from(thrown), this.#deps.stderr.secrets)
      throw withLastWords(error, session.lastWords)
    }
  }

  async #startChild(config: StdioServerConfig, events: SessionEvents): Promise<Session> {
    const { log, clientInfo, resultBytes, stderr, groups } = this.#deps
    assertCommandAllowed(config)
    // A mark of its own below the gateway's, so that stopping one child spares the others.
    const mark = `${this.#deps.mark}/${randomBytes(8).toString('hex')}`
    const environment = childEnvironment(this.#deps.environment, config.env, mark)
    stderr.secrets.add([...Object.values(config.env), ...secretsOf(config.args)])
    const plan = planSpawn(config.command, config.args, spawnWorld(environment))
    const { roots, cwd, caps } = config
    const world = { groups, environment: this.#deps.environment, platform: process.platform }
    const capped = await applyCaps({ plan, environment, cwd }, caps, world)
    const child = { capped, cwd, environment, mark, stderr, lineBytesMax: resultBytes }
    const session = await startOr(capped.remove, () =>
      StdioSession.start({ child, events, log, clientInfo, roots }),
    )
    log.info({ serverPid: session.pid, command: config.command }, 'server process started')
    return session
  }

  async #openHttp(config: HttpServerConfig, events: SessionEvents, asker: Asker): Promise<Session> {
    const { clock, clientInfo, resultBytes } = this.#deps
    const target = await this.#openTarget(config, asker)
    const { roots } = config
    return new HttpSession({ target, resultBytes, events, clock, clientInfo, roots })
  }

  async #openTarget(config: HttpServerConfig, asker: Asker): Promise<HttpTarget> {
    const { environment, lookUp, own, callers } = this.#deps
    if (config.child !== undefined && own === undefined) {
      const sentence = 'this process can run no Slack server'
      throw new AppError('server_unavailable', sentence, { outcome: 'not_sent' })
    }
    const tls = await loadTls(config.tls)
    const assertion = config.identity && callers && assertionFor(asker, config.url, callers)
    return openTarget(config, { tls, environment, lookUp, own, assertion })
  }

  async #openSse(
    { config, events, asker }: Pick<Attempted, 'events' | 'asker'> & { config: HttpServerConfig },
    signal: AbortSignal,
  ): Promise<Session> {
    const { clock, resultBytes } = this.#deps
    const target = await this.#openTarget(config, asker)
    const { roots, readMs, startMs } = config
    const deps = { target, resultBytes, events, clock, roots, readMs }
    return SseSession.open(deps, Math.min(startMs, ENDPOINT_MS_MAX), signal)
  }
}

/** Says who sends a request: its caller as it is known now, or whose session it is. */
function assertionFor(asker: Asker, audience: string, callers: CallerSigner): Assertion {
  return (caller) => {
    const { id, name, tenant, roles } = (caller ?? asker).principal
    const requestId = caller?.requestId ?? 'gateway'
    return callers.sign({ principal: id, name, tenant, roles, requestId }, audience)
  }
}

/** What was true when it was written need not be any more. @throws {AppError} `command_not_allowed` */
function assertCommandAllowed({ command, args, env, restrictions }: StdioServerConfig): void {
  if (restrictions === undefined) return
  const names = Object.keys(env)
  const reason = judgeCommand({ command, args, env: names }, restrictions.commands)
  if (reason !== undefined) {
    throw new AppError('command_not_allowed', reason, { outcome: 'not_sent' })
  }
}

/** What was prepared for a start that throws is taken away. */
async function startOr<Started>(undo: () => Promise<void>, start: () => Started): Promise<Started> {
  try {
    return start()
  } catch (thrown) {
    await undo()
    throw thrown
  }
}

/** Whether a refused handshake is what a server of the transport before says to a POST. */
function isOlderTransport({ code, details }: AppError): boolean {
  const { status } = details
  return code === 'server_protocol' && (status === 400 || status === 404 || status === 405)
}

/** A server that refuses its start says why in words of its own. */
function withoutSecrets(error: AppError, secrets: KnownSecrets): AppError {
  const message = secrets.hide(error.message)
  if (message === error.message) return error
  const { code, outcome, retryAfterMs, details } = error
  return new AppError(code, message, {
    details,
    ...(outcome === undefined ? {} : { outcome }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })
}

/** What a server says before it ends while starting is mostly why. */
function withLastWords(error: AppError, words: readonly string[]): AppError {
  if (error.code !== 'server_lost' || words.length === 0) return error
  const stderr = printable(redactText(words.join(' | ')), LAST_WORDS_CHARACTERS_MAX)
  return new AppError(error.code, error.message, {
    cause: error,
    details: { ...error.details, stderr },
    ...(error.outcome === undefined ? {} : { outcome: error.outcome }),
  })
}

/** A start that failed did not run any call, whatever its handshake got to. */
function startFailure(error: AppError): AppError {
  const lost = error.code === 'server_lost'
  const { retryAfterMs, details } = error
  return new AppError(
    lost ? 'server_start_failed' : error.code,
    lost ? `the server ended while starting: ${error.message}` : error.message,
    {
      cause: error,
      outcome: 'not_sent',
      details,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    },
  )
}
