import { type Fact, fact } from '../deployment.ts'
import { askHttp } from '../looks/ask-http.ts'

/** How many requests are made, one after the other. */
export const HEALTH_REQUESTS = 50

/** The fewest that tell something. */
export const HEALTH_REQUESTS_MIN = 20

const TIME_MS_MAX = 7_000
const PATH = '/health/ready'

/** How long the health of the running gateway takes to be told. */
export interface HealthTimes {
  readonly url: string
  /** Milliseconds of each request; fewer than asked for where they took too long. */
  readonly ms: readonly number[]
  /** Those that were answered with neither 200 nor 503. */
  readonly refused: number
}

/**
 * Asks for the health of the data listener, one request after the other: never a load. Undefined where no gateway runs.
 *
 * @throws {AppError} what asking throws
 */
export const healthTimes: Fact<HealthTimes | undefined> = fact(async ({ gateway }, signal) => {
  if (gateway === undefined) return undefined
  const url = `${gateway.dataUrl}${PATH}`
  const ms: number[] = []
  let refused = 0
  const endMs = performance.now() + TIME_MS_MAX
  while (ms.length < HEALTH_REQUESTS && performance.now() < endMs) {
    const startedMs = performance.now()
    const { status } = await askHttp(url, signal)
    ms.push(performance.now() - startedMs)
    if (status !== 200 && status !== 503) refused += 1
  }
  return { url, ms, refused }
})
