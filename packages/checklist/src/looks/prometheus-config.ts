import { glob } from 'node:fs/promises'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { z } from 'zod'
import { parsedYaml } from './parsed-text.ts'

const alertmanagers = z.looseObject({
  static_configs: z.array(z.object({ targets: z.array(z.string()).nullish() })).nullish(),
})

const scrape = z.looseObject({
  relabel_configs: z.array(z.unknown()).nullish(),
  static_configs: z.array(z.object({ targets: z.array(z.string()).nullish() })).nullish(),
})

const config = z.object({
  scrape_configs: z.array(scrape).nullish(),
  rule_files: z.array(z.string()).nullish(),
  alerting: z.object({ alertmanagers: z.array(alertmanagers).nullish() }).nullish(),
})

/** What a configuration of Prometheus says of rules and alerts. */
export interface PrometheusConfig {
  /** Paths and patterns as written. */
  readonly ruleFiles: readonly string[]
  /** Addresses that are scraped as they are written: not looked up, and not changed by rules. */
  readonly targets: readonly string[]
  /** Addresses that alerts are to be sent to, as written. */
  readonly alertmanagers: readonly string[]
  /** Whether some are looked up instead, in files, DNS or elsewhere. */
  readonly looksUp: boolean
}

/** Reads a configuration; undefined where it is none. Source: Prometheus, "Configuration". */
export function readPrometheusConfig(text: string): PrometheusConfig | undefined {
  const result = config.safeParse(parsedYaml(text))
  if (!result.success) return undefined
  const { rule_files: ruleFiles, alerting, scrape_configs: scrapes } = result.data
  const plain = (scrapes ?? []).filter(({ relabel_configs: rules }) => !rules?.length)
  const scraped = plain.flatMap(({ static_configs: all }) => all ?? [])
  const entries = alerting?.alertmanagers ?? []
  const fixed = entries.flatMap(({ static_configs: all }) => all ?? [])
  return {
    ruleFiles: ruleFiles ?? [],
    targets: scraped.flatMap(({ targets }) => targets ?? []),
    alertmanagers: fixed.flatMap(({ targets }) => targets ?? []),
    looksUp: entries.some((entry) => Object.keys(entry).some((key) => key.endsWith('_sd_configs'))),
  }
}

/**
 * The files that a pattern of `rule_files` names. A path of a container is also looked for beside the
 * configuration, by its last parts, as a mount would have it.
 *
 * @param file the configuration, an absolute path
 */
export async function ruleFilesOf(file: string, pattern: string): Promise<readonly string[]> {
  const folder = dirname(file)
  for (const place of [resolve(folder, pattern), ...mounted(folder, pattern)]) {
    const found = await Array.fromAsync(glob(place))
    if (found.length > 0) return found
  }
  return []
}

function mounted(folder: string, pattern: string): string[] {
  if (!isAbsolute(pattern)) return []
  const parts = pattern.split('/').filter((part) => part !== '')
  return parts.slice(1).map((_, index) => join(folder, ...parts.slice(index + 1)))
}
