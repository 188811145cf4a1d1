import type { Deployment } from '../deployment.ts'
import { credentialsIn } from '../looks/credential-shapes.ts'
import { knownCredentials } from '../looks/known-credentials.ts'
import { type Redactor, redactorOf } from './redact.ts'

const SECRETS_MS = 10_000

/**
 * What takes the secrets of a deployment out of what is told of it, with all of them read: a log, a command or an
 * error may quote what no probe has looked at.
 *
 * @throws the signal's own reason
 */
export async function knowSecrets(deployment: Deployment, signal: AbortSignal): Promise<Redactor> {
  const redactor = redactorOf(deployment)
  const { config, settings } = deployment
  redactor.addAll(config)
  redactor.addAll(settings)
  for (const { value } of credentialsIn('store', config?.store ?? '')) redactor.add(value)
  try {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(SECRETS_MS)])
    await knownCredentials(deployment, bounded)
  } catch {
    // Whatever keeps them from being read keeps the probes of secrets from it too, which say so.
    signal.throwIfAborted()
  }
  return redactor
}
