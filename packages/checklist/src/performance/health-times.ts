import { type Fact, fact } from '../deployment.ts'
import { askHttp } from '../looks/ask-http.ts'

/** How many requests are made, one after the other. */
export const HEALTH_REQUESTS = 50

/** The fewest that tell something. */
export const HEALTH_REQUESTS_MIN = 20

const TIME_MS_MAX = 7_000
const PATH = '/health/ready'

/** More slow ones than that, and 95 in 100 of all are not within the objective. */
export const SLOW_MAX = HEALTH_REQUESTS * 0.05

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
export const healthTimes: Fact<HealthTimes | undefined> = fact(async (deployment, signal) => {
  const { gateway, settings } = deployment
  if (gateway === undefined) return undefined
  const url = `${gateway.dataUrl}${PATH}`
  const ms: number[] = []
  let refused = 0
  const endMs = performance.now() + TIME_MS_MAX
  let slow = 0
  // Once so many are slow that the others cannot help, a gateway in need is left alone.
  const isSettled = () => slow > SLOW_MAX && ms.length >= HEALTH_REQUESTS_MIN
  while (ms.length < HEALTH_REQUESTS && performance.now() < endMs && !isSettled()) {
    const startedMs = performance.now()
    const { status } = await askHttp(url, signal)
    const tookMs = performance.now() - startedMs
    ms.push(tookMs)
    if (tookMs > settings.objectives.p95Ms) slow += 1
    if (status !== 200 && status !== 503) refused += 1
  }
  return { url, ms, refused }
})
