import { AppError } from '@sallyport/kit/errors'
import { type Era, LATEST_LEGACY, LATEST_MODERN, type Message } from '@sallyport/kit/mcp'
import { ask } from './ask.ts'
import { judgeInitialize, judgeProbe, type Presentation, type Verdict } from './era.ts'
import type { ClientInfo } from './own-messages.ts'
import type { Session } from './session.ts'

/**
 * What every legacy server is told: sessions outlive clients, so this cannot follow what one of them can.
 * For a client without the ability the gateway answers.
 */
const ABILITIES = { elicitation: { form: {}, url: {} }, sampling: { tools: {} } }

/** So many times the silence that counts as legacy is waited for a server that has begun to answer. */
const LATE_PATIENCE = 5

/** What a server and we have agreed on. */
export interface Agreement extends Presentation {
  readonly era: Era
  readonly version: string
}

export interface HandshakeOptions {
  /** What an earlier handshake found; undefined = probe. `skip` = legacy without a probe. */
  readonly remembered: Era | 'skip' | undefined
  readonly clientInfo: ClientInfo
  /** Whether it may ask for roots: the client's, or those of the configuration. */
  readonly roots: boolean
  /** Silence that counts as legacy, milliseconds; undefined = silence is no answer. */
  readonly silenceMs: number | undefined
  /** Time for the whole handshake, milliseconds; the caller's signal ends it too. */
  readonly withinMs: number
}

/**
 * Finds out which era a server speaks and opens the session in it. A refused credential, a rate limit, a 5xx
 * or a lost connection is never an era: these fail the handshake.
 *
 * Source: MCP 2026-07-28, Versioning, "Era detection"; 2025-11-25, Lifecycle.
 *
 * @throws {AppError} `server_protocol`, `server_unauthorized`, `server_unavailable`, `server_lost`,
 *   `deadline_exceeded`, or the signal's own reason
 */
export async function shakeHands(
  session: Session,
  options: HandshakeOptions,
  signal: AbortSignal,
): Promise<Agreement> {
  if (options.remembered === 'legacy' || options.remembered === 'skip') {
    const agreed = await initialize(session, options, signal)
    if ('era' in agreed) return agreed
    if (options.remembered === 'skip') throw refusal(agreed.refused)
    return discover(session, { ...options, remembered: undefined }, signal)
  }
  return discover(session, options, signal)
}

async function discover(
  session: Session,
  options: HandshakeOptions,
  signal: AbortSignal,
): Promise<Agreement> {
  session.adopt('modern', LATEST_MODERN)
  const verdict = await probe(session, options, signal)
  switch (verdict.kind) {
    case 'modern':
      session.adopt('modern', verdict.version)
      return agreement('modern', verdict.version, verdict)
    case 'foreign':
      throw foreign(verdict.versions)
    case 'legacy': {
      const agreed = await initialize(session, options, signal)
      if ('era' in agreed) return agreed
      // Slow to answer the probe, and modern after all.
      if (agreed.modern) return discoverOnly(session, options, signal)
      if (verdict.silent !== true) throw refusal(agreed.refused)
      return discoverLate(session, options, { refused: agreed.refused, signal })
    }
    default:
      return verdict satisfies never
  }
}

/** Probes once; what is no era is thrown, everything else is judged. */
async function probe(
  session: Session,
  options: HandshakeOptions,
  signal: AbortSignal,
): Promise<Verdict & { readonly silent?: boolean }> {
  const { silenceMs, withinMs } = options
  // A server known to be modern gets longer: it may just be slow to start.
  const patienceMs = options.remembered === 'modern' ? withinMs / 2 : (silenceMs ?? withinMs)
  try {
    return judgeProbe(
      await askFor(session, 'server/discover', { ...options, withinMs: patienceMs }, signal),
    )
  } catch (thrown) {
    const { code } = AppError.from(thrown)
    const silent = code === 'deadline_exceeded' && silenceMs !== undefined && !signal.aborted
    if (silent || code === 'server_protocol') return { kind: 'legacy', silent }
    throw thrown
  }
}

async function discoverOnly(
  session: Session,
  options: HandshakeOptions,
  signal: AbortSignal,
): Promise<Agreement> {
  session.adopt('modern', LATEST_MODERN)
  const verdict = judgeProbe(await askFor(session, 'server/discover', options, signal))
  if (verdict.kind !== 'modern') throw refusal('it speaks neither era')
  session.adopt('modern', verdict.version)
  return agreement('modern', verdict.version, verdict)
}

/**
 * Asks again what stayed without an answer while the server was perhaps still starting. By now it has answered
 * something, so that its silence means no.
 */
async function discoverLate(
  session: Session,
  options: HandshakeOptions,
  { refused, signal }: { readonly refused: string; readonly signal: AbortSignal },
): Promise<Agreement> {
  const { silenceMs = 0, withinMs } = options
  const patient = { ...options, withinMs: Math.min(withinMs, silenceMs * LATE_PATIENCE) }
  try {
    return await discoverOnly(session, patient, signal)
  } catch (thrown) {
    const { code } = AppError.from(thrown)
    if (signal.aborted || (code !== 'deadline_exceeded' && code !== 'server_protocol')) throw thrown
    throw refusal(refused)
  }
}

async function initialize(
  session: Session,
  options: HandshakeOptions,
  signal: AbortSignal,
): Promise<Agreement | { readonly modern: boolean; readonly refused: string }> {
  session.adopt('legacy', LATEST_LEGACY)
  const verdict = judgeInitialize(await askFor(session, 'initialize', options, signal))
  switch (verdict.kind) {
    case 'legacy':
      session.adopt('legacy', verdict.version)
      await session.notify('notifications/initialized')
      return agreement('legacy', verdict.version, verdict)
    case 'foreign':
      throw foreign(verdict.versions)
    case 'modern':
      return { modern: true, refused: 'it speaks the modern era only' }
    case 'refused':
      return { modern: false, refused: verdict.reason }
    default:
      return verdict satisfies never
  }
}

function askFor(
  session: Session,
  method: 'server/discover' | 'initialize',
  { clientInfo, withinMs, roots }: HandshakeOptions,
  signal: AbortSignal,
): Promise<Message> {
  const question = { method, clientInfo, withinMs, cancels: false }
  if (method === 'server/discover') return ask(session, question, signal)
  const capabilities = roots ? { ...ABILITIES, roots: { listChanged: true } } : ABILITIES
  const params = { protocolVersion: LATEST_LEGACY, capabilities, clientInfo }
  return ask(session, { ...question, params }, signal)
}

function agreement(era: Era, version: string, presentation: Presentation): Agreement {
  const { capabilities, capabilitiesText, instructions } = presentation
  return { era, version, capabilities, capabilitiesText, instructions }
}

function foreign(versions: readonly string[]): AppError {
  const named = versions.slice(0, 10).join(', ').slice(0, 200)
  return new AppError('server_protocol', `the server speaks ${named}, which this gateway does not`)
}

function refusal(reason: string): AppError {
  return new AppError(
    'server_protocol',
    `the server refused the handshake: ${reason.slice(0, 200)}`,
  )
}
