import { readFile } from 'node:fs/promises'
import { type IncomingMessage, request as requestHttp, type RequestOptions } from 'node:http'
import { request as requestHttps } from 'node:https'
import { resolve } from 'node:path'
import { getCACertificates } from 'node:tls'
import { AppError } from '@sallyport/kit/errors'
import { LATEST_LEGACY } from '@sallyport/kit/mcp'
import type { Secret } from '@sallyport/kit/secret'
import type { DrillProgram, Missing, Stage } from '../stage.ts'

const ANSWER_MS = 20_000
const END_MS = 5_000
/** The gateway writes a comment every 15 s; one may be late. */
const SILENCE_MS_MAX = 25_000
const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: {
    protocolVersion: LATEST_LEGACY,
    capabilities: {},
    clientInfo: { name: 'sallyport-drill', version: '1' },
  },
}

/** Holds one stream open through everything that stands before the running gateway. */
export const stream: DrillProgram = async (stage, report, signal) => {
  const missing = missingOf(stage)
  const { gateway, config } = stage.deployment
  const { publicUrl } = config
  if (missing !== undefined || gateway === undefined || publicUrl === undefined) return missing
  const door = {
    url: `${publicUrl}/mcp`,
    key: await gateway.key(signal),
    ca: await authoritiesOf(stage),
  }
  const opened = await openSession(door, signal)
  if (opened.session === undefined) {
    report.fault(`${publicUrl} gave no session: ${opened.fault}`)
    return undefined
  }
  const { session } = opened
  await using closing = new AsyncDisposableStack()
  closing.defer(() => endSession(door, session))
  const held = await hold(door, { session, forMs: stage.holdMs }, signal)
  report.figure('held', held.heldMs, 'ms')
  report.figure('silence', held.silenceMs, 'ms')
  const seconds = Math.round(held.heldMs / 100) / 10
  if (held.fault !== undefined) {
    const remedy = 'raise the read timeout of the proxy above 60 s (`proxy_read_timeout 300s`)'
    report.fault(
      `a stream through ${publicUrl} ended after ${seconds} s (${held.fault}): ${remedy}`,
    )
  } else if (held.silenceMs > SILENCE_MS_MAX) {
    const remedy = 'switch its buffering off (`proxy_buffering off`)'
    report.fault(
      `a stream through ${publicUrl} was silent for ${Math.round(held.silenceMs)} ms, so something on the way buffers: ${remedy}`,
    )
  } else {
    report.step(
      `a stream through ${publicUrl} was held for ${seconds} s and brought ${held.pieces} pieces, none later than ${Math.round(held.silenceMs)} ms after the one before`,
    )
  }
  return undefined
}

function missingOf({ deployment }: Stage): Missing | undefined {
  if (deployment.config.publicUrl === undefined) {
    const remedy = 'set `publicUrl` to the address that clients use'
    return { text: 'there is no `publicUrl` to hold a stream through', remedy }
  }
  if (deployment.gateway !== undefined) return undefined
  return { text: 'no gateway runs on this configuration', remedy: 'start it with `sallyport up`' }
}

interface Door {
  readonly url: string
  readonly key: Secret
  readonly ca: string[] | undefined
}

async function authoritiesOf({ deployment }: Stage): Promise<string[] | undefined> {
  const { settings, folder } = deployment
  if (settings.ca === undefined) return undefined
  const file = resolve(folder, settings.ca)
  return [...getCACertificates('default'), await readFile(file, 'utf8')]
}

type Opened = { readonly session: string } | { readonly session: undefined; readonly fault: string }

async function openSession(door: Door, signal: AbortSignal): Promise<Opened> {
  try {
    const response = await ask(door, { method: 'POST', body: INITIALIZE }, signal)
    response.resume()
    const session = response.headers['mcp-session-id']
    if (typeof session === 'string') return { session }
    return { session: undefined, fault: `the answer was HTTP ${response.statusCode ?? 0}` }
  } catch (thrown) {
    signal.throwIfAborted()
    return { session: undefined, fault: AppError.from(thrown).message }
  }
}

/** One that cannot be ended ends by itself when it has been idle. */
async function endSession(door: Door, session: string): Promise<void> {
  const signal = AbortSignal.timeout(END_MS)
  const ended = await ask(door, { method: 'DELETE', session }, signal).catch(() => undefined)
  ended?.destroy()
}

interface Held {
  readonly heldMs: number
  /** The longest time between two pieces. */
  readonly silenceMs: number
  readonly pieces: number
  /** Why it ended early. */
  readonly fault: string | undefined
}

async function hold(
  door: Door,
  { session, forMs }: { readonly session: string; readonly forMs: number },
  signal: AbortSignal,
): Promise<Held> {
  const startedMs = performance.now()
  const response = await ask(door, { method: 'GET', session }, signal)
  if (response.statusCode !== 200) {
    response.destroy()
    const fault = `the answer was HTTP ${response.statusCode ?? 0}`
    return { heldMs: 0, silenceMs: 0, pieces: 0, fault }
  }
  let [lastMs, silenceMs, pieces] = [performance.now(), 0, 0]
  const heard = (): void => {
    const nowMs = performance.now()
    silenceMs = Math.max(silenceMs, nowMs - lastMs)
    lastMs = nowMs
  }
  response.on('data', () => {
    heard()
    pieces += 1
  })
  const fault = await endOf(response, forMs, signal)
  heard()
  response.destroy()
  return { heldMs: performance.now() - startedMs, silenceMs, pieces, fault }
}

/** Why it ended before its time; undefined where it did not. @throws the signal's own reason */
function endOf(
  response: IncomingMessage,
  forMs: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>()
  const timer = setTimeout(() => resolve(undefined), forMs)
  const abort = (): void => reject(signal.reason as Error) // a signal aborts with an error
  const ended = (why: string) => (): void => {
    if (!signal.aborted) resolve(why)
  }
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  response.once('end', ended('it was closed'))
  response.once('error', ended('it was cut'))
  return promise.finally(() => {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
  })
}

interface Outgoing {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly session?: string
  readonly body?: unknown
}

/** @returns the answer, its body not read yet @throws {AppError} `server_unavailable`; the signal's own reason */
function ask(
  door: Door,
  { method, session, body }: Outgoing,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const options: RequestOptions & { ca?: string[] } = {
    ...{ method, agent: false, signal },
    headers: {
      accept: method === 'GET' ? 'text/event-stream' : 'application/json, text/event-stream',
      authorization: `Bearer ${door.key.reveal()}`,
      'mcp-protocol-version': LATEST_LEGACY,
      ...(session !== undefined && { 'mcp-session-id': session }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(door.ca !== undefined && { ca: door.ca }),
  }
  const request = door.url.startsWith('https:') ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    const sent = request(door.url, options)
    const late = setTimeout(() => sent.destroy(new Error('no answer in time')), ANSWER_MS)
    sent.once('response', (response) => {
      clearTimeout(late)
      resolve(response)
    })
    sent.on('error', (cause: NodeJS.ErrnoException) => {
      clearTimeout(late)
      if (signal.aborted) return reject(signal.reason as Error) // a signal aborts with an error
      const sentence = `it cannot be reached (${cause.code ?? cause.message})`
      reject(new AppError('server_unavailable', sentence, { cause }))
    })
    sent.end(body === undefined ? undefined : JSON.stringify(body))
  })
}
