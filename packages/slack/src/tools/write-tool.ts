import type { Clock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import { holderOf } from '@sallyport/kit/principal'
import { defineTool, type ToolHints, type ToolOutcome } from '@sallyport/kit/tool-server'
import { z } from 'zod'
import type { ChannelFinder } from '../directory/channel-finder.ts'
import { WriteGuard } from '../guard/write-guard.ts'
import { WritePlaces } from '../guard/write-places.ts'
import type { SlackOnce } from '../once/slack-once.ts'
import type { Toolset, UploadRule, WriteRule } from '../settings/settings.ts'
import type { SlackContext, Workspace } from './slack-context.ts'
import type { ScopeNeed, SlackTool } from './slack-tool.ts'
import { Writing } from './writing.ts'

/** What the writing tools are made of. */
export interface WriteDeps {
  readonly rule: WriteRule
  readonly channels: ChannelFinder
  readonly once: SlackOnce
  readonly uploads: UploadRule
  readonly clock: Clock
}

/** A tool that changes something at Slack, before it is tied to its guard and to idempotency keys. */
export interface WriteTool<Input extends z.ZodRawShape, Output extends z.ZodRawShape> {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly hints: ToolHints
  readonly toolset: Toolset
  /** The bot needs one of these; empty = its token is enough. */
  readonly scopes: readonly string[]
  /** Whether it changes a channel, or what belongs to the whole workspace. */
  readonly reach: 'channel' | 'workspace'
  /** `team_id` and `idempotency_key` come on top. */
  readonly input: Input
  /** `team_id` and `replayed` come on top. */
  readonly output: Output
  /** @throws {AppError} */
  write(
    input: z.output<z.ZodObject<Input>>,
    writing: Writing,
    deps: WriteDeps,
  ): Promise<ToolOutcome<z.output<z.ZodObject<Output>>>>
}

/** A writing tool of any input, ready for its guard. */
export type GuardedTool = (deps: WriteDeps, guard: WriteGuard) => SlackTool

/** What a writing tool may change: a channel, or the workspace. */
export interface WriteEntry {
  readonly reach: 'channel' | 'workspace'
  readonly bind: GuardedTool
}

const COMMON = {
  team_id: z
    .string()
    .regex(/^[TE][A-Z0-9]{1,30}$/)
    .optional()
    .describe('Workspace, T...; needed where several can be used'),
  idempotency_key: z
    .string()
    .regex(/^[\u0020-\u007e]{1,255}$/)
    .optional()
    .describe(
      'Made up for this call: a repeat with the same key and arguments does nothing again and gets the first result',
    ),
}
const ANSWERED = {
  team_id: z.string(),
  replayed: z.boolean().optional().describe('True: an earlier call with this key did it'),
}

/** Adds to a definition what all writing tools share. */
export function defineWrite<Input extends z.ZodRawShape, Output extends z.ZodRawShape>(
  spec: WriteTool<Input, Output>,
): WriteEntry {
  return { reach: spec.reach, bind: (deps, guard) => bind(spec, deps, guard) }
}

/** The tools whose writes the rule allows somewhere; none at all without a rule. */
export function boundTools(entries: readonly WriteEntry[], deps: WriteDeps): readonly SlackTool[] {
  const places = new WritePlaces(deps.rule)
  const guard = new WriteGuard(places, deps.channels)
  return entries
    .filter(({ reach }) => (reach === 'channel' ? places.open : places.workspaces))
    .map(({ bind: tie }) => tie(deps, guard))
}

function bind<Input extends z.ZodRawShape, Output extends z.ZodRawShape>(
  spec: WriteTool<Input, Output>,
  deps: WriteDeps,
  guard: WriteGuard,
): SlackTool {
  const { name, title, description, hints, toolset, scopes } = spec
  const needs: readonly ScopeNeed[] = scopes.length === 0 ? [] : [{ as: 'bot', anyOf: scopes }]
  const tool = defineTool({
    ...{ name, title, description, hints },
    input: z.strictObject({ ...COMMON, ...spec.input }),
    output: z.strictObject({ ...ANSWERED, ...spec.output }),
    run: async (given, context: SlackContext) => {
      const {
        team_id: team,
        idempotency_key: named,
        ...rest
      } = given as z.output<z.ZodObject<typeof COMMON>>
      const key = keyOf(context.call.idempotencyKey, named)
      const workspace = context.workspace(team)
      const input = rest as z.output<z.ZodObject<Input>> // the schema above, less what all tools share
      const signal = key === undefined ? context.call.signal : staying(context.call.signal)
      const perform = async (): Promise<Answer> => {
        const writing = new Writing(workspace, guard, signal)
        try {
          const { structured, text } = await spec.write(input, writing, deps)
          return { structured: { team_id: workspace.installation.team, ...structured }, text }
        } catch (thrown) {
          throw writing.failed(thrown)
        }
      }
      const answer =
        key === undefined
          ? await perform()
          : await once(deps.once, { key, name, input, workspace, context }, perform)
      return answer as ToolOutcome<never> // built of the output that `spec.write` promises
    },
  })
  return { tool, toolset, needs }
}

interface Answer {
  readonly structured: Readonly<Record<string, unknown>>
  readonly text: string
}

interface Keyed {
  readonly key: string
  readonly name: string
  readonly input: unknown
  readonly workspace: Workspace
  readonly context: SlackContext
}

async function once(
  keys: SlackOnce,
  { key, name, input, workspace, context }: Keyed,
  perform: () => Promise<Answer>,
): Promise<Answer> {
  const { principal, signal } = context.call
  const { app, team } = workspace.installation
  const { text, replayed } = await keys.run(
    {
      holder: holderOf(principal),
      principal: principal.id,
      ...{ tool: name, key, signal },
      args: JSON.stringify([app, team, input]),
    },
    async () => JSON.stringify(await perform()),
  )
  const answer = JSON.parse(text) as Answer // of `perform`, in this process or an earlier one
  if (!replayed) return answer
  return { ...answer, structured: { ...answer.structured, replayed: true } }
}

function keyOf(sent: string | undefined, named: string | undefined): string | undefined {
  if (sent !== undefined && named !== undefined && sent !== named) {
    throw new AppError(
      'request_invalid',
      'idempotency_key and the idempotency key of the request differ; send one of them',
      { outcome: 'not_sent' },
    )
  }
  return sent ?? named
}

/**
 * Aborts as the call's own signal does, but not when the caller leaves: whoever comes back with the same key is told
 * what became of the call.
 */
function staying(signal: AbortSignal): AbortSignal {
  const controller = new AbortController()
  const follow = (): void => {
    const { code } = AppError.from(signal.reason)
    if (code !== 'cancelled') controller.abort(signal.reason)
  }
  signal.addEventListener('abort', follow, { once: true })
  if (signal.aborted) follow()
  return controller.signal
}
