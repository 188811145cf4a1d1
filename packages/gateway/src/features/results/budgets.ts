import type { LimitsConfig, ServerConfig } from '@sallyport/contract/config'
import type { Target } from '../../routing/target.ts'

/** How large results may be that are given whole. */
export interface ResultBudgets {
  /** Bytes of one result; undefined = any. */
  readonly perCallBytes: number | undefined
  /** Bytes of all results of a session; undefined = any. */
  readonly perSessionBytes: number | undefined
  readonly keepMs: number
  /** When the count of a session that is none begins anew. */
  readonly idleMs: number
  readonly totalMs: number
}

/** What of a configuration says how large results may be. */
export interface BudgetsConfig {
  readonly limits: Pick<LimitsConfig, 'results' | 'session'>
  readonly servers: Readonly<Record<string, ServerConfig>>
}

/** The budgets of a configuration; undefined when it sets none, then results are not looked at. */
export function budgetsOf({
  limits: { results, session },
  servers,
}: BudgetsConfig): ResultBudgets | undefined {
  const { perCallBytes, perSessionBytes } = results
  const isSet =
    perCallBytes !== undefined ||
    perSessionBytes !== undefined ||
    Object.values(servers).some(({ tools }) =>
      Object.values(tools).some(({ resultBytes }) => resultBytes !== undefined),
    )
  return isSet ? { ...results, idleMs: session.idleMs, totalMs: session.totalMs } : undefined
}

/** Bytes of the largest result of a tool that is given whole; undefined = any. */
export function callBudget(
  { config, name }: Target,
  { perCallBytes }: ResultBudgets,
): number | undefined {
  const pin = Object.hasOwn(config.tools, name) ? config.tools[name] : undefined
  return pin?.resultBytes ?? perCallBytes
}
