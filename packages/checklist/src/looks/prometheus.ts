import { AppError } from '@sallyport/kit/errors'
import { z } from 'zod'
import { type Fact, fact } from '../deployment.ts'
import { askHttp } from './ask-http.ts'
import { toNumber } from './own-metrics.ts'
import { parsedJson } from './parsed-text.ts'

const labels = z.record(z.string(), z.string())

const targets = z.object({
  activeTargets: z.array(
    z.object({
      labels,
      scrapeUrl: z.string(),
      lastError: z.string(),
      health: z.enum(['up', 'down', 'unknown']),
    }),
  ),
})

const rules = z.object({
  groups: z.array(
    z.object({
      name: z.string(),
      file: z.string(),
      rules: z.array(
        z.object({
          type: z.enum(['alerting', 'recording']),
          name: z.string(),
          query: z.string(),
          health: z.string(),
          lastError: z.string().optional(),
          labels: labels.optional(),
        }),
      ),
    }),
  ),
})

const alertmanagers = z.object({ activeAlertmanagers: z.array(z.object({ url: z.string() })) })

const runtime = z.object({ reloadConfigSuccess: z.boolean(), storageRetention: z.string() })

const build = z.object({ version: z.string() })

const loadedConfig = z.object({ yaml: z.string() })

const vector = z.object({
  resultType: z.literal('vector'),
  result: z.array(z.object({ metric: labels, value: z.tuple([z.number(), z.string()]) })),
})

const matrix = z.object({
  resultType: z.literal('matrix'),
  result: z.array(z.object({ metric: labels, values: z.array(z.tuple([z.number(), z.string()])) })),
})

const names = z.array(z.string())

const failure = z.object({ error: z.string() })

/** Something that Prometheus reads metrics from. */
export type Target = z.output<typeof targets>['activeTargets'][number]
/** Rules of one file, as loaded. */
export type RuleGroup = z.output<typeof rules>['groups'][number]
/** An alert, or a series that is computed. */
export type Rule = RuleGroup['rules'][number]

/** One value of a series, or its course. */
export interface Point {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** A series over time: seconds since 1970 and the value. */
export type Course = readonly (readonly [seconds: number, value: number])[]

/**
 * The HTTP API of a Prometheus; answers are kept for the run. Every method throws `AppError` `server_unavailable`,
 * `server_protocol`, `server_unauthorized`, `deadline_exceeded`, `result_too_large`.
 *
 * Source: Prometheus, "HTTP API".
 */
export class PrometheusApi {
  /** Without a slash at its end. */
  readonly url: string
  readonly #kept = new Map<string, Promise<unknown>>()

  constructor(url: string) {
    this.url = url
  }

  async version(signal: AbortSignal): Promise<string> {
    return (await this.#read(build, 'status/buildinfo', signal)).version
  }

  async targets(signal: AbortSignal): Promise<readonly Target[]> {
    return (await this.#read(targets, 'targets?state=active', signal)).activeTargets
  }

  async ruleGroups(signal: AbortSignal): Promise<readonly RuleGroup[]> {
    return (await this.#read(rules, 'rules', signal)).groups
  }

  /** Addresses that alerts are sent to. */
  async alertmanagers(signal: AbortSignal): Promise<readonly string[]> {
    const { activeAlertmanagers } = await this.#read(alertmanagers, 'alertmanagers', signal)
    return activeAlertmanagers.map(({ url }) => url)
  }

  /** Whether the last reload was granted, and how long samples are kept, such as `15d`. */
  runtime(signal: AbortSignal): Promise<z.output<typeof runtime>> {
    return this.#read(runtime, 'status/runtimeinfo', signal)
  }

  /** The configuration in force, as YAML; passwords are `<secret>`. */
  async config(signal: AbortSignal): Promise<string> {
    return (await this.#read(loadedConfig, 'status/config', signal)).yaml
  }

  /** Values of now. */
  async query(expression: string, signal: AbortSignal): Promise<readonly Point[]> {
    const path = `query?query=${encodeURIComponent(expression)}`
    const { result } = await this.#read(vector, path, signal)
    return result.map(({ metric, value }) => ({ labels: metric, value: toNumber(value[1]) }))
  }

  /** The course of each series from that time to the other, seconds since 1970, one value a minute. */
  async course(
    expression: string,
    [fromSeconds, toSeconds]: readonly [number, number],
    signal: AbortSignal,
  ): Promise<readonly Course[]> {
    const span = `start=${fromSeconds}&end=${toSeconds}&step=60`
    const path = `query_range?query=${encodeURIComponent(expression)}&${span}`
    const { result } = await this.#read(matrix, path, signal)
    return result.map(({ values }) => values.map(([at, value]) => [at, toNumber(value)] as const))
  }

  /** Every name of a series with samples since that time, seconds since 1970. */
  async seriesNames(sinceSeconds: number, signal: AbortSignal): Promise<ReadonlySet<string>> {
    const path = `label/__name__/values?start=${Math.floor(sinceSeconds)}`
    return new Set(await this.#read(names, path, signal))
  }

  #read<Data>(schema: z.ZodType<Data>, path: string, signal: AbortSignal): Promise<Data> {
    const kept = this.#kept.get(path)
    if (kept !== undefined) return kept as Promise<Data> // of the same path, thus of the same schema
    const reading = ask(schema, `${this.url}/api/v1/${path}`, signal)
    this.#kept.set(path, reading)
    return reading
  }
}

async function ask<Data>(schema: z.ZodType<Data>, url: string, signal: AbortSignal): Promise<Data> {
  const { status, text } = await askHttp(url, signal)
  const place = url.replace(/\?.*/, '')
  const answer = parsedJson(text)
  const told = failure.safeParse(answer)
  if (status === 401 || status === 403) {
    throw new AppError('server_unauthorized', `${place} answered ${status}: it wants a login`)
  }
  if (status !== 200) {
    const why = told.success ? `: ${told.data.error}` : ''
    throw new AppError('server_protocol', `${place} answered ${status}${why}`)
  }
  const result = z.object({ data: schema }).safeParse(answer)
  if (result.success) return result.data.data
  throw new AppError('server_protocol', `${place} does not answer as Prometheus does`)
}

/** The Prometheus that `checklist.prometheus.url` names; undefined where it names none. */
export const prometheusApi: Fact<PrometheusApi | undefined> = fact(async ({ settings }) => {
  const url = settings.prometheus?.url
  return url === undefined ? undefined : new PrometheusApi(url)
})
