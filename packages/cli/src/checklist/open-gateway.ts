import { type GatewayStatus, gatewayStatus, verifyReport } from '@sallyport/contract/admin'
import type { GatewayView } from '@sallyport/checklist'
import { AppError } from '@sallyport/kit/errors'
import { callSocket } from '@sallyport/kit/lifecycle'
import type { z } from 'zod'
import { readCredential } from '../client/credential.ts'
import { McpClient } from '../client/mcp-client.ts'
import type { Context } from '../context.ts'
import { RunKey } from './run-key.ts'

const STATUS_MS = 10_000

/** A running gateway, as long as one run looks at it. */
export interface OpenGateway extends AsyncDisposable {
  readonly view: GatewayView
}

/**
 * The gateway behind a local socket. Dispose revokes the key that a run may have made, unless it was lent.
 *
 * @param path of the socket, where somebody listens
 * @throws {AppError} as `callSocket`; `deadline_exceeded` where it says nothing for ten seconds; `usage` for a
 *   `SALLYPORT_KEY` that is none
 */
export async function openGateway(
  context: Context,
  { path, key }: { readonly path: string; readonly key: RunKey | undefined },
  signal: AbortSignal,
): Promise<OpenGateway> {
  const given = await readCredential(context, {})
  const { version, data, admin } = await askStatus(path, signal)
  const client = new McpClient({ kind: 'socket', path }, undefined)
  const ownKey = key ?? new RunKey(context)
  return {
    view: {
      version,
      dataUrl: urlOf(data),
      adminUrl: urlOf(admin),
      read: (schema, url, asked) => ask(path, schema, { method: 'GET', url }, asked),
      verifyAudit: (asked) =>
        ask(path, verifyReport, { method: 'POST', url: '/api/v1/audit/verify' }, asked),
      call: (method, params, asked) => client.request(method, params, asked),
      key: async () => given ?? ownKey.text(path),
    },
    [Symbol.asyncDispose]: async () => {
      if (ownKey !== key) await ownKey[Symbol.asyncDispose]()
    },
  }
}

async function askStatus(path: string, signal: AbortSignal): Promise<GatewayStatus> {
  const late = AbortSignal.timeout(STATUS_MS)
  const asked = { method: 'GET', url: '/api/v1/status' } as const
  try {
    return await ask(path, gatewayStatus, asked, AbortSignal.any([signal, late]))
  } catch (cause) {
    if (signal.aborted || !late.aborted) throw cause
    const sentence = `the gateway on ${path} runs, but says nothing for ${STATUS_MS / 1_000} s`
    throw new AppError('deadline_exceeded', sentence, { cause })
  }
}

async function ask<Answer>(
  path: string,
  schema: z.ZodType<Answer>,
  { method, url }: { readonly method: 'GET' | 'POST'; readonly url: string },
  signal: AbortSignal,
): Promise<Answer> {
  const answer = schema.safeParse(await callSocket({ path, method, url, signal }))
  if (answer.success) return answer.data
  throw new AppError(
    'server_protocol',
    `the gateway answered ${url} in an unknown form: is it of this version?`,
    { cause: answer.error },
  )
}

/** A listener on every interface is no destination: it is reached on this machine. */
function urlOf(address: string): string {
  const reached = address.replace(/^0\.0\.0\.0:/, '127.0.0.1:').replace(/^\[::\]:/, '[::1]:')
  return `http://${reached}`
}
