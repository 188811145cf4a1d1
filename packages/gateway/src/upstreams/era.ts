import {
  findMember,
  LATEST_MODERN,
  LEGACY_VERSIONS,
  type Message,
  MODERN_VERSIONS,
} from '@sallyport/kit/mcp'
import { asObject, readJson } from './session.ts'

/** What servers list, as their capabilities name it; resources stand for their templates too. */
export const FAMILIES = ['tools', 'resources', 'prompts'] as const
export type Family = (typeof FAMILIES)[number]

/** What of a server's capabilities this side acts on. */
export interface Capabilities {
  /** The lists it has. */
  readonly lists: Readonly<Record<Family, boolean>>
  /** The lists whose changes it announces. */
  readonly changes: Readonly<Record<Family, boolean>>
  /** It announces changes of single resources. */
  readonly subscribe: boolean
  /** It takes `logging/setLevel`. */
  readonly logging: boolean
}

/** What a server says of itself. */
export interface Presentation {
  readonly capabilities: Capabilities
  /** Its capabilities as it wrote them, JSON text. */
  readonly capabilitiesText: string
  readonly instructions: string | undefined
}

/** What an answer to `server/discover` says about the server. */
export type Verdict =
  | ({ readonly kind: 'modern'; readonly version: string } & Presentation)
  | { readonly kind: 'legacy' }
  /** It speaks, but no revision of ours. */
  | { readonly kind: 'foreign'; readonly versions: readonly string[] }

const HEADER_MISMATCH = -32020
const CAPABILITY_MISSING = -32021
const VERSION_UNSUPPORTED = -32022

/**
 * Judges the answer to a `server/discover` probe. Never keyed on one error code: anything that is no modern
 * answer is legacy, and only a list of revisions says otherwise.
 *
 * Source: MCP 2026-07-28, Versioning, "Era detection".
 */
export function judgeProbe(answer: Message): Verdict {
  if (answer.kind === 'response') {
    const result = asObject(readJson(answer, answer.result))
    const versions = textList(result?.['supportedVersions'])
    if (result === undefined || versions === undefined) return { kind: 'legacy' }
    return judgeVersions(versions, present(answer))
  }
  const error = asObject(readJson(answer, answer.error))
  const code = error?.['code']
  if (code !== HEADER_MISMATCH && code !== CAPABILITY_MISSING && code !== VERSION_UNSUPPORTED) {
    return { kind: 'legacy' }
  }
  const versions = textList(asObject(error?.['data'])?.['supported'])
  if (versions === undefined) return { kind: 'legacy' }
  // It did not say what it can do, so it is asked for its tools.
  return judgeVersions(versions, TOOLS_ONLY)
}

/** What an answer to `initialize` says: the negotiated revision, or why there is none. */
export type LegacyVerdict =
  | ({ readonly kind: 'legacy'; readonly version: string } & Presentation)
  | { readonly kind: 'foreign'; readonly versions: readonly string[] }
  /** It refused `initialize` and named modern revisions, or answered it with one, which has no handshake. */
  | { readonly kind: 'modern' }
  | { readonly kind: 'refused'; readonly reason: string }

/** Source: MCP 2025-11-25, Lifecycle, "Version Negotiation"; 2026-07-28, Versioning. */
export function judgeInitialize(answer: Message): LegacyVerdict {
  if (answer.kind === 'error') {
    const verdict = judgeProbe(answer)
    if (verdict.kind === 'modern') return { kind: 'modern' }
    if (verdict.kind === 'foreign') return verdict
    const message = asObject(readJson(answer, answer.error))?.['message']
    return { kind: 'refused', reason: typeof message === 'string' ? message : 'no reason given' }
  }
  const result = asObject(readJson(answer, answer.result))
  const version = result?.['protocolVersion']
  if (typeof version !== 'string') return { kind: 'refused', reason: 'no protocolVersion given' }
  if (!LEGACY_VERSIONS.some((known) => known === version)) {
    if (MODERN_VERSIONS.some((known) => known === version)) return { kind: 'modern' }
    return { kind: 'foreign', versions: [version] }
  }
  return { kind: 'legacy', version, ...present(answer) }
}

function judgeVersions(versions: readonly string[], presentation: Presentation): Verdict {
  const modern = MODERN_VERSIONS.find((version) => versions.includes(version))
  if (modern !== undefined) return { kind: 'modern', version: modern, ...presentation }
  const legacy = LEGACY_VERSIONS.some((version) => versions.includes(version))
  const newerOnly = versions.length > 0 && versions.every((version) => version > LATEST_MODERN)
  return !legacy && newerOnly ? { kind: 'foreign', versions } : { kind: 'legacy' }
}

const TOOLS_ONLY: Presentation = {
  capabilities: readCapabilities({ tools: {} }),
  capabilitiesText: '{"tools":{}}',
  instructions: undefined,
}

function present(answer: Message): Presentation {
  const { bytes, result } = answer
  const range = findMember(bytes, result, 'capabilities')
  const instructions = asObject(readJson(answer, result))?.['instructions']
  const value = range && readJson(answer, range)
  return {
    capabilities: readCapabilities(value),
    capabilitiesText:
      range && asObject(value) ? bytes.toString('utf8', range.start, range.end) : '{}',
    instructions: typeof instructions === 'string' ? instructions : undefined,
  }
}

function readCapabilities(value: unknown): Capabilities {
  const all = asObject(value)
  const of = (family: Family): Readonly<Record<string, unknown>> | undefined =>
    asObject(all?.[family])
  const [tools, resources, prompts] = [of('tools'), of('resources'), of('prompts')]
  return {
    lists: {
      tools: tools !== undefined,
      resources: resources !== undefined,
      prompts: prompts !== undefined,
    },
    changes: {
      tools: tools?.['listChanged'] === true,
      resources: resources?.['listChanged'] === true,
      prompts: prompts?.['listChanged'] === true,
    },
    subscribe: resources?.['subscribe'] === true,
    logging: asObject(all?.['logging']) !== undefined,
  }
}

function textList(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined
  return value.filter((entry) => typeof entry === 'string')
}
