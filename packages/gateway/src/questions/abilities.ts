import { memberTexts } from '@sallyport/kit/mcp'
import { ELICITATION, type Question, ROOTS, SAMPLING } from './question.ts'

/** Capabilities in the shape a client declares them. */
export type Capabilities = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/**
 * What a client must be able to do to be asked this; undefined when it is no question we know the need of.
 *
 * Source: MCP 2026-07-28, "Multi round-trip requests"; Elicitation and Sampling, "Capabilities".
 */
export function needsOf({ method, params }: Question): Capabilities | undefined {
  switch (method) {
    case ELICITATION:
      return memberTexts(params).get('mode') === '"url"'
        ? { elicitation: { url: {} } }
        : { elicitation: { form: {} } }
    case SAMPLING: {
      const members = memberTexts(params)
      return members.has('tools') || members.has('toolChoice')
        ? { sampling: { tools: {} } }
        : { sampling: {} }
    }
    case ROOTS:
      return { roots: {} }
    default:
      return undefined
  }
}

/**
 * Which of the needs a client did not declare; undefined when it can be asked. A bare `elicitation: {}` is
 * the form, as before modes existed.
 */
export function missingAbilities(
  needs: Capabilities,
  declaredText: string,
): Capabilities | undefined {
  const declared: unknown = JSON.parse(declaredText)
  if (typeof declared !== 'object' || declared === null) return needs
  const missing: Record<string, Record<string, unknown>> = {}
  for (const [name, parts] of Object.entries(needs)) {
    const own: unknown = Object.hasOwn(declared, name) ? Reflect.get(declared, name) : undefined
    if (typeof own !== 'object' || own === null) {
      missing[name] = { ...parts }
      continue
    }
    const lacking = Object.keys(parts).filter(
      (part) => !(part in own) && !isImplied(name, part, own),
    )
    if (lacking.length > 0) missing[name] = Object.fromEntries(lacking.map((part) => [part, {}]))
  }
  return Object.keys(missing).length === 0 ? undefined : missing
}

function isImplied(name: string, part: string, declared: object): boolean {
  return name === 'elicitation' && part === 'form' && !('url' in declared)
}

/** Adds the needs of several questions up. */
export function mergeNeeds(all: readonly (Capabilities | undefined)[]): Capabilities {
  const merged: Record<string, Record<string, unknown>> = {}
  for (const needs of all) {
    for (const [name, parts] of Object.entries(needs ?? {}))
      merged[name] = { ...merged[name], ...parts }
  }
  return merged
}
