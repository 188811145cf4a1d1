import { z } from 'zod'
import { endpointName, serverName } from './name.ts'
import { refuse, textShape } from './text.ts'
import { flag } from './units.ts'

/** How long names are shown: `full`, or cut to 64 characters where a model API would refuse them. */
export type NameLength = 'full' | 'short'

/** What an operator says about one tool as an endpoint shows it. */
export interface AnnotationPins {
  readonly title?: string | undefined
  readonly readOnly?: boolean | undefined
  readonly destructive?: boolean | undefined
  readonly idempotent?: boolean | undefined
  readonly openWorld?: boolean | undefined
}

/** What passes: a text that some `allow` glob fits (`undefined` = every text does) and no `deny` glob. */
export interface Selection {
  readonly allow?: readonly string[] | undefined
  readonly deny: readonly string[]
}

/** A named selection of tools, resources and prompts, served at `/mcp/<name>`. */
export interface EndpointConfig {
  /** The key of the endpoint in the file. */
  readonly name: string
  readonly servers: readonly string[]
  /** Judged on `<server>__<tool>`, whatever the endpoint calls it. */
  readonly tools: Selection
  /** Judged on the server's own URI. */
  readonly resources: Selection
  /** Judged on `<server>__<prompt>`. */
  readonly prompts: Selection
  /** `<server>__<tool>` to the name shown. */
  readonly rename: Readonly<Record<string, string>>
  /** `<server>__<tool>` to the description shown. */
  readonly describe: Readonly<Record<string, string>>
  /** `<server>__<tool>` to what is pinned about it here, over the pins of its server. */
  readonly annotations: Readonly<Record<string, AnnotationPins>>
  readonly dropPrefix: boolean
  /** As the gateway's own where it is not set. */
  readonly names: NameLength
  readonly instructions: string | undefined
}

const GLOBS_MAX = 1_000
const ENDPOINTS_MAX = 1_000
const OVERRIDES_MAX = 10_000

const glob = z.string().min(1).max(512)
const globs = z.array(glob).max(GLOBS_MAX)

const selection = (what: string) =>
  z
    .strictObject({
      allow: globs
        .optional()
        .meta({ description: `Globs over ${what}; everything is allowed where it is absent.` }),
      deny: globs
        .default([])
        .meta({ description: `Globs over ${what} that are not shown, even when allowed.` }),
    })
    .prefault({})

const FULL_NAME = /^[a-z0-9][a-z0-9-]{0,31}__./
const SHOWN_NAME = /^[A-Za-z0-9_.-]{1,64}$/

const fullName = z
  .string()
  .max(512)
  .meta({ pattern: FULL_NAME.source })
  .superRefine((text, context) => {
    if (FULL_NAME.test(text)) return
    const message = `expected a tool as \`<server>__<tool>\`, got ${textShape(text)}`
    refuse(context, message, 'write it like `files__read`, with the server’s name of this file')
  })

const shownName = z
  .string()
  .meta({ pattern: SHOWN_NAME.source })
  .superRefine((text, context) => {
    if (SHOWN_NAME.test(text)) return
    const message = `a tool is called 1 to 64 of A-Z, a-z, 0-9, _, . and -, got ${textShape(text)}`
    refuse(context, message, 'choose a name without spaces and other characters')
  })

const pins = z
  .strictObject({
    title: z.string().min(1).max(256).optional().meta({ description: 'Title for people.' }),
    readOnly: z.boolean().optional().meta({ description: 'It changes nothing.' }),
    destructive: z.boolean().optional().meta({ description: 'It may delete or overwrite.' }),
    idempotent: z.boolean().optional().meta({ description: 'Twice is the same as once.' }),
    openWorld: z.boolean().optional().meta({ description: 'It reaches beyond its own system.' }),
  })
  .superRefine(({ readOnly, destructive }, context) => {
    if (readOnly !== true || destructive !== true) return
    refuse(context, 'a tool cannot be read-only and destructive', 'remove one', ['destructive'])
  })

/** Whether names over 64 characters are cut. */
export const names = z.enum(['full', 'short'])

/** One endpoint as it stands in the file. */
export const endpoint = z
  .strictObject({
    servers: z.array(serverName).min(1).max(ENDPOINTS_MAX).meta({
      description: 'Servers it draws from.',
    }),
    tools: selection('`<server>__<tool>` (`*` any run, `?` one character)').meta({
      description: 'Which of their tools it shows.',
    }),
    resources: selection('URIs as the servers write them').meta({
      description:
        'Which of their resources it shows. `ui://` resources of the tools it shows need no `allow`.',
    }),
    prompts: selection('`<server>__<prompt>`').meta({
      description: 'Which of their prompts it shows.',
    }),
    rename: bounded(z.record(fullName, shownName)).meta({
      description: 'Other names for tools: `<server>__<tool>` to the new name, which comes first.',
    }),
    describe: bounded(z.record(fullName, z.string().min(1).max(16_384))).meta({
      description: 'Other descriptions for tools, by `<server>__<tool>`.',
    }),
    annotations: bounded(z.record(fullName, pins)).meta({
      description: 'What you assert about tools here, by `<server>__<tool>`; over all other pins.',
    }),
    dropPrefix: flag(
      false,
      'Shows names without `<server>__`. Where two would be called the same both keep their prefix, which is logged.',
    ),
    names: names.optional().meta({ description: 'As `names` of the gateway, for this endpoint.' }),
    instructions: z.string().min(1).max(16_384).optional().meta({
      description: 'What its clients are told about it.',
    }),
  })
  .meta({
    id: 'Endpoint',
    description: 'A selection of tools, resources and prompts, served at `/mcp/<name>`.',
  })

type EndpointEntry = z.output<typeof endpoint>

/** Every endpoint of the file, by name. */
export const endpoints = z
  .record(endpointName, endpoint)
  .prefault({})
  .superRefine((all, context) => {
    if (Object.keys(all).length <= ENDPOINTS_MAX) return
    refuse(context, `more than ${ENDPOINTS_MAX} endpoints`, 'run several gateways')
  })
  .meta({ description: 'Selections of tools, resources and prompts at addresses of their own.' })

/** Completes one entry with its name and the gateway's own choice of names. */
export function toEndpointConfig(
  name: string,
  entry: EndpointEntry,
  fallback: NameLength,
): EndpointConfig {
  return {
    ...entry,
    name,
    names: entry.names ?? fallback,
    instructions: entry.instructions,
  }
}

function bounded<Value extends z.ZodType>(
  map: z.ZodRecord<typeof fullName, Value>,
): z.ZodPrefault<z.ZodRecord<typeof fullName, Value>> {
  return map.prefault({}).superRefine((all, context) => {
    if (Object.keys(all).length <= OVERRIDES_MAX) return
    refuse(context, `more than ${OVERRIDES_MAX} tools`, 'make several endpoints')
  })
}
