import type { ServerItem } from '@sallyport/contract/admin'
import { judged, notApplicable, type Probe, type Seen, unproved } from '../../answers/answer.ts'
import { serverFacts } from '../../looks/gateway.ts'
import { someOf, withConfig, noGateway } from '../needs.ts'

const WATCH_MS_MAX = 5 * 60_000
const FAILURES_MAX = 20
const RESET_MS_MAX = 5 * 60_000
const IDLE_MS_MIN = 30_000
const IDLE_MS_MAX = 24 * 3_600_000

/** No server is degraded, blocked or behind an open breaker, and each was seen working. */
export const serversHealthy: Probe = {
  kind: 'probe',
  title: 'No server is degraded, blocked or draining, and each has answered before',
  remedy: 'ask `sallyport servers list` why, then mend the server or unblock it',
  look: async (deployment, signal) => {
    const servers = await serverFacts(deployment, signal)
    if (servers === undefined) return noGateway(deployment)
    if (servers.length === 0) return unproved('gateway', 'the gateway has no servers')
    const faults = servers.flatMap((server) => faultOf(server) ?? [])
    const unseen = servers.filter(({ tools, state }) => tools === null && state === 'cold')
    if (faults.length === 0 && unseen.length > 0) {
      const names = someOf(unseen.map(({ name }) => name))
      return unproved(
        'gateway',
        `never started: ${names}`,
        'start them once with `sallyport servers start NAME`',
      )
    }
    return judged(faults, servers.map(describe))
  },
}

function faultOf({ name, state, reason, breaker, mark }: ServerItem): Seen | undefined {
  const wrong = ['degraded', 'blocked', 'draining'].includes(state)
  if (!wrong && breaker === 'closed') return undefined
  const why = reason ?? mark?.reason
  const words = wrong ? state : `behind a breaker that is ${breaker}`
  return { kind: 'gateway', text: `${name} is ${words}${why ? `: ${why}` : ''}` }
}

function describe({ name, state, tools }: ServerItem): Seen {
  return { kind: 'gateway', text: `${name} is ${state}, with ${tools ?? 0} tools` }
}

/** Every server is looked at often enough. */
export const healthChecks: Probe = {
  kind: 'probe',
  title: 'Every server is looked at every five minutes or more often while it runs',
  remedy: 'set `health.every` of those servers to 5m or less',
  look: async (deployment) =>
    withConfig(deployment, ({ servers }) => {
      const all = Object.values(servers)
      if (all.length === 0) return unproved('config', 'no server is configured')
      const rare = all.filter(({ health }) => health.everyMs > WATCH_MS_MAX)
      return judged(
        rare.map(({ name, health }) =>
          config(`mcpServers.${name}.health.every is ${health.everyMs} ms`),
        ),
        all.map(({ name, health }) =>
          config(
            `${name}: every ${health.everyMs} ms by ${health.call === undefined ? 'a ping' : `a call to ${health.call.tool}`}`,
          ),
        ),
      )
    }),
}

/** Breakers open soon enough, and close again. */
export const breakers: Probe = {
  kind: 'probe',
  title: 'Every breaker opens after at most 20 failures, and tries again within five minutes',
  remedy: 'set `breaker.failures` to 1 to 20 and `breaker.reset` to 5m or less',
  look: async (deployment) =>
    withConfig(deployment, ({ servers, groups }) => {
      const all = [
        ...Object.values(servers).map(({ name, breaker }) => ({
          at: `mcpServers.${name}`,
          breaker,
        })),
        ...Object.values(groups).map(({ name, breaker }) => ({ at: `groups.${name}`, breaker })),
      ]
      if (all.length === 0) return unproved('config', 'no server is configured')
      const faults = all.flatMap(({ at, breaker: { failures, resetMs } }) => [
        ...(failures === 0 ? [config(`${at}.breaker.failures is 0: it never opens`)] : []),
        ...(failures > FAILURES_MAX ? [config(`${at}.breaker.failures is ${failures}`)] : []),
        ...(resetMs > RESET_MS_MAX ? [config(`${at}.breaker.reset is ${resetMs} ms`)] : []),
      ])
      return judged(
        faults,
        all.map(({ at, breaker: { failures, resetMs } }) =>
          config(`${at}: after ${failures} failures, tried again after ${resetMs} ms`),
        ),
      )
    }),
}

/** Idle servers stop, and not at every pause. */
export const idleTime: Probe = {
  kind: 'probe',
  title: 'Idle servers stop after 30 seconds to a day',
  remedy:
    'set `idleAfter` of those servers to 30s to 24h; 5m fits a child process, 10m what starts slowly',
  look: async (deployment) =>
    withConfig(deployment, ({ servers }) => {
      const all = Object.values(servers)
      if (all.length === 0) return unproved('config', 'no server is configured')
      const wrong = all.filter(({ idleAfterMs: ms }) => ms < IDLE_MS_MIN || ms > IDLE_MS_MAX)
      return judged(
        wrong.map(({ name, idleAfterMs }) =>
          config(`mcpServers.${name}.idleAfter is ${idleAfterMs} ms`),
        ),
        all.map(({ name, kind, idleAfterMs }) => config(`${name} (${kind}): ${idleAfterMs} ms`)),
      )
    }),
}

/** Whoever is paged knows whom to ask. */
export const owners: Probe = {
  kind: 'probe',
  title: 'Every server and group names an owner',
  remedy: 'set `owner` of each to a person or a team, such as platform@example.com',
  look: async (deployment) =>
    withConfig(deployment, ({ servers, groups }) => {
      const all = [
        ...Object.values(servers).map(({ name, owner }) => ({ at: `mcpServers.${name}`, owner })),
        ...Object.values(groups).map(({ name, owner }) => ({ at: `groups.${name}`, owner })),
      ]
      if (all.length === 0) return notApplicable('no server is configured that could have an owner')
      return judged(
        all.flatMap(({ at, owner }) => (owner?.trim() ? [] : [config(`${at} has no owner`)])),
        all.map(({ at, owner }) => config(`${at}: ${owner}`)),
      )
    }),
}

function config(text: string): Seen {
  return { kind: 'config', text }
}
