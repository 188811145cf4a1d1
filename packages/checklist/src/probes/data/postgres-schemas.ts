import { failed, proved, type Seen } from '../../answers/answer.ts'
import type { Deployment } from '../../deployment.ts'
import { postgresPlaces } from '../../looks/data-places.ts'
import { givenVariables } from '../../looks/given-variables.ts'
import { type PostgresReading, postgresReadings } from '../../looks/postgres.ts'
import { nameOf, placeProbe, silent } from './over-places.ts'

const SCHEMA = 'DB_SCHEMA'

/** That no instance that is gone left its data. */
export const postgresSchemas = placeProbe<PostgresReading>({
  places: postgresPlaces,
  read: postgresReadings,
  product: 'PostgreSQL',
  title: 'Every schema of PostgreSQL belongs to something of this deployment',
  remedy: 'make a backup, then run `drop schema "<name>" cascade` for what is of no use',
  judge: async ({ place, facts, missing }, deployment, signal) => {
    if (facts === undefined) return silent(place, missing.text)
    const known = await declaredSchemas(deployment, signal)
    const stale = facts.schemas.filter((name) => name !== 'public' && !known.has(name))
    if (stale.length > 0) {
      return failed(
        stale.map((name): Seen => {
          const text = `${nameOf(place)} has the schema "${name}", which no \`${SCHEMA}\` names`
          return { kind: 'database', text }
        }),
      )
    }
    const text = `${nameOf(place)} has the schemas ${facts.schemas.join(', ')}`
    return proved({ kind: 'database', text })
  },
})

async function declaredSchemas(
  deployment: Deployment,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const given = await givenVariables(deployment, signal)
  return new Set(given.flatMap(({ name, value }) => (name === SCHEMA ? [value] : [])))
}
