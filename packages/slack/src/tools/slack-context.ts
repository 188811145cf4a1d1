import type { ToolCall } from '@sallyport/kit/tool-server'
import type { SlackApi } from '../client/slack-api.ts'
import type { Installation } from '../installations/installation.ts'
import type { SlackApp } from '../settings/settings.ts'

/** One workspace as one caller may use it. */
export interface Workspace {
  readonly installation: Installation
  readonly app: SlackApp
  readonly api: SlackApi
}

/** What a tool works with during one call. */
export interface SlackContext {
  readonly call: ToolCall
  /** The workspaces that the caller may use, by team id. */
  readonly workspaces: readonly Workspace[]
  /**
   * The workspace that is meant.
   *
   * @param team id from the arguments; undefined = the only one
   * @throws {AppError} `slack_team_unknown` for one that is not there for this caller, or none given among several;
   *   `slack_reinstall`
   */
  workspace(team: string | undefined): Workspace
}
