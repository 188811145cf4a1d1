import type { Sight, SightRule, SightSelection } from '@sallyport/kit/principal'
import { publicName } from '@sallyport/kit/tool-name'
import { isCanonical } from './canonical.ts'
import type { ServerCatalogue } from './catalogue.ts'
import { isDenied, selects } from './glob.ts'
import { changesNothing } from './target.ts'
import type { Tool, ToolPins } from './tool.ts'

/** How a URI came to be asked for. */
export type UriOrigin =
  /** Its server lists it. */
  | 'listed'
  /** A tool that is seen names it as its interface. */
  | 'declared'
  /** A server gave the caller a link to it. */
  | 'given'
  /** Neither: it may be a spelling of one that is left out. */
  | 'unlisted'

const NOTHING: SightSelection = { allow: [] }
const NO_DENY: readonly string[] = []

/**
 * What a sight lets through: what passes each of its rules. A rule that selects tools shows no resources and
 * no prompts but those that it selects, and the interfaces its tools declare.
 */
export class SightFilter {
  /** Equal for equal sights. */
  readonly key: string
  /** Whether something that a server has may be left out; otherwise whole servers only. */
  readonly narrows: boolean
  readonly #rules: readonly SightRule[]
  readonly #readOnly: boolean
  readonly #resources: readonly SightSelection[]
  readonly #prompts: readonly SightSelection[]

  private constructor({ key, rules }: Sight) {
    this.key = key
    this.#rules = rules
    this.#readOnly = rules.some(({ readOnly }) => readOnly === true)
    const own = (rule: SightRule, kind: 'resources' | 'prompts'): readonly SightSelection[] => {
      const selection = rule[kind] ?? (rule.tools && NOTHING)
      return selection ? [selection] : []
    }
    this.#resources = rules.flatMap((rule) => own(rule, 'resources'))
    this.#prompts = rules.flatMap((rule) => own(rule, 'prompts'))
    this.narrows =
      this.#readOnly || rules.some(({ tools, resources, prompts }) => tools ?? resources ?? prompts)
  }

  /** The filter of a sight: the same one each time. */
  static of(sight: Sight): SightFilter {
    const known = FILTERS.get(sight)
    if (known) return known
    const filter = new SightFilter(sight)
    FILTERS.set(sight, filter)
    return filter
  }

  /** Whether prompts may be seen at all. */
  get hasPrompts(): boolean {
    return this.#prompts.every(({ allow }) => allow === undefined || allow.length > 0)
  }

  /** Whether other resources may be seen than interfaces of tools. */
  get hasResources(): boolean {
    return this.#resources.every(({ allow }) => allow === undefined || allow.length > 0)
  }

  /** A server or a group, by the name that its scope has. */
  server(name: string): boolean {
    return this.#rules.every(({ servers }) => servers === undefined || servers.includes(name))
  }

  /** Whether the names of tools that are selected include one of a server or group. */
  selects(server: string, tool: string): boolean {
    const full = publicName(server, tool)
    return this.#rules.every(({ tools }) => tools === undefined || selects(tools, full))
  }

  /**
   * A tool of a server or group by the server's own name for it; `tool` is undefined while it is on no list.
   *
   * @param pins what an endpoint states about it
   */
  tool(
    known: ServerCatalogue,
    name: string,
    tool: Tool | undefined,
    pins: ToolPins | undefined,
  ): boolean {
    if (!this.selects(known.server, name)) return false
    return !this.#readOnly || changesNothing(known, name, tool, pins)
  }

  prompt(server: string, name: string): boolean {
    const full = publicName(server, name)
    return this.#prompts.every((selection) => selects(selection, full))
  }

  /** A server's own URI, or the text of its template. */
  uri(uri: string, origin: UriOrigin): boolean {
    return this.#resources.every((selection) => passesUri(selection, uri, origin))
  }
}

const FILTERS = new WeakMap<Sight, SightFilter>()

function passesUri(selection: SightSelection, uri: string, origin: UriOrigin): boolean {
  const { allow, deny = NO_DENY } = selection
  switch (origin) {
    case 'declared':
      return !isDenied(deny, uri)
    case 'listed':
    case 'given':
      return selects(selection, uri)
    case 'unlisted':
      // A denied one has many spellings, and which of them its server reads is not known.
      return allow === undefined ? deny.length === 0 : selects(selection, uri) && isCanonical(uri)
    default:
      return origin satisfies never
  }
}
