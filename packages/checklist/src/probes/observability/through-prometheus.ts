import { AppError } from '@sallyport/kit/errors'
import { type Finding, type Probe, unproved } from '../../answers/answer.ts'
import type { Deployment } from '../../deployment.ts'
import { type PrometheusApi, prometheusApi } from '../../looks/prometheus.ts'

/** Mends that no Prometheus is declared. */
export const DECLARE_PROMETHEUS =
  'name the Prometheus that watches this as `checklist.prometheus.url`'

/** Nobody said where the Prometheus is. */
export function noPrometheus(): Finding {
  return unproved(
    'config',
    'no Prometheus is declared under `checklist.prometheus`',
    DECLARE_PROMETHEUS,
  )
}

/** A look that asks Prometheus: where none is declared, or it does not answer, nothing is proved. */
export function throughPrometheus(
  look: (api: PrometheusApi, deployment: Deployment, signal: AbortSignal) => Promise<Finding>,
): Probe['look'] {
  return async (deployment, signal) => {
    const api = await prometheusApi(deployment, signal)
    if (api === undefined) return noPrometheus()
    return orUnseen(
      look(api, deployment, signal),
      'start Prometheus, or correct `checklist.prometheus.url`',
    )
  }
}

const UNSEEN: ReadonlySet<string> = new Set([
  'server_unavailable',
  'server_protocol',
  'server_unauthorized',
  'deadline_exceeded',
  'result_too_large',
])

/** What was found, or that the other side did not answer, with how to mend just that. */
export async function orUnseen(finding: Promise<Finding>, remedy: string): Promise<Finding> {
  try {
    return await finding
  } catch (thrown) {
    if (!isUnseen(thrown)) throw thrown
    return unproved('http', thrown.message, remedy)
  }
}

/** Whether the other side did not answer, or with something else than was asked for. */
export function isUnseen(thrown: unknown): thrown is AppError {
  return thrown instanceof AppError && UNSEEN.has(thrown.code)
}
