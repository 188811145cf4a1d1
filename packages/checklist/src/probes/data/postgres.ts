import { failed, type Finding, proved, type Seen } from '../../answers/answer.ts'
import type { Deployment } from '../../deployment.ts'
import { type DataPlace, postgresPlaces } from '../../looks/data-places.ts'
import { isLoopbackHost } from '../../looks/network.ts'
import { type PostgresReading, postgresReadings } from '../../looks/postgres.ts'
import type { PostgresFacts } from '../../looks/postgres-facts.ts'
import { isDefaultPassword } from './default-password.ts'
import { nameOf, placeProbe, silent } from './over-places.ts'

const BASE = { places: postgresPlaces, read: postgresReadings, product: 'PostgreSQL' } as const

/** A gateway holds so many connections beside its pool: one appends to the audit log, others read it. */
const BESIDE_POOL = 5
/** The pool of a Slack server. */
const SLACK_POOL = 10

function seen(text: string): Seen {
  return { kind: 'database', text }
}

/** A judgement of what a server says; of one that says nothing there is none. */
function ofFacts(
  judge: (facts: PostgresFacts, place: DataPlace, deployment: Deployment) => Finding,
): (reading: PostgresReading, deployment: Deployment) => Finding {
  return ({ place, facts, missing }, deployment) =>
    facts === undefined ? silent(place, missing.text) : judge(facts, place, deployment)
}

/** That it answers and lets the deployment in. */
export const postgresReachable = placeProbe<PostgresReading>({
  ...BASE,
  title: 'PostgreSQL answers',
  remedy: 'start PostgreSQL, and compare address, user and password with what it has',
  judge: ({ place, facts, missing }) => {
    if (facts !== undefined) {
      return proved(seen(`${nameOf(place)} is PostgreSQL ${facts.version}`))
    }
    return missing.isElsewhere
      ? silent(place, missing.text)
      : failed([seen(`${nameOf(place)} ${missing.text}`)])
  },
})

/** That nobody between reads along. */
export const postgresTls = placeProbe<PostgresReading>({
  ...BASE,
  title: 'Connections to PostgreSQL over a network are encrypted, and the server is verified',
  remedy: 'add `?sslmode=verify-full` to the URL, and give the server a certificate',
  judge: ofFacts(({ tls }, place) => {
    const name = nameOf(place)
    if (isLoopbackHost(place.host)) return proved(seen(`${name} is reached without a network`))
    if (tls === undefined) return failed([seen(`${name} is reached without TLS`)])
    const text = `${name} is reached with ${tls.version}, ${tls.cipher}`
    if (!/^TLSv1\.[23]$/.test(tls.version)) return failed([seen(text)])
    if (/[?&](?:sslmode=no-verify|ssl=no-verify)/.test(place.url)) {
      return failed([seen(`${text}, but whoever answers is believed`)])
    }
    if (place.isStore || /[?&]sslmode=verify-(?:full|ca)/.test(place.url)) return proved(seen(text))
    return failed([seen(`${text}, but its URL does not demand that`)])
  }),
})

/** That a password is needed, and not one that everybody knows. */
export const postgresPassword = placeProbe<PostgresReading>({
  ...BASE,
  title: 'PostgreSQL asks for a password, and it is none that everybody knows',
  remedy: 'set a random password, and `scram-sha-256` in `pg_hba.conf`',
  judge: ({ place, facts, asksPassword }) => {
    const name = nameOf(place)
    const weak = place.passwords.some((password) => isDefaultPassword(password, place.url))
    const method = place.service?.environment.get('POSTGRES_HOST_AUTH_METHOD')
    const faults = [
      ...(weak ? [seen(`the password of ${name} is one that everybody knows or tries`)] : []),
      ...(method?.value === 'trust' ? [seen(`${method.at} lets everybody in without one`)] : []),
      ...(asksPassword === false && !isKnownOtherwise(place)
        ? [seen(`${name} lets its user in without asking for a password`)]
        : []),
    ]
    if (faults.length > 0) return failed(faults)
    if (asksPassword === true) return proved(seen(`${name} asks for a password`))
    if (facts !== undefined) return proved(seen(`${name} knows its user without a password`))
    return silent(place, 'did not say whether it asks for a password')
  },
})

/** By a certificate, or by the user of the system at a socket's folder. */
function isKnownOtherwise({ url, host }: DataPlace): boolean {
  return host.startsWith('/') || /[?&]sslcert=/.test(url)
}

/** That gateways do not run out of connections. */
export const postgresPool = placeProbe<PostgresReading>({
  ...BASE,
  title: 'PostgreSQL has connections for the pools of all gateways',
  remedy: 'lower `postgres.poolMax` or raise `max_connections`',
  judge: ofFacts((facts, place, { config }) => {
    const name = nameOf(place)
    const { connectionsMax, connections, gatewayConnections, gatewayHosts } = facts
    if (!place.isStore || config === undefined) {
      const text = `${name} has ${connections} of ${connectionsMax} connections in use`
      return connections * 5 > connectionsMax * 4 ? failed([seen(text)]) : proved(seen(text))
    }
    const gateways = Math.max(1, gatewayHosts)
    const slack = config.slack === undefined ? 0 : SLACK_POOL + BESIDE_POOL
    const needed = gateways * (config.postgres.poolMax + BESIDE_POOL + slack)
    const others = Math.max(0, connections - gatewayConnections)
    const text = `${name} has ${connectionsMax} connections; ${gateways} gateways may take ${needed}, others have ${others}`
    return needed + others > connectionsMax ? failed([seen(text)]) : proved(seen(text))
  }),
})

/** That queries are fast, as PostgreSQL's own statistics have it. */
export const postgresQueries = placeProbe<PostgresReading>({
  ...BASE,
  title: 'No query of PostgreSQL is slow, none hangs, and no large table is read whole',
  remedy: 'look at the query with `explain (analyze, buffers)`, and give its table an index',
  judge: ofFacts(({ queries }, place, { settings }) => {
    const name = nameOf(place)
    const { p95Ms } = settings.objectives
    const { statements, gap, idle, running, scanned } = queries
    const slow = (statements ?? []).filter(({ meanMs }) => meanMs > p95Ms)
    const faults = [
      ...slow.map(({ text, meanMs, calls }) =>
        seen(
          `${name}: ${Math.round(meanMs)} ms on average of ${calls} calls, more than ${p95Ms} ms: ${text}`,
        ),
      ),
      ...(idle > 0 ? [seen(`${name}: ${idle} connections hold a transaction open and idle`)] : []),
      ...(running > 0 ? [seen(`${name}: ${running} queries run for longer than a minute`)] : []),
      ...(scanned.length > 0 ? [seen(`${name}: mostly read whole: ${scanned.join(', ')}`)] : []),
    ]
    if (faults.length > 0) return failed(faults)
    if (statements === undefined) {
      return {
        state: 'unproved',
        evidence: [seen(`nothing hangs at ${name} now, but ${gap}`)],
        remedy:
          'add `pg_stat_statements` to `shared_preload_libraries`, create the extension, and `grant pg_monitor` to the role',
      }
    }
    const slowest = statements[0]
    const text =
      slowest === undefined
        ? 'no query ran often'
        : `the slowest takes ${slowest.meanMs.toFixed(1)} ms on average`
    return proved(seen(`${name}: ${text}`))
  }),
})
