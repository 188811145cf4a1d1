import { z } from 'zod'
import type { Probe } from '../../answers/answer.ts'
import { checkKey, listTools, withKey } from '../../looks/edge-answers.ts'
import { ask, type HttpAnswer, isAnswer, jsonOf, type Said } from '../../looks/exact-request.ts'
import { gatewayProbe, judgeSaid, type Running, wantsStatus } from './said.ts'

const rpcError = z.looseObject({ error: z.looseObject({ code: z.number() }) })
/** What is refused unseen is refused at once. */
const REFUSED_WITHIN_MS = 3_000
/** The admin API is loaded with the first request. */
const LOADED_WITHIN_MS = 6_000
/** Source: JSON-RPC 2.0 §5.1. */
const PARSE_ERROR = -32_700
/** The largest body of the admin API. */
const ADMIN_BYTES_MAX = 64 * 1_024
const DEFAULT_BYTES_MAX = 1_024 ** 2

export const bodyLimit: Probe = gatewayProbe(
  {
    title: 'A body over the limit answers 413 before it is read',
    remedy: 'set `limits.requestBytes`, and let nothing answer in place of the gateway',
    deadlineMs: 15_000,
  },
  async (running, signal) => {
    const bytesMax = running.config?.limits.requestBytes ?? DEFAULT_BYTES_MAX
    const { dataUrl, adminUrl } = running.gateway
    const key = (await checkKey(running.deployment, signal)).reveal()
    // Afterwards silence is no slow start.
    const loading = { ...withKey({}, key), deadlineMs: LOADED_WITHIN_MS }
    await ask(`${adminUrl}/api/v1/auth/me`, loading, signal)
    const said = await Promise.all([
      announce(running, `${dataUrl}/mcp`, bytesMax + 1, signal),
      announce(running, `${adminUrl}/api/v1/auth/login`, ADMIN_BYTES_MAX + 1, signal),
    ])
    return judgeSaid(said, (answer, request) =>
      answer.status === 0
        ? `is still waited for after ${answer.tookMs} ms instead of refused with 413`
        : wantsStatus(413)(answer, request),
    )
  },
)

/** Declares a body and sends none of it: what reads first and judges then does not answer. */
async function announce(
  { deployment }: Running,
  url: string,
  bytes: number,
  signal: AbortSignal,
): Promise<Said> {
  const key = await checkKey(deployment, signal)
  const base = withKey(listTools(), key.reveal())
  const headers = { ...base.headers, 'content-length': String(bytes) }
  const options = { method: 'POST', headers, isOpen: true, deadlineMs: REFUSED_WITHIN_MS } as const
  const request = `POST ${url} with a body declared as ${bytes} bytes`
  const reply = await ask(url, options, signal)
  if (isAnswer(reply) || !reply.unreached.startsWith('no answer')) return { request, reply }
  const waits: HttpAnswer = { status: 0, headers: {}, text: '', tookMs: REFUSED_WITHIN_MS }
  return { request, reply: waits }
}

export const malformed: Probe = gatewayProbe(
  {
    title: 'A body that is no JSON answers with the parse error of JSON-RPC, -32700',
    remedy: 'let nothing answer in place of the gateway',
  },
  async ({ deployment, gateway }, signal) => {
    const key = await checkKey(deployment, signal)
    const url = `${gateway.dataUrl}/mcp`
    const options = { ...withKey(listTools(), key.reveal()), body: '{"jsonrpc": "2.0", "id": 1,' }
    const said = {
      request: `POST ${url} with half a message`,
      reply: await ask(url, options, signal),
    }
    return judgeSaid([said], (answer) => {
      const code = codeOf(jsonOf(answer))
      if (code === PARSE_ERROR) return undefined
      const shown = code === undefined ? 'no error of JSON-RPC' : `the error ${code}`
      return `answers ${answer.status} with ${shown} instead of ${PARSE_ERROR}`
    })
  },
)

function codeOf(body: unknown): number | undefined {
  return rpcError.safeParse(body).data?.error.code
}
