import { AppError } from '@sallyport/kit/errors'
import { z } from 'zod'
import { askHttp } from './ask-http.ts'
import { parsedJson } from './parsed-text.ts'

const health = z.object({ database: z.string(), version: z.string().optional() })

const found = z.array(z.object({ uid: z.string(), title: z.string() }))

// By its name alone in old dashboards.
const source = z.union([z.string(), z.object({ type: z.string().nullish() })]).nullish()

const target = z.object({ expr: z.string().nullish(), datasource: source })

const panel = z.object({
  title: z.string().nullish(),
  datasource: source,
  targets: z.array(target).nullish(),
  get panels() {
    return z.array(panel).nullish()
  },
})

const dashboard = z.object({ dashboard: z.object({ panels: z.array(panel).nullish() }) })

/** One thing drawn, with the expressions that it draws. */
export interface Panel {
  readonly title: string
  readonly expressions: readonly string[]
}

/** A page of panels. */
export interface Dashboard {
  readonly title: string
  readonly panels: readonly Panel[]
}

/** Who asks Grafana. */
export interface GrafanaUser {
  readonly user: string
  readonly password: string
}

const DASHBOARDS_MAX = 100
const DEPTH_MAX = 8

/** What Grafana answered, with its status: 401 is an answer too. */
export interface GrafanaAnswer {
  readonly status: number
  /** Undefined where it is no JSON. */
  readonly body: unknown
}

/**
 * One GET of Grafana's HTTP API, as that user or as nobody.
 *
 * @throws {AppError} `server_unavailable`, `deadline_exceeded`, `result_too_large`
 */
export async function askGrafana(
  url: string,
  path: string,
  signal: AbortSignal,
  as?: GrafanaUser,
): Promise<GrafanaAnswer> {
  const headers: Record<string, string> = as === undefined ? {} : { authorization: basic(as) }
  const { status, text } = await askHttp(`${url}${path}`, signal, { headers })
  return { status, body: parsedJson(text) }
}

function basic({ user, password }: GrafanaUser): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

/**
 * Whether Grafana and its database work, and its version where it says so.
 *
 * @throws {AppError} `server_protocol` and what asking throws
 */
export async function grafanaHealth(
  url: string,
  signal: AbortSignal,
): Promise<z.output<typeof health>> {
  const { status, body } = await askGrafana(url, '/api/health', signal)
  const result = health.safeParse(body)
  if (result.success) return result.data
  throw new AppError('server_protocol', `${url}/api/health answered ${status}, not as Grafana does`)
}

/**
 * The dashboards that a user sees, the first 100; undefined where the user is refused.
 *
 * `isCut`: whether there are more.
 *
 * @throws {AppError} `server_protocol` and what asking throws
 */
export async function grafanaDashboards(
  url: string,
  signal: AbortSignal,
  as?: GrafanaUser,
): Promise<{ readonly dashboards: readonly Dashboard[]; readonly isCut: boolean } | undefined> {
  const search = await askGrafana(
    url,
    `/api/search?type=dash-db&limit=${DASHBOARDS_MAX + 1}`,
    signal,
    as,
  )
  if (search.status === 401 || search.status === 403) return undefined
  const list = found.safeParse(search.body)
  if (!list.success) {
    throw new AppError('server_protocol', `${url}/api/search answered ${search.status}`)
  }
  const dashboards: Dashboard[] = []
  for (const { uid, title } of list.data.slice(0, DASHBOARDS_MAX)) {
    const path = `/api/dashboards/uid/${encodeURIComponent(uid)}`
    const { status, body } = await askGrafana(url, path, signal, as)
    const one = dashboard.safeParse(body)
    if (!one.success) throw new AppError('server_protocol', `${url}${path} answered ${status}`)
    dashboards.push({ title, panels: flat(one.data.dashboard.panels ?? []) })
  }
  return { dashboards, isCut: list.data.length > DASHBOARDS_MAX }
}

/** Panels within rows stand beside those of the page. */
function flat(panels: readonly z.output<typeof panel>[], depth = 0): Panel[] {
  return panels.flatMap(({ title, targets, datasource, panels: inner }) => {
    const asked = (targets ?? []).filter((each) => isPrometheus(each.datasource ?? datasource))
    const expressions = asked.flatMap(({ expr }) => expr || [])
    const own = expressions.length > 0 ? [{ title: title ?? 'untitled', expressions }] : []
    return [...own, ...(depth < DEPTH_MAX ? flat(inner ?? [], depth + 1) : [])]
  })
}

/** Others have expressions too, in languages of their own. */
function isPrometheus(from: z.output<typeof source>): boolean {
  if (typeof from !== 'object' || !from?.type) return true
  return from.type === 'prometheus' || from.type === 'datasource'
}
