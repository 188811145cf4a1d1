import type { Strategy } from '@sallyport/contract/config'

/** A member as strategies see it. */
export interface Candidate {
  /** Its place in the list of the group. */
  readonly index: number
  readonly weight: number
  readonly priority: number
  /** Calls it has now, waiting ones included. */
  readonly load: number
}

/** Picks one of a pool, which is in the order of the list; undefined for an empty one. */
export type Choose = <One extends Candidate>(pool: readonly One[]) => One | undefined

/** @param random 0 to 1, as `Math.random` */
export function createStrategy(strategy: Strategy, random: () => number): Choose {
  switch (strategy) {
    case 'round-robin':
      return takeTurns()
    case 'weighted':
      return shareSmoothly()
    case 'least-in-flight':
      return leastOf(({ load }) => load)
    case 'random':
      return drawByWeight(random)
    case 'priority':
      return leastOf(({ priority }) => priority)
  }
}

/** The next one in the list after the one picked last, whoever is there now. */
function takeTurns(): Choose {
  let last = -1
  return (pool) => {
    const next = pool.find(({ index }) => index > last) ?? pool[0]
    last = next?.index ?? last
    return next
  }
}

/** Those of the lowest rank take turns. */
function leastOf(rank: (candidate: Candidate) => number): Choose {
  const takeTurn = takeTurns()
  return (pool) => {
    let least = Number.POSITIVE_INFINITY
    for (const one of pool) least = Math.min(least, rank(one))
    return takeTurn(pool.filter((one) => rank(one) === least))
  }
}

/**
 * Each gains its weight per pick, and who has most pays for all: of 5, 1, 1 the big one is never picked five
 * times in a row.
 *
 * Source: nginx, `ngx_http_upstream_round_robin`, smooth weighted round-robin.
 */
function shareSmoothly(): Choose {
  const gained: number[] = []
  return (pool) => {
    let best = pool[0]
    let total = 0
    for (const one of pool) {
      const own = (gained[one.index] ?? 0) + one.weight
      gained[one.index] = own
      total += one.weight
      if (best !== undefined && own > (gained[best.index] ?? 0)) best = one
    }
    if (best !== undefined) gained[best.index] = (gained[best.index] ?? 0) - total
    return best
  }
}

function drawByWeight(random: () => number): Choose {
  return (pool) => {
    let left = random() * pool.reduce((total, { weight }) => total + weight, 0)
    for (const one of pool) {
      left -= one.weight
      if (left < 0) return one
    }
    return pool.at(-1)
  }
}
