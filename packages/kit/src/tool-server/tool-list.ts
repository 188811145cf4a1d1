import { z } from 'zod'
import { AppError } from '../errors.ts'
import {
  type Answer,
  type ApplicationFace,
  type Era,
  type Exchange,
  idOf,
  META_SERVER_INFO,
} from '../mcp/index.ts'
import type { Principal } from '../principal.ts'
import type { Tool } from './tool.ts'

/** Sets of visible tools whose lists are kept as bytes; further ones are put together when asked for. */
const KEPT_MAX = 64

/** Which tools are there for a caller: one that is not is as one that does not exist. */
export type ShowsTool = (tool: string, principal: Principal) => boolean

/** The tools of a server by name, and their list ready to be sent: schemas are made once. */
export class ToolList<Context> {
  readonly #entries: readonly { readonly tool: Tool<Context>; readonly text: string }[]
  readonly #byName: ReadonlyMap<string, Tool<Context>>
  readonly #shows: ShowsTool
  /** What follows the entries of a list, by era, up to the id. */
  readonly #tails: Readonly<Record<Era, string>>
  readonly #kept = new Map<string, Buffer>()

  /** @throws {AppError} `internal` for two tools of one name, or one whose arguments are no object */
  constructor(
    tools: readonly Tool<Context>[],
    shows: ShowsTool,
    { serverInfo, ttlMs }: Pick<ApplicationFace, 'serverInfo' | 'ttlMs'>,
  ) {
    this.#entries = tools.map((tool) => ({ tool, text: describe(tool) }))
    this.#byName = new Map(tools.map((tool) => [tool.name, tool]))
    if (this.#byName.size < tools.length) {
      throw new AppError('internal', 'two tools of the server have the same name')
    }
    this.#shows = shows
    const meta = { [META_SERVER_INFO]: serverInfo }
    const modern = { resultType: 'complete', ttlMs, cacheScope: 'private', _meta: meta }
    this.#tails = { legacy: '},"id":', modern: `,${JSON.stringify(modern).slice(1)},"id":` }
  }

  /** The tool of that name, as far as it is there for the caller. */
  find(name: string | undefined, principal: Principal): Tool<Context> | undefined {
    if (name === undefined || !this.#shows(name, principal)) return undefined
    return this.#byName.get(name)
  }

  /** Names of the tools that are there for a caller, in the order of the list. */
  namesFor(principal: Principal): readonly string[] {
    return this.#entries
      .filter(({ tool }) => this.#shows(tool.name, principal))
      .map(({ tool }) => tool.name)
  }

  /** The whole list: there are no further pages. Source: MCP 2025-11-25 and 2026-07-28, "Listing Tools". */
  answer({ caller, era, message }: Pick<Exchange, 'caller' | 'era' | 'message'>): Answer {
    const shown = this.#entries.map(({ tool }) => this.#shows(tool.name, caller.principal))
    const key = `${era} ${shown.map(Number).join('')}`
    const bytes = this.#kept.get(key) ?? this.#put(key, era, shown)
    return { bytes, more: [idOf(message), CLOSING], status: 200 }
  }

  #put(key: string, era: Era, shown: readonly boolean[]): Buffer {
    const texts = this.#entries.filter((_entry, at) => shown[at]).map(({ text }) => text)
    const bytes = Buffer.from(
      `{"jsonrpc":"2.0","result":{"tools":[${texts.join()}]${this.#tails[era]}`,
    )
    if (this.#kept.size >= KEPT_MAX) this.#kept.clear()
    this.#kept.set(key, bytes)
    return bytes
  }
}

const CLOSING = Buffer.from('}')

/**
 * One entry of the list. Without `$schema`: revisions to 2025-06-18 name no dialect, and clients of that time
 * refuse one they do not know.
 *
 * Source: MCP 2025-11-25, "Tool"; JSON Schema 2020-12.
 */
function describe({ name, title, description, hints, input, output }: Tool<never>): string {
  const inputSchema = schemaOf(input, 'input')
  const outputSchema = schemaOf(output, 'output')
  if (inputSchema['type'] !== 'object' || outputSchema['type'] !== 'object') {
    throw new AppError('internal', `arguments and result of ${name} must be objects`)
  }
  return JSON.stringify({
    ...{ name, title, description, inputSchema, outputSchema },
    annotations: { title, ...hints },
  })
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io })
  return rest
}
