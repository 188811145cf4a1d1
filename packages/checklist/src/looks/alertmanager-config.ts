import { z } from 'zod'
import { parsedYaml } from './parsed-text.ts'

const receiver = z.looseObject({ name: z.string() })

const pairs = z.record(z.string(), z.coerce.string())

const route = z.object({
  receiver: z.string().nullish(),
  match: pairs.nullish(),
  match_re: pairs.nullish(),
  matchers: z.array(z.string()).nullish(),
  continue: z.boolean().nullish(),
  get routes() {
    return z.array(route).nullish()
  },
})

const config = z.object({ route: route.nullish(), receivers: z.array(receiver).nullish() })

/** Where alerts go, and those beneath it that go elsewhere. */
export type Route = z.output<typeof route>
/** Who is told, and by what. */
export type Receiver = z.output<typeof receiver>

/** What a configuration of Alertmanager says of who is told. */
export interface AlertmanagerConfig {
  readonly route: Route | undefined
  readonly receivers: readonly Receiver[]
}

/** Reads a configuration; undefined where it is none. Source: Prometheus, "Alertmanager configuration". */
export function readAlertmanagerConfig(text: string): AlertmanagerConfig | undefined {
  const result = config.safeParse(parsedYaml(text))
  if (!result.success) return undefined
  return { route: result.data.route ?? undefined, receivers: result.data.receivers ?? [] }
}

/** Ways in which a receiver tells somebody, such as `webhook`; empty where it tells nobody. */
export function waysOf(own: Receiver): string[] {
  return Object.entries(own)
    .filter(([key, value]) => key.endsWith('_configs') && Array.isArray(value) && value.length > 0)
    .map(([key]) => key.replace(/_configs$/, ''))
}

/** Names of every receiver that a route leads to, its own first. */
export function receiversOf({ receiver: own, routes }: Route, depth = 0): string[] {
  const below = depth < DEPTH_MAX ? (routes ?? []) : []
  return [...(own ? [own] : []), ...below.flatMap((each) => receiversOf(each, depth + 1))]
}

const DEPTH_MAX = 32

/**
 * Names of the receivers that an alert with these labels comes to.
 *
 * Source: Prometheus, "Alertmanager configuration", "Route".
 */
export function routed(
  own: Route,
  labels: Readonly<Record<string, string>>,
  inherited = '',
  depth = 0,
): string[] {
  const receiverName = own.receiver ?? inherited
  const found: string[] = []
  for (const child of depth < DEPTH_MAX ? (own.routes ?? []) : []) {
    if (!takes(child, labels)) continue
    found.push(...routed(child, labels, receiverName, depth + 1))
    if (child.continue !== true) break
  }
  return found.length > 0 ? found : [receiverName]
}

// One text may hold several: `{a="b", c="d"}`.
const MATCHER = /([A-Za-z_]\w*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|[^,{}"]*)/g

function takes(own: Route, labels: Readonly<Record<string, string>>): boolean {
  const equal = Object.entries(own.match ?? {}).every(([label, value]) => labels[label] === value)
  const alike = Object.entries(own.match_re ?? {}).every(([label, value]) =>
    fits('=~', value, labels[label] ?? ''),
  )
  const matchers = (own.matchers ?? []).flatMap((text) => [...text.matchAll(MATCHER)])
  return (
    equal &&
    alike &&
    matchers.every(([, label = '', operator = '', value = '']) =>
      fits(operator, value.trim().replace(/^"(.*)"$/, '$1'), labels[label] ?? ''),
    )
  )
}

function fits(operator: string, value: string, text: string): boolean {
  if (operator === '=') return text === value
  if (operator === '!=') return text !== value
  return new RegExp(`^(?:${value})$`).test(text) === (operator === '=~')
}
