import { AppError } from '@sallyport/kit/errors'
import { isLoopback } from '@sallyport/kit/http'
import { printable } from '@sallyport/kit/log'
import { RPC } from '@sallyport/kit/mcp'
import type { SlackSettings } from '@sallyport/slack/settings'
import { z } from 'zod'
import { McpClient } from '../client/mcp-client.ts'
import { type ConfigOptions, findConfiguration, readConfiguration } from '../configuration.ts'
import type { Context } from '../context.ts'
import { EXIT } from '../exit-code.ts'
import { localSocketOf } from '../local.ts'
import { environmentSettings } from '../slack-settings.ts'
import { durationOf } from '../times.ts'
import { formatResult } from './tool-result.ts'

const CALL_MS = 60_000
const WORDS_MAX = 300
const WORDS = 'Sallyport proves that it can post here. This message is deleted at once.'

interface Options extends ConfigOptions {
  readonly team?: string
  readonly channel?: string
  readonly json?: boolean
}

/** A running Slack server, as a client of it. */
interface Proving {
  readonly client: McpClient
  /** Before the names of its tools. */
  readonly prefix: string
  readonly team: { readonly team_id?: string }
}

/** What became of one call. */
interface Step {
  readonly tool: string
  readonly ok: boolean
  readonly at: string
  readonly durationMs: number
  /** What was found or made, or why it failed. */
  readonly said: string
}

const called = z.object({
  isError: z.boolean().optional(),
  structuredContent: z.looseObject({}).optional(),
})
const listed = z.object({ channels: z.array(z.object({ id: z.string() })) })
const read = z.object({ messages: z.array(z.unknown()) })
const posted = z.object({ channel_id: z.string(), ts: z.string() })

/**
 * `slack prove`: has the Slack server that runs list channels and read one; with a channel it posts there and
 * deletes that again. 1 when a step failed.
 */
export async function slackProve(context: Context, options: Options): Promise<number> {
  const { terminal } = context
  const proof = new Proof(context, await reach(context, options))
  if (options.channel === undefined) await proof.read()
  else await proof.post(options.channel)
  const { steps } = proof
  const ok = steps.every((step) => step.ok)
  if (options.json) terminal.print(JSON.stringify({ ok, steps }))
  else terminal.print(steps.map(formatStep).join('\n'))
  return ok ? EXIT.ok : EXIT.failed
}

class Proof {
  readonly steps: Step[] = []
  readonly #context: Context
  readonly #proving: Proving

  constructor(context: Context, proving: Proving) {
    this.#context = context
    this.#proving = proving
  }

  async read(): Promise<void> {
    const list = { member_only: true, limit: 1 }
    const found = await this.#step('slack_list_channels', list, listed, ({ channels }) => {
      const [first] = channels
      return first === undefined
        ? { failed: 'the app is in no channel: invite it to one, like `/invite @sallyport`' }
        : `the app is in ${first.id}`
    })
    const [channel] = found?.channels ?? []
    if (channel === undefined) return
    const history = { channel_id: channel.id, limit: 1 }
    await this.#step('slack_get_channel_history', history, read, ({ messages }) => {
      return `${channel.id} was read, ${messages.length === 0 ? 'and is empty' : 'its newest message'}`
    })
  }

  async post(channel: string): Promise<void> {
    const words = { channel_id: channel, text: WORDS }
    const made = await this.#step('slack_post_message', words, posted, (message) => {
      return `message ${message.ts} in ${message.channel_id}`
    })
    if (made === undefined) return
    const { channel_id, ts } = made
    await this.#step('slack_delete_message', { channel_id, ts }, posted, () => {
      return `message ${ts} in ${channel_id} is gone`
    })
  }

  /** What the tool gave; undefined when it failed, which is noted. */
  async #step<Result>(
    tool: string,
    args: object,
    schema: z.ZodType<Result>,
    say: (result: Result) => string | { readonly failed: string },
  ): Promise<Result | undefined> {
    const { clock } = this.#context
    const { client, prefix, team } = this.#proving
    const at = new Date(clock.nowMs()).toISOString()
    const sinceMs = clock.monotonicMs()
    const note = (ok: boolean, said: string): void => {
      const durationMs = Math.round(clock.monotonicMs() - sinceMs)
      this.steps.push({ tool, ok, at, durationMs, said: printable(said, WORDS_MAX) })
    }
    try {
      const json = JSON.stringify({ ...team, ...args })
      const raw = await client.callTool(`${prefix}${tool}`, json, AbortSignal.timeout(CALL_MS))
      const result: unknown = JSON.parse(raw.toString('utf8'))
      const { isError, structuredContent } = called.parse(result)
      if (isError === true) return void note(false, formatResult(Object(result)))
      const value = schema.parse(structuredContent)
      const said = say(value)
      note(typeof said === 'string', typeof said === 'string' ? said : said.failed)
      return value
    } catch (thrown) {
      if (thrown instanceof z.ZodError) note(false, 'the answer is none of this tool')
      else note(false, reasonOf(AppError.from(thrown)))
      return undefined
    }
  }
}

/** The server says the same of a tool that is off as of one that nobody knows; here its settings can be named. */
function reasonOf({ message, details }: AppError): string {
  if (details['rpcCode'] !== RPC.invalidParams || !message.startsWith('Unknown tool'))
    return message
  return `${message}: SLACK_TOOLSETS, SLACK_WRITE_CHANNELS and the scopes of the app decide which tools there are`
}

/** The gateway's own when its configuration has `slack:`, else the one of the environment. */
async function reach(context: Context, options: Options): Promise<Proving> {
  const team = options.team === undefined ? {} : { team_id: options.team }
  const source = findConfiguration(context, options)
  const configuration =
    source.kind === 'none' ? undefined : await readConfiguration(context, source)
  if (configuration?.config.slack !== undefined) {
    const target = { kind: 'socket', path: localSocketOf(configuration) } as const
    return { client: new McpClient(target, undefined), prefix: 'slack__', team }
  }
  const settings = environmentSettings(context)
  const target = { kind: 'url', url: addressOf(settings) } as const
  return { client: new McpClient(target, tokenFor(settings, options.team)), prefix: '', team }
}

/** Here where only this machine reaches it, else as everybody does. */
function addressOf({ listen, publicUrl }: SlackSettings): URL {
  if (!isLoopback(listen.host)) return new URL(`${publicUrl}/mcp`)
  const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host
  return new URL(`http://${host}:${listen.port}/mcp`)
}

/** A token that may use that workspace. @throws {AppError} `usage` when none may */
function tokenFor({ tokens }: SlackSettings, team: string | undefined) {
  const fitting = tokens.find(({ teams }) => team === undefined || teams?.includes(team) === true)
  const [value] = (fitting ?? tokens.find(({ teams }) => teams === undefined))?.values ?? []
  if (value !== undefined) return value
  throw new AppError('usage', 'no token of SALLYPORT_TOKEN may use that workspace: bind one to it')
}

function formatStep({ tool, ok, durationMs, said }: Step): string {
  return `${ok ? 'ok    ' : 'FAILED'}  ${tool} (${durationOf(durationMs)}): ${said}`
}
