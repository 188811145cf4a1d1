import { AppError } from '@sallyport/kit/errors'
import { holderOf, type Principal } from '@sallyport/kit/principal'
import type { ToolCall } from '@sallyport/kit/tool-server'
import { reinstallError } from '../client/call-errors.ts'
import type { FileAsk, FileContent, SlackAim, SlackApi, SlackAsk } from '../client/slack-api.ts'
import type { SlackClients } from '../client/slack-clients.ts'
import type { Installation, Installations } from '../installations/installation.ts'
import type { SlackContext, Workspace } from '../tools/slack-context.ts'
import {
  type AccessRules,
  type Sighted,
  type UsableInstallation,
  visibleInstallations,
} from './visible-installations.ts'

/** Callers whose sight is remembered; beyond it all are looked at anew. */
const CALLERS_MAX = 10_000

/** Which workspaces a caller may use, and the Web API of each for one call. */
export class SlackAccess {
  readonly #rules: AccessRules
  readonly #installations: Pick<Installations, 'list'>
  readonly #clients: SlackClients
  /** By holder, while the list of installations is the same. */
  readonly #sights = new Map<string, Sighted>()
  #seen: readonly Installation[] | undefined

  constructor(
    rules: AccessRules,
    installations: Pick<Installations, 'list'>,
    clients: SlackClients,
  ) {
    this.#rules = rules
    this.#installations = installations
    this.#clients = clients
  }

  /** What a caller may use; the same object while nothing about it changed. */
  of(principal: Principal): Sighted {
    const list = this.#installations.list()
    if (list !== this.#seen || this.#sights.size >= CALLERS_MAX) this.#sights.clear()
    this.#seen = list
    const holder = holderOf(principal)
    const known = this.#sights.get(holder)
    if (known !== undefined) return known
    const sighted = visibleInstallations(principal, this.#rules, list)
    this.#sights.set(holder, sighted)
    return sighted
  }

  /**
   * What a tool works with during a call.
   *
   * @throws {AppError} `forbidden` for a caller that is bound to no workspace while several are installed
   */
  context(call: ToolCall): SlackContext {
    const { usable, refusal } = this.of(call.principal)
    if (refusal !== undefined) throw refusal
    const workspaces = usable.map((one) => this.#workspace(one, call))
    return { call, workspaces, workspace: (team) => meant(workspaces, team) }
  }

  #workspace({ installation, app }: UsableInstallation, { deadlineMs }: ToolCall): Workspace {
    const client = (): SlackApi => this.#clients.of(app, installation)
    return { installation, app, api: new TimedApi(client, deadlineMs) }
  }
}

/** The Web API during one call: whatever is asked waits no longer than the call may take. */
class TimedApi implements SlackApi {
  readonly #client: () => SlackApi
  readonly #deadlineMs: number

  constructor(client: () => SlackApi, deadlineMs: number) {
    this.#client = client
    this.#deadlineMs = deadlineMs
  }

  call<Reply>(
    method: string,
    args: Readonly<Record<string, unknown>>,
    ask: SlackAsk<Reply>,
  ): Promise<Reply> {
    return this.#client().call(method, args, this.#timed(ask))
  }

  download(url: string, ask: FileAsk): Promise<FileContent> {
    return this.#client().download(url, this.#timed(ask))
  }

  upload(url: string, bytes: Buffer, aim: SlackAim): Promise<void> {
    return this.#client().upload(url, bytes, this.#timed(aim))
  }

  #timed<Ask extends SlackAim>(ask: Ask): Ask {
    return { ...ask, deadlineMs: Math.min(ask.deadlineMs ?? this.#deadlineMs, this.#deadlineMs) }
  }
}

function meant(workspaces: readonly Workspace[], team: string | undefined): Workspace {
  const found =
    team === undefined
      ? theOnly(workspaces)
      : workspaces.find(({ installation }) => installation.team === team)
  // One sentence for what is not there and for what is there for others.
  if (found === undefined) throw unknown('there is no such workspace', LIST)
  if (found.installation.state !== 'active') throw reinstallError(found.installation, '')
  return found
}

const LIST = 'slack_list_workspaces lists those that can be used'

function theOnly(workspaces: readonly Workspace[]): Workspace {
  const [only, ...others] = workspaces
  if (only === undefined) throw unknown('no workspace is installed', 'open /slack/install')
  if (others.length > 0) throw unknown('there are several workspaces', `give team_id; ${LIST}`)
  return only
}

function unknown(what: string, remedy: string): AppError {
  return new AppError('slack_team_unknown', `${what}: ${remedy}`)
}
