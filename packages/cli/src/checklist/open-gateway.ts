import { gatewayStatus, verifyReport } from '@sallyport/contract/admin'
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
 * @throws {AppError} as `callSocket`; `usage` for a `SALLYPORT_KEY` that is none
 */
export async function openGateway(
  context: Context,
  { path, key }: { readonly path: string; readonly key: RunKey | undefined },
  signal: AbortSignal,
): Promise<OpenGateway> {
  const given = await readCredential(context, {})
  const within = AbortSignal.any([signal, AbortSignal.timeout(STATUS_MS)])
  const { version, data, admin } = await ask(
    path,
    gatewayStatus,
    { method: 'GET', url: '/api/v1/status' },
    within,
  )
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
