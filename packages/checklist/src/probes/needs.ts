import type { GatewayConfig } from '@sallyport/contract/config'
import { type Finding, unproved } from '../answers/answer.ts'
import type { Deployment, GatewayView } from '../deployment.ts'

/** Judges the configuration; unproved where it cannot be read. */
export function withConfig(
  { config, file }: Deployment,
  judge: (config: GatewayConfig) => Finding | Promise<Finding>,
): Finding | Promise<Finding> {
  if (config !== undefined) return judge(config)
  const remedy = `mend what \`sallyport validate\` names in ${file}`
  return unproved('config', 'the configuration cannot be run', remedy)
}

/** What is said where no gateway can be asked. */
export function noGateway({ hung }: Pick<Deployment, 'hung'>): Finding {
  const text = hung ?? 'no gateway runs on this configuration'
  return unproved('gateway', text, 'start it with `sallyport up`')
}

/** Judges the running gateway; unproved where none runs. */
export function withGateway(
  deployment: Deployment,
  judge: (gateway: GatewayView) => Finding | Promise<Finding>,
): Finding | Promise<Finding> {
  return deployment.gateway === undefined ? noGateway(deployment) : judge(deployment.gateway)
}

/** `a, b, c and 4 more`. */
export function someOf(names: readonly string[], most = 8): string {
  const shown = names.slice(0, most).join(', ')
  return names.length > most ? `${shown} and ${names.length - most} more` : shown
}

/** `1 key`, `2 keys`. */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
