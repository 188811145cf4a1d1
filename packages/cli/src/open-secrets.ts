import type { ConfigOptions } from './configuration.ts'
import type { Context } from './context.ts'
import { openAdministration } from './local.ts'
import type { SecretAdministration } from './secret-administration.ts'

/** The keys of a store, and whom it knows, until it is disposed. */
export type OpenSecrets = SecretAdministration & AsyncDisposable

/** Those of the gateway; with `slack`, of the store that the Slack server has for itself. */
export async function openSecrets(
  context: Context,
  options: ConfigOptions & { readonly slack?: boolean },
): Promise<OpenSecrets> {
  if (options.slack) {
    const { SlackStore } = await import('./slack-store.ts')
    return await SlackStore.open(context, options)
  }
  const administration = await openAdministration(context, options)
  const { secrets } = administration
  return {
    rotate: () => secrets.rotate(),
    erase: (input) => secrets.erase(input),
    [Symbol.asyncDispose]: () => administration[Symbol.asyncDispose](),
  }
}
