import { defineTool, type ToolOutcome } from '@sallyport/kit/tool-server'
import type { z } from 'zod'
import type { CursorBinding } from '../cursors/cursors.ts'
import type { Toolset } from '../settings/settings.ts'
import { gather, type Listing, pageEnd, type PageEnd, placeState } from './page.ts'
import { ReadCall } from './read-call.ts'
import type { ReadServices } from './read-services.ts'
import type { SlackContext } from './slack-context.ts'
import { READS, type ScopeNeed, type SlackTool } from './slack-tool.ts'

/** What tells one tool that reads a workspace from another. */
export interface ReadToolSpec<Input, Output> {
  readonly name: string
  readonly title: string
  readonly description: string
  /** `read` unless said otherwise. */
  readonly toolset?: Toolset
  readonly needs: readonly ScopeNeed[]
  readonly input: z.ZodType<Input>
  readonly output: z.ZodType<Output>
  run(given: Input, call: ReadCall, services: ReadServices): Promise<ToolOutcome<Output>>
}

/** A tool that reads one workspace and changes nothing. */
export function readTool<Input extends { readonly team_id?: string | undefined }, Output>(
  services: ReadServices,
  spec: ReadToolSpec<Input, Output>,
): SlackTool {
  const { name, title, description, toolset = 'read', needs, input, output } = spec
  const run = async (given: Input, context: SlackContext): Promise<ToolOutcome<Output>> => {
    return spec.run(given, new ReadCall(name, context, services, given.team_id), services)
  }
  const hints = READS
  const tool = defineTool({ name, title, description, hints, input, output, run })
  return { toolset, needs, tool }
}

/** What a tool says about the list of Slack's that it pages through. */
export type ListSource<Item> = Pick<Listing<Item>, 'pageMax' | 'keep' | 'load'> & {
  readonly requestsMax?: number
}

const REQUESTS_MAX = 10

/**
 * One page of a caller's from a list of Slack's.
 *
 * @param subject what the cursor belongs to besides tool and workspace: all that selects entries
 * @throws {AppError} `request_invalid` for a cursor of something else; what `load` throws
 */
export async function readList<Item>(
  call: ReadCall,
  { cursor, limit }: { readonly cursor?: string | undefined; readonly limit: number },
  subject: CursorBinding['subject'],
  source: ListSource<Item>,
): Promise<{ readonly items: readonly Item[]; readonly end: PageEnd }> {
  const gathered = await gather<Item>(call.open(cursor, subject, placeState), {
    requestsMax: REQUESTS_MAX,
    ...source,
    limit,
    hasTime: () => call.hasTime(),
  })
  return { items: gathered.items, end: pageEnd(gathered, call.seal(subject, gathered.next)) }
}

/** Keeps every entry, of a list whose pages must all be of one size. */
export function everything(): boolean {
  return true
}
