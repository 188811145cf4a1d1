import { ManualClock } from '@sallyport/kit/clock'
import { AppError } from '@sallyport/kit/errors'
import type { Principal } from '@sallyport/kit/principal'
import { Secret } from '@sallyport/kit/secret'
import type { ToolOutcome } from '@sallyport/kit/tool-server'
import { z } from 'zod'
import type { SlackApi, SlackAsk } from '../client/slack-api.ts'
import type { ChannelFinder, KnownChannel } from '../directory/channel-finder.ts'
import type { SlackOnce } from '../once/slack-once.ts'
import type { WriteRule } from '../settings/settings.ts'
import type { SlackContext, Workspace } from './slack-context.ts'
import type { SlackTool } from './slack-tool.ts'
import type { WriteDeps } from './write-tool.ts'
import { createWriteTools } from './write-tools.ts'

/** What Slack was asked. */
export interface Asked {
  readonly method: string
  readonly args: Readonly<Record<string, unknown>>
  readonly write: boolean
}

/** A workspace that answers what a test says. */
export class FakeSlack implements SlackApi {
  readonly asked: Asked[] = []
  readonly uploaded: { readonly url: string; readonly bytes: Buffer }[] = []
  answer: (asked: Asked) => unknown = () => ({})

  /** What changed something. */
  get writes(): readonly Asked[] {
    return this.asked.filter(({ write }) => write)
  }

  async call<Reply>(
    method: string,
    args: Readonly<Record<string, unknown>>,
    { reply, write = false }: SlackAsk<Reply>,
  ): Promise<Reply> {
    const asked = { method, args, write }
    this.asked.push(asked)
    const given = {
      channel: args['channel'],
      ts: '1700000000.000100',
      ...Object(await this.answer(asked)),
    }
    return reply.parse(given)
  }

  upload(url: string, bytes: Buffer): Promise<void> {
    this.uploaded.push({ url, bytes })
    return Promise.resolve()
  }

  download(): Promise<never> {
    return Promise.reject(new AppError('internal', 'nothing to download'))
  }
}

/** Slack's refusal by its own code. */
export function slackRefusal(slackError: string): AppError {
  return new AppError('slack_refused', `Slack refused it: ${slackError}`, {
    details: { slackError },
  })
}

/** The channels that a test knows; each look-up is counted. */
export class FakeChannels implements ChannelFinder {
  looks = 0
  readonly forgotten: string[] = []
  readonly known: readonly KnownChannel[] = [
    { id: 'C0000BOTS', name: 'bots', user: null },
    { id: 'C000GENERAL', name: 'general', user: null },
    { id: 'D0000ANNA', name: null, user: 'U0000ANNA' },
    { id: 'D00000BEN', name: null, user: 'U00000BEN' },
  ]

  byId(_workspace: Workspace, id: string): Promise<KnownChannel> {
    return this.#find((one) => one.id === id)
  }

  byName(_workspace: Workspace, name: string): Promise<KnownChannel> {
    return this.#find((one) => one.name === name)
  }

  forgetChannel(_workspace: Workspace, id: string): void {
    this.forgotten.push(id)
  }

  #find(fits: (one: KnownChannel) => boolean): Promise<KnownChannel> {
    this.looks += 1
    const found = this.known.find(fits)
    if (found) return Promise.resolve(found)
    return Promise.reject(new AppError('slack_channel_unknown', 'there is no such channel'))
  }
}

const NO_KEYS: SlackOnce = {
  run: async (_call, perform) => ({ text: await perform(), replayed: false }),
}

/** The writing tools over one workspace that is not Slack's. */
export class WriteRig {
  readonly slack = new FakeSlack()
  readonly channels = new FakeChannels()
  readonly clock = new ManualClock()
  readonly tools: readonly SlackTool[]
  readonly controller = new AbortController()

  constructor(rule: WriteRule, deps: Partial<WriteDeps> = {}) {
    const { channels, clock } = this
    const uploads = { bytesMax: 1_000, kinds: ['txt', 'md', 'png'], folder: undefined }
    this.tools = createWriteTools({ rule, channels, once: NO_KEYS, uploads, clock, ...deps })
  }

  get names(): readonly string[] {
    return this.tools.map(({ tool }) => tool.name)
  }

  /** Calls a tool as its server does. */
  async call(
    name: string,
    args: Readonly<Record<string, unknown>>,
    sent: { readonly key?: string; readonly principal?: string } = {},
  ): Promise<ToolOutcome<Readonly<Record<string, unknown>>>> {
    const found = this.tools.find(({ tool }) => tool.name === name)
    if (!found) throw new AppError('not_found', 'there is no such tool')
    const { tool } = found
    const given = tool.input.safeParse(args)
    if (!given.success) throw new AppError('request_invalid', z.prettifyError(given.error))
    const outcome = await tool.run(given.data, this.context(sent))
    tool.output.parse(outcome.structured)
    return outcome as ToolOutcome<Readonly<Record<string, unknown>>> // as its output schema says
  }

  context({
    key,
    principal = 'token:one',
  }: {
    readonly key?: string
    readonly principal?: string
  }): SlackContext {
    const workspace = testWorkspace(this.slack)
    return {
      call: {
        principal: { id: principal, tenant: null } as Principal, // all that tools look at
        address: '127.0.0.1',
        requestId: 'r1',
        signal: this.controller.signal,
        deadlineMs: 30_000,
        idempotencyKey: key,
      },
      workspaces: [workspace],
      workspace: (team) => {
        if (team === undefined || team === workspace.installation.team) return workspace
        throw new AppError('slack_team_unknown', 'there is no such workspace')
      },
    }
  }
}

function testWorkspace(api: SlackApi): Workspace {
  return {
    api,
    app: {
      name: 'default',
      clientId: '1.2',
      clientSecret: new Secret('not a secret'),
      signingSecret: undefined,
      scopes: [],
      userScopes: [],
      distribution: 'internal',
      tenant: null,
    },
    installation: {
      ...{ app: 'default', team: 'T00000ONE', teamName: 'One', enterprise: null, tenant: null },
      ...{ botUser: 'U0000BOT1', botScopes: [], user: null, installedBy: 'U0000ANNA' },
      ...{ installedAtMs: 0, expiresAtMs: null, state: 'active' },
    },
  }
}
