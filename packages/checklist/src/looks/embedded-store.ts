import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { type Finding, notApplicable, unproved } from '../answers/answer.ts'
import type { Deployment } from '../deployment.ts'

const SQLITE = 'sqlite:'

/** The files of the embedded stores: of the gateway, and of its Slack server beside it. */
export interface EmbeddedStores {
  readonly main: string
  /** Those that are there, the main one first. */
  readonly paths: readonly [string, ...string[]]
  readonly folder: string
}

/** Where the embedded store lies, or why nothing can be said of it. */
export function embeddedStores(deployment: Deployment): EmbeddedStores | Finding {
  const { config, folder } = deployment
  if (config === undefined) return withoutConfig()
  const { store } = config
  if (store === undefined) return unproved('config', 'the configuration names no store')
  if (!store.startsWith(SQLITE)) {
    return notApplicable('the store is a PostgreSQL, of which other answers speak')
  }
  const main = resolve(folder, store.slice(SQLITE.length))
  if (!existsSync(main)) {
    return unproved('file', `no store is at ${main} yet`, 'start the gateway once')
  }
  const slack = join(dirname(main), 'slack.db')
  const others = config.slack !== undefined && existsSync(slack) ? [slack] : []
  return { main, paths: [main, ...others], folder: dirname(main) }
}

/** For what cannot be said without a configuration. */
export function withoutConfig(): Finding {
  return unproved(
    'config',
    'the configuration cannot be read',
    'mend what `sallyport validate` names',
  )
}

/** Whether this is what was found rather than the stores. */
export function isFinding(value: object): value is Finding {
  return 'state' in value && 'evidence' in value
}
