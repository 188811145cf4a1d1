import { fact } from '../deployment.ts'
import { composeFacts } from './compose.ts'
import { sourceReferences } from './config-places.ts'
import { type FileVariable, liveEnvironmentFiles } from './environment-files.ts'
import { KNOWN_VARIABLES } from './known-variables.ts'
import { unitEnvironment } from './unit-environment.ts'

/**
 * Variables that the deployment gives to its programs, each with where it is given: environment files, units,
 * compose files, and those of this process that the configuration names or the product reads.
 *
 * @throws the signal's own reason
 */
export const givenVariables = fact(async (deployment, signal): Promise<FileVariable[]> => {
  const files = await liveEnvironmentFiles(deployment, signal)
  const inFiles = files.flatMap(({ variables }) => [...variables.values()])
  const names = new Set([...KNOWN_VARIABLES, 'RUST_LOG'])
  for (const { kind, target } of sourceReferences(deployment.source)) {
    if (kind === 'env') names.add(target)
  }
  const own = [...names].flatMap((name): FileVariable[] => {
    const value = deployment.variables[name]
    return value === undefined ? [] : [{ name, value, at: 'environment of this command' }]
  })
  const units = (await unitEnvironment(deployment, signal)).variables
  const known = [...inFiles, ...units, ...own]
  return [...known, ...onlyInCompose(await composeFacts(deployment, signal), known)]
})

type Compose = Awaited<ReturnType<typeof composeFacts>>

/** What compose files say themselves: what they pass on is known under its own name. */
function onlyInCompose({ services }: Compose, known: readonly FileVariable[]): FileVariable[] {
  const values = new Set(known.map(({ value }) => value))
  return services.flatMap(({ environment }) =>
    [...environment].flatMap(([name, { value, from, at }]): FileVariable[] => {
      const isPassedOn = from !== 'literal' && (value === '' || values.has(value ?? ''))
      if (value === undefined || isPassedOn) return []
      return [{ name, value, at }]
    }),
  )
}
