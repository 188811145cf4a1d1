import { printable } from '@sallyport/kit/log'
import { exchange, parseTarget } from '../client/exchange.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-code.ts'
import { localSocket } from '../local.ts'

const HEALTH_MS = 5_000
const BODY_CHARACTERS_MAX = 10_000

/** `health`: 0 when the gateway is ready for calls; 1, with its answer, when it is not. */
export async function health(
  context: Context,
  options: { readonly url?: string; readonly config?: string; readonly json?: boolean },
): Promise<number> {
  const target =
    options.url === undefined
      ? ({ kind: 'socket', path: await localSocket(context, options) } as const)
      : parseTarget(options.url)
  const answer = await exchange(
    target,
    { method: 'GET', path: '/health/ready', headers: { accept: 'application/json' } },
    AbortSignal.timeout(HEALTH_MS),
  )
  const isReady = answer.status === 200
  const body = printable(answer.body.toString('utf8'), BODY_CHARACTERS_MAX)
  const words = isReady ? 'ready' : `not ready (HTTP ${answer.status}): ${body}`
  context.terminal.print(options.json ? body : words)
  return isReady ? EXIT.ok : EXIT.failed
}
