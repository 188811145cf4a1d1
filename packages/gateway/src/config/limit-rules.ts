import type {
  CallQuotas,
  GatewayConfig,
  HealthConfig,
  Quota,
  Quotas,
} from '@sallyport/contract/config'
import type { ConfigPath, ReportPath } from '@sallyport/kit/config'

/** What holds where the file says nothing, and is no mistake then. */
const DEFAULTS = { writesDaily: 10_000, keepMs: 300_000, healthTimeoutMs: 10_000 } as const

/** Warns of bounds and times that are written down and never have an effect. */
export function judgeLimits({ limits, servers }: GatewayConfig, report: ReportPath): void {
  const warn = (path: ConfigPath, message: string, remedy: string): void => {
    report(path, message, { remedy, severity: 'warning' })
  }
  const { writes, daily, concurrent } = limits.perPrincipal
  const own = ['limits', 'perPrincipal', 'writes']
  const written = writes.daily === DEFAULTS.writesDaily ? undefined : writes.daily
  judgeBurst(writes, own, warn)
  judgeWrites({ ...writes, daily: written }, { daily, concurrent }, { path: own, warn })
  for (const { name, limits: general, tools, health } of Object.values(servers)) {
    judgeHealth(health, ['mcpServers', name, 'health'], warn)
    judgeCalls(general, ['mcpServers', name, 'limits'], warn)
    for (const [tool, pin] of Object.entries(tools)) {
      const path = ['mcpServers', name, 'tools', tool, 'limits']
      if (pin.limits !== undefined) judgeCalls(pin.limits, path, warn)
    }
  }
  judgeResults({ limits, servers }, warn)
}

type Warn = (path: ConfigPath, message: string, remedy: string) => void

function judgeCalls(quotas: CallQuotas, path: ConfigPath, warn: Warn): void {
  judgeQuotas(quotas, path, warn)
  judgeQuotas(quotas.perPrincipal, [...path, 'perPrincipal'], warn)
}

function judgeQuotas(quotas: Quotas, path: ConfigPath, warn: Warn): void {
  const below = [...path, 'writes']
  judgeBurst(quotas, path, warn)
  judgeBurst(quotas.writes, below, warn)
  judgeWrites(quotas.writes, quotas, { path: below, warn })
}

function judgeBurst({ rate, burst }: Quota, path: ConfigPath, warn: Warn): void {
  if (burst === undefined || rate !== undefined) return
  const message = '`burst` has no effect without `rate`'
  warn([...path, 'burst'], message, 'set `rate` beside it, or remove it')
}

type Counts = Pick<Quota, 'daily' | 'concurrent'>

/** Writes count in the general bound as well, so that a higher one of theirs is never reached. */
function judgeWrites(
  writes: Counts,
  general: Counts,
  { path, warn }: { readonly path: ConfigPath; readonly warn: Warn },
): void {
  for (const key of ['daily', 'concurrent'] as const) {
    const [own, all] = [writes[key], general[key]]
    if (own === undefined || all === undefined || own <= all) continue
    const message = `${own} is never reached, since all calls together may be ${all}`
    warn([...path, key], message, `set it below \`${key}\` of all calls, or remove it`)
  }
}

function judgeHealth({ everyMs, timeoutMs }: HealthConfig, path: ConfigPath, warn: Warn): void {
  if (timeoutMs <= everyMs || timeoutMs === DEFAULTS.healthTimeoutMs) return
  const message = '`timeout` is longer than `every`, after which a look is over'
  warn([...path, 'timeout'], message, 'set it to `every` or less')
}

function judgeResults(
  { limits: { results }, servers }: Pick<GatewayConfig, 'limits' | 'servers'>,
  warn: Warn,
): void {
  const { perCallBytes, perSessionBytes, keepMs } = results
  if (keepMs === DEFAULTS.keepMs) return
  if (perCallBytes !== undefined || perSessionBytes !== undefined) return
  const pins = Object.values(servers).flatMap(({ tools }) => Object.values(tools))
  if (pins.some(({ resultBytes }) => resultBytes !== undefined)) return
  const message = '`keep` has no effect, since no result is kept without a budget'
  warn(['limits', 'results', 'keep'], message, 'set `perCall` or `perSession`, or remove it')
}
