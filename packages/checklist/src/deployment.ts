import type { VerifyReport } from '@sallyport/contract/admin'
import type { ChecklistBook, DiscordView, Profile } from '@sallyport/contract/checklist'
import type { ChecklistSettings, GatewayConfig } from '@sallyport/contract/config'
import type { Clock } from '@sallyport/kit/clock'
import type { ConfigProblem } from '@sallyport/kit/config'
import type { Secret } from '@sallyport/kit/secret'
import type { z } from 'zod'

/** The gateway of the deployment while it runs, asked as a local administrator. */
export interface GatewayView {
  /** Version of the product that runs. */
  readonly version: string
  /** `http://127.0.0.1:9100`: the data listener. */
  readonly dataUrl: string
  /** The same of the admin listener. */
  readonly adminUrl: string
  /**
   * Reads a route of the admin API.
   *
   * @param path with query, such as `/api/v1/servers`
   * @throws {AppError} what it answered, `not_running`, `deadline_exceeded`
   */
  read<Answer>(schema: z.ZodType<Answer>, path: string, signal: AbortSignal): Promise<Answer>
  /**
   * One MCP request as a caller of this machine, over the local socket.
   *
   * @throws {AppError} what it answered
   */
  call(
    method: string,
    params: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<unknown>
  /**
   * Checks every chain of the audit log.
   *
   * @throws {AppError} as `read`
   */
  verifyAudit(signal: AbortSignal): Promise<VerifyReport>
  /** A key that may list and call; one that was given, else one that lives until the end of the run. */
  key(signal: AbortSignal): Promise<Secret>
}

/** A workspace that the Slack app is installed in. */
export interface SlackTeam {
  readonly team: string
  readonly app: string
  readonly state: 'active' | 'reinstall' | 'removed'
  /** Of the bot. */
  readonly scopes: readonly string[]
  /** Null = its tokens do not end. */
  readonly expiresAtMs: number | null
}

/** The Slack server of the deployment, alone or behind the gateway. */
export interface SlackView {
  /** Where MCP is spoken with it. */
  readonly mcpUrl: string
  /** Where its pages are, without a slash at the end. */
  readonly webUrl: string
  readonly publicUrl: string
  readonly redirectUri: string
  readonly logLevel: string
  /** Scopes that the app asks for. */
  readonly scopes: readonly string[]
  readonly toolsets: readonly string[]
  /** Browsers that may call. */
  readonly origins: readonly string[]
  /** What a call may take, milliseconds. */
  readonly callMs: number
  /** `sqlite:<absolute path>` or `postgres://...`. */
  readonly store: string
  /** Workspaces that tokens of callers are bound to. */
  readonly boundTeams: readonly string[]
  /** @throws {AppError} `store_unreachable` and what else opening its store throws */
  teams(): Promise<readonly SlackTeam[]>
  /** A token that may call. */
  token(signal: AbortSignal): Promise<Secret>
}

/** What the probes look at. Made for one run; facts read once are kept with it. */
export interface Deployment {
  readonly profile: Profile
  /** `environment` of the configuration. */
  readonly environment: string
  /** Absolute path of the configuration's file; `environment` for `INSTANCES`. */
  readonly file: string
  /** The folder of that file, where relative paths of the checklist start. */
  readonly folder: string
  /** Undefined where it cannot be run; `problems` says why. */
  readonly config: GatewayConfig | undefined
  /** What was read, before references to secrets were resolved. */
  readonly source: unknown
  /** Errors and warnings of the configuration. */
  readonly problems: readonly ConfigProblem[]
  /** Defaults where the configuration cannot be read. */
  readonly settings: ChecklistSettings
  /** Of the process; commands are found on its PATH, and nowhere else. */
  readonly variables: Readonly<Record<string, string | undefined>>
  /** Undefined where none runs, and where it says nothing. */
  readonly gateway: GatewayView | undefined
  /** That a gateway runs and says nothing, as a sentence. */
  readonly hung?: string
  /** Undefined where no store can be opened. */
  readonly book: ChecklistBook | undefined
  /** Undefined where no Slack server is part of the deployment; why it cannot be looked at where its settings are wrong. */
  readonly slack: SlackView | { readonly unreadable: string } | undefined
  /** Undefined until a Discord server is part of the deployment. */
  readonly discord: DiscordView | undefined
  /** Absolute path of another deployment's folder that must share no secret with this one. */
  readonly against: string | undefined
  readonly clock: Clock
}

/** A fact of a deployment, read when first asked for and then kept; a failure is kept as well. */
export type Fact<Value> = (deployment: Deployment, signal: AbortSignal) => Promise<Value>

/**
 * Makes a fact of what reads it. The signal of whoever asks bounds the reading; where it ended one that others wait for
 * too, the next of them reads anew within its own.
 */
export function fact<Value>(read: Fact<Value>): Fact<Value> {
  const known = new WeakMap<Deployment, { reading: Promise<Value>; signal: AbortSignal }>()
  const ask: Fact<Value> = (deployment, signal) => {
    const kept = known.get(deployment)
    if (kept === undefined) {
      const reading = read(deployment, signal)
      known.set(deployment, { reading, signal })
      return reading
    }
    return kept.reading.catch((thrown: unknown) => {
      if (!kept.signal.aborted || signal.aborted) throw thrown
      if (known.get(deployment) === kept) known.delete(deployment)
      return ask(deployment, signal)
    })
  }
  return ask
}
