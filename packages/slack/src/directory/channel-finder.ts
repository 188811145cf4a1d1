import type { Workspace } from '../tools/slack-context.ts'

/** What is known of a channel, a group or a direct message. */
export interface KnownChannel {
  readonly id: string
  /** Without `#`; null for a direct message. */
  readonly name: string | null
  /** The other person of a direct message; null for all others. */
  readonly user: string | null
}

/** Finds the channels of a workspace, with the token of that workspace. */
export interface ChannelFinder {
  /**
   * May be as old as a minute.
   *
   * @throws {AppError} `slack_channel_unknown`, or what reading at Slack fails with
   */
  byId(workspace: Workspace, id: string, signal: AbortSignal): Promise<KnownChannel>
  /**
   * @param name without `#`, in lower case
   * @throws {AppError} `slack_channel_unknown` only when every channel was looked at, else what reading fails with
   */
  byName(workspace: Workspace, name: string, signal: AbortSignal): Promise<KnownChannel>
  /** Drops what is known of a channel, after a change of it. */
  forgetChannel(workspace: Workspace, id: string): void
}
