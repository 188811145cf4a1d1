import type { GatewayConfig } from '@sallyport/contract/config'
import { judged, type Probe, type Seen } from '../../answers/answer.ts'
import { withConfig } from '../needs.ts'

const MIB = 1024 ** 2
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

/** One bound: what it is and what is still reasonable. */
interface Bound {
  readonly key: string
  readonly value: number
  readonly most: number
  readonly unit: string
}

/** A caller cannot overload the gateway. */
export const rates = bounds(
  'Every principal has a rate, a number of calls at once and a daily quota that bind',
  'lower `limits.perPrincipal.rate`, `.burst` and `.concurrent` to what a caller needs',
  ({ limits: { perPrincipal } }) => [
    {
      key: 'limits.perPrincipal.rate',
      value: perPrincipal.rate,
      most: 5_000,
      unit: 'requests a second',
    },
    { key: 'limits.perPrincipal.burst', value: perPrincipal.burst, most: 20_000, unit: 'requests' },
    {
      key: 'limits.perPrincipal.concurrent',
      value: perPrincipal.concurrent,
      most: 2_000,
      unit: 'calls',
    },
  ],
)

/** Neither requests nor results fill the memory. */
export const bodies = bounds(
  'Requests are bounded at 16 MiB or less, and results at 256 MiB',
  'lower `limits.requestBytes` and `limits.resultBytes`',
  ({ limits: { requestBytes, resultBytes } }) => [
    { key: 'limits.requestBytes', value: requestBytes, most: 16 * MIB, unit: 'bytes' },
    { key: 'limits.resultBytes', value: resultBytes, most: 256 * MIB, unit: 'bytes' },
  ],
)

/** No call waits for ever. */
export const deadlines = bounds(
  'Every call ends within ten minutes, and every start within five',
  'lower `limits.callTimeout`, `limits.startTimeout` or `callTimeout` of that server',
  ({ limits, servers }) => [
    { key: 'limits.callTimeout', value: limits.callMs, most: 10 * MINUTE_MS, unit: 'ms' },
    { key: 'limits.startTimeout', value: limits.startMs, most: 5 * MINUTE_MS, unit: 'ms' },
    ...Object.values(servers).map(({ name, callMs }) => {
      return {
        key: `mcpServers.${name}.callTimeout`,
        value: callMs,
        most: 10 * MINUTE_MS,
        unit: 'ms',
      }
    }),
  ],
)

/** Sessions end. */
export const sessionLife = bounds(
  'Sessions end an hour after their last use, and after two days in any case',
  'lower `limits.session.idle` to 1h or less and `limits.session.total` to 2d or less',
  ({ limits: { session } }) => [
    { key: 'limits.session.idle', value: session.idleMs, most: 60 * MINUTE_MS, unit: 'ms' },
    { key: 'limits.session.total', value: session.totalMs, most: 2 * DAY_MS, unit: 'ms' },
  ],
)

function bounds(
  title: string,
  remedy: string,
  boundsOf: (config: GatewayConfig) => readonly Bound[],
): Probe {
  return {
    kind: 'probe',
    title,
    remedy,
    look: async (deployment) =>
      withConfig(deployment, (config) => {
        const all = boundsOf(config)
        return judged(
          all
            .filter(({ value, most }) => value > most)
            .map((bound) => say(bound, `, more than ${bound.most}`)),
          all.map((bound) => say(bound, '')),
        )
      }),
  }
}

function say({ key, value, unit }: Bound, more: string): Seen {
  return { kind: 'config', text: `${key} is ${value} ${unit}${more}` }
}
