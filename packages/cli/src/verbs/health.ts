import { healthDetail, type HealthDetail } from '@sallyport/contract/admin'
import { printable } from '@sallyport/kit/log'
import { exchange, parseTarget } from '../client/exchange.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-code.ts'
import { localSocket } from '../local.ts'

const HEALTH_MS = 5_000
const BODY_CHARACTERS_MAX = 10_000
const REASON_CHARACTERS_MAX = 500

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
  const words = isReady ? 'ready' : `not ready: ${whyNot(body) ?? `HTTP ${answer.status}, ${body}`}`
  context.terminal.print(options.json ? body : words)
  return isReady ? EXIT.ok : EXIT.failed
}

/** Undefined where the answer does not say, as for callers without a key. */
function whyNot(body: string): string | undefined {
  const detail = parseDetail(body)
  return detail === undefined ? undefined : reasonOf(detail)
}

/** Why a gateway is not ready, the causes an operator can end first. */
export function reasonOf({ draining, store, groups }: HealthDetail): string {
  const why = draining === null || draining.reason === '' ? '' : ` (${draining.reason})`
  const causes = [
    draining === null ? [] : [`an operator drains it${why}; \`drain --off\` ends that`],
    store.writable ? [] : ['its store cannot be written'],
    groups
      .filter(({ ok, below }) => !ok && below === 'refuse')
      .map(
        ({ name, healthy, minHealthy }) =>
          `the group ${name} has too few healthy members, ${healthy} of the ${minHealthy} it needs`,
      ),
  ].flat()
  const sentence = causes.length === 0 ? 'it is starting or stopping' : causes.join('; ')
  return printable(sentence, REASON_CHARACTERS_MAX)
}

function parseDetail(body: string): HealthDetail | undefined {
  try {
    return healthDetail.safeParse(JSON.parse(body)).data
  } catch (thrown) {
    // What answers may be no gateway at all; then its text is shown.
    if (thrown instanceof SyntaxError) return undefined
    throw thrown
  }
}
