import { composeFacts } from './compose.ts'
import { fact } from '../deployment.ts'

/** What compose files ask of variables. */
export interface ComposeNeeds {
  /** Those without a default, and where. */
  readonly needs: readonly { readonly name: string; readonly by: string }[]
  /** Every variable that is referred to. */
  readonly names: readonly string[]
  /** What could not be followed, a sentence each. */
  readonly faults: readonly string[]
}

/** Which variables the compose files of a deployment refer to. */
export const composeNeeds = fact(async (deployment, signal): Promise<ComposeNeeds> => {
  const { projects, gaps, services } = await composeFacts(deployment, signal)
  const references = projects.flatMap((project) => project.references)
  const needs = references.flatMap(({ name, at, hasDefault }) =>
    hasDefault ? [] : [{ name, by: at }],
  )
  const given = services.flatMap(({ environment }) => [...environment.keys()])
  return {
    needs,
    names: [...references.map(({ name }) => name), ...given.filter((name) => !isOurs(name))],
    faults: gaps.map(({ at, text }) => `${at}: ${text}`),
  }
})

/** Whether the product would have to read it for it to mean anything. */
function isOurs(name: string): boolean {
  return /^(?:SALLYPORT|MCP|GATEWAY)_/.test(name)
}
