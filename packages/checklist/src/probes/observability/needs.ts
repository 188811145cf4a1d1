import { anyOf, type Need, reads, readsOnly } from './coverage.ts'

const FAILED_CALLS = ['tool_error', 'rpc_error', 'failed', 'unknown'] as const

const FAILED_INSTALLS = ['denied', 'state_invalid', 'misconfigured', 'internal', 'refused'] as const

/** Server dead, breaker open, health failures, call errors. Source: Hangar, "Observability". */
export const SERVER_NEEDS: readonly Need[] = [
  {
    what: 'a server that is down',
    example: 'sallyport_server_healthy == 0',
    isMet: anyOf(
      reads('sallyport_server_healthy'),
      readsOnly('sallyport_server_state', 'state', { bad: ['degraded'], good: ['ready', 'cold'] }),
      // A server that is well is in none of the other states.
      readsOnly('sallyport_server_state', 'state', { bad: ['ready'], good: ['degraded'] }),
    ),
  },
  {
    what: 'an open breaker',
    example: 'sallyport_server_breaker{state="open"} == 1',
    isMet: anyOf(
      readsOnly('sallyport_server_breaker', 'state', { bad: ['open'], good: ['closed'] }),
      readsOnly('sallyport_server_breaker', 'state', { bad: ['closed'], good: ['open'] }),
    ),
  },
  {
    what: 'failing health checks',
    example: 'rate(sallyport_server_checks_total{outcome="failed"}[5m]) > 0.1',
    isMet: readsOnly('sallyport_server_checks_total', 'outcome', { bad: ['failed'], good: ['ok'] }),
  },
  {
    what: 'failing calls',
    example: 'sum(rate(sallyport_calls_total{outcome=~"failed|tool_error|rpc_error"}[5m])) > 0.1',
    isMet: anyOf(
      readsOnly('sallyport_calls_total', 'outcome', { bad: FAILED_CALLS, good: ['ok'] }),
      readsOnly('sallyport_tool_calls_total', 'outcome', { bad: ['error'], good: ['ok'] }),
    ),
  },
]

/** Source: Slack checklist, "Monitoring". */
export const OAUTH_NEEDS: readonly Need[] = [
  {
    what: 'installations of the Slack app that fail',
    example: 'increase(sallyport_slack_installs_total{outcome!="installed"}[15m]) > 0',
    isMet: readsOnly('sallyport_slack_installs_total', 'outcome', {
      bad: FAILED_INSTALLS,
      good: ['installed'],
    }),
  },
  {
    what: 'Slack tokens that are not refreshed',
    example: 'increase(sallyport_slack_token_refreshes_total{outcome!="ok"}[15m]) > 0',
    isMet: anyOf(
      readsOnly('sallyport_slack_token_refreshes_total', 'outcome', {
        bad: ['failed', 'reinstall'],
        good: ['ok'],
      }),
      readsOnly('sallyport_slack_installations', 'state', { bad: ['reinstall'], good: ['active'] }),
    ),
  },
]

/** Source: Slack checklist, "Monitoring". */
export const DATABASE_NEEDS: readonly Need[] = [
  {
    what: 'a store that cannot be written',
    example: 'sallyport_store_writable == 0',
    isMet: reads('sallyport_store_writable', 'sallyport_audit_write_failures_total', 'pg_up'),
  },
]

/** Source: design, "The checklist". */
export const CHECKLIST_NEEDS: readonly Need[] = [
  {
    what: 'items of the checklist that fail',
    example: 'sallyport_checklist_items{state="failed"} > 0',
    isMet: reads('sallyport_checklist_item', 'sallyport_checklist_items'),
  },
]
